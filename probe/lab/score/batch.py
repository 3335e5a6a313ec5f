"""What there is to play for a whole score, in an order that keeps all processes busy. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from probe.lab.scenario import Scenario

SHARES = 4
"""Lots for each process, at least: the last of them may not leave the others idle for long."""


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """Plays of one scenario in one process: what does not hang on the seed is done once."""

    scenario: Scenario
    seeds: tuple[int, ...]
    at: tuple[int, ...]


def lots(
    scenarios: Sequence[Scenario], seeds: int, at: tuple[int, ...], jobs: int
) -> tuple[Lot, ...]:
    """Give the longest plays first, so that no process is left alone with one at the end."""
    longest = sorted(scenarios, key=_length, reverse=True)
    pieces = max(1, min(seeds, -(-SHARES * jobs // max(1, len(longest)))))
    return tuple(
        Lot(scenario=scenario, seeds=tuple(range(seeds))[piece::pieces], at=at)
        for scenario in longest
        for piece in range(pieces)
    )


def _length(scenario: Scenario) -> float:
    """Cells that are judged in all of its rounds: a play's time goes by them, roughly."""
    features = sum(len(service.features) for service in scenario.services)
    return scenario.length / scenario.round * len(scenario.networks) * features
