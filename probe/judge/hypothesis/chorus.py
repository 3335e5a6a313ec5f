"""What the calm countries of a feature say together: gathered once, while each is looked at anyway."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

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
    served: Mapping[Sites, Sequence[int]]
    """Sites that served networks, and the AS numbers of those."""


def chorus(held: Iterable[Calm]) -> Chorus:
    named: set[tuple[str, ...]] = set()
    delivered: set[str] = set()
    served: dict[Sites, list[int]] = defaultdict(list)
    alone: dict[tuple[str, str], list[int]] = defaultdict(list)
    answers, site, asns = None, None, list[int]()
    for own in held:
        if (
            type(own) is Seat and own.steady
        ):  # nearly all, and most are told what the one before was
            last = own.last
            if last.answers is not answers:
                answers = last.answers
                named.add(() if last.bogon else answers)
            if last.site is not site:
                site = last.site
                asns = alone[site]
            asns.append(last.vantage.asn)
            continue
        named.update([() if seat.last.bogon else seat.last.answers for seat in own.seats])
        delivered.update([delivery(seat.telling) for seat in own.seats])
        for asn, sites in served_from(own):
            served[sites].append(asn)
    for where, networks in alone.items():
        delivered.add(where[0])
        served[(where,)] += networks
    return Chorus(named, delivered, served)


def delivery(newest: Iterable[Sight]) -> str:
    """The delivery network that answered last, of those that say so."""
    for sight in newest:
        if sight.site[0]:
            return sight.site[0]
    return ""


def served_from(held: Calm) -> list[tuple[int, Sites]]:
    """Each network, and the sites that served it: newest first."""
    return [(asn, _sites(own)) for asn, own in held.by_network().items()]


def _sites(seats: Sequence[Seat]) -> Sites:
    if len(seats) == 1 and seats[0].steady:
        return (seats[0].last.site,)
    return tuple([sight.site for seat in seats for sight in seat.telling])
