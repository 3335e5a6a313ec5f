"""Which shared dependency explains the failures better than services by themselves, or borders, do.

Every explanation says which units should fail; each pays for what it assumes and for every unit
that does otherwise. A dependency pays once for all that stand on it, a service once for itself,
a border once for each service and country: so a delivery network's site that fails for three
services beats three outages, and a border that fails for one beats any site.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from probe.judge.hypothesis.likelihood import log_sum

Key = tuple[str, str]
"""Kind and name: `("site", "cloudflare/LHR")`."""

PRIORS: dict[str, float] = {
    "site": 3e-4, "sites": 3e-4, "address": 3e-4, "declared": 3e-4, "cdn": 3e-4, "prefix": 1e-4, "as": 1e-4, "route": 1e-4,
}  # fmt: skip
"""Kinds of dependency that services stand on, in the order in which one is named rather than
another that explains as much; P(it is down at a moment) (attribution.md, 7.3: REGIONAL)."""
NAMES = {
    "site": "site ",
    "sites": "sites ",
    "address": "address ",
    "prefix": "prefix ",
    "as": "AS",
}


def named(key: Key) -> str:
    """What to call a dependency: `site cloudflare/LHR`, `akamai-dns`."""
    return f"{NAMES.get(key[0], '')}{key[1]}"


SERVICE, BORDER = math.log(1e-3), math.log(5e-5)
SIBLING = math.log(0.3)
"""The second feature of a service that fails too costs less than the first."""
DOWN, UP = 0.93, 0.03
UP_LASTING = 0.004
"""P(fails | nothing is wrong) of a failure of several rounds on a vantage that is otherwise well."""
FOREIGN_HAND = 0.01
"""P(such a failure | the dependency is down) where only the network can have written it."""
TAKEN = 0.85
"""Share of the matters on a dependency that its failure takes along."""
ROUTE_COUNTRIES, ROUTE_ROUNDS = 3, 1.5
"""A leaked or hijacked route is told from borders by the countries that lose it, and at once."""
MARGIN = 3.0
"""Nats by which it must beat every other explanation."""


class Unit(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One feature of one service, as one network sees it."""

    service: str
    feature: str
    country: str
    asn: int
    failing: bool
    lasting: bool = False
    own: bool = True
    """Whether the service's side can have made the failure: no network wrote it."""
    lost: bool = False
    """Its packets vanish, while the controls of the same vantages are steady."""
    begun: float = 0.0
    """When it began to fail, in rounds."""
    prefixes: frozenset[str] = frozenset()
    keys: frozenset[Key] = frozenset()

    @property
    def matter(self) -> tuple[str, str]:
        return self.service, self.feature


