"""A fixed rate whatever happens: no drift, no storm, no lost phase."""

from collections import Counter
from collections.abc import Callable
from itertools import cycle
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.schedule import Timetable

INTERVAL = 60.0


def chance(seed: int) -> Callable[[], float]:
    return Random(seed).random  # noqa: S311 — repeatable, not secret


def table(draw: Callable[[], float] | None = None, jitter: float = 0.0) -> Timetable[str]:
    return Timetable(interval=INTERVAL, jitter=jitter, origin=1000.0, draw=draw or chance(1))


def drawn(*values: float) -> Callable[[], float]:
    source = cycle(values)
    return lambda: next(source)


def starts(timetable: Timetable[str], until: float) -> list[tuple[float, str]]:
    """Run a timetable by its own alarms, nothing ever still running."""
    found: list[tuple[float, str]] = []
    while (at := timetable.next()) is not None and at <= until:
        found += [(at, key) for key in timetable.due(at, ()).start]
    return found


def test_an_empty_table_has_no_next_turn() -> None:
    timetable = table()
    assert timetable.next() is None
    assert timetable.due(5000, ()).start == ()


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_every_target_starts_within_one_interval_and_then_at_a_fixed_rate(
    seed: int, targets: int
) -> None:
    timetable = table(chance(seed))
    keys = [str(n) for n in range(targets)]
    timetable.keep(keys, 1000.0)
    found = starts(timetable, 1000 + 10 * INTERVAL - 0.001)
    for key in keys:
        times = [at for at, which in found if which == key]
        assert 1000 <= times[0] <= 1000 + INTERVAL
        assert len(times) == 10
        assert times == pytest.approx([times[0] + n * INTERVAL for n in range(10)])


@given(st.integers(0, 2**32), st.floats(0, 0.5))
def test_jitter_moves_each_start_but_not_the_rate(seed: int, jitter: float) -> None:
    timetable = table(chance(seed), jitter)
    timetable.keep(["a"], 1000.0)
    times = [at for at, _ in starts(timetable, 1000 + 200 * INTERVAL)]
    first = times[0]
    for number, at in enumerate(times):
        assert abs(at - (first + number * INTERVAL)) <= jitter * INTERVAL + 1e-6


@given(st.floats(0, 1000), st.integers(0, 2**32))
def test_a_stall_is_answered_by_one_start_and_a_count(stall: float, seed: int) -> None:
    timetable = table(chance(seed))
    timetable.keep("abc", 1000.0)
    starts(timetable, 1000 + 2 * INTERVAL)
    now = 1000 + 2 * INTERVAL + stall
    due = timetable.due(now, ())
    assert max(Counter(due.start).values(), default=1) == 1
    assert len(due.start) + due.missed == pytest.approx(3 * stall / INTERVAL, abs=3)
    following = timetable.next()
    assert following is not None
    assert now < following <= now + INTERVAL + 1e-6


def test_the_longest_overdue_goes_first() -> None:
    timetable = table(drawn(0.9, 0.0, 0.1, 0.0, 0.5, 0.0))
    timetable.keep("abc", 1000.0)
    assert timetable.due(1000 + INTERVAL, ()).start == ("b", "c", "a")


def test_what_still_runs_is_skipped_and_keeps_its_phase() -> None:
    timetable = table(drawn(0.25))
    timetable.keep(["a"], 1000.0)
    assert timetable.due(1015, {"a"}).running == ("a",)
    assert timetable.due(1015, {"a"}).running == ()
    assert timetable.due(1075, ()).start == ("a",)


def test_new_targets_come_and_old_ones_keep_their_turn() -> None:
    timetable = table()
    timetable.keep("ab", 1000.0)
    before = dict(starts(timetable, 1000 + INTERVAL - 1))
    timetable.drop("b")
    timetable.drop("x")
    timetable.keep("ac", 1000 + INTERVAL - 1)
    assert timetable.keys() == ("a", "c")
    found = starts(timetable, 1000 + 2 * INTERVAL)
    [first] = [at for at, key in before.items() if key == "a"]
    assert [at for at, key in found if key == "a"] == pytest.approx([first + INTERVAL])
    assert min(at for at, key in found if key == "c") <= 1000 + 2 * INTERVAL


def test_a_spread_brings_new_targets_forward() -> None:
    timetable = table()
    timetable.keep("abcdefgh", 1234.5, spread=0.1)
    found = starts(timetable, 1234.5 + INTERVAL - 0.01)
    assert len(found) == 8
    assert found[-1][0] <= 1234.5 + 0.1 * INTERVAL


def test_another_rate_keeps_the_phase() -> None:
    timetable = table(drawn(0.5))
    timetable.keep(["a"], 1000.0)
    timetable.retime(INTERVAL, 0.0, 1000.0)
    assert timetable.next() == 1030
    timetable.retime(10.0, 0.0, 1000.0)
    assert timetable.next() == 1005
    assert [at for at, _ in starts(timetable, 1030)] == [1005, 1015, 1025]
