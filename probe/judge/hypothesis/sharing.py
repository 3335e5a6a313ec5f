"""Which shared dependency explains the failures better than services by themselves, or borders, do.

Every explanation says which units should fail; each pays for what it assumes and for every unit
that does otherwise. A dependency pays once for all that stand on it, a service once for itself,
a border once for each service and country: so a delivery network's site that fails for three
services beats three outages, and a border that fails for one beats any site.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from probe.judge.hypothesis.likelihood import log_sum
from probe.judge.hypothesis.route import lost, routes
from probe.judge.hypothesis.unit import PRIORS, SIBLING, Key, Shared, Unit, hit, rests

TAKEN = 0.85
"""Share of the matters on a dependency that its failure takes along."""
MARGIN = 3.0
"""Nats by which it must beat every other explanation."""


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
    known = cache(partial(rests, by_matter=by_matter))  # many keys are of the same matters
    weighed = [_weigh(key, members, by_matter, known) for key, members in sorted(by_key.items())]
    weighed += [lost(prefixes, units, by_matter) for prefixes in routes(units)]
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
    further = key[1].count("+") if key[0] == "sites" else 0
    return math.log(PRIORS[key[0]]) + further * SIBLING


def _weigh(
    key: Key,
    members: Sequence[Unit],
    by_matter: Mapping[tuple[str, str], Sequence[Unit]],
    known: Callable[[tuple[tuple[str, str], ...]], Mapping[tuple[str, str], float]],
) -> Shared | None:
    failing = [unit for unit in members if unit.failing]
    if not _tells_apart(failing, members, by_matter):
        return None
    matters = tuple(sorted({unit.matter for unit in members}))
    without = known(matters)
    inside = {id(unit) for unit in members}
    with_it = _assumed(key) + sum(
        log_sum((
            math.log(TAKEN) + hit(by_matter[matter], inside),
            math.log(1 - TAKEN) + without[matter],
        ))
        for matter in matters
    )  # fmt: skip
    return Shared(
        key=key,
        gain=with_it - sum(without.values()),
        cells=frozenset((u.service, u.feature, u.country) for u in failing),
    )


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
