"""How often was measured is told by the measurements."""

from __future__ import annotations

from datetime import timedelta

from probe.desk.ordering import key
from probe.desk.rounds import USUAL, guess
from probe.desk.timeline import PACE
from tests.desk import small


def test_the_round_is_the_gap_between_two_looks_of_one_vantage() -> None:
    assert guess(sorted(small.measurements(), key=key)) == small.ROUND


def test_looks_that_nobody_repeats_have_an_hour() -> None:
    assert guess([small.look()]) == PACE


def test_where_nothing_tells_it_is_a_minute() -> None:
    assert guess(small.measurements()[:1]) == USUAL == timedelta(minutes=1)
