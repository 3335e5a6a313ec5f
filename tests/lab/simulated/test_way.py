"""Traces end where the acts in force end packets, and the control's goes before the target's."""

from __future__ import annotations

import pytest

from probe.judge.trials import trials
from probe.lab.simulated.act import ROUTERS, Act, Follows, refused
from probe.lab.simulated.ours import ADDRESS, Place
from probe.lab.simulated.way import tried
from probe.measure.failure import REFUSED, TIMEOUT
from probe.measure.path import ABREAST
from probe.model import DifferentialTest, TcpConnect

TARGET = "45.0.0.10"


def made(*acts: Act) -> list[TcpConnect]:
    place = Place(
        test=DifferentialTest.PATH, hop=0, host="site.test", address=TARGET, rtt=0.05, delay=0.01,
        start=1.0,
    )  # fmt: skip
    return tried(place, 443, lambda: acts, lambda found: refused(found, TARGET, 443))


def ended(seen: list[TcpConnect], address: str) -> list[str]:
    return [step.router for step in seen if step.address == address and step.router]


@pytest.mark.parametrize(
    ("act", "passed", "near"),
    [
        (Act(connect=TIMEOUT), 1, True),
        (Act(connect=REFUSED), 1, True),
        (Act(connect=TIMEOUT, behind=2), 2, True),
        (Act(connect=TIMEOUT, behind=ROUTERS), ROUTERS, False),
        (Act(connect=TIMEOUT, follows=Follows.ALL), 1, None),  # the control ends there too
        (Act(), ROUTERS, None),
    ],
)
def test_where_a_trace_ends(act: Act, passed: int, near: bool | None) -> None:  # noqa: FBT001
    seen = made(act)
    assert len(ended(seen, TARGET)) == passed
    assert trials(seen).near is near
    assert [step.address for step in seen] == sorted((s.address for s in seen), key=TARGET.__eq__)


def test_silence_is_waited_for_once_more_and_a_refusal_is_not() -> None:
    counts = [
        sum(step.address == TARGET for step in made(Act(connect=name)))
        for name in (TIMEOUT, REFUSED)
    ]
    assert counts == [2 * ABREAST, ABREAST]
    assert len(made()) == 2 * ABREAST
    assert {step.address for step in made()} == {ADDRESS, TARGET}
