"""A scenario in virtual time: measured, delivered, judged; nothing sleeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from probe.judge import incident
from probe.judge.docket import Docket
from probe.judge.memory import remember
from probe.judge.view import Memory, View, window_start
from probe.lab.scenario import Scenario
from probe.lab.simulated.presented import moment
from probe.lab.simulated.seat import probers
from probe.lab.simulated.stage import Stage
from probe.lab.simulated.stream import Stream
from probe.lab.world import catalogue
from probe.model import Incident, Measurement, Verdict

ROUNDS_BEFORE = 10
"""Measured before the story begins, so that the window is full when it does."""
DEAF = "lab.correlator_killed"


class Moment(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One judging."""

    at: float
    """Story seconds since the scenario's start."""
    measurements: tuple[Measurement, ...]
    """Arrived since the last moment."""
    verdicts: tuple[Verdict, ...]
    incidents: tuple[Incident, ...]


def measurements(
    scenario: Scenario, seed: int = 0, *, begin: float, end: float
) -> Iterator[Measurement]:
    """Give what is measured from begin on and arrives before the end (story seconds), as it arrives."""
    for _, _, made in Stream(scenario, seed).arrivals(begin, end):
        yield made


def play(
    scenario: Scenario,
    seed: int = 0,
    *,
    every: float | None = None,
    until: float | None = None,
    stage: Stage | None = None,
) -> Iterator[Moment]:
    """Judge every so many story seconds (a round, unless told), from 0 to the end of the story."""
    story_round = float(scenario.round)
    step, end = every or story_round, float(scenario.length) if until is None else until
    bench = Bench(scenario)
    coming = Stream(scenario, seed, stage).arrivals(-ROUNDS_BEFORE * story_round, end + step)
    ahead = next(coming, None)
    number = 0
    while (at := number * step) <= end:
        fresh: list[Measurement] = []
        while ahead is not None and ahead[0] <= at:
            fresh.append(ahead[2])
            ahead = next(coming, None)
        bench.take(fresh)
        if not _deaf(scenario, at):
            verdicts, incidents = bench.sit(at)
            yield Moment(at=at, measurements=tuple(fresh), verdicts=verdicts, incidents=incidents)
        number += 1


def _deaf(scenario: Scenario, at: float) -> bool:
    """Whether no correlator is there to judge."""
    held = (event for event in scenario.timeline if event.mechanism == DEAF)
    return any(e.at <= at and (e.until is None or at < e.until) for e in held)


class Bench:
    """The judge over a story: what arrived lately, who was heard, what stands."""

    def __init__(self, scenario: Scenario) -> None:
        self._services = catalogue(scenario).services
        self._roster = tuple(prober.vantage for prober in probers(scenario))
        self._round = timedelta(seconds=float(scenario.round))
        self._heard: dict[str, datetime] = {}
        self._docket = Docket()
        self._incidents: tuple[Incident, ...] = ()
        self._fresh: list[Measurement] = []
        self._memory = Memory()

    def take(self, fresh: list[Measurement]) -> None:
        for made in fresh:
            known = self._heard.get(made.vantage.id)
            if known is None or known < made.at:
                self._heard[made.vantage.id] = made.at
        self._docket.add(fresh)
        self._fresh.extend(fresh)

    def sit(self, at: float) -> tuple[tuple[Verdict, ...], tuple[Incident, ...]]:
        view = View(
            now=moment(at),
            round=self._round,
            services=self._services,
            roster=self._roster,
            heard=dict(self._heard),
            memory=self._memory,
        )
        self._docket.forget(window_start(view) - view.round)
        verdicts = self._docket.judge(view)
        self._incidents = incident.advance(self._incidents, verdicts, view)
        self._memory, self._fresh = remember(self._fresh, verdicts, view), []
        return verdicts, self._incidents
