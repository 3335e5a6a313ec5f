from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from probe.judge.hypothesis import judge
from probe.model import Cause, DnsLookup, Measurement, Origin, State, Verdict
from tests.judge import worlds as w
from tests.judge.worlds import Event, World

ONSET = 1.0


def test_services_on_shared_addresses_that_fail_alike_are_a_dependencys() -> None:
    shared = World((Event(ONSET, w.server_error, services=("chirp", "other"), features=("web",)),))
    known = [_at_one_address(m) for m in w.known_at(shared, 12.0)]
    verdicts = judge(known, w.view(shared, 12.0, known))
    assert w.cell(verdicts, "web", "US").leading is Cause.DEPENDENCY_OUTAGE
    assert w.cell(verdicts, "web", "US", service="other").leading is Cause.DEPENDENCY_OUTAGE
    assert w.cell(verdicts, "api", "US").leading is Cause.OK


def _at_one_address(m: Measurement) -> Measurement:
    if m.target.feature != "web":
        return m
    return w.measurement(
        replace(_case(m), pinned="11.9.9.9"),
        (w.server_error if m.at >= w.START + timedelta(seconds=ONSET) else w.ok)(
            replace(_case(m), pinned="11.9.9.9")
        ),
    )


HOSTED = ("chirp", "other", "third")
ELSEWHERE = ("fourth", "fifth")
FALLEN = World(
    (Event(ONSET, w.silence, services=HOSTED, features=("web", "api")),),
    services=tuple(w.service(name, ("web", "api")) for name in (*HOSTED, *ELSEWHERE)),
)


def origins(known: list[Measurement], *, announced: bool = False) -> dict[str, Origin]:
    """Each service in a prefix of its own, those that are hosted all of one network."""
    names = {
        answer: m.target.service
        for m in known for step in m.observations if isinstance(step, DnsLookup)
        for answer in step.answers
    }  # fmt: skip
    return {
        address: Origin(
            prefix="11.0.0.0/8" if announced else f"{address}/32",
            asn=64500 if name in HOSTED else 64501,
            organisation="Hosting Example" if name in HOSTED else "",
        )
        for address, name in names.items()
    }


def judged(known: list[Measurement], origins: dict[str, Origin]) -> tuple[Verdict, ...]:
    view = w.view(FALLEN, 14.0, known)
    return judge(known, msgspec.structs.replace(view, origins=origins))


def test_services_of_one_network_that_fail_together_are_the_networks() -> None:
    known = w.known_at(FALLEN, 14.0)
    verdicts = judged(known, origins(known))
    for service in HOSTED:
        cell = w.cell(verdicts, "web", "US", service=service)
        assert cell.leading is Cause.DEPENDENCY_OUTAGE
        assert cell.shared == ("AS64500 Hosting Example",)
    for service in ELSEWHERE:
        assert w.cell(verdicts, "web", "US", service=service).leading is Cause.OK


def test_without_a_database_they_are_outages_of_each() -> None:
    known = w.known_at(FALLEN, 14.0)
    verdicts = judged(known, {})
    assert {w.cell(verdicts, "web", "US", service=s).leading for s in HOSTED} == {
        Cause.SERVICE_OUTAGE
    }
    assert not any(v.shared for v in verdicts)


def test_services_of_one_network_of_which_most_live_acquit_it() -> None:
    known = w.known_at(FALLEN, 14.0)
    whole = {a: msgspec.structs.replace(o, asn=64500) for a, o in origins(known).items()}
    living = World(
        (Event(ONSET, w.silence, services=("chirp",), features=("web", "api")),),
        services=FALLEN.services,
    )
    known = w.known_at(living, 14.0)
    verdicts = judged(known, whole)
    assert w.cell(verdicts, "web", "US").leading is Cause.SERVICE_OUTAGE
    assert not any(v.shared for v in verdicts)


def test_the_prefix_is_the_announced_one_where_it_is_known() -> None:
    known = w.known_at(FALLEN, 14.0)
    hosted = {
        a: msgspec.structs.replace(o, asn=dice) for dice, (a, o) in
        enumerate(origins(known, announced=True).items(), 1) if o.asn == 64500
    }  # fmt: skip
    assert w.cell(judged(known, hosted), "web", "US").shared == ("prefix 11.0.0.0/8",)


NAMED = ("chirp", "other", "third")


def nameless(maker: w.Maker) -> tuple[Verdict, ...]:
    """Services with the same name servers, and one with others, as one country sees them."""
    services = [
        msgspec.structs.replace(w.service(name, ("web", "api")), depends=("names",))
        for name in NAMED
    ]
    world = World(
        (Event(ONSET, maker, services=NAMED, countries=("US",)),),
        services=(*services, w.service("fourth", ("web", "api"))),
    )
    known = w.known_at(world, 14.0)
    return judge(known, w.view(world, 14.0, known))


def test_names_that_no_resolver_of_one_country_hears_of_are_their_servers() -> None:
    verdicts = nameless(w.unheard)
    for service in NAMED:
        cell = w.cell(verdicts, "web", "US", service=service)
        assert (cell.leading, cell.state) == (Cause.DEPENDENCY_OUTAGE, State.LIKELY)
        assert cell.shared == ("names",)
    assert w.cell(verdicts, "web", "US", service="fourth").leading is Cause.OK


@pytest.mark.parametrize("maker", [w.second_knows, w.dns_timeout, w.nxdomain_everywhere])
def test_names_that_are_denied_or_that_another_resolver_knows_are_not(maker: w.Maker) -> None:
    assert not any(v.shared for v in nameless(maker))


def _case(m: Measurement) -> w.Case:
    return w.Case(m.vantage, m.target.service, m.target.feature, m.target.endpoint, m.at)
