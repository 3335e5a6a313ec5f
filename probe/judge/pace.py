"""How fast a vantage's own controls answer at the time that something else comes late.

TRAP: a network may grow slow as a whole, after a cable is cut. Its controls of before that would
make all that comes after it look held back, so those on either side of the late answer are asked.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from statistics import median_low

from probe.judge.once import Once
from probe.judge.sight import Sight
from probe.model import Layer

Controls = Callable[[str], Iterable[Sequence[Sight]]]
"""Vantage id → the sights of each of its controls, oldest first."""
MOST_VANTAGES = 4096


class Paces:
    """The paces of the controls of those vantages that are asked about, by time."""

    def __init__(self, controls: Controls) -> None:
        self._held: Once[str, list[_Timed]] = Once(
            lambda vantage: [_timed(own) for own in controls(vantage)], MOST_VANTAGES
        )

    def about(self, sight: Sight) -> float:
        """Seconds that the vantage's controls took just before it or just after, whichever is more.

        0 where none answered. At an onset the ones before are still quick: until there are some
        from after it nobody knows, and a single round of late answers is not enough for anything.
        """
        before: dict[str, list[float]] = {}
        after: dict[str, list[float]] = {}
        for reach, times, paces in self._held[sight.vantage.id]:
            place = bisect_right(times, sight.at)
            if place:
                before.setdefault(reach, []).append(paces[place - 1])
            if place < len(paces):
                after.setdefault(reach, []).append(paces[place])
        # Abroad and at home apart: what is slow may be the way abroad alone.
        return max((median_low(own) for own in (*before.values(), *after.values())), default=0.0)


_Timed = tuple[str, Sequence[datetime], Sequence[float]]
"""What one control is there for, and when it answered how fast."""


def _timed(sights: Sequence[Sight]) -> _Timed:
    told = [sight for sight in sights if _paced(sight)]
    return sights[0].target.feature, [s.at for s in told], [s.pace for s in told]


def _paced(sight: Sight) -> bool:
    """Whether it was a whole answer: a port that opens tells no pace."""
    return sight.met and sight.goal is Layer.HTTP
