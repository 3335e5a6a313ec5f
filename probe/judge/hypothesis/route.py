"""A leaked or hijacked route: networks of several countries lose the same prefixes at once."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
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


def routes(units: Iterable[Unit]) -> list[tuple[str, ...]]:
    """Each service's prefixes to which packets vanish from several countries, and those beside them.

    Who loses several of a service's prefixes loses them by one route: of the others' networks one
    may just have said nothing of one of them.
    """
    lost: dict[tuple[str, str], set[str]] = defaultdict(set)
    beside: dict[tuple[str, int], set[str]] = defaultdict(set)
    for unit in units:
        for prefix in unit.prefixes if unit.lost else ():
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
    return sorted({tuple(sorted(prefixes)) for prefixes in by_service.values()})


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
    at_once = _at_once(gone, home)
    torn = Counter([u.asn for m in behind for u in fields[m].failing if u.lasting])
    keeping = {asn for asn, units in of.items() if 2 * torn[asn] < units}
    chosen = _partial(at_once, home, keeping) or at_once
    least = ROUTE_COUNTRIES if chosen is at_once else ROUTE_COUNTRIES - 1
    if len({home[asn] for asn in chosen}) < least:
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


def _at_once(gone: Mapping[int, float], home: Mapping[int, str]) -> set[int]:
    """Those networks that lost the routes within the same minutes, in the most countries."""
    groups = [
        {asn for asn, begun in gone.items() if 0 <= begun - first <= ROUTE_ROUNDS}
        for first in sorted(set(gone.values()))
    ]
    return max(
        groups, key=lambda asns: (len({home[asn] for asn in asns}), len(asns)), default=set()
    )


def _partial(gone: set[int], home: Mapping[int, str], keeping: set[int]) -> set[int] | None:
    """Those of countries where half of the networks keep the routes, if there are two such countries.

    A country that lost them as a whole may have barred the service by that very route. Where two
    others tell of a leak, one network that keeps the routes is enough: of the others some may be
    out of sight.
    """
    seen = Counter(home.values())
    keep = Counter([home[asn] for asn in keeping])
    half = {c for c, networks in seen.items() if networks == 1 or 2 * keep[c] >= networks}
    if len({home[asn] for asn in gone} & half) < ROUTE_COUNTRIES - 1:
        return None
    return {asn for asn in gone if home[asn] in half | keep.keys()}


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
