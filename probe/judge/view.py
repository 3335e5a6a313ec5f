"""What the judge is told beside the measurements: the catalogue, the roster, the time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from probe.model import Service, Vantage


class View(msgspec.Struct, frozen=True, kw_only=True):
    """The frame of one judging. Nothing here is evidence but `heard`."""

    now: datetime
    round: timedelta
    """The agents' interval."""
    rounds: int = 5
    """How many rounds back a verdict looks."""
    services: tuple[Service, ...] = ()
    roster: tuple[Vantage, ...] = ()
    heard: Mapping[str, datetime] = {}
    """Vantage id → the time of its latest measurement, by its own clock."""


def window_start(view: View) -> datetime:
    """The earliest time that a measurement may have to be weighed."""
    return view.now - view.rounds * view.round
