"""What steady tracks say of one endpoint, counted as they come and go: nearly all say the same.

So nobody needs to read them again at every judging, but those that say something else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from probe.judge.sight import Sight

Addresses = tuple[str, ...]
Saying = tuple[Addresses, Addresses, AbstractSet[str]]
"""Addresses that resolvers gave, addresses that proved to be the service's, and countries."""


class Told:
    """Whole answers by the addresses they name and prove; for each, who says so, track by track."""

    __slots__ = ("_said",)

    def __init__(self) -> None:
        self._said: dict[tuple[Addresses, Addresses], Counter[str]] = {}

    def __iter__(self) -> Iterator[Saying]:
        for (answers, valid), countries in self._said.items():
            yield answers, valid, countries.keys()

    def count(self, sight: Sight) -> None:
        said = self._said.get((sight.answers, sight.valid))
        if said is None:
            said = self._said[sight.answers, sight.valid] = Counter()
        said[sight.vantage.country] += 1

    def discount(self, sight: Sight) -> None:
        """Take back what was counted."""
        key = sight.answers, sight.valid
        said, country = self._said[key], sight.vantage.country
        said[country] -= 1
        if not said[country]:
            del said[country]
            if not said:
                del self._said[key]
