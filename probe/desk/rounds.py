"""How often the probe hosts measured, told by the measurements themselves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from statistics import median

from probe.desk.reading import Item
from probe.desk.timeline import PACE
from probe.model import Measurement

USUAL = timedelta(seconds=60)
ENOUGH = 50_000
"""Items from which the round is told."""
SHORTEST = 1.0


def guess(ordered: Iterable[Item]) -> timedelta:
    """Take the median gap between two looks of one vantage at one endpoint, to a whole second.

    Looks that nobody repeats have an hour; where nothing tells, it is a minute.
    """
    seen: dict[tuple[str, str, str], datetime] = {}
    gaps: list[float] = []
    ours = False
    for item in islice(ordered, ENOUGH):
        if not isinstance(item, Measurement):
            continue
        ours = True
        place = (item.vantage.id, item.target.service, item.target.endpoint)
        before = seen.get(place)
        seen[place] = item.at
        if before is not None and item.at > before:
            gaps.append((item.at - before).total_seconds())
    if gaps:
        return timedelta(seconds=max(SHORTEST, float(round(median(gaps)))))
    return USUAL if ours else PACE
