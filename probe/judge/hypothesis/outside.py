"""Which countries reach a service, and which do not, since it began to fail in another."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime

from probe.judge.hypothesis.episode import heard_since, through
from probe.judge.hypothesis.weighing import Place


class Outside:
    """All countries of one feature; those that saw whole answers alone need but be counted."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._well = {
            country: max([run.findings[0].sight.at for run in place.runs])
            for country, place in places.items()
            if all([run.calm for run in place.runs])  # noqa: C419 — a list is faster
        }
        self._latest = sorted(self._well.values())
        self._mixed = {c: place for c, place in places.items() if c not in self._well}

    def since(self, begun: datetime | None, country: str) -> tuple[int, int]:
        """Countries other than this one that get through since then, and those that do not."""
        reached, barred = self._well_since(begun, country), 0
        for other, place in self._mixed.items():
            asked = [run for run in place.runs if heard_since(run, begun)]
            if other == country or not asked:
                continue
            good = sum([through(run, begun) for run in asked])
            reached, barred = reached + (2 * good > len(asked)), barred + (2 * good <= len(asked))
        return reached, barred

    def _well_since(self, begun: datetime | None, country: str) -> int:
        """Whoever was heard since then got through."""
        own = self._well.get(country)
        if begun is None:
            return len(self._latest) - (own is not None)
        newer = len(self._latest) - bisect_left(self._latest, begun)
        return newer - (own is not None and own >= begun)
