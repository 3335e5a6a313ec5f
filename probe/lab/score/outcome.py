"""What is kept of a scored run: nouns alone, small enough to come home from another process."""

from __future__ import annotations

import msgspec

from probe.lab.score.reliability import Reliability
from probe.model import Cause, State


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of one expected incident, so long after its onset."""

    expected: Cause
    at: int
    """Story seconds after the onset, as asked for; what has ended by then is taken at its end."""
    answered: tuple[Cause, ...] = ()
    shown: Cause | None = None
    """The one that counts in the confusion matrix: the right one if it is there, else the
    strongest; None for nothing."""
    side_right: bool = False
    right: bool = False
    missed: bool = False
    """Expected filtering that is not answered as filtering, nor as what is right as well."""
    seconds: float | None = None
    """From the onset until it was right, to be right until then."""


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """How long one expected incident took to be told of rightly, however much else was unknown."""

    networks: int
    """Of the affected country, of the smallest where it is several; 0 for everywhere."""
    rounds: float | None
    """From the onset to the first right `likely`, or weaker where the truth allows it; None for never."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the score: one scenario, one seed, one time."""

    name: str
    seed: int
    at: int
    expected: tuple[Cause, ...] = ()
    answered: tuple[Cause, ...] = ()
    side_right: bool = False
    right: bool = False
    seconds_to_right: float | None = None
    """The slowest incident's; 0 where none is expected and none was told of."""
    said: tuple[str, ...] = ()
    """What was open then, where it was not right."""


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """An incident confirmed as filtering where there was none."""

    name: str
    seed: int
    at: float
    """Story seconds when it was first confirmed."""
    statement: str


class Misstatement(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that was told of, at any time of a run, where it was not so: while it was worst."""

    name: str
    seed: int
    at: float
    """Story seconds when it was first said as surely."""
    cause: Cause
    state: State
    statement: str


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario under one seed."""

    name: str
    seed: int
    rows: tuple[Row, ...]
    outcomes: tuple[Outcome, ...]
    unexpected: tuple[Cause, ...] = ()
    """Causes of incidents that were open at the last time and belong to no truth."""
    detections: tuple[Detection, ...] = ()
    false_filtering: tuple[Alarm, ...] = ()
    misstated: tuple[Misstatement, ...] = ()
    reliability: Reliability
