"""Quiet weeks: how often something is said when nothing is the matter, and how sure of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from probe.lab import truth
from probe.lab.scenario import Scenario
from probe.lab.score.calm import World, parts
from probe.lab.score.cells import weigh
from probe.lab.score.fleet import Tick
from probe.lab.score.playing import Moment
from probe.lab.score.reliability import Bin, Reliability
from probe.model import STRENGTH, Cause, Incident, State

MOST_CONFIRMED = 1
SHOWN = 20
"""Statements kept of what should not have been said."""


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """What one process is given to watch."""

    scenario: Scenario
    seed: int
    lane: int
    """What fails by itself in one part says nothing of another."""


class Watched(msgspec.Struct, kw_only=True):
    """What one process saw; it grows only with what was said."""

    measurements: int = 0
    told: dict[str, Incident] = {}
    """By id and cause, each in its strongest state."""
    reliability: Reliability


class QuietReport(msgspec.Struct, frozen=True, kw_only=True):
    """The form of `probe lab quiet --json`."""

    series: int
    rounds: int
    measurements: int
    incidents: dict[str, dict[str, int]]
    """Cause → the strongest state it reached → incidents; confirmed ones first."""
    private: dict[str, int]
    """Faults of one vantage that were blamed on that vantage, by state: they are no mistakes."""
    confirmed: int
    filtering_confirmed: int
    ece: float
    ece_told: float
    cells: int
    reliability: tuple[Bin, ...]
    reliability_told: tuple[Bin, ...]
    statements: tuple[str, ...] = ()
    """Of the surest of them, after their state and id."""


def shards(world: World, seed: int, jobs: int) -> tuple[Shard, ...]:
    return tuple(
        Shard(scenario=part, seed=seed, lane=lane) for lane, part in enumerate(parts(world, jobs))
    )


def follow(scenario: Scenario, moments: Iterable[Moment], tick: Tick) -> Watched:
    seen = Watched(told={}, reliability=Reliability())
    for now in moments:
        seen.measurements += now.heard
        seen.reliability.merge(weigh(scenario, now.verdicts, now.at))
        for incident in now.incidents:
            _note(seen.told, incident)
        tick(1)
    return seen


def report(world: World, watched: Iterable[Watched]) -> QuietReport:
    told: dict[str, Incident] = {}
    beliefs = Reliability()
    measurements = 0
    for seen in watched:
        measurements += seen.measurements
        beliefs.merge(seen.reliability)
        for incident in seen.told.values():
            _note(told, incident)
    wrong = sorted(_mistakes(told.values()), key=lambda i: (-STRENGTH[i.state], i.id))
    sure = [i for i in wrong if i.state is State.CONFIRMED]
    return QuietReport(
        series=world.series,
        rounds=world.rounds,
        measurements=measurements,
        incidents=_by_cause(wrong),
        private=dict(Counter(i.state.value for i in told.values() if truth.private(i))),
        confirmed=len(sure),
        filtering_confirmed=sum(i.cause is Cause.FILTERING for i in sure),
        ece=beliefs.leading.ece(),
        ece_told=beliefs.told.ece(),
        cells=beliefs.leading.total,
        reliability=beliefs.leading.bins(),
        reliability_told=beliefs.told.bins(),
        statements=tuple(f"{i.state} {i.id}: {i.statement}" for i in wrong[:SHOWN]),
    )


def good(found: QuietReport) -> bool:
    return found.confirmed <= MOST_CONFIRMED and not found.filtering_confirmed


def _mistakes(incidents: Iterable[Incident]) -> Iterator[Incident]:
    return (incident for incident in incidents if not truth.private(incident))


def _note(told: dict[str, Incident], incident: Incident) -> None:
    """Keep it as it was when it was surest; history and evidence are left behind."""
    key = f"{incident.id} {incident.cause}"
    before = told.get(key)
    if before is None or STRENGTH[incident.state] > STRENGTH[before.state]:
        told[key] = msgspec.structs.replace(incident, history=(), evidence=())


def _by_cause(wrong: Iterable[Incident]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for incident in wrong:
        states = table.setdefault(incident.cause.value, {})
        states[incident.state.value] = states.get(incident.state.value, 0) + 1
    return table
