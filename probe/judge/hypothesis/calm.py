"""A country of which every vantage sees whole answers alone: most places, most of the time.

Nothing need be read there but how many answers came, and when the newest did.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import final

import msgspec

from probe.judge.evidence import whole as plainly
from probe.judge.hypothesis.episode import Footing, Kind, Run, whole
from probe.judge.hypothesis.likelihood import Country, network
from probe.judge.sight import Sight

_AT = attrgetter("at")


@final
class Seat(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What a vantage sees of a feature, and what is known of the vantage.

    It is a calm country by itself where the vantage is the only one: most are, in a wide catalogue.
    """

    heard: Sequence[Sight]
    """Whole answers as far back as this state lasts, oldest first."""
    last: Sight
    sights: Country
    """What a country saw in all of the window in which it is the only vantage."""
    footing: Footing
    steady: bool = False
    """Whether any one of them says of the endpoint what all of them do."""

    @property
    def telling(self) -> Sequence[Sight]:
        """All that they say of the endpoint, newest first."""
        return (self.last,) if self.steady else self.heard[::-1]

    @property
    def seats(self) -> Sequence[Seat]:
        return (self,)

    @property
    def asns(self) -> tuple[int, ...]:
        """As of `Several`, and so all below."""
        return (self.last.vantage.asn,)

    def runs(self) -> tuple[Run, ...]:
        return (at_ease(self),)

    def newest(self) -> datetime:
        return self.last.at

    def since(self, begun: datetime) -> Country:
        return self.footing.alone[newer(self.heard, begun)]

    def by_network(self) -> dict[int, list[Seat]]:
        return {self.last.vantage.asn: [self]}


@final
class Several(msgspec.Struct, frozen=True, eq=False, gc=False):
    """The seats of a calm country in the order of their vantages, two at least."""

    seats: Sequence[Seat]
    sights: Country
    """What it saw in all of the window."""
    asns: tuple[int, ...]
    """The AS number of each entry."""

    def runs(self) -> tuple[Run, ...]:
        return tuple(map(at_ease, self.seats))

    def newest(self) -> datetime:
        return max([seat.last.at for seat in self.seats])

    def since(self, begun: datetime) -> Country:
        """What it saw then and later."""
        told = [
            (seat.last.vantage.asn, newer(seat.heard, begun), seat.footing.kind)
            for seat in self.seats
        ]
        return _saw(tuple(told))[0]

    def by_network(self) -> dict[int, list[Seat]]:
        """Networks in the order of their first vantage."""
        found: dict[int, list[Seat]] = {}
        for seat in self.seats:
            found.setdefault(seat.last.vantage.asn, []).append(seat)
        return found


Calm = Seat | Several


def seat(heard: Sequence[Sight], footing: Footing, *, steady: bool = False) -> Seat:
    return Seat(heard, heard[-1], footing.alone[len(heard)], footing, steady)


def together(seats: Sequence[Seat]) -> Calm:
    """`seats`: of one country, never none."""
    if len(seats) == 1:
        return seats[0]
    told = [(seat.last.vantage.asn, len(seat.heard), seat.footing.kind) for seat in seats]
    return Several(seats, *_saw(tuple(told)))


@lru_cache(maxsize=16384)
def _saw(told: tuple[tuple[int, int, Kind], ...]) -> tuple[Country, tuple[int, ...]]:
    """What vantages saw of which network, number of whole answers, and kind are known."""
    networks: dict[int, list[tuple[int, Kind]]] = {}
    for asn, count, kind in told:
        networks.setdefault(asn, []).append((count, kind))
    built = []
    for asn, own in networks.items():
        seen = [(whole(count), well) for count, (well, _) in own if count]
        if seen:
            counts = tuple(sorted([each for each, _ in seen]))
            _, usual = own[0][1]
            built.append((network(counts, sum([well for _, well in seen]), (), usual), asn))
    built.sort()
    return tuple([seen for seen, _ in built]), tuple([asn for _, asn in built])


def newer(sights: Sequence[Sight], begun: datetime) -> int:
    """How many are of then or later; oldest first."""
    return len(sights) - bisect_left(sights, begun, key=_AT)


def at_ease(seat: Seat) -> Run:
    """The run of a vantage that sees whole answers alone."""
    footing = seat.footing
    return Run(
        vantage=seat.last.vantage, failing=False, calm=True,
        findings=tuple([plainly(sight) for sight in reversed(seat.heard)]),
        well_at=footing.well_at, usual=footing.usual, misled=footing.misled, steady=footing.steady,
        settled=footing.settled, abroad=footing.abroad,
    )  # fmt: skip
