"""Probe hosts told apart without their names: a volunteer's id is never shown, a number is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from probe.model import Vantage

Numbers = Mapping[str, int]
"""Vantage id → its number in its network, from 1."""


def numbered(vantages: Iterable[Vantage]) -> Numbers:
    """Number the vantages of each network, in the order of their ids."""
    by_network: dict[tuple[str, int], set[str]] = defaultdict(set)
    for vantage in vantages:
        by_network[vantage.country, vantage.asn].add(vantage.id)
    return {
        name: number
        for names in by_network.values()
        for number, name in enumerate(sorted(names), start=1)
    }
