"""The best that can be said without what services share: outages of services, and borders.

Either is one event, however many features it takes along, so they are weighed for all of them
together: of a trouble that is young each by itself may not be worth the price that they pay but
once.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import TypeVar

from probe.judge.hypothesis.unit import (
    FAILS,
    HOLDS,
    SIBLING,
    UP,
    UP_LASTING,
    Field,
    Key,
    Matter,
    Unit,
)

SERVICE, BORDER = math.log(1e-3), math.log(5e-5)
NEIGHBOUR = math.log(0.1)
"""A service beside one that is barred, at the same addresses, costs less than the first: who bars
an address bars all that stands on it."""
BARRED_AS_ONE = frozenset({"address", "prefix"})

_GAINS = {
    (failing, lasting): FAILS - math.log(chance) if failing else HOLDS - math.log(1 - chance)
    for failing in (False, True)
    for lasting, chance in ((False, UP), (True, UP_LASTING))
}
"""Nats by which a unit speaks for a border, by whether it fails, and lastingly."""
_WORTH = NEIGHBOUR - BORDER
"""Nats that all that fails in a country adds up to at least, where a border is worth its price."""

_Name = TypeVar("_Name")


def groups(held: Mapping[Matter, Field]) -> Sequence[Sequence[Matter]]:
    """Matters that may have to do with one another, in any country; with those of no other group has none."""
    return _neighbours([*held], _stands(held))


def rests(matters: Sequence[Matter], fields: Mapping[Matter, Field]) -> dict[Matter, float]:
    """The best that can be said of each matter without the dependency."""
    held = {matter: fields[matter] for matter in matters}
    found = borders(held)
    outages: dict[str, dict[Matter, float]] = defaultdict(dict)
    for matter, known in held.items():
        outages[matter[0]][matter] = known.out - found[matter]
    for features in outages.values():
        for matter, gain in _together(features, SERVICE, SIBLING).items():
            found[matter] += gain
    return found


def borders(held: Mapping[Matter, Field]) -> dict[Matter, float]:
    """Of each matter: every country by itself, well, or barred.

    No border is assumed where nothing fails.
    """
    found = {matter: known.well for matter, known in held.items()}
    troubled = _troubled(held)
    stands = _stands(held) if troubled else {}
    together = cache(partial(_neighbours, stands=stands))  # where much fails countries are alike
    for own in troubled:
        for near in together(tuple(own)):
            for matter, gain in barring({each: own[each] for each in near}).items():
                found[matter] += gain
    return found


def _troubled(held: Mapping[Matter, Field]) -> list[dict[Matter, Sequence[Unit]]]:
    """Of each country where a border may be worth its price: what is troubled there."""
    countries: dict[str, dict[Matter, Sequence[Unit]]] = defaultdict(dict)
    for matter, known in held.items():
        for country, own in known.troubled.items():
            countries[country][matter] = own
    return [troubled for troubled in countries.values() if _most(troubled) > _WORTH]


def _most(troubled: Mapping[Matter, Sequence[Unit]]) -> float:
    """Nats that all that fails there adds up to, if nothing that holds spoke against a border."""
    services: dict[str, float] = defaultdict(float)
    for (service, _), own in troubled.items():
        gain = sum([_GAINS[True, unit.lasting] for unit in own if unit.failing]) + SIBLING
        if gain > 0:
            services[service] += gain
    further = NEIGHBOUR - SIBLING
    return sum([gain + further for gain in services.values() if gain + further > 0])


def _stands(held: Mapping[Matter, Field]) -> dict[Matter, Sequence[Key]]:
    """What each is barred along with."""
    return {
        matter: [
            ("service", matter[0]),
            *[key for unit in known.failing[:1] for key in unit.keys if key[0] in BARRED_AS_ONE],
        ]
        for matter, known in held.items()
    }


def _neighbours(
    matters: Sequence[Matter], stands: Mapping[Matter, Sequence[Key]]
) -> Sequence[Sequence[Matter]]:
    """Services of which one that is barred by its addresses takes the others along."""
    if len(matters) == 1:
        return (matters,)
    on: dict[Key, list[Matter]] = defaultdict(list)
    for matter in matters:
        for key in stands[matter]:
            on[key].append(matter)
    if max(map(len, on.values()), default=0) == len(matters):
        return (sorted(matters),)
    groups = [_reached(matter, stands, on) for matter in matters]
    return [sorted(group) for group in groups if group]


def _reached(
    first: Matter, stands: Mapping[Matter, Sequence[Key]], on: dict[Key, list[Matter]]
) -> set[Matter]:
    """Whatever is connected with it, and is in no group yet: what is used up leads nowhere."""
    found: set[Matter] = set()
    ways = [first]
    while ways:
        for key in stands[ways.pop()]:
            near = on.pop(key, ())
            found.update(near)
            ways.extend(near)
    return found


def barring(near: Mapping[Matter, Sequence[Unit]]) -> dict[Matter, float]:
    """What it adds to each of them in a country that a border bars them, if it is worth it."""
    spared = _spared(near)
    features: dict[str, dict[Matter, float]] = defaultdict(dict)
    for (service, feature), own in near.items():
        taking_part = [u for u in own if u.asn not in spared] if spared else own
        features[service][service, feature] = sum(
            [_GAINS[u.failing, u.lasting] for u in taking_part]
        )
    price = BORDER + len(spared) * HOLDS
    if len(features) == 1:
        return _together(next(iter(features.values())), price, SIBLING)
    each = {service: _together(gains, 0.0, SIBLING) for service, gains in features.items()}
    services = {service: sum(gains.values()) for service, gains in each.items() if gains}
    found: dict[Matter, float] = {}
    for service, gain in _together(services, price, NEIGHBOUR).items():
        first = max(each[service], key=each[service].__getitem__)
        found |= each[service]
        found[first] += gain - services[service]
    return found


def _spared(near: Mapping[Matter, Sequence[Unit]]) -> set[int]:
    """Networks that do not take part: that is assumed once of each, however much it reaches.

    Who lets one name through lets all through that stand there, so that a second says nothing new.
    A dependency that is down has no such excuse.
    """
    holding = (
        {u.asn for own in near.values() for u in own if not u.failing} if len(near) > 1 else set()
    )
    gains = dict.fromkeys(holding, HOLDS)
    for own in near.values() if holding else ():
        for unit in own:
            if unit.asn in holding:
                gains[unit.asn] -= _GAINS[unit.failing, unit.lasting]
    return {asn for asn, gain in gains.items() if gain > 0}


def _together(gains: Mapping[_Name, float], price: float, further: float) -> dict[_Name, float]:
    """What one cause adds to all that it explains better, if it is worth its price.

    What gains most pays the price, every other what a `further` one costs.
    """
    worth = {name: gain + further for name, gain in gains.items() if gain + further > 0}
    if not worth or sum(worth.values()) + price - further <= 0:
        return {}
    first = max(worth, key=worth.__getitem__)
    return worth | {first: worth[first] + price - further}
