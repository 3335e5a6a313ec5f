"""What is met at a server of ours hangs on what an act hangs on, and the control comes first."""

from itertools import pairwise
from random import Random

import msgspec
import pytest

from probe.config.shape import Measuring
from probe.judge.trials import trials
from probe.lab.simulated.act import Act, Follows
from probe.lab.simulated.ours import ADDRESS, Place, tried
from probe.lab.world import NEUTRAL_NAME
from probe.measure.trial import GOODPUT_BYTES
from probe.model import DifferentialTest, HttpExchange, Observation, TcpConnect, TlsHandshake

OWN, SWAP, PACE = (
    DifferentialTest.OWN_ADDRESS,
    DifferentialTest.HOST_SWAP,
    DifferentialTest.GOODPUT,
)
CUT = "connection_reset"
BY_NAME = Act(follows=Follows.NAME, shake=CUT)


def made(test: DifferentialTest, *acts: Act) -> list[Observation]:
    place = Place(
        test=test, hop=0, host="site.test", address="45.0.0.1", rtt=0.05, delay=0.01, start=1.0
    )
    return tried(place, lambda: acts, Measuring(), Random(1))  # noqa: S311 — chance, no secret


def ends(seen: list[Observation]) -> list[str]:
    return [one.failure.name if one.failure else "" for one in seen]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (Act(), ["", "", "", ""]),
        (BY_NAME, ["", "", "", CUT]),
        (Act(follows=Follows.ADDRESS, shake=CUT, connect=CUT), ["", "", "", ""]),
        (Act(follows=Follows.ALL, connect=CUT), [CUT]),
        (Act(follows=Follows.ALL, shake=CUT, alike=True), ["", CUT]),
    ],
)
def test_where_a_name_is_cut(act: Act, expected: list[str]) -> None:
    seen = made(OWN, act)
    assert ends(seen) == expected
    shaken = [step for step in seen if isinstance(step, TlsHandshake)]
    assert [step.server_name for step in shaken] == [NEUTRAL_NAME, "site.test"][: len(shaken)]


def test_steps_follow_each_other() -> None:
    seen = made(PACE)
    for before, after in pairwise(seen):
        assert (after.at - before.at).total_seconds() == pytest.approx(before.took, abs=1e-5)


def test_a_step_in_vain_takes_its_limit_and_can_be_written() -> None:
    (step,) = made(OWN, Act(follows=Follows.ALL, connect="generic_timeout_error"))
    assert msgspec.json.decode(msgspec.json.encode(step.took)) == Measuring().connect_timeout


def test_a_flow_that_freezes_says_what_came() -> None:
    control, frozen = [
        one
        for one in made(PACE, Act(follows=Follows.NAME, budget=16_384))
        if isinstance(one, HttpExchange)
    ]
    assert (control.length, control.failure) == (GOODPUT_BYTES, None)
    assert (frozen.failure and frozen.failure.name, frozen.received) == (
        "generic_timeout_error",
        16_384,
    )


def test_a_policed_name_is_slower() -> None:
    control, slow = [
        one
        for one in made(PACE, Act(follows=Follows.NAME, rate=16_250.0))
        if isinstance(one, HttpExchange)
    ]
    assert slow.took > 10 * control.took


def test_a_policed_name_is_held_at_the_policers_rate() -> None:
    held = trials(made(PACE, Act(follows=Follows.NAME, rate=16_250.0))).held
    assert held == pytest.approx(16_250, rel=0.05)
    assert trials(made(PACE)).held == 0
    assert trials(made(PACE, Act(follows=Follows.ALL, rate=16_250.0))).held == 0


def test_a_host_is_swapped_at_the_target_first() -> None:
    seen = made(SWAP, Act(follows=Follows.NAME, request=CUT, plain=True))
    assert ends(seen) == ["", "", "", "", "", CUT]
    assert [s.address for s in seen if isinstance(s, TcpConnect)] == ["45.0.0.1", ADDRESS, ADDRESS]
