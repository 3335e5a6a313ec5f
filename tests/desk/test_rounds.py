"""How often was measured is told by the measurements."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from probe.desk.ordering import key
from probe.desk.rounds import USUAL, end, guess
from probe.desk.timeline import PACE
from tests.desk import small
from tests.judge import worlds as w


def test_the_round_is_the_gap_between_two_looks_of_one_vantage() -> None:
    assert guess(sorted(small.measurements(), key=key)) == small.ROUND


def test_one_that_floods_does_not_decide_the_round() -> None:
    made = small.measurements()
    flood = [
        msgspec.structs.replace(made[0], at=made[0].at + timedelta(milliseconds=n))
        for n in range(3000)
    ]
    assert guess(sorted([*made, *flood], key=key)) == small.ROUND


def test_looks_that_nobody_repeats_have_an_hour() -> None:
    assert guess([small.look()]) == PACE


def test_where_nothing_tells_it_is_a_minute() -> None:
    assert guess(small.measurements()[:1]) == USUAL == timedelta(minutes=1)


def test_the_end_is_the_last_that_was_measured() -> None:
    assert end({}, USUAL) is None
    assert end({("a", False): w.START}, USUAL) == w.START
    assert end({("a", False): w.START + USUAL / 4}, USUAL) == w.START + USUAL
    assert end({("a", True): w.START, ("b", True): w.START + PACE}, PACE) == w.START + PACE


def test_one_clock_that_runs_ahead_does_not_decide_the_end() -> None:
    lasts = {(name, False): w.START for name in "abcdef"} | {("liar", False): w.START + PACE}
    assert end(lasts, USUAL) == w.START
