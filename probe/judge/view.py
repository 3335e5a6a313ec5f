"""What the judge is told beside the measurements: the catalogue, the roster, the time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from probe.config.shape import Maintenance
from probe.model import Cause, Origin, Service, Vantage

SHOWN_ROUNDS = 2
"""Of a window, that must lie before a trouble to tell its beginning from the window's."""

Cell = tuple[str, str, str]
"""Service, feature, country."""


class Belief(msgspec.Struct, frozen=True, kw_only=True):
    """What was held of a cell at a time."""

    at: datetime
    support: dict[Cause, float]


class Usual(msgspec.Struct, frozen=True, array_like=True):
    """How often a network's controls fail in peace, in one hour of the week."""

    failed: float = 0.0
    of: float = 0.0


class Rhythm(msgspec.Struct, frozen=True, array_like=True):
    """When a vantage was heard, as far as later judgings ask."""

    first: datetime | None
    """None of who was there before anything was remembered."""
    heard: datetime
    """Its latest measurement, by its own clock."""
    seen: datetime
    """The judging that had it first."""
    gaps: tuple[int, ...] = ()
    """Seconds from one to the next, the oldest first, of the last few."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier judgings leave to later ones; without it every judging is a first look."""

    beliefs: Mapping[Cell, tuple[Belief, ...]] = {}
    """Of troubled cells: what was believed, oldest first."""
    begun: Mapping[tuple[str, str, int], datetime] = {}
    """(Service, feature, AS number) that fails → since when; the window forgets."""
    alone: Mapping[tuple[str, str, int], datetime] = {}
    """The same of what has only been a vantage's own fault so far."""
    sites: Mapping[tuple[int, str], str] = {}
    """(AS number, delivery network) → the site that served it last."""
    builds: Mapping[str, str] = {}
    """Vantage id → name and version of the agent that it last ran."""
    usual: Mapping[int, Mapping[int, Usual]] = {}
    """AS number → hour of the week by UTC (Monday's first is 0) → its ordinary failures."""
    rhythms: Mapping[str, Rhythm] = {}
    """Vantage id → how often it is heard."""


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
    memory: Memory = Memory()
    maintenance: tuple[Maintenance, ...] = ()
    origins: Mapping[str, Origin] = {}
    """Address → who announces it, of those that a database of the operator knows."""


def window_start(view: View) -> datetime:
    """The earliest time that a measurement may have to be weighed."""
    return view.now - view.rounds * view.round


def begins(since: datetime, view: View) -> bool:
    """Whether the window goes back so far before it that it shows the beginning itself."""
    return since - window_start(view) > SHOWN_ROUNDS * view.round
