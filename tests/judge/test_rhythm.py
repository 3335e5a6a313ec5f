"""A silence is measured by a vantage's own cadence, learned from what was heard of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.rhythm import ALWAYS, KEPT, MOST_GAPS, rhythms, silent, there_since
from probe.judge.view import Memory, Rhythm, View
from tests.judge import worlds as w

ROUND = timedelta(seconds=60)


def after(minute: float) -> datetime:
    return w.START + timedelta(minutes=minute)


def view(minute: float, heard: Mapping[str, float], memory: Memory) -> View:
    return View(
        now=after(minute), round=ROUND, memory=memory,
        heard={name: after(at) for name, at in heard.items()},
    )  # fmt: skip


def through(minutes: int, looks: Mapping[str, Iterable[float]]) -> list[View]:
    """The frames of so many judgings, a minute apart, of vantages that look at these minutes."""
    memory, seen = Memory(), []
    for now in range(minutes):
        fresh = {n: [at for at in ats if now - 1 < at <= now] for n, ats in looks.items()}
        heard = {
            n: max(held) for n, ats in looks.items() if (held := [a for a in ats if a <= now])
        }
        frame = view(now, heard, memory)
        seen.append(frame)
        told = [(name, after(at)) for name, ats in fresh.items() for at in ats]
        memory = msgspec.structs.replace(memory, rhythms=rhythms(told, frame))
    return seen


def silences(minutes: int, looks: Iterable[float]) -> list[int]:
    """The minutes at which it is said silent."""
    frames = through(minutes, {"a": list(looks)})
    return [m for m, v in enumerate(frames) if "a" in v.heard and silent("a", v.heard["a"], v)]


def every(minutes: int, until: int, *, of: int = 4) -> list[float]:
    """Looks at `of` endpoints, all within a minute, every so many minutes."""
    return [start + n / (of + 1) for start in range(0, until, minutes) for n in range(of)]


@pytest.mark.parametrize("cadence", [1, 2, 3, 5])
def test_a_vantage_that_looks_more_seldom_than_is_judged_is_not_silent(cadence: int) -> None:
    assert not silences(90, every(cadence, 90))


@pytest.mark.parametrize(("cadence", "noticed"), [(1, 3), (3, 7), (5, 12)])
def test_it_is_noticed_by_its_own_cadence_when_it_stops(cadence: int, noticed: int) -> None:
    told = silences(90, every(cadence, 60))
    last = max(every(cadence, 60))
    assert told[-1] == 89
    assert told[0] - last <= noticed


def test_looks_spread_over_a_long_interval_leave_no_silence_between() -> None:
    spread = [10 * n + beside for n in range(12) for beside in (0.0, 1.2, 2.1)]
    assert all(minute < 30 for minute in silences(120, spread))


def test_an_outage_that_is_over_does_not_make_the_next_one_longer_to_notice() -> None:
    looks = [*every(1, 20), *(40 + at for at in every(1, 20)), *(70 + at for at in every(1, 10))]
    assert silences(90, looks)[0] <= 23
    told = silences(90, looks)
    assert next(m for m in told if m > 45) <= 63
    assert next(m for m in told if m > 75) <= 83


def test_of_one_just_heard_nobody_knows_yet_whether_it_is_slow() -> None:
    assert silences(30, [0.5])[0] == 11
    assert silences(30, [0.5, 5.5, 10.5, 15.5]) == list(range(26, 30))


def test_who_is_heard_anew_is_not_silent_however_far_behind_its_clock_is() -> None:
    memory = Memory()
    for minute in range(10):
        frame = view(minute, {"a": minute - 120}, memory)
        if minute > 1:
            assert not silent("a", frame.heard["a"], frame)
        memory = msgspec.structs.replace(memory, rhythms=rhythms((), frame))
    stopped = view(12, {"a": 9 - 120}, memory)
    assert silent("a", stopped.heard["a"], stopped)


@given(st.lists(st.floats(-20, 0), min_size=1, max_size=40))
def test_what_is_learned_at_once_has_no_order(times: list[float]) -> None:
    frame = view(0, {"a": max(times)}, Memory())
    told = [("a", after(at)) for at in times]
    found = rhythms(told, frame)
    assert rhythms(told[::-1], frame) == rhythms(sorted(told), frame) == found
    assert len(found["a"].gaps) <= MOST_GAPS


def test_only_those_heard_lately_are_kept() -> None:
    old = Memory(rhythms={"gone": Rhythm(first=None, heard=w.START, seen=w.START)})
    assert set(rhythms((), view(1, {"a": 0.5}, old))) == {"a"}
    week = KEPT / ROUND
    assert set(rhythms((), view(week + 1, {"a": 0.5, "b": 1.5}, old))) == {"b"}
    later = view(week + 1, {"a": 0.5}, Memory())
    assert silent("a", later.heard["a"], later)


def test_since_when_one_is_there_is_remembered_of_who_came_later() -> None:
    frames = through(70, {"a": every(1, 70), "b": [60 + at for at in every(1, 10)]})
    assert there_since("a", frames[-1]) == ALWAYS
    assert there_since("b", frames[-1]) == after(60)
    assert there_since("b", frames[60]) == frames[60].now
    assert there_since("b", view(70, {"b": 70.0}, Memory())) == ALWAYS
