"""A country of which every vantage sees whole answers alone: most places, most of the time.

Nothing need be read there but how many answers came, and when the newest did.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import overload

import msgspec

from probe.judge.evidence import whole
from probe.judge.hypothesis.episode import Footing, Run
from probe.judge.sight import Sight

_AT = attrgetter("at")
Kind = tuple[bool, float]
"""Whether a vantage's controls pass, and how often a try fails on its network in peace."""


class Seat(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What a vantage sees of a feature, and what is known of the vantage."""

    sights: Sequence[Sight]
    """Whole answers as far back as this state lasts, oldest first."""
    footing: Footing
    steady: bool = False
    """Whether any one of them says of the endpoint what all of them do."""

    @property
    def telling(self) -> Sequence[Sight]:
        """All that they say of the endpoint, newest first."""
        return self.sights[-1:] if self.steady else self.sights[::-1]


class Calm(Sequence[Run]):
    """The runs of such a country, in the order of their vantages: made when somebody looks."""

    __slots__ = ("_networks", "_runs", "seats")

    def __init__(self, seats: Sequence[Seat]) -> None:
        self.seats = seats
        self._runs: tuple[Run, ...] = ()
        self._networks: dict[int, list[Seat]] = {}

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
            self._runs = tuple(map(at_ease, self.seats))
        return self._runs

    def newest(self) -> datetime:
        return max([seat.sights[-1].at for seat in self.seats])

    def saw(self) -> tuple[tuple[int, int, bool, float], ...]:
        """Of each vantage: its network, its whole answers, and of what kind it is (`Kind`)."""
        return tuple([
            (seat.sights[-1].vantage.asn, len(seat.sights), *kind(seat.footing))
            for seat in self.seats
        ])  # fmt: skip

    def since(self, begun: datetime) -> tuple[tuple[int, int, bool, float], ...]:
        """As `saw`, of then and later."""
        return tuple([
            (seat.sights[-1].vantage.asn, newer(seat.sights, begun), *kind(seat.footing))
            for seat in self.seats
        ])  # fmt: skip

    def by_network(self) -> dict[int, list[Seat]]:
        if not self._networks:
            for seat in self.seats:
                self._networks.setdefault(seat.sights[-1].vantage.asn, []).append(seat)
        return self._networks


def kind(footing: Footing) -> Kind:
    return footing.well_at is not None, footing.usual


def newer(sights: Sequence[Sight], begun: datetime) -> int:
    """How many are of then or later; oldest first."""
    return len(sights) - bisect_left(sights, begun, key=_AT)


def at_ease(seat: Seat) -> Run:
    """The run of a vantage that sees whole answers alone."""
    sights, footing = seat.sights, seat.footing
    return Run(
        vantage=sights[-1].vantage, failing=False, calm=True,
        findings=tuple([whole(sight) for sight in reversed(sights)]),
        well_at=footing.well_at, usual=footing.usual, misled=footing.misled, steady=footing.steady,
        settled=footing.settled,
    )  # fmt: skip
