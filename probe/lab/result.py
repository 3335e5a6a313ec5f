"""What a run of a scenario tells while it goes on, and what it comes to in the end."""

from __future__ import annotations

import msgspec

from probe.config import unit
from probe.lab.scenario import Expected
from probe.lab.truth import Answer
from probe.model import Incident
from probe.web.render import PublicIncident


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome, in the form of `probe lab run --json`."""

    scenario: str
    on: str
    verdicts: tuple[msgspec.Raw, ...] = ()
    incidents: tuple[PublicIncident, ...] = ()
    expected: tuple[Expected, ...] = ()
    answers: tuple[Answer, ...] = ()
    """What became of each expectation."""
    right: bool = False
    seconds_to_right: float | None = None
    """Real seconds from the onset to the answer that stood until the end; the slowest answer's."""
    rounds_to_right: float | None = None
    disturbances: tuple[str, ...] = ()
    false_seen: tuple[PublicIncident, ...] = ()
    """Incidents that were false at some time, as they were then."""
    unanswering: tuple[PublicIncident, ...] = ()
    """Incidents that stood in the end and answer no expectation."""
    measurements: int = 0
    spooled: int = 0
    """Measurements that lay in the spools of agents when something was killed."""
    lost: int = 0
    """Those of them that the store does not hold in the end."""
    twice: int = 0
    """Measurements that the store counts more than once."""
    logs: str = ""
    """Where the processes' logs are, when they were kept."""


class Phase(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Preparation goes on."""

    text: str


class Happened(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something of the timeline began or ended."""

    at: float
    """Real seconds from the scenario's start."""
    text: str


class Said(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An incident's statement is new or has changed."""

    at: float
    incident: Incident
    right: bool
    """It answers what is expected."""


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    at: float
    length: float
    heard: int
    """Probe hosts heard in the last two rounds."""
    of: int


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The run could not be made."""

    reason: str
    logs: str = ""


class Done(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    result: RunResult


News = Phase | Happened | Said | Tick | Failed | Done

NEWS: msgspec.json.Decoder[News] = msgspec.json.Decoder(News, dec_hook=unit.hook)
"""Reads one line of news."""
