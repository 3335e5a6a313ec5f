from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from probe.judge.pace import Paces
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.model import CONTROL, Reach
from tests.judge import worlds as w

VANTAGE = w.ROSTER[0]
QUICK, LATE = w.ok, w.delayed


def see(at: float, maker: w.Maker, service: str = "chirp", feature: str = "web") -> Sight:
    case = w.Case(VANTAGE, service, feature, "", w.START + timedelta(seconds=at))
    return read(w.measurement(case, maker(case)))


def control(*seen: w.Maker, reach: Reach = Reach.FOREIGN) -> Sequence[Sight]:
    """One round after another, ten seconds apart."""
    return [see(10.0 * n, maker, CONTROL, reach.value) for n, maker in enumerate(seen)]


def about(at: float, *controls: Sequence[Sight]) -> float:
    held: Callable[[str], Sequence[Sequence[Sight]]] = {VANTAGE.id: controls}.__getitem__
    return Paces(held).about(see(at, LATE))


FAST, SLOW = see(0.0, QUICK).pace, see(0.0, LATE).pace


@pytest.mark.parametrize(
    ("at", "pace"), [(5.0, FAST), (15.0, SLOW), (25.0, SLOW), (35.0, SLOW), (45.0, FAST)]
)
def test_a_late_answer_is_held_against_the_controls_on_either_side_of_it(
    at: float, pace: float
) -> None:
    assert about(at, control(QUICK, QUICK, LATE, LATE, QUICK, QUICK)) == pytest.approx(pace)


def test_until_there_are_controls_from_after_it_those_before_it_stand() -> None:
    assert about(15.0, control(QUICK, QUICK)) == pytest.approx(FAST)
    assert about(15.0, control(QUICK, LATE)) == pytest.approx(SLOW)


def test_one_busy_control_of_several_is_not_the_line() -> None:
    assert about(5.0, control(LATE, LATE), control(QUICK, QUICK)) == pytest.approx(FAST)
    assert about(5.0, control(LATE), control(LATE), control(QUICK)) == pytest.approx(SLOW)


def test_the_way_abroad_may_be_slow_alone() -> None:
    home = [control(QUICK, QUICK, reach=Reach.DOMESTIC)] * 4
    assert about(5.0, control(LATE, LATE), *home) == pytest.approx(SLOW)


def test_a_control_that_failed_tells_no_pace_nor_does_a_port_that_opened() -> None:
    assert about(15.0, control(LATE, w.null_route, w.null_route)) == pytest.approx(SLOW)
    assert about(15.0, control(w.null_route)) == 0.0
    assert about(15.0) == 0.0
    port = [see(0.0, QUICK, "chirp", "port")]
    assert about(5.0, port) == 0.0
