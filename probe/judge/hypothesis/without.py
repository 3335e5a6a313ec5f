"""The best that can be said without what services share: outages of services, and borders.

Either is one event, however many features it takes along, so they are weighed for all of them
together: of a trouble that is young each by itself may not be worth the price that they pay but
once.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from probe.judge.hypothesis.unit import (
    HOLDS,
    SIBLING,
    Field,
    Matter,
    Unit,
    barred,
    down,
    steady,
    up,
)

SERVICE, BORDER = math.log(1e-3), math.log(5e-5)
NEIGHBOUR = math.log(0.1)
"""A service beside one that is barred, at the same addresses, costs less than the first: who bars
an address bars all that stands on it."""
BARRED_AS_ONE = frozenset({"address", "prefix"})

_Name = TypeVar("_Name")


def rests(matters: Sequence[Matter], fields: Mapping[Matter, Field]) -> dict[Matter, float]:
    """The best that can be said of each matter without the dependency."""
    held = {matter: fields[matter] for matter in matters}
    found = borders(held)
    outages: dict[str, dict[Matter, float]] = defaultdict(dict)
    for matter, known in held.items():
        holding = known.size - len(known.failing)
        outage = sum(map(down, known.failing)) + holding * HOLDS
        outages[matter[0]][matter] = outage - found[matter]
    for features in outages.values():
        for matter, gain in _together(features, SERVICE, SIBLING).items():
            found[matter] += gain
    return found


def borders(held: Mapping[Matter, Field]) -> dict[Matter, float]:
    """Of each matter: every country by itself, well, or barred.

    No border is assumed where nothing fails.
    """
    found = {matter: steady(known.spared) for matter, known in held.items()}
    countries: dict[str, dict[Matter, Sequence[Unit]]] = defaultdict(dict)
    for matter, known in held.items():
        for country, own in known.troubled.items():
            countries[country][matter] = own
            found[matter] += sum(map(up, own))
    for troubled in countries.values():
        for near in _neighbours(troubled):
            for matter, gain in _barring(near).items():
                found[matter] += gain
    return found


def _neighbours(
    troubled: Mapping[Matter, Sequence[Unit]],
) -> Iterable[Mapping[Matter, Sequence[Unit]]]:
    """Services of which one that is barred by its addresses takes the others along."""
    beside: dict[object, object] = {}

    def end(name: object) -> object:
        while name in beside:
            name = beside[name]
        return name

    for (service, _), own in troubled.items():
        for key in own[0].keys:
            if key[0] in BARRED_AS_ONE and (one := end(service)) != (other := end(key)):
                beside[one] = other
    found: dict[object, dict[Matter, Sequence[Unit]]] = defaultdict(dict)
    for matter, own in troubled.items():
        found[end(matter[0])][matter] = own
    return found.values()


def _barring(near: Mapping[Matter, Sequence[Unit]]) -> dict[Matter, float]:
    """What it adds to each of them in a country that a border bars them, if it is worth it."""
    spared = _spared(near)
    features: dict[str, dict[Matter, float]] = defaultdict(dict)
    for matter, own in near.items():
        features[matter[0]][matter] = sum([barred(u) - up(u) for u in own if u.asn not in spared])
    each = {service: _together(gains, 0.0, SIBLING) for service, gains in features.items()}
    services = {service: sum(gains.values()) for service, gains in each.items() if gains}
    found: dict[Matter, float] = {}
    for service, gain in _together(services, BORDER + len(spared) * HOLDS, NEIGHBOUR).items():
        first = max(each[service], key=each[service].__getitem__)
        found |= each[service]
        found[first] += gain - services[service]
    return found


def _spared(near: Mapping[Matter, Sequence[Unit]]) -> set[int]:
    """Networks that do not take part: that is assumed once of each, however much it reaches.

    Who lets one name through lets all through that stand there, so that a second says nothing new.
    A dependency that is down has no such excuse.
    """
    gains: dict[int, float] = defaultdict(float)
    for own in near.values():
        for unit in own:
            gains[unit.asn] += up(unit) - barred(unit)
    return {asn for asn, gain in gains.items() if gain + HOLDS > 0}


def _together(gains: Mapping[_Name, float], price: float, further: float) -> dict[_Name, float]:
    """What one cause adds to all that it explains better, if it is worth its price.

    What gains most pays the price, every other what a `further` one costs.
    """
    worth = {name: gain + further for name, gain in gains.items() if gain + further > 0}
    if not worth or sum(worth.values()) + price - further <= 0:
        return {}
    first = max(worth, key=worth.__getitem__)
    return worth | {first: worth[first] + price - further}
