"""Rounds in virtual time: what has arrived is judged, what is old is forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from probe.judge.view import View
from probe.lab import world
from probe.lab.score.session import arrival, batches, lately, rounds
from probe.model import Measurement, Target, Verdict
from tests.lab.score.made import AT, FILTERED, but, scenario

MADE = scenario()


def measured(seconds: float, took: float = 0.5) -> Measurement:
    return Measurement(
        id=f"{seconds:012.3f}",
        at=AT + timedelta(seconds=seconds),
        took=took,
        vantage=world.vantage(MADE.networks[0], 1),
        target=Target(service="twitter", feature="web", endpoint="web"),
    )


class Bench:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.added: list[list[str]] = []
        self.views: list[View] = []
        self.forgotten: list[datetime] = []

    def add(self, measurements: Iterable[Measurement]) -> None:
        self.added.append([m.id for m in measurements])

    def judge(self, view: View) -> tuple[Verdict, ...]:
        self.views.append(view)
        return ()

    def forget(self, before: datetime) -> None:
        self.forgotten.append(before)


def test_each_round_is_told_what_came_since_the_last_and_forgets_what_no_window_holds() -> None:
    bench = Bench()
    arriving = [measured(-30), measured(59), measured(59.8), measured(130)]
    seen = list(rounds(MADE, AT, arriving, bench, 3))
    assert [held.measurements for held in seen] == [2, 1, 1]
    assert bench.added[1] == [measured(59.8).id]
    assert [view.now for view in bench.views] == [AT + timedelta(minutes=n) for n in (1, 2, 3)]
    assert bench.views[0].heard == {"tr-as47331-1": measured(59).at}
    assert len(bench.views[0].roster) == len(MADE.networks)
    assert bench.forgotten[0] == AT - timedelta(minutes=5)


@given(st.lists(st.floats(-600, 600), max_size=30))
def test_everything_that_arrives_in_time_is_in_one_batch(times: list[float]) -> None:
    arriving = sorted((measured(at) for at in times), key=arrival)
    ends = [AT + timedelta(minutes=number) for number in range(11)]
    held = list(batches(arriving, ends))
    assert [end for end, _ in held] == ends
    flat = [m for _, batch in held for m in batch]
    assert flat == [m for m in arriving if arrival(m) <= ends[-1]]
    assert all(arrival(m) <= end for end, batch in held for m in batch)


def test_what_closed_long_ago_is_left_out() -> None:
    view = View(now=AT, round=timedelta(minutes=1))
    old = but(FILTERED, closed=AT - timedelta(minutes=12))
    late = but(FILTERED, closed=AT - timedelta(minutes=9))
    assert lately([FILTERED, old, late], view) == (FILTERED, late)
