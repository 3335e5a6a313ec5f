"""What the calm countries of a feature say together: gathered once, while each is looked at anyway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

import msgspec

from probe.judge.hypothesis.calm import Calm, Seat
from probe.judge.sight import Sight

Sites = tuple[tuple[str, str], ...]
"""Delivery networks and their sites."""


class Chorus(msgspec.Struct, frozen=True, eq=False):
    named: AbstractSet[tuple[str, ...]]
    """Addresses that they are told, answer by answer."""
    delivered: AbstractSet[str]
    """Delivery networks that answered them; empty where none said so."""
    served: Mapping[tuple[int, Sites], int]
    """AS number and the sites that served it, and in how many countries just so."""
    newest: Sequence[datetime]
    """The time of each country's newest answer."""


def chorus(held: Iterable[Calm]) -> Chorus:
    named: set[tuple[str, ...]] = set()
    delivered: set[str] = set()
    served: list[tuple[int, Sites]] = []
    newest: list[datetime] = []
    for own in held:
        for seat in own.seats:
            last = seat.last
            named.add(() if last.bogon else last.answers)
            delivered.add(last.site[0] if seat.steady else delivery(seat.telling))
        served += served_from(own)
        newest.append(own.newest())
    return Chorus(named, delivered, Counter(served), newest)


def delivery(newest: Iterable[Sight]) -> str:
    """The delivery network that answered last, of those that say so."""
    for sight in newest:
        if sight.site[0]:
            return sight.site[0]
    return ""


def served_from(held: Calm) -> list[tuple[int, Sites]]:
    """Each network, and the sites that served it: newest first."""
    seats = held.seats
    if len(seats) == 1:
        return [(held.asns[0], _sites(seats))]
    return [(asn, _sites(own)) for asn, own in held.by_network().items()]


def _sites(seats: Sequence[Seat]) -> Sites:
    if len(seats) == 1 and seats[0].steady:
        return (seats[0].last.site,)
    return tuple([sight.site for seat in seats for sight in seat.telling])
