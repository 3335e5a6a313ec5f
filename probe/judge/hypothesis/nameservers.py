"""Name servers that fail for some countries: what stands on them has no name there, at any resolver.

Such a provider answers from many places, each for the countries near it, and no answer says from
which. It is told from a border by what no border does: even resolvers elsewhere, which ask the
name's own servers, learn nothing from them; and what has other name servers is well.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from probe.judge.hypothesis.likelihood import log_sum
from probe.judge.hypothesis.unit import (
    FOREIGN_HAND,
    HOLDS,
    PRIORS,
    SIBLING,
    TAKEN,
    All,
    Field,
    Key,
    Matter,
    Shared,
    Unit,
    down,
    field,
    steady,
    up,
)
from probe.judge.hypothesis.without import barring, rests

UNHEARD_BORDER = math.log(0.02)
"""P(a border shows so): three in ten filter names, as many of those by an error code, and a fifth
of those by a failure that any resolver repeats."""


def unheard(units: Iterable[Unit]) -> dict[str, frozenset[str]]:
    """Declared dependencies, and the countries where two services at least fail by them alone.

    A country where another service fails so as well has a hand in its names: there it is a border's.
    """
    held: dict[str, dict[Matter, list[Unit]]] = defaultdict(lambda: defaultdict(list))
    for unit in units:
        if unit.unheard:
            held[unit.country][unit.matter].append(unit)
    found: dict[str, set[str]] = defaultdict(set)
    for country, matters in held.items():
        for name in _common(matters):
            found[name].add(country)
    return {name: frozenset(found[name]) for name in sorted(found)}


def _common(matters: Mapping[Matter, Sequence[Unit]]) -> frozenset[str]:
    """What all of them stand on, if they are of several services.

    What a few networks alone do not hear of may be their own trouble.
    """
    most = max(map(len, matters.values()))
    broad = {matter: own[0] for matter, own in matters.items() if 2 * len(own) >= most}
    if len({service for service, _ in broad}) < 2:  # noqa: PLR2004 — as said
        return frozenset()
    declared = [{name for kind, name in u.keys if kind == "declared"} for u in broad.values()]
    return frozenset(set.intersection(*declared))


def part(
    name: str,
    countries: Collection[str],
    behind: Sequence[Matter],
    held: All,
    fields: Mapping[Matter, Field],
) -> Shared:
    """Weigh that it fails for these countries, with all that stands on it."""
    matters = tuple(sorted(behind))
    near = {matter: _inside(fields[matter], countries) for matter in matters}
    with_it = math.log(PRIORS["part"]) + (len(countries) - 1) * SIBLING
    calm, left = 0.0, dict[Matter, Field]()
    for matter in matters:
        size = sum([country in countries for country, _ in held.networks(matter)])
        failing = [unit for unit in near[matter] if unit.failing]
        well = sum(map(up, failing)) + steady(size - len(failing))
        hit = _down(failing) + (size - len(failing)) * HOLDS
        with_it += log_sum((math.log(TAKEN) + hit, math.log(1 - TAKEN) + well))
        calm += well
        left[matter] = _outside(fields[matter], countries, size)
    beyond = sum(rests(matters, left).values())
    barred = calm + sum([_barred({m: fields[m] for m in matters}, c) for c in sorted(countries)])
    without = max(sum(rests(matters, fields).values()), barred + beyond)
    return Shared(
        key=("part", name),
        gain=with_it + beyond - without,
        cells=frozenset(
            (u.service, u.feature, u.country) for own in near.values() for u in own if u.failing
        ),
    )


def _down(failing: Sequence[Unit]) -> float:
    """What other resolvers of most networks of a country learn of them its name servers do tell."""
    seen = Counter[str]()
    for unit in failing:
        seen[unit.country] += unit.heard - unit.unheard
    told = math.log(FOREIGN_HAND)
    return sum([told if seen[unit.country] > 0 else down(unit) for unit in failing])


def _inside(known: Field, countries: Collection[str]) -> list[Unit]:
    return [u for country, own in known.troubled.items() if country in countries for u in own]


def _outside(known: Field, countries: Collection[str], inside: int) -> Field:
    """`inside`: of its units, those in these countries."""
    rest = [u for country, own in known.troubled.items() if country not in countries for u in own]
    return field(rest, Counter({frozenset[Key](): known.size - inside - len(rest)}))


def _barred(held: Mapping[Matter, Field], country: str) -> float:
    """What it adds that one decision bars all of them there, in a way that looks the same."""
    here = {m: known.troubled[country] for m, known in held.items() if country in known.troubled}
    return sum(barring(here).values()) + UNHEARD_BORDER
