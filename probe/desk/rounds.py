"""How often the probe hosts measured, told by the measurements themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from math import ceil
from statistics import median

from probe.desk.reading import Item
from probe.desk.timeline import PACE, grid
from probe.model import Measurement

USUAL = timedelta(seconds=60)
ENOUGH = 50_000
"""Items from which the round is told."""
SHORTEST = 1.0
AHEAD = 0.1
"""Share of vantages whose clocks may run ahead without taking the end with them."""


def guess(ordered: Iterable[Item]) -> timedelta:
    """Take the median gap between two looks of one vantage at one endpoint, to a whole second.

    Every vantage has one vote, however much it sends. Looks that nobody repeats have an hour; where
    nothing tells, it is a minute.
    """
    seen: dict[tuple[str, str, str], datetime] = {}
    gaps: dict[str, list[float]] = defaultdict(list)
    ours = False
    for item in islice(ordered, ENOUGH):
        if not isinstance(item, Measurement):
            continue
        ours = True
        place = (item.vantage.id, item.target.service, item.target.endpoint)
        before = seen.get(place)
        seen[place] = item.at
        if before is not None and item.at > before:
            gaps[item.vantage.id].append((item.at - before).total_seconds())
    if gaps:
        return timedelta(seconds=max(SHORTEST, float(round(median(map(median, gaps.values()))))))
    return USUAL if ours else PACE


def end(lasts: Mapping[tuple[str, bool], datetime], round_: timedelta) -> datetime | None:
    """The point of the grid with which the measurements end: a few clocks that run ahead do not decide it.

    `lasts` has each vantage's latest time, and whether it is a look's, which nobody repeats.
    """
    looks = [at for (_, beside), at in lasts.items() if beside]
    ours = sorted((at for (_, beside), at in lasts.items() if not beside), reverse=True)
    told = ours[ceil(AHEAD * len(ours)) : len(ours)] if len(ours) > 2 else ours  # noqa: PLR2004 — of two, who is ahead?
    latest = max((*looks, *told[:1]), default=None)
    return grid(latest, round_) if latest is not None else None
