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
from collections.abc import Callable, Mapping, Sequence
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
from probe.judge.hypothesis.without import rests

MARGIN = 3.0
"""Nats by which it must beat every other explanation."""


def shared(held: All) -> tuple[Shared, ...]:
    """Find what explains, the strongest first; each failing cell is explained once."""
    left = held
    found: list[Shared] = []
    while True:
        best = max(
            _candidates(left), key=lambda s: (round(s.gain, 6), *_rank(s.key)), default=None
        )
        if best is None:
            return tuple(found)
        found.append(best)
        left = left.without(best.cells)


def _rank(key: Key) -> tuple[int, str]:
    return -list(PRIORS).index(key[0]), key[1]


def _candidates(held: All) -> list[Shared]:
    by_matter = _by_matter(held.units)
    fields = {
        matter: field(by_matter.get(matter, ()), held.crowds.get(matter))
        for matter in {**by_matter, **held.crowds}
    }
    known = cache(partial(rests, fields=fields))  # many keys are of the same matters
    standing = _standing(fields)
    sites = _several_sites(standing, fields)
    weighed = [_weigh(key, (key,), standing, fields, known) for key in standing]
    weighed += [_weigh(key, several, standing, fields, known) for key, several in sites.items()]
    if lanes := routes(held.units):
        weighed += _lost(lanes, held, fields)
    for name, countries in unheard(held.units).items():
        weighed.append(part(name, countries, tuple(standing["declared", name]), held, fields))
    return [one for one in weighed if one is not None and one.gain > MARGIN]


def _by_matter(units: Sequence[Unit]) -> dict[Matter, list[Unit]]:
    found: dict[Matter, list[Unit]] = defaultdict(list)
    for unit in units:
        found[unit.service, unit.feature].append(unit)
    return found


def _lost(
    lanes: Sequence[tuple[str, ...]], held: All, fields: Mapping[Matter, Field]
) -> list[Shared | None]:
    by_prefixes: dict[frozenset[str], list[Matter]] = defaultdict(list)
    for matter, prefixes in held.prefixes.items():
        by_prefixes[prefixes].append(matter)
    behind = {
        lane: [
            matter
            for prefixes, matters in by_prefixes.items()
            if not prefixes.isdisjoint(lane)
            for matter in matters
        ]
        for lane in lanes
    }
    return [lost(lane, matters, held, fields) for lane, matters in behind.items()]


Standing = Mapping[Key, Mapping[Matter, int]]
"""What a unit that fails stands on → how many units of which matters stand on it."""


def _standing(fields: Mapping[Matter, Field]) -> Standing:
    found: dict[Key, Counter[Matter]] = {
        key: Counter() for known in fields.values() for u in known.failing for key in u.keys
    }
    for matter, known in fields.items():
        for keys, count in known.stands.items():
            for key in keys & found.keys():
                found[key][matter] += count
    return found


def _several_sites(
    standing: Standing, fields: Mapping[Matter, Field]
) -> dict[Key, tuple[Key, ...]]:
    """Delivery networks of which some sites fail together: those where most fails."""
    fail = Counter([key for known in fields.values() for u in known.failing for key in u.keys])
    down: dict[str, list[Key]] = defaultdict(list)
    for key in sorted(fail):
        if key[0] == "site" and 2 * fail[key] > sum(standing[key].values()):
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


def _weigh(
    key: Key,
    several: tuple[Key, ...],
    standing: Standing,
    fields: Mapping[Matter, Field],
    known: Callable[[tuple[Matter, ...]], Mapping[Matter, float]],
) -> Shared | None:
    wanted = frozenset(several)
    members = sum([Counter(standing[each]) for each in several], Counter[Matter]())
    failing = [u for m in members for u in fields[m].failing if not wanted.isdisjoint(u.keys)]
    # A unit that stands on two of several sites counts twice.
    whole = sum(members.values()) >= sum([fields[matter].size for matter in members])
    if not _tells_apart(failing, whole=whole):
        return None
    matters = tuple(sorted(members))
    without = known(matters)
    with_it = _assumed(key) + sum(
        log_sum((
            math.log(TAKEN) + hit(fields[matter], wanted),
            math.log(1 - TAKEN) + without[matter],
        ))
        for matter in matters
    )  # fmt: skip
    return Shared(
        key=key,
        gain=with_it - sum(without.values()),
        cells=frozenset((u.service, u.feature, u.country) for u in failing),
    )


def _tells_apart(failing: Sequence[Unit], *, whole: bool) -> bool:
    """Whether it could be told from a service's own outage, and from a border."""
    services = {unit.service for unit in failing}
    if len(services) > 1:
        return True
    return len({unit.country for unit in failing}) > 1 and not whole
