"""Everything measured lately, judged again and again as more of it arrives."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from probe.garbage import uncollected
from probe.judge.hypothesis.judging import conclude
from probe.judge.sight import Sight
from probe.judge.tracks import Tracks
from probe.judge.view import View
from probe.model import Measurement, Verdict


class Docket:
    """What a judge holds between judgings: no conclusions, only what was seen.

    So whatever it is given in whatever order and pieces, it judges as if it had heard all of it
    at once: `hypothesis.judge` of all that was added and not forgotten.
    """

    def __init__(self) -> None:
        self._tracks = Tracks()

    def __len__(self) -> int:
        """Give the number of measurements held."""
        return len(self._tracks)

    def add(self, measurements: Iterable[Measurement]) -> None:
        """Hear measurements, in any order; one that was heard before is not heard again."""
        self._tracks.add(measurements)

    def hear(self, sights: Iterable[Sight]) -> None:
        """As `add`, of measurements that were read already."""
        self._tracks.hear(sights)

    def judge(self, view: View) -> tuple[Verdict, ...]:
        with uncollected():
            return conclude(self._tracks, view)

    def forget(self, until: datetime) -> None:
        """Drop what was measured until then: no later view may weigh it, so its window may begin there."""
        self._tracks.forget(until)
