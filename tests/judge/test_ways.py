from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from probe.judge.ways import told
from probe.model import Author, Cause, Evidence, Incident, Scope, Standing, State, Verdict
from tests.judge import worlds as w
from tests.judge.worlds import World

VIEW = w.view(World(), 1.0, [])
FORGED = (("dns.bogon", "dns.injection.bogon"),)
RESET = (("tls.reset_name", "tls.sni_rst"), ("test.own_address_cut", "tls.sni_rst"))
BARE = (("tls.reset", "tls.sni_rst"),)
SILENT = (("tls.timeout", "tls.sni_drop"), ("test.own_address_cut", "tls.sni_rst"))
DENIED = (("dns.nxdomain", "dns.nxdomain"),)
DROPPED = (("tcp.timeout", "tcp.syn_drop"),)

Rules = Sequence[tuple[str, str]]


def sight(asn: int, number: int, rules: Rules) -> list[Evidence]:
    return [
        Evidence(
            rule=rule, standing=Standing.SCORED, measurement=f"m{number}", vantage=f"v{asn}",
            mechanism=mechanism, author=Author.NETWORK, sentence="as a pair says it",
        )
        for rule, mechanism in rules
    ]  # fmt: skip


def said(*shown: Sequence[Rules], gone: tuple[int, ...] = ()) -> str:
    """What is said of networks 1, 2 …, each with the sights that it shows."""
    own = [
        Verdict(
            service="chirp", feature="web", country="TR", network=asn, at=w.START,
            leading=Cause.FILTERING, state=State.CONFIRMED, confidence=0.99, support={}, vantages=1,
            evidence=tuple(p for n, rules in enumerate(sights) for p in sight(asn, n, rules)),
        )
        for asn, sights in enumerate(shown, 1)
    ]  # fmt: skip
    incident = Incident(
        id="x", service="chirp", features=("web",), cause=Cause.FILTERING, state=State.CONFIRMED,
        scope=Scope.NETWORKS, countries=("TR",), opened=w.START, updated=w.START,
        networks=(*(v.network for v in own), *gone), evidence=own[0].evidence if own else (),
    )  # fmt: skip
    well = [msgspec.structs.replace(own[0], network=asn, leading=Cause.OK) for asn in gone]
    return told(incident, [*own, *well], VIEW).removeprefix(" ")


def test_what_all_show_is_said_once() -> None:
    assert said([RESET], [RESET]).startswith("on AS1 and AS2: connections are reset when")


def test_networks_that_differ_are_told_apart_the_most_common_way_first() -> None:
    assert said([FORGED], [RESET], [RESET]) == (
        "on 3 networks: on AS2 and AS3 connections are reset when the TLS handshake names the "
        "service, while a neutral name at the same address passes; and on AS1 its names resolve to "
        "private or reserved addresses"
    )


def test_of_many_ways_some_are_told_and_the_others_counted() -> None:
    text = said([FORGED], [RESET], [DENIED], [DROPPED], [SILENT])
    assert text.startswith("on 5 networks: on AS1 its names")
    assert text.endswith("do not exist; and in other ways on 2 more networks")
    assert "AS4" not in text


@pytest.mark.parametrize("other", [BARE, (*BARE, RESET[1])])
def test_where_a_test_was_not_made_the_way_is_the_same(other: Rules) -> None:
    assert said([RESET], [other]).startswith("on AS1 and AS2: connections are reset when")


def test_a_test_beside_a_sight_makes_it_no_other_way() -> None:
    assert said([SILENT], [SILENT[:1]]).startswith("on AS1 and AS2: ")


def test_one_odd_sight_of_a_network_is_not_its_way() -> None:
    assert said([RESET, RESET, FORGED], [RESET]).startswith("on AS1 and AS2: ")


def test_a_network_of_before_is_not_counted_among_those_where_it_is_seen() -> None:
    text = said([RESET], gone=(7,))
    assert text.startswith("on AS1: connections are reset when")
    assert text.endswith("; earlier on AS7 as well")
    text = said([RESET], [FORGED], gone=(7,))
    assert text.startswith("on 2 networks: on AS1 connections")
    assert text.endswith("; earlier on AS7 as well")


def test_words_of_a_pair_stand_for_themselves_and_nothing_known_is_said_as_ever() -> None:
    assert said([(("pair.dns", ""),)]) == "on AS1: as a pair says it"
    assert said([FORGED], [(("pair.dns", ""),)]).endswith("; and on AS2 as a pair says it")
    assert said([()], [()]) == "on AS1 and AS2: it cannot be reached"


def test_of_two_sights_of_a_network_the_one_like_the_others_is_its_way() -> None:
    assert said([DENIED, DROPPED], [DROPPED]) == "on AS1 and AS2: its addresses never answer"


def test_where_no_network_is_told_none_is_named() -> None:
    assert said() == ": it cannot be reached"
