from __future__ import annotations

import msgspec
import pytest

from probe.judge import phrases
from probe.judge.row import Category
from probe.judge.rules import ROWS
from probe.model import Author, Cause, Evidence, Incident, Scope, Standing, State
from tests.judge import worlds as w
from tests.judge.worlds import World

VIEW = w.view(World(), 1.0, [])
LOST = Incident(
    id="x", service="", features=(), cause=Cause.NETWORK_DISRUPTION, state=State.SUSPECTED,
    scope=Scope.COUNTRIES, countries=("NG",), opened=w.START, updated=w.START, vantages=2,
)  # fmt: skip


def piece(rule: str, vantage: str = "ng-29461-0") -> Evidence:
    return Evidence(
        rule=rule, standing=Standing.SCORED, measurement="m", vantage=vantage,
        author=Author.NOBODY, sentence="as it is said there",
    )  # fmt: skip


def test_every_symptom_is_said_of_a_row_of_the_table() -> None:
    named = [rule for rule, _ in phrases.SEEN]
    assert set(named) <= set(ROWS)
    assert len(named) == len(set(named))
    failing = {r.id for r in ROWS.values() if r.category not in {Category.OK, Category.NOTHING}}
    assert failing <= set(named)
    slowed = {row.id for row in ROWS.values() if row.mechanism == "throttle.sni_policing"}
    assert slowed - {"test.goodput_name"} <= set(named)


def test_the_most_telling_symptom_is_said_and_a_pairs_own_words_where_there_is_none() -> None:
    assert "are reset when" in phrases.seen([piece("tcp.timeout"), piece("tls.reset_name")])
    assert phrases.seen([piece("pair.dns")]) == "as it is said there"
    assert phrases.seen([]) == "it cannot be reached"


def test_what_one_of_many_shows_is_not_said_of_all() -> None:
    dropped = [piece("tls.timeout_name", name) for name in ("a", "b", "c", "c")]
    assert "fall silent when" in phrases.seen([*dropped, piece("tls.reset_name", "d")])
    two = [piece("tls.reset_name", name) for name in ("d", "e")]
    assert "are reset when" in phrases.seen([*dropped, *two])


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (("silent", "silent", "silent"), "3 probes there fell silent"),
        (("silent", "silent", "cut"), "2 probes there fell silent"),
        (("silent", "dark", "cut"), "international destinations cannot be reached"),
        (("broken", "broken", "silent"), "no names are resolved for probes there"),
        (("broken", "dark", "cut"), "international destinations cannot be reached"),
    ],
)
def test_what_is_lost_is_said_by_what_most_show(rules: tuple[str, ...], words: str) -> None:
    evidence = tuple(
        piece(f"health.{rule}", name) for rule, name in zip(rules, "abc", strict=True)
    )
    beside = (piece("together.ip.allowlist", "a"), *evidence)
    known = msgspec.structs.replace(LOST, evidence=beside, vantages=3)
    assert words in phrases.lost(known)


@pytest.mark.parametrize(
    ("rule", "words"),
    [("silent", "30 probes there fell silent"), ("cut", "destinations cannot be reached")],
)
def test_what_many_show_is_said_though_not_each_is_among_the_evidence(
    rule: str, words: str
) -> None:
    evidence = tuple(piece(f"health.{rule}", name) for name in "abcdefghijkl")
    known = msgspec.structs.replace(LOST, evidence=evidence, vantages=30)
    assert words in phrases.lost(known)


def test_witnesses_are_named_by_their_networks_once_each_and_strangers_not() -> None:
    seen = ("ng-29462-0", "ng-29461-0", "ng-29461-0", "nobody")
    evidence = tuple(piece("health.cut", name) for name in seen)
    assert phrases.witnesses(msgspec.structs.replace(LOST, evidence=evidence), VIEW) == [
        29461,
        29462,
    ]


@pytest.mark.parametrize(
    ("asns", "words"),
    [
        ((), ""),
        ((7,), "AS7"),
        ((29461, 7), "NG Net 2 (AS29461) and AS7"),
        ((1, 2, 3, 4, 5), "AS1, AS2, AS3, AS4 and 1 more network"),
        ((1, 2, 3, 4, 5, 6), "AS1, AS2, AS3, AS4 and 2 more networks"),
    ],
)
def test_networks_are_named_and_many_are_counted(asns: tuple[int, ...], words: str) -> None:
    assert phrases.named(asns, VIEW) == words


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ((), ""),
        (("Web",), "Web"),
        (("Web", "Sign-in"), "Web and Sign-in"),
        (("Web", "Posting", "Sign-in"), "Web, Posting and Sign-in"),
        (("Pictures and scripts", "Sign-in"), "Pictures and scripts, and Sign-in"),
        (("Posting", "Pictures and scripts", "Web"), "Posting, Pictures and scripts, and Web"),
    ],
)
def test_a_list_reads_as_one_whatever_is_in_its_names(items: tuple[str, ...], words: str) -> None:
    assert phrases.listed(items) == words


def test_features_are_named_in_the_order_of_the_catalogue_and_strangers_last() -> None:
    told = phrases.feature_names("chirp", ("elsewhere", *w.FEATURES[::-1]), VIEW)
    assert told == [*w.FEATURES, "elsewhere"]


def test_countries_are_named_in_the_order_of_their_names() -> None:
    where = msgspec.structs.replace(LOST, countries=("CD", "CH", "GB", "TR", "US"))
    assert phrases.places(where) == (
        "DR Congo, Switzerland, Türkiye, the United Kingdom and the United States"
    )


@pytest.mark.parametrize(
    ("shared", "words"),
    [
        ("site x/AMS", "site x/AMS"),
        ("worksforwhom 0.9.1", "worksforwhom 0.9.1"),
        ("route to 45.60.1.0/24", "route to 45.60.1.0/24"),
        ("route to 45.60.1.0/24 2001:db8::/32", "route to 45.60.1.0/24 and 2001:db8::/32"),
        ("route to 1.0.0.0/8 2.0.0.0/8 3.0.0.0/8", "route to 1.0.0.0/8, 2.0.0.0/8 and 3.0.0.0/8"),
        ("route to 1.0.0.0/8 2.0.0.0/8 and 3 more", "route to 1.0.0.0/8, 2.0.0.0/8 and 3 more"),
    ],
)
def test_ranges_of_addresses_are_a_list_as_any(shared: str, words: str) -> None:
    assert phrases.shared(msgspec.structs.replace(LOST, shared=(shared,))) == words


@pytest.mark.parametrize(
    ("number", "verb", "words"), [(1, "see", "sees"), (1, "reach", "reaches"), (0, "see", "see")]
)
def test_a_verb_agrees_with_the_number(number: int, verb: str, words: str) -> None:
    assert phrases.by(number, verb) == words


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ((), "5 vantages"),
        (("http.5xx", "tls.reset"), "5 vantages"),
        (("pair.bogon",), "5 looks"),
        (("pair.bogon", "tls.reset"), "5 vantages and looks"),
    ],
)
def test_looks_of_probes_without_a_name_are_no_vantages(
    rules: tuple[str, ...], words: str
) -> None:
    pieces = [
        Evidence(rule=rule, standing=Standing.SCORED, measurement="m", vantage="v")
        for rule in rules
    ]
    assert phrases.lookers(5, pieces, "vantage") == words
