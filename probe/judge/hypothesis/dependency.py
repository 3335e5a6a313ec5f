"""What failing services share, looked for before each of them is blamed by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from probe.judge.hypothesis.causes import DEPENDENCY_SHARE_SHARED
from probe.judge.hypothesis.joint import share
from probe.judge.hypothesis.weighing import SERVICE_SIDE, Matter

MOST = 0.6


def shared(matters: Sequence[Matter]) -> list[Matter]:
    """Look for what failing services share before blaming each of them."""
    failing = [matter for matter in matters if _fails_widely(matter)]
    users = _users(matters)
    down = {matter.service for matter in failing}
    return [
        _blame_dependency(matter)
        if matter in failing and _has_common_fault(matter, users, down)
        else matter
        for matter in matters
    ]


def _fails_widely(matter: Matter) -> bool:
    hit = [p for p in matter.places.values() if p.leads in SERVICE_SIDE]
    return len(hit) > 1 and len(hit) >= MOST * len(matter.places)


def _addresses(matter: Matter) -> set[str]:
    return {
        address
        for place in matter.places.values()
        for run in place.runs
        for address in run.findings[0].sight.answers
    }


def _users(matters: Sequence[Matter]) -> dict[str, set[str]]:
    """Address → services that stand on it."""
    users: dict[str, set[str]] = defaultdict(set)
    for matter in matters:
        for address in _addresses(matter):
            users[address].add(matter.service)
    return users


def _has_common_fault(matter: Matter, users: Mapping[str, set[str]], down: set[str]) -> bool:
    return any(
        len(users[address] & down) > 1 and len(users[address] & down) >= MOST * len(users[address])
        for address in _addresses(matter)
    )


def _blame_dependency(matter: Matter) -> Matter:
    places = {
        country: msgspec.structs.replace(
            place, support=share(place.support, DEPENDENCY_SHARE_SHARED)
        )
        for country, place in matter.places.items()
    }
    return msgspec.structs.replace(matter, places=places)
