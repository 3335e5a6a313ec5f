"""Which shared dependency explains the failures better than services by themselves, or borders, do.

Every explanation says which units should fail; each pays for what it assumes and for every unit
that does otherwise. A dependency pays once for all that stand on it, a service once for itself,
a border once for each service and country, and little for what else stands at the same addresses:
so a delivery network's site that fails for three services beats three outages, a border that fails
for one beats any site, and so does one that bars an address which others reach by that very site.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache, partial

from probe.judge.hypothesis.likelihood import log_sum
from probe.judge.hypothesis.nameservers import part, unheard
from probe.judge.hypothesis.route import lost, routes
from probe.judge.hypothesis.unit import (
    PRIORS,
    SIBLING,
    TAKEN,
    All,
    Field,
    Key,
    Matter,
    Shared,
    Unit,
    field,
    hit,
)
from probe.judge.hypothesis.without import groups, rests

MARGIN = 3.0
"""Nats by which it must beat every other explanation."""


def shared(held: All) -> tuple[Shared, ...]:
    """Find what explains, the strongest first; each failing cell is explained once."""
    fields = _fields(held, sorted({*held.crowds, *[unit.matter for unit in held.units]}))
    left, weighing = held, _Weighing(fields)
    found: list[Shared] = []
    while True:
        best = max(
            weighing.candidates(left, fields),
            key=lambda s: (round(s.gain, 6), *_rank(s.key)),
            default=None,
        )
        if best is None:
            return tuple(found)
        found.append(best)
        left = left.without(best.cells)
        fields = fields | _fields(left, {(service, feature) for service, feature, _ in best.cells})


def _rank(key: Key) -> tuple[int, str]:
    return -list(PRIORS).index(key[0]), key[1]


def _fields(held: All, matters: Iterable[Matter]) -> dict[Matter, Field]:
    units: dict[Matter, list[Unit]] = {matter: [] for matter in matters}
    for unit in held.units:
        own = units.get((unit.service, unit.feature))
        if own is not None:
            own.append(unit)
    return {matter: field(own, held.crowds.get(matter)) for matter, own in units.items()}


Near = tuple[tuple[Matter, Field], ...]
"""Matters that may have to do with one another, and with no others that are looked at."""


class _Weighing:
    """Weighs what may explain: of most of that nothing is new when the next is looked for."""

    def __init__(self, fields: Mapping[Matter, Field]) -> None:
        near = enumerate(groups(fields))
        self._group = {matter: number for number, matters in near for matter in matters}
        self._gain = cache(partial(_gain, without=cache(_without)))
        self._known: dict[tuple[Hashable, ...], Shared | None] = {}

    def candidates(self, held: All, fields: Mapping[Matter, Field]) -> list[Shared]:
        standing = _standing(fields)
        weighed: list[Shared | None] = []
        each = {key: (key,) for key in standing}
        for key, several in (each | _several_sites(standing, fields)).items():
            members = _members(several, standing)
            weigh = partial(self._weigh, key, several, members)
            weighed.append(self._once(key, members, fields, weigh))
        for lane, behind in _behind(routes(held.units), held).items():
            weighed.append(self._once(lane, behind, fields, partial(lost, lane, behind, held)))
        for name, countries in unheard(held.units).items():
            behind = tuple(standing["declared", name])
            failing = partial(part, name, countries, behind, held)
            weighed.append(self._once((name, countries), behind, fields, failing))
        return [one for one in weighed if one is not None and one.gain > MARGIN]

    def _weigh(
        self,
        key: Key,
        several: tuple[Key, ...],
        members: Mapping[Matter, int],
        fields: Mapping[Matter, Field],
    ) -> Shared | None:
        wanted = frozenset(several)
        near: dict[int, list[tuple[Matter, Field]]] = defaultdict(list)
        for matter in sorted(members):
            near[self._group[matter]].append((matter, fields[matter]))
        gain = _assumed(key) + sum([self._gain(wanted, tuple(each)) for each in near.values()])
        if gain <= MARGIN:
            return None
        failing = [u for m in members for u in fields[m].failing if not wanted.isdisjoint(u.keys)]
        whole = sum(members.values()) >= sum([fields[matter].size for matter in members])
        if not _tells_apart(failing, whole=whole):
            return None
        cells = frozenset([(u.service, u.feature, u.country) for u in failing])
        return Shared(key=key, gain=gain, cells=cells)

    def _once(
        self,
        what: Hashable,
        behind: Iterable[Matter],
        fields: Mapping[Matter, Field],
        work: Callable[[Mapping[Matter, Field]], Shared | None],
    ) -> Shared | None:
        asked = (what, *[fields[matter] for matter in behind])
        if asked not in self._known:
            self._known[asked] = work(fields)
        return self._known[asked]


def _without(near: Near) -> Mapping[Matter, float]:
    return rests([matter for matter, _ in near], dict(near))


def _gain(
    wanted: frozenset[Key], near: Near, without: Callable[[Near], Mapping[Matter, float]]
) -> float:
    """Nats by which these are explained better while one of the dependencies is down."""
    best = without(near)
    return sum([
        log_sum((math.log(TAKEN) + hit(known, wanted), math.log(1 - TAKEN) + best[matter]))
        - best[matter]
        for matter, known in near
    ])  # fmt: skip


def _behind(
    lanes: Sequence[tuple[str, ...]], held: All
) -> dict[tuple[str, ...], Sequence[Matter]]:
    """What stands on each of these routes."""
    by_prefixes: dict[frozenset[str], list[Matter]] = defaultdict(list)
    for matter, prefixes in held.prefixes.items() if lanes else ():
        by_prefixes[prefixes].append(matter)
    places = {prefixes: place for place, prefixes in enumerate(by_prefixes)}
    on: dict[str, list[frozenset[str]]] = defaultdict(list)
    for prefixes in by_prefixes:
        for prefix in prefixes:
            on[prefix].append(prefixes)
    crossed = {
        lane: sorted({each for prefix in lane for each in on[prefix]}, key=places.__getitem__)
        for lane in lanes
    }
    return {lane: [m for each in crossed[lane] for m in by_prefixes[each]] for lane in lanes}


Standing = Mapping[Key, Mapping[Matter, int]]
"""What a unit that fails stands on → how many units of which matters stand on it."""


def _standing(fields: Mapping[Matter, Field]) -> Standing:
    alike = {unit.keys for known in fields.values() for unit in known.failing}
    found: dict[Key, dict[Matter, int]] = {key: {} for keys in alike for key in keys}
    for matter, known in fields.items():
        for keys, told in known.stands.items():
            for key in keys:
                held = found.get(key)
                if held is not None:
                    held[matter] = held.get(matter, 0) + told[0]
    return found


def _members(several: Sequence[Key], standing: Standing) -> Mapping[Matter, int]:
    """What stands on them, and how many of its units; one that stands on two of them counts twice."""
    if len(several) == 1:
        return standing[several[0]]
    return sum([Counter(standing[key]) for key in several], Counter[Matter]())


def _several_sites(
    standing: Standing, fields: Mapping[Matter, Field]
) -> dict[Key, tuple[Key, ...]]:
    """Delivery networks of which some sites fail together: those where most fails."""
    down: dict[str, list[Key]] = defaultdict(list)
    for key in sorted([key for key in standing if key[0] == "site"]):
        fail = sum([key in unit.keys for m in standing[key] for unit in fields[m].failing])
        if 2 * fail > sum(standing[key].values()):
            down[key[1].partition("/")[0]].append(key)
    return {
        ("sites", f"{network}/{'+'.join(name.partition('/')[2] for _, name in keys)}"): tuple(keys)
        for network, keys in down.items()
        if len(keys) > 1
    }


def _assumed(key: Key) -> float:
    """Log prior: each further site of several is assumed too."""
    further = key[1].count("+") if key[0] == "sites" else 0
    return math.log(PRIORS[key[0]]) + further * SIBLING


def _tells_apart(failing: Sequence[Unit], *, whole: bool) -> bool:
    """Whether it could be told from a service's own outage, and from a border."""
    services = {unit.service for unit in failing}
    if len(services) > 1:
        return True
    return len({unit.country for unit in failing}) > 1 and not whole
