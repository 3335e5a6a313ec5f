"""Vantages examined by all that they saw."""

from __future__ import annotations

from collections.abc import Iterable

from probe.judge.health import Health, examine, telling
from probe.judge.sight import Sight
from probe.judge.tracks import Tracks
from probe.judge.view import View


def examined(sights: Iterable[Sight], view: View) -> dict[str, Health]:
    tracks = Tracks()
    tracks.hear(sights)
    told = telling(tracks.newest, tracks.controls(), tracks.series)
    return examine(told, tracks.series, view)
