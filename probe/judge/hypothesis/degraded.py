"""A country whose way abroad loses a part of everything, round after round, on nearly all of its networks.

No vantage of it is cut off, and none is well: each control passes often enough to vouch. Passing
trouble of one network looks the same for some minutes (attribution.md, 7.2), so that it takes three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import msgspec

from probe.judge.conditions import LATE
from probe.judge.health import Condition, Health
from probe.judge.sight import Sight
from probe.judge.view import View, window_start

LOSES = 0.12
"""Share of a network's tries abroad that nobody answers; in peace it is one in fifty."""
TRIES = 10
ROUNDS = 3
"""Of the five of a window, in which some try was not answered."""
FEWEST, MOST = 3, 2 / 3
"""Networks, and their share of those of the country that are asked."""

Networks = Mapping[int, Sequence[Health]]


def degraded(countries: Mapping[str, Networks], view: View) -> dict[str, list[Health]]:
    """Country → its vantages that lose so much, each since the first try that was lost.

    Where most countries lose as much, it is what they ask that fails, and no way to it.
    """
    found = {
        country: losing
        for country, networks in countries.items()
        if (losing := _losing(networks, view))
    }
    lossy = [each for each in countries.values() if _lossy(_tries(_everyone(each), view))]
    return found if found and 2 * len(lossy) <= len(countries) else {}


def _everyone(networks: Networks) -> list[Health]:
    return list(chain.from_iterable(networks.values()))


def _losing(networks: Networks, view: View) -> list[Health]:
    if any(health.condition is Condition.MISLED for health in _everyone(networks)):
        return []  # strangers answer there, or nobody at the addresses that they name
    tries = {asn: _tries(healths, view) for asn, healths in networks.items()}
    asked = [asn for asn, sights in tries.items() if len(sights) >= TRIES]
    lossy = [asn for asn in asked if _steadily(tries[asn], view)]
    if len(lossy) < FEWEST or len(lossy) < MOST * len(asked):
        return []
    return [since for asn in lossy for h in networks[asn] if (since := _since(h)) is not None]


def _tries(healths: Sequence[Health], view: View) -> list[Sight]:
    first = window_start(view)
    return [s for s in chain.from_iterable(h.abroad for h in healths) if s.at > first]


def _steadily(sights: Sequence[Sight], view: View) -> bool:
    rounds = {(view.now - sight.at) // view.round for sight in sights if _lost(sight)}
    return _lossy(sights) and len(rounds) >= ROUNDS


def _lossy(sights: Sequence[Sight]) -> bool:
    return bool(sights) and sum(map(_lost, sights)) >= LOSES * len(sights)


def _since(health: Health) -> Health | None:
    times = [sight.at for sight in health.abroad if _lost(sight)]
    if not times:
        return None
    return msgspec.structs.replace(health, condition=Condition.LOSING, since=min(times))


def _lost(sight: Sight) -> bool:
    """Nobody answered: a forged answer or a reset is somebody's hand, and no loss."""
    return not sight.met and sight.failure in LATE
