"""Noise fails as often as it is told to, in bursts that are a network's, and always the same under one seed."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import Seconds
from probe.lab.scenario import LabNetwork, Noise, Scenario
from probe.lab.simulated.noise import BURST, LONE, drawn, troubles
from probe.lab.simulated.play import measurements
from probe.model import CONTROL, DifferentialTest, Expectation, HttpExchange, Measurement
from tests.lab.simulated.worlds import scenario

DAY = 86400
ROUND = 60.0


def world(noise: Noise, networks: int = 6) -> Scenario:
    own = tuple(
        LabNetwork(country="TR", asn=n, name="x", vantages=2) for n in range(1, networks + 1)
    )
    return scenario(noise=noise, networks=own, length=Seconds(DAY))


def failed(measurement: Measurement) -> bool:
    steps = (s for s in measurement.observations if s.test is None)
    met = (s for s in steps if isinstance(s, HttpExchange))
    return not any(s.expectation is Expectation.MET for s in met)


def rate(seen: list[Measurement]) -> float:
    return sum(map(failed, seen)) / len(seen)


def test_without_noise_nothing_fails() -> None:
    seen = measurements(world(Noise(lone=0, bursts=0)), 1, begin=0, end=1800)
    assert not any(map(failed, seen))


@pytest.mark.parametrize("lone", [0.004, 0.05])
def test_lone_failures_come_at_their_rate(lone: float) -> None:
    seen = list(measurements(world(Noise(lone=lone, bursts=0)), 1, begin=0, end=240 * ROUND))
    spread = (lone * (1 - lone) / len(seen)) ** 0.5
    assert rate(seen) == pytest.approx(lone, abs=4 * spread)


def test_a_network_in_trouble_fails_at_its_share() -> None:
    always = Noise(lone=0, bursts=1440, rounds=1000, share=0.7)
    seen = list(measurements(world(always), 3, begin=0, end=60 * ROUND))
    assert rate(seen) == pytest.approx(0.7, abs=0.03)


def test_a_burst_is_one_networks_and_hits_its_controls_too() -> None:
    noise = Noise(lone=0, bursts=20, rounds=10, share=0.9)
    told = world(noise)
    found = {n: troubles(noise, ROUND, n, 5) for n in range(1, 7)}
    start = next(
        r * ROUND for r in range(1000) if sum(t.at(r * ROUND + 30) for t in found.values()) == 1
    )
    (asn,) = (n for n, held in found.items() if held.at(start + 30))
    seen = list(measurements(told, 5, begin=start, end=start + 100))
    seen = [m for m in seen if (m.at.timestamp() - seen[0].at.timestamp()) < ROUND]
    controls = [m for m in seen if m.target.service == CONTROL and m.vantage.asn == asn]
    assert rate(controls) > 0.5
    assert rate([m for m in seen if m.vantage.asn != asn]) == 0


def test_troubles_begin_as_often_and_last_as_long_as_told() -> None:
    noise = Noise(bursts=4, rounds=4)
    held = [troubles(noise, ROUND, n, 0) for n in range(500)]
    share = [sum(t.at(m * 5 * ROUND) for m in range(288)) / 288 for t in held]
    assert statistics.mean(share) == pytest.approx(4 * 4 / 1440, rel=0.15)


@given(st.integers(0, 2**32), st.integers(1, 2**32), st.floats(0, 2 * DAY))
def test_whether_there_is_trouble_does_not_depend_on_what_was_asked_before(
    seed: int, asn: int, at: float
) -> None:
    noise = Noise(bursts=50)
    later = troubles(noise, ROUND, asn, seed)
    later.at(2 * DAY)
    assert troubles(noise, ROUND, asn, seed).at(at) == later.at(at)


@pytest.mark.parametrize("kinds", [LONE, BURST])
def test_kinds_are_drawn_by_their_weights(kinds: tuple[tuple[object, int], ...]) -> None:
    counts = [0] * len(kinds)
    for point in range(1000):
        counts[drawn(kinds, point / 1000)] += 1  # type: ignore[arg-type]
    assert counts == pytest.approx([weight * 10 for _, weight in kinds], abs=1)


def test_most_noise_is_silence_or_a_reset() -> None:
    noise = Noise(lone=0.2, bursts=0)
    names = [
        step.failure.name
        for m in measurements(world(noise), 0, begin=0, end=1800)
        for step in m.observations
        if step.failure and step.test is None
    ]
    usual = {"generic_timeout_error", "connection_reset"}
    assert sum(name in usual for name in names) > 0.9 * len(names)


def test_after_a_lone_reset_a_neutral_name_mostly_passes() -> None:
    seen = measurements(world(Noise(lone=0.2, bursts=0)), 0, begin=0, end=1800)
    tests = [s for m in seen for s in m.observations if s.test is DifferentialTest.NEUTRAL_NAME]
    assert sum(s.failure is None for s in tests) > 0.7 * len(tests)