class Shared(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A dependency that explains."""

    key: Key
    gain: float
    """Nats over the best explanation without it."""
    cells: frozenset[tuple[str, str, str]]
    """(service, feature, country) of the failing units that it explains."""

    @property
    def services(self) -> int:
        return len({service for service, _, _ in self.cells})

    @property
    def countries(self) -> int:
        return len({country for _, _, country in self.cells})


def shared(units: Sequence[Unit]) -> tuple[Shared, ...]:
    """Find what explains, the strongest first; each failing cell is explained once."""
    left = list(units)
    found: list[Shared] = []
    while True:
        best = max(
            _candidates(left), key=lambda s: (round(s.gain, 6), *_rank(s.key)), default=None
        )
        if best is None:
            return tuple(found)
        found.append(best)
        left = [u for u in left if (u.service, u.feature, u.country) not in best.cells]


def _rank(key: Key) -> tuple[int, str]:
    return -list(PRIORS).index(key[0]), key[1]


def _candidates(units: Sequence[Unit]) -> list[Shared]:
    by_key: dict[Key, list[Unit]] = defaultdict(list)
    for unit in units:
        for key in unit.keys:
            by_key[key].append(unit)
    by_key.update(_several_sites(by_key))
    by_matter: dict[tuple[str, str], list[Unit]] = defaultdict(list)
    for unit in units:
        by_matter[unit.matter].append(unit)
    weighed = [_weigh(key, members, by_matter) for key, members in sorted(by_key.items())]
    weighed += [_lost(prefixes, units, by_matter) for prefixes in _routes(units)]
    return [one for one in weighed if one is not None and one.gain > MARGIN]


def _several_sites(by_key: Mapping[Key, Sequence[Unit]]) -> dict[Key, list[Unit]]:
    """Delivery networks of which some sites fail together: those where most fails."""
    down: dict[str, list[Key]] = defaultdict(list)
    for key, members in sorted(by_key.items()):
        if key[0] == "site" and 2 * sum(unit.failing for unit in members) > len(members):
            down[key[1].partition("/")[0]].append(key)
    return {
        ("sites", f"{network}/{'+'.join(name.partition('/')[2] for _, name in keys)}"): [
            unit for key in keys for unit in by_key[key]
        ]
        for network, keys in down.items()
        if len(keys) > 1
    }


def _assumed(key: Key) -> float:
    """Log prior: each further site of several is assumed too."""
    return math.log(PRIORS[key[0]]) + key[1].count("+") * SIBLING


def _weigh(
    key: Key, members: Sequence[Unit], by_matter: Mapping[tuple[str, str], Sequence[Unit]]
) -> Shared | None:
    failing = [unit for unit in members if unit.failing]
    if not _tells_apart(failing, members, by_matter):
        return None
    matters = sorted({unit.matter for unit in members})
    rests = _rests(matters, by_matter)
    inside = {id(unit) for unit in members}
    with_it = _assumed(key) + sum(
        log_sum((
            math.log(TAKEN) + _hit(by_matter[matter], inside),
            math.log(1 - TAKEN) + rests[matter],
        ))
        for matter in matters
    )  # fmt: skip
    return Shared(
        key=key,
        gain=with_it - sum(rests.values()),
        cells=frozenset((u.service, u.feature, u.country) for u in failing),
    )


def _routes(units: Iterable[Unit]) -> list[tuple[str, ...]]:
    """Each service's prefixes to which packets vanish from three countries at least."""
    lost: dict[tuple[str, str], set[str]] = defaultdict(set)
    for unit in units:
        for prefix in unit.prefixes if unit.lost else ():
            lost[unit.service, prefix].add(unit.country)
    by_service: dict[str, set[str]] = defaultdict(set)
    for (service, prefix), countries in lost.items():
        if len(countries) >= ROUTE_COUNTRIES:
            by_service[service].add(prefix)
    return sorted({tuple(sorted(prefixes)) for prefixes in by_service.values()})


def _lost(
    prefixes: tuple[str, ...],
    units: Sequence[Unit],
    by_matter: Mapping[tuple[str, str], Sequence[Unit]],
) -> Shared | None:
    """Weigh routes that networks of several countries lost at once, with all that is behind them."""
    behind: dict[int, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.prefixes & set(prefixes):
            behind[unit.asn].append(unit)
    gone = {asn: own for asn, own in behind.items() if _gone(own)}
    begun = [unit.begun for own in gone.values() for unit in own if unit.lost]
    countries = {unit.country for own in gone.values() for unit in own}
    if len(countries) < ROUTE_COUNTRIES or max(begun) - min(begun) > ROUTE_ROUNDS:
        return None
    inside = {id(unit) for own in gone.values() for unit in own}
    matters = sorted({unit.matter for own in behind.values() for unit in own})
    rests = _rests(matters, by_matter)
    with_it = math.log(PRIORS["route"]) + len(gone) * SIBLING
    with_it += sum(_hit(by_matter[matter], inside) for matter in matters)
    return Shared(
        key=("route", " ".join(prefixes)),
        gain=with_it - sum(rests.values()),
        cells=frozenset(
            (u.service, u.feature, u.country) for own in gone.values() for u in own if u.failing
        ),
    )


def _gone(units: Sequence[Unit]) -> bool:
    """Whether a network lost the routes: nearly all behind them, for passing trouble is there too."""
    lost = sum(unit.lost for unit in units)
    return 3 * lost > 2 * len(units) and 4 * sum(unit.failing for unit in units) > 3 * len(units)


def _tells_apart(
    failing: Sequence[Unit],
    members: Sequence[Unit],
    by_matter: Mapping[tuple[str, str], Sequence[Unit]],
) -> bool:
    """Whether it could be told from a service's own outage, and from a border."""
    services = {unit.service for unit in failing}
    if len(services) > 1:
        return True
    whole = sum(len(by_matter[matter]) for matter in {unit.matter for unit in members})
    return len({unit.country for unit in failing}) > 1 and len(members) < whole


def _hit(units: Iterable[Unit], inside: set[int]) -> float:
    return sum(_down(unit) if id(unit) in inside else _up(unit) for unit in units)


def _down(unit: Unit) -> float:
    if not unit.failing:
        return math.log(1 - DOWN)
    return math.log(DOWN if unit.own else FOREIGN_HAND)


def _up(unit: Unit) -> float:
    chance = UP_LASTING if unit.lasting else UP
    return math.log(chance if unit.failing else 1 - chance)


def _rests(
    matters: Sequence[tuple[str, str]], by_matter: Mapping[tuple[str, str], Sequence[Unit]]
) -> dict[tuple[str, str], float]:
    """The best that can be said of each matter without the dependency."""
    rests: dict[tuple[str, str], float] = {}
    blamed: set[str] = set()
    barred: set[tuple[str, str]] = set()
    for matter in matters:
        units = by_matter[matter]
        outage = (SIBLING if matter[0] in blamed else SERVICE) + sum(map(_down, units))
        borders = _borders(units, barred)
        rests[matter] = max(outage, borders)
        if outage >= borders:
            blamed.add(matter[0])
    return rests


def _borders(units: Sequence[Unit], barred: set[tuple[str, str]]) -> float:
    """Each country by itself: well, or barred; a second name of a service costs less."""
    by_country: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        by_country[unit.country].append(unit)
    total = 0.0
    for country, own in by_country.items():
        where = (own[0].service, country)
        cost = SIBLING if where in barred else BORDER
        well, closed = sum(map(_up, own)), cost + sum(map(_barred, own))
        total += max(well, closed)
        if closed > well:
            barred.add(where)
    return total


def _barred(unit: Unit) -> float:
    return math.log(DOWN if unit.failing else 1 - DOWN)
