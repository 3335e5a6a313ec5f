"""Durations counted by size, for a classic histogram."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime
from itertools import accumulate

import msgspec

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds; the last count is of what took longer."""


class Exemplar(msgspec.Struct, frozen=True, gc=False):
    """The newest observation of a bucket, and where to read more of it."""

    measurement: str
    """Its id."""
    seconds: float
    at: datetime


class Distribution:
    """It only grows; a scrape in another thread reads it as it is."""

    def __init__(self, bounds: tuple[float, ...] = BOUNDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        """Sum of all observed."""
        self.exemplars: dict[int, Exemplar] = {}
        """By the bucket's place."""

    def observe(self, seconds: float, exemplar: Exemplar | None = None) -> None:
        place = bisect_left(self._bounds, seconds)
        self._counts[place] += 1
        self.total += seconds
        if exemplar:
            self.exemplars[place] = exemplar

    def copy(self) -> Distribution:
        """Give it as it is now, for a snapshot."""
        made = Distribution(self._bounds)
        made._counts = self._counts.copy()
        made.total, made.exemplars = self.total, self.exemplars.copy()
        return made

    def buckets(self) -> list[tuple[str, float]]:
        """Give each upper bound with the count of all up to it, as the format wants them."""
        names = (*map(str, self._bounds), "+Inf")
        return list(zip(names, map(float, accumulate(self._counts)), strict=True))
