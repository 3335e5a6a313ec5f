"""Addresses that one country's resolvers give for several endpoints: a notice's, or a shared front's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from probe.judge.told import Place, Told

Pair = tuple[str, str]
"""Country and address."""


class Common:
    """Asked of few addresses, so nothing is put together but where each is named."""

    def __init__(self, told: Iterable[tuple[str, Told]]) -> None:
        """`told`: what is said, by endpoint."""
        self._told: dict[str, list[tuple[str, AbstractSet[Place]]]] = defaultdict(list)
        for endpoint, said in told:
            for saying, places in said:
                for address in saying.answers:
                    self._told[address].append((endpoint, places))

    def among(self, pairs: Iterable[Pair]) -> frozenset[Pair]:
        return frozenset({pair for pair in pairs if self._several(pair)})

    def _several(self, pair: Pair) -> bool:
        country, address = pair
        return len({name for name, places in self._told[address] if _there(places, country)}) > 1


def _there(places: AbstractSet[Place], country: str) -> bool:
    return any(where == country for where, _ in places)
