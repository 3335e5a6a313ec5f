"""Which countries reach a service, and which do not, since it began to fail in another."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime

from probe.judge.hypothesis.episode import Run, heard_since, through
from probe.judge.hypothesis.weighing import Matter


class Outside:
    """All countries of one feature; those that saw whole answers alone need but be counted."""

    def __init__(self, matter: Matter) -> None:
        self._calm = matter.calm
        self._latest = sorted([own.newest() for own in matter.calm.values()])
        self._mixed = {c: _Mixed(place.runs) for c, place in matter.places.items()}

    def since(self, begun: datetime | None, country: str) -> tuple[int, int]:
        """Countries other than this one that get through since then, and those that do not."""
        said = [mixed.since(begun) for other, mixed in self._mixed.items() if other != country]
        return self._well_since(begun, country) + said.count(True), said.count(False)

    def _well_since(self, begun: datetime | None, country: str) -> int:
        """Whoever was heard since then got through."""
        own = self._calm.get(country)
        if begun is None:
            return len(self._latest) - (own is not None)
        newer = len(self._latest) - bisect_left(self._latest, begun)
        return newer - (own is not None and own.newest() >= begun)


class _Mixed:
    """A country in which something failed: asked again and again, of few times that differ."""

    def __init__(self, held: Sequence[Run]) -> None:
        self._held = held
        self._times = [[finding.sight.at for finding in reversed(run.findings)] for run in held]
        self._known: dict[tuple[int, ...], bool | None] = {}

    def since(self, begun: datetime | None) -> bool | None:
        """Whether most get through since then; None if nobody was heard."""
        if begun is None:
            key = (0,) * len(self._times)
        elif len(self._times) == 1:
            key = (bisect_left(self._times[0], begun),)
        else:
            key = tuple([bisect_left(times, begun) for times in self._times])
        if key not in self._known:
            asked = [run for run in self._held if heard_since(run, begun)]
            good = 2 * sum([through(run, begun) for run in asked]) > len(asked)
            self._known[key] = good if asked else None
        return self._known[key]
