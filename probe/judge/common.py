"""Addresses that one country's resolvers give for several endpoints: a notice's, or a shared front's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from probe.judge.sight import Sight
from probe.judge.told import Saying

Pair = tuple[str, str]
"""Country and address."""


class Common:
    """Asked of few addresses, so nothing is put together but where each is named."""

    def __init__(
        self, told: Iterable[tuple[str, Iterable[Saying]]], series: Iterable[Sequence[Sight]]
    ) -> None:
        """`told`: what is counted already, by endpoint; `series`: all that is not."""
        self._told: dict[str, list[tuple[str, AbstractSet[str]]]] = defaultdict(list)
        self._seen: dict[Pair, set[str]] = defaultdict(set)
        for endpoint, said in told:
            for answers, _, countries in said:
                for address in answers:
                    self._told[address].append((endpoint, countries))
        for sights in series:
            answers = ()
            for sight in sights:
                if sight.answers is not answers:
                    answers = sight.answers
                    for address in answers:
                        self._seen[sight.vantage.country, address].add(sight.target.endpoint)

    def among(self, pairs: Iterable[Pair]) -> frozenset[Pair]:
        return frozenset({pair for pair in pairs if self._several(pair)})

    def _several(self, pair: Pair) -> bool:
        country, address = pair
        told = {name for name, countries in self._told.get(address, ()) if country in countries}
        return len(told | self._seen.get(pair, set())) > 1
