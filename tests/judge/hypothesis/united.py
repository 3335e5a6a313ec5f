"""All units of a world put before who looks for what they share."""

from __future__ import annotations

from collections import defaultdict

from probe.judge.hypothesis.sharing import shared
from probe.judge.hypothesis.unit import All, Crowd, Matter, Shared, Unit


def told(made: list[Unit], crowds: dict[Matter, Crowd] | None = None) -> tuple[Shared, ...]:
    """`made`: all units, or all but those that are counted."""
    return shared(united(made, crowds))


def united(made: list[Unit], crowds: dict[Matter, Crowd] | None = None) -> All:
    each: dict[Matter, list[Unit]] = defaultdict(list)
    for unit in made:
        each[unit.matter].append(unit)
    return All(
        units=made,
        crowds=crowds or {},
        prefixes={matter: own[0].prefixes for matter, own in each.items()},
        networks=lambda matter: {(unit.country, unit.asn) for unit in each[matter]},
    )
