"""A leaked or hijacked route: networks of several countries lose the same prefixes at once."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median

from probe.judge.hypothesis.unit import (
    HOLDS,
    PRIORS,
    SIBLING,
    All,
    Field,
    Key,
    Matter,
    Shared,
    Unit,
    down,
    field,
)
from probe.judge.hypothesis.without import borders, rests

ROUTE_COUNTRIES, ROUTE_ROUNDS = 3, 2.5
"""It is told from borders by the countries that lose it, and at once."""
PASSING_ROUNDS = 5.0
"""Passing trouble of a network has a mean of four (attribution.md, 7.2)."""


def routes(units: Collection[Unit]) -> list[tuple[str, ...]]:
    """Each service's prefixes to which packets vanish from several countries, and those beside them.

    Who loses several of a service's prefixes loses them by one route: of the others' networks one
    may just have said nothing of one of them. So does who loses those of several services, which are
    weighed together as well: passing trouble takes one along, or says nothing of one.
    """
    lost: dict[tuple[str, str], set[str]] = defaultdict(set)
    beside: dict[tuple[str, int], set[str]] = defaultdict(set)
    gone = [unit for unit in units if unit.lost]
    for unit in gone:
        for prefix in unit.prefixes:
            lost[unit.service, prefix].add(unit.country)
            beside[unit.service, unit.asn].add(prefix)
    wide: dict[str, set[str]] = defaultdict(set)
    for (service, prefix), countries in lost.items():
        if len(countries) >= ROUTE_COUNTRIES - 1:
            wide[service].add(prefix)
    by_service = {service: set(prefixes) for service, prefixes in wide.items()}
    for (service, _), prefixes in beside.items():
        if len(prefixes & wide.get(service, set())) > 1:
            by_service[service] |= prefixes
    joined = _joined(by_service, beside, {unit.asn: unit.country for unit in gone})
    return sorted({tuple(sorted(prefixes)) for prefixes in (*by_service.values(), *joined)})


def _joined(
    by_service: Mapping[str, set[str]],
    beside: Mapping[tuple[str, int], set[str]],
    home: Mapping[int, str],
) -> list[set[str]]:
    """The prefixes of services that most of the countries that lost either have lost alike.

    Passing trouble of one network takes several services along, and that of two may coincide, so that
    two countries are too few.
    `beside`: what each network lost of each service. What one lost is held against the next by name
    alone: where very much fails all pairs would be too many.
    """
    by_network: dict[int, list[str]] = defaultdict(list)
    struck: dict[str, set[str]] = defaultdict(set)
    for (service, asn), prefixes in sorted(beside.items()):
        if not prefixes.isdisjoint(by_service.get(service, ())):
            by_network[asn].append(service)
            struck[service].add(home[asn])
    alike: dict[tuple[str, str], set[str]] = defaultdict(set)
    for asn, services in by_network.items():
        for pair in pairwise(services):
            alike[pair].add(home[asn])
    groups = {service: {service} for service in by_service}
    for (one, other), countries in alike.items():
        wide = max(len(struck[one]), len(struck[other]))
        if len(countries) >= max(ROUTE_COUNTRIES, wide / 2):
            groups[one] |= groups[other]
            groups.update(dict.fromkeys(groups[one], groups[one]))
    several = {frozenset(group) for group in groups.values() if len(group) > 1}
    return [set().union(*(by_service[service] for service in group)) for group in several]


def lost(
    prefixes: tuple[str, ...], behind: Sequence[Matter], held: All, fields: Mapping[Matter, Field]
) -> Shared | None:
    """Weigh routes that networks of several countries lost at once, with all that stands on them."""
    begun = _begun(behind, fields)
    if len(begun) < ROUTE_COUNTRIES - 1:
        return None
    near = {u.country for m in behind for u in fields[m].failing if u.lost}
    home, of = _standing(behind, near, held)
    gone = {asn: median(each) for asn, each in begun.items() if _most(len(each), of[asn])}
    torn = Counter([u.asn for m in behind for u in fields[m].failing if u.lasting])
    keeping = {asn for asn, units in of.items() if 2 * torn[asn] < units}
    each = [at_once - _barred(at_once, gone, behind, fields) for at_once in _groups(gone, home)]
    told = (_told(at_once, gone, home, keeping) for at_once in each)
    chosen = next(filter(None, told), None)
    if chosen is None:
        return None
    return Shared(
        key=("route", " ".join(prefixes)),
        gain=_gain(behind, chosen, held, fields),
        cells=frozenset(
            (u.service, u.feature, u.country)
            for matter in behind
            for u in fields[matter].failing
            if u.asn in chosen
        ),
    )


def _begun(
    behind: Iterable[Matter], fields: Mapping[Matter, Field]
) -> Mapping[int, Sequence[float]]:
    """The networks of which packets vanish: when it began at each of their units, in rounds."""
    begun: dict[int, list[float]] = defaultdict(list)
    for matter in behind:
        for unit in fields[matter].failing:
            if unit.lost:
                begun[unit.asn].append(unit.begun)
    return begun


def _standing(
    behind: Sequence[Matter], near: set[str], held: All
) -> tuple[dict[int, str], Counter[int]]:
    """Whoever stands on it in these countries, by AS number: the country, of several the first, and the units."""
    each = [held.networks(matter) for matter in behind]
    theirs = {asn for networks in each for country, asn in networks if country in near}
    home: dict[int, str] = {}
    of: Counter[int] = Counter()
    for networks in each:
        known = sorted([where for where in networks if where[1] in theirs], reverse=True)
        home = {asn: country for country, asn in known} | home
        of.update([asn for _, asn in known])
    return home, of


def _groups(gone: Mapping[int, float], home: Mapping[int, str]) -> list[set[int]]:
    """Networks that lost the routes within the same minutes: those in the most countries first.

    A border that bars the service meanwhile has more networks than a leak of its own route.
    """
    groups = [
        {asn for asn, begun in gone.items() if 0 <= begun - first <= ROUTE_ROUNDS}
        for first in sorted(set(gone.values()))
    ]
    whole = [asns for asns in groups if not any(asns < others for others in groups)]
    return sorted(whole, key=lambda asns: (-len({home[asn] for asn in asns}), -len(asns)))


def _told(
    at_once: set[int], gone: Mapping[int, float], home: Mapping[int, str], keeping: set[int]
) -> set[int] | None:
    """Those of whom a lost route is told; None where there are too few countries.

    Passing trouble of a network that ran into it makes it seem to have begun there before.
    """
    countries, half = {home[asn] for asn in at_once}, _halves(home, keeping)
    if len(countries) < ROUTE_COUNTRIES - 1:
        return None
    usual = median([gone[asn] for asn in at_once])
    near = {asn for asn, b in gone.items() if -PASSING_ROUNDS <= b - usual <= ROUTE_ROUNDS}
    found = at_once | {asn for asn in near if home[asn] in half}
    if len({home[asn] for asn in found} & half) >= ROUTE_COUNTRIES - 1:
        kept = half | {home[asn] for asn in keeping}
        return {asn for asn in found if home[asn] in kept}
    return at_once if len(countries) >= ROUTE_COUNTRIES else None


def _barred(
    at_once: set[int],
    gone: Mapping[int, float],
    behind: Iterable[Matter],
    fields: Mapping[Matter, Field],
) -> set[int]:
    """Those networks in whose country more had lost it before, in whatever way: a border's work.

    The leak of a route by which one country bars a service may come back to a part of that country.
    """
    first = median([gone[asn] for asn in at_once]) - ROUTE_ROUNDS
    before: dict[str, set[int]] = defaultdict(set)
    now: dict[str, set[int]] = defaultdict(set)
    for matter in behind:
        for unit in fields[matter].failing:
            if unit.asn in at_once:
                now[unit.country].add(unit.asn)
            elif unit.lasting and unit.begun < first:
                before[unit.country].add(unit.asn)
    return {asn for c, asns in now.items() if len(before[c]) > len(asns) for asn in asns}


def _halves(home: Mapping[int, str], keeping: set[int]) -> set[str]:
    """Countries where half of the networks keep the routes.

    A country that lost them as a whole may have barred the service by that very route. Where two
    others tell of a leak, one network that keeps the routes is enough: of the others some may be
    out of sight.
    """
    seen = Counter(home.values())
    keep = Counter([home[asn] for asn in keeping])
    return {c for c, networks in seen.items() if networks == 1 or 2 * keep[c] >= networks}


def _gain(
    behind: Sequence[Matter], chosen: set[int], held: All, fields: Mapping[Matter, Field]
) -> float:
    """Nats by which it explains more that these networks lost the routes."""
    matters = sorted([matter for matter in behind if fields[matter].size])
    with_it = math.log(PRIORS["route"]) + len(chosen) * SIBLING
    left: dict[Matter, Field] = {}
    for matter in matters:
        known = fields[matter]
        beside = [unit for own in known.troubled.values() for unit in own]
        inside = [unit for unit in beside if unit.asn in chosen]
        theirs = sum([asn in chosen for _, asn in held.networks(matter)])
        with_it += sum(map(down, inside)) + (theirs - len(inside)) * HOLDS
        rest = [unit for unit in beside if unit.asn not in chosen]
        others = Counter({frozenset[Key](): known.size - theirs - len(rest)})
        left[matter] = field(rest, others)
    return with_it + sum(borders(left).values()) - sum(rests(matters, fields).values())


def _most(lost: int, of: int) -> bool:
    """Nearly all behind it, for passing trouble is there too."""
    return 3 * lost >= 2 * of
