"""Beliefs held against what was true: counted finely, then put into bins of equal mass. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

FINE = 10_000
"""Steps of belief that are counted apart: a quiet week has millions of beliefs, and this many keys."""
BINS = 15
"""Of equal mass (attribution.md, 7.5)."""


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Beliefs of about the same size, and how many of them were right."""

    low: float
    high: float
    n: float
    """A belief that is held more often than a bin is wide is spread over several."""
    confidence: float
    """Mean belief."""
    right: float
    """Share that was right."""


@dataclass
class Tally:
    """Beliefs by their size."""

    n: Counter[int] = field(default_factory=Counter)
    right: Counter[int] = field(default_factory=Counter)

    def add(self, belief: float, *, right: bool) -> None:
        key = round(belief * FINE)
        self.n[key] += 1
        self.right[key] += right

    def merge(self, other: Tally) -> None:
        self.n.update(other.n)
        self.right.update(other.right)

    @property
    def total(self) -> int:
        return self.n.total()

    def bins(self, count: int = BINS) -> tuple[Bin, ...]:
        """Put the beliefs into as many bins of equal mass, smallest beliefs first."""
        width = self.total / count
        return tuple(_bin(parts) for parts in _slices(self._sorted(), width) if parts)

    def ece(self, count: int = BINS) -> float:
        """Give the expected calibration error; 0 of nothing."""
        apart = (b.n * abs(b.confidence - b.right) for b in self.bins(count))
        return sum(apart) / self.total if self.total else 0.0

    def _sorted(self) -> Iterator[_Part]:
        for key in sorted(self.n):
            yield key / FINE, float(self.n[key]), self.right[key] / self.n[key]


_Part = tuple[float, float, float]
"""Belief, mass, share that was right."""


def _slices(parts: Iterable[_Part], width: float) -> Iterator[list[_Part]]:
    """Cut a sequence of masses into slices of one width; a mass may be cut through."""
    held: list[_Part] = []
    room = width
    for belief, mass, right in parts:
        left = mass
        while left > room:
            yield [*held, (belief, room, right)]
            held, left, room = [], left - room, width
        held.append((belief, left, right))
        room -= left
    yield held


def _bin(parts: list[_Part]) -> Bin:
    mass = sum(m for _, m, _ in parts)
    return Bin(
        low=parts[0][0], high=parts[-1][0], n=mass,
        confidence=sum(b * m for b, m, _ in parts) / mass if mass else parts[0][0],
        right=sum(r * m for _, m, r in parts) / mass if mass else 0.0,
    )  # fmt: skip


@dataclass
class Reliability:
    """All that is counted of beliefs."""

    leading: Tally = field(default_factory=Tally)
    """Each cell's leading cause."""
    told: Tally = field(default_factory=Tally)
    """The same where that cause, or the truth, is not `ok`: peace would drown it."""
    filtering: Tally = field(default_factory=Tally)
    """The support of filtering, whatever leads."""
    brier: float = 0.0
    """Sum over the cells of expected incidents of the squared distances to the truth."""
    cells: int = 0
    untested: int = 0
    """Cells in which nobody could have looked: they are no belief."""

    def merge(self, other: Reliability) -> None:
        self.leading.merge(other.leading)
        self.told.merge(other.told)
        self.filtering.merge(other.filtering)
        self.brier += other.brier
        self.cells += other.cells
        self.untested += other.untested
