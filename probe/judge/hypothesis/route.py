"""A leaked or hijacked route: networks of several countries lose the same prefixes at once."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from statistics import median

from probe.judge.hypothesis.unit import (
    PRIORS,
    SIBLING,
    All,
    Field,
    Matter,
    Shared,
    Unit,
    borders,
    down,
    field,
    rests,
)

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


def may_be_lost(behind: Sequence[Matter], held: All, fields: Mapping[Matter, Field]) -> bool:
    """Whether networks enough lost a route within the same minutes: most that fail do not.

    `behind`: what stands on it. It asks for no units but those that fail.
    """
    begun: dict[int, list[float]] = defaultdict(list)
    for matter in behind:
        for unit in fields[matter].failing:
            if unit.lost:
                begun[unit.asn].append(unit.begun)
    least = ROUTE_COUNTRIES - 1
    if len(begun) < least:
        return False
    of = Counter([asn for matter in behind for _, asn in held.networks(matter) if asn in begun])
    gone = sorted([median(each) for asn, each in begun.items() if _most(len(each), of[asn])])
    return any(
        last - first <= ROUTE_ROUNDS for first, last in zip(gone, gone[least - 1 :], strict=False)
    )


def lost(
    prefixes: tuple[str, ...],
    standing: Sequence[Matter],
    everyone: Callable[[Matter], Sequence[Unit]],
) -> Shared | None:
    """Weigh routes that networks of several countries lost at once, with all that stands on them."""
    by_matter = {matter: everyone(matter) for matter in standing}
    behind: dict[int, list[Unit]] = defaultdict(list)
    for unit in chain.from_iterable(by_matter.values()):
        behind[unit.asn].append(unit)
    at_once = _at_once({asn: own for asn, own in behind.items() if _gone(own)})
    chosen = _partial(at_once, behind) or at_once
    countries = {own[0].country for own in chosen.values()}
    if len(countries) < (ROUTE_COUNTRIES if chosen is at_once else ROUTE_COUNTRIES - 1):
        return None
    inside = {id(unit) for own in chosen.values() for unit in own}
    matters = sorted({unit.matter for own in behind.values() for unit in own})
    without = rests(matters, {matter: field(by_matter[matter]) for matter in matters})
    with_it = math.log(PRIORS["route"]) + len(chosen) * SIBLING
    barred: set[tuple[str, str]] = set()
    for matter in matters:
        with_it += sum(down(unit) for unit in by_matter[matter] if id(unit) in inside)
        with_it += borders(field([u for u in by_matter[matter] if id(u) not in inside]), barred)
    return Shared(
        key=("route", " ".join(prefixes)),
        gain=with_it - sum(without.values()),
        cells=frozenset(
            (u.service, u.feature, u.country) for own in chosen.values() for u in own if u.failing
        ),
    )


def _at_once(gone: Mapping[int, Sequence[Unit]]) -> dict[int, Sequence[Unit]]:
    """Those networks that lost the routes within the same minutes, in the most countries."""
    begun = {asn: median(unit.begun for unit in own if unit.lost) for asn, own in gone.items()}
    groups = [
        [asn for asn in gone if 0 <= begun[asn] - first <= ROUTE_ROUNDS]
        for first in sorted(set(begun.values()))
    ]
    most = max(
        groups,
        key=lambda asns: (len({gone[asn][0].country for asn in asns}), len(asns)),
        default=[],
    )
    return {asn: gone[asn] for asn in most}


def _partial(
    gone: Mapping[int, Sequence[Unit]], behind: Mapping[int, Sequence[Unit]]
) -> dict[int, Sequence[Unit]] | None:
    """Those of countries where half of the networks keep the routes, if there are two such countries.

    A country that lost them as a whole may have barred the service by that very route. Where two
    others tell of a leak, one network that keeps the routes is enough: of the others some may be
    out of sight.
    """
    seen: dict[str, set[int]] = defaultdict(set)
    keep: dict[str, set[int]] = defaultdict(set)
    for asn, own in behind.items():
        seen[own[0].country].add(asn)
        if 2 * sum(unit.failing and unit.lasting for unit in own) < len(own):
            keep[own[0].country].add(asn)
    kept = {country for country, asns in keep.items() if asns}
    half = {c for c, asns in seen.items() if len(asns) == 1 or 2 * len(keep[c]) >= len(asns)}
    if len({own[0].country for own in gone.values()} & half) < ROUTE_COUNTRIES - 1:
        return None
    return {asn: own for asn, own in gone.items() if own[0].country in half | kept}


def _gone(units: Sequence[Unit]) -> bool:
    """Whether a network lost the routes: nearly all behind them, for passing trouble is there too."""
    return _most(sum(unit.lost for unit in units), len(units))


def _most(lost: int, of: int) -> bool:
    return 3 * lost >= 2 * of
