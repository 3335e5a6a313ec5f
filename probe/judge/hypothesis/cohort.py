"""Vantages in trouble that share a resolver or a build, not a border: one fault, told as one.

A build that fails on two fifths of all probe hosts, or a public resolver that half of them use,
looks like trouble in every country at once. Whoever has it in common explains it better.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from probe.judge.health import UNWELL, Condition, Health
from probe.judge.sight import Sight
from probe.judge.view import View
from probe.model import Cause, Layer

MEMBERS, NETWORKS = 3, 3
"""Fewest in trouble, and networks that they stand in, before something shared is looked for."""
FEWEST_BESIDE = 3
"""Without so many to compare with everybody has it: it explains nothing."""
MARGIN = 4.0
"""Nats by which two rates, its members' and all others', must beat one rate for everybody."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the vantages in trouble share, and who they are."""

    cause: Cause
    name: str
    held: tuple[Health, ...]


def faults(healths: Iterable[Health], view: View) -> tuple[Fault, ...]:
    """Find resolvers and builds that explain trouble, the widest first; each vantage once."""
    left = list(healths)
    found: list[Fault] = []
    while (fault := _widest(left, view)) is not None:
        found.append(fault)
        taken = {health.vantage.id for health in fault.held}
        left = [health for health in left if health.vantage.id not in taken]
    return tuple(found)


def _widest(healths: Sequence[Health], view: View) -> Fault | None:
    members: dict[tuple[Cause, str], list[Health]] = defaultdict(list)
    for health in healths:
        for key in _shares(health, view):
            members[key].append(health)
    told = [
        fault for (cause, name), own in sorted(members.items())
        if (fault := _fault(cause, name, own, _beside(cause, own, healths, view))) is not None
    ]  # fmt: skip
    return max(told, key=lambda f: (len(f.held), f.name), default=None)


def _shares(health: Health, view: View) -> Iterable[tuple[Cause, str]]:
    vantage = health.vantage
    build = view.memory.builds.get(vantage.id)
    if build:
        yield Cause.LOCAL_FAULT, f"build {build}"
    if vantage.resolver_asn not in {0, vantage.asn}:
        yield Cause.DEPENDENCY_OUTAGE, f"resolver AS{vantage.resolver_asn}"
    elif health.resolver:
        yield Cause.DEPENDENCY_OUTAGE, f"resolver in {health.resolver}"


def _beside(
    cause: Cause, own: Sequence[Health], everyone: Sequence[Health], view: View
) -> list[Health]:
    """Those who have another in its place; who has told of no build may well have the same."""
    ids = {health.vantage.id for health in own}
    others = [health for health in everyone if health.vantage.id not in ids]
    if cause is Cause.LOCAL_FAULT:
        others = [health for health in others if view.memory.builds.get(health.vantage.id)]
    return others


def _fault(
    cause: Cause, name: str, own: Sequence[Health], others: Sequence[Health]
) -> Fault | None:
    fails = unresolved if cause is Cause.DEPENDENCY_OUTAGE else _unwell
    down = [health for health in own if fails(health)]
    beside = sum(map(fails, others))
    wide = len(down) >= MEMBERS and len({h.vantage.asn for h in down}) >= NETWORKS
    more = len(down) * len(others) > beside * len(own)
    if (
        not wide
        or len(others) < FEWEST_BESIDE
        or not more
        or _gain(len(down), len(own), beside, len(others)) < MARGIN
    ):
        return None
    return Fault(cause=cause, name=name, held=tuple(down))


def _gain(down: int, of: int, beside: int, others: int) -> float:
    """Log Bayes factor of two unknown rates over one, each of them uniform beforehand."""
    return _told(down, of) + _told(beside, others) - _told(down + beside, of + others)


def _told(down: int, of: int) -> float:
    return math.lgamma(down + 1) + math.lgamma(of - down + 1) - math.lgamma(of + 2)


def _unwell(health: Health) -> bool:
    return health.condition in UNWELL


def unresolved(health: Health) -> bool:
    """Whether no names are resolved for it, whatever else may fail."""
    if health.condition is not Condition.BROKEN:
        return False
    failed = [sight for sight in health.controls if not sight.met]
    return bool(failed) and all(map(_nameless, failed))


def _nameless(sight: Sight) -> bool:
    return sight.layer is Layer.DNS or sight.only_named


def explained(found: Iterable[Fault]) -> Mapping[str, Fault]:
    """Vantage id → what explains its trouble."""
    return {health.vantage.id: fault for fault in found for health in fault.held}
