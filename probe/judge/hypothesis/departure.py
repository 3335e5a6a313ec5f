"""Vantages that were lost one after another: by one cause, or did each leave by itself.

A shutdown takes operator after operator, minutes apart, as each obeys; volunteers leave too, hours
and days apart, and none of them says why. Of those that are still lost each speaks for one cause,
the less the longer after the one before it was lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain, pairwise

import msgspec

from probe.judge.health import Health
from probe.judge.view import View

PRIOR_VANTAGE = 1e-2
"""Of being lost by itself within an hour (attribution.md, 7.3: LOCAL)."""
ALONE = -math.log(PRIOR_VANTAGE)
"""Nats that each lost vantage speaks for a common cause."""
SPREAD = timedelta(minutes=20)
"""Mean time that one cause takes from one network to the next (assumed: orders are obeyed within
the hour). After an hour and a half each has rather left by itself."""
TOGETHER_ROUNDS = 3
"""Lost within so many rounds is lost at once: no sooner would both be noticed."""


class Fall(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Vantages lost soon after one another, oldest first, and the nats for one cause before its prior."""

    lost: tuple[Health, ...] = ()
    weight: float = 0.0


def fall(lost: Iterable[Health], view: View) -> Fall:
    """Of all who are lost those whom one cause took; of two answers alike the later.

    Where whole networks fell soon after one another twice, hours apart, it is all of them.
    """
    falls = [Fall(lost=tuple(run), weight=_weight(run, view)) for run in _runs(lost, view)]
    several = [f for f in falls if len({h.vantage.asn for h in f.lost}) > 1]
    if several:
        return Fall(
            lost=tuple(chain.from_iterable(f.lost for f in several)),
            weight=max(f.weight for f in several),
        )
    return max(falls, key=lambda f: (f.weight, when(f.lost[-1], view)), default=Fall())


def _runs(lost: Iterable[Health], view: View) -> list[list[Health]]:
    """Those lost one after another, until the next is likelier to have left by itself."""
    runs: list[list[Health]] = []
    for health in sorted(lost, key=lambda h: (when(h, view), h.vantage.id)):
        if runs and _fading(when(runs[-1][-1], view), when(health, view), view) < ALONE:
            runs[-1].append(health)
        else:
            runs.append([health])
    return runs


def when(health: Health, view: View) -> datetime:
    return health.since or view.now


def _weight(run: Sequence[Health], view: View) -> float:
    times = [when(health, view) for health in run]
    return len(run) * ALONE - sum(_fading(a, b, view) for a, b in pairwise(times))


def _fading(before: datetime, after: datetime, view: View) -> float:
    """Nats that a vantage loses as a witness of what took the one before it."""
    return max(timedelta(), after - before - TOGETHER_ROUNDS * view.round) / SPREAD


def lost_at_once(gone: Sequence[Sequence[Health]], view: View) -> bool:
    """Whether two networks or more were lost at about the same time: one cause, not two mishaps."""
    begun = sorted(since for healths in gone if (since := earliest(healths)) is not None)
    return any(b - a <= TOGETHER_ROUNDS * view.round for a, b in pairwise(begun))


def most_at_once(lost: Iterable[Health], view: View) -> list[Health]:
    """Of a few minutes those in which most were lost: one that left before hides nobody."""
    timed = sorted((h for h in lost if h.since is not None), key=lambda h: when(h, view))
    wait = TOGETHER_ROUNDS * view.round
    runs = [
        [h for h in timed[place:] if when(h, view) - when(first, view) <= wait]
        for place, first in enumerate(timed)
    ]
    return max(runs, key=len, default=[])


def joint(healths: Iterable[Health], view: View) -> datetime:
    """Since when one network is lost whole, or two are: what a part went through before says nothing."""
    begun = sorted(lost_whole(healths, view).values())
    return begun[min(1, len(begun) - 1)]


def lost_whole(healths: Iterable[Health], view: View) -> dict[int, datetime]:
    """A network counts from when its last vantage was lost."""
    begun: dict[int, datetime] = {}
    for health in healths:
        since = health.since or view.now
        begun[health.vantage.asn] = max(since, begun.get(health.vantage.asn, since))
    return begun


def rounds_since(since: datetime, view: View) -> int:
    return 1 + int((view.now - since) / view.round + 0.2)


def rounds_of(healths: Sequence[Health], view: View) -> int:
    times = [h.since for h in healths if h.since is not None]
    return rounds_since(min(times), view) if times else 0


def earliest(healths: Iterable[Health]) -> datetime | None:
    return min((h.since for h in healths if h.since is not None), default=None)
