"""Probe hosts that measured when nobody else did, and a round that is far too short, are named."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from probe.desk.doubts import MOST_TOLD, doubts
from probe.desk.ordering import Ordered, Span
from tests.desk import small
from tests.judge import worlds as w

MINUTE = timedelta(minutes=1)


def span(country: str, begin: float, end: float) -> Span:
    return Span(w.START + begin * MINUTE, w.START + end * MINUTE, country)


OTHERS = [span(country, 0, 30) for country in ("DE", "US", "JP", "BR", "IN", "GB")]


def told(spans: list[Span], asked: timedelta | None = None) -> list[str]:
    return list(doubts(spans, asked, MINUTE))


def test_who_measured_beside_everybody_is_not_doubted() -> None:
    assert told([]) == told(OTHERS) == told([*OTHERS, span("TR", 10, 90)]) == []


def test_a_country_whose_clocks_are_off_is_named() -> None:
    said = (
        "2 probe hosts in Türkiye measured from 2026-03-01 {} UTC, when no other did: nobody can be "
        "compared with them, and their clocks may be wrong"
    )
    for shift, when in ((-120, "10:00 to 2026-03-01 10:30"), (120, "14:00 to 2026-03-01 14:30")):
        shifted = [span("TR", shift, shift + 30)] * 2
        assert told([*OTHERS, *shifted]) == [said.format(when)]


def test_where_most_measured_apart_nobody_is_the_exception() -> None:
    assert told([span("TR", 100 * n, 100 * n + 30) for n in range(4)]) == []


def test_of_many_groups_the_rest_is_counted() -> None:
    apart = [span("TR", 100 * n, 100 * n + 30) for n in range(1, MOST_TOLD + 3)]
    many = [*OTHERS, *OTHERS, *apart]
    assert len(told(many)) == MOST_TOLD + 1
    assert told(many)[-1] == "and 2 more groups of probe hosts measured when no other did"


def test_a_round_far_shorter_than_most_look_is_said() -> None:
    assert told(OTHERS, timedelta(seconds=30)) == []
    (said,) = told(OTHERS, timedelta(seconds=1))
    assert said.startswith("most probe hosts look every 60 s and are judged every 1 s: ")


@given(st.permutations(range(60)))
def test_spans_are_the_same_in_any_order(order: list[int]) -> None:
    known = small.measurements()
    with Ordered(20) as ordered:
        for index in order:
            ordered.add(known[index])
        ordered.add(small.look())
        held = sorted(ordered.spans, key=lambda s: (s.first, s.last))
    times = [m.at for m in known[:60]]
    assert (min(s.first for s in held), max(s.last for s in held)) == (min(times), max(times))
    assert len(held) == len({m.vantage.id for m in known[:60]})
