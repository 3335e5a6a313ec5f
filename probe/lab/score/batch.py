"""What there is to play for a whole score, in an order that keeps all processes busy. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from probe.lab.scenario import Scenario
from probe.lab.score.playing import Task


def tasks(scenarios: Sequence[Scenario], seeds: int, at: tuple[int, ...]) -> tuple[Task, ...]:
    """Give the longest plays first, so that no process is left alone with one at the end."""
    longest = sorted(scenarios, key=lambda s: -s.length / s.round * len(s.networks))
    return tuple(Task(scenario=s, seed=seed, at=at) for s in longest for seed in range(seeds))
