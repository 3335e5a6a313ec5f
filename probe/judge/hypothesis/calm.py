"""A country of which every vantage saw whole answers alone: most places, most of the time.

Nothing need be read there but how many answers came, and when the newest did.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import overload

from probe.judge.evidence import whole
from probe.judge.hypothesis.episode import Footing, Run
from probe.judge.sight import Sight
from probe.judge.tracks import Track

_AT = attrgetter("at")
Kind = tuple[bool, float]
"""Whether a vantage's controls pass, and how often a try fails on its network in peace."""
Seat = tuple[Track, Footing]
"""What a vantage saw of a feature, and what is known of the vantage."""


class Calm(Sequence[Run]):
    """The runs of such a country, in the order of their vantages: made when somebody looks."""

    __slots__ = ("_runs", "seats")

    def __init__(self, seats: Sequence[Seat]) -> None:
        self.seats = seats
        self._runs: tuple[Run, ...] = ()

    def __len__(self) -> int:
        return len(self.seats)

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Run]: ...
    def __getitem__(self, index: int | slice) -> Run | Sequence[Run]:
        return self._made()[index]

    def __iter__(self) -> Iterator[Run]:
        return iter(self._made())

    def _made(self) -> tuple[Run, ...]:
        if not self._runs:
            self._runs = tuple([at_ease(*seat) for seat in self.seats])
        return self._runs

    def newest(self) -> datetime:
        return max([track.sights[-1].at for track, _ in self.seats])

    def saw(self) -> tuple[tuple[int, int, bool, float], ...]:
        """Of each vantage: its network, its whole answers, and of what kind it is (`Kind`)."""
        return tuple([
            (track.sights[-1].vantage.asn, len(track.sights), footing.well_at is not None, footing.usual)
            for track, footing in self.seats
        ])  # fmt: skip

    def since(self, begun: datetime) -> tuple[tuple[int, int, bool, float], ...]:
        """As `saw`, of then and later."""
        return tuple([
            (
                track.sights[-1].vantage.asn, newer(track.sights, begun),
                footing.well_at is not None, footing.usual,
            )
            for track, footing in self.seats
        ])  # fmt: skip

    def by_network(self) -> dict[int, list[Track]]:
        found: dict[int, list[Track]] = {}
        for track, _ in self.seats:
            found.setdefault(track.sights[-1].vantage.asn, []).append(track)
        return found


def newer(sights: Sequence[Sight], begun: datetime) -> int:
    """How many are of then or later; oldest first."""
    return len(sights) - bisect_left(sights, begun, key=_AT)


def at_ease(track: Track, footing: Footing) -> Run:
    """The run of a vantage that saw whole answers alone."""
    return Run(
        vantage=track.sights[-1].vantage, failing=False, calm=True,
        findings=tuple([whole(sight) for sight in reversed(track.sights)]),
        well_at=footing.well_at, usual=footing.usual, misled=footing.misled, steady=footing.steady,
    )  # fmt: skip
