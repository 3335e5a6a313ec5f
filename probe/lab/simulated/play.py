"""A scenario in virtual time: measured, delivered, judged; nothing sleeps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TypeVar

import msgspec

from probe.judge import incident
from probe.judge.docket import Docket
from probe.judge.matching import REOPEN_ROUNDS
from probe.judge.memory import Word, keep, word
from probe.judge.sight import Sight
from probe.judge.view import Memory, View, window_start
from probe.lab.scenario import Scenario
from probe.lab.simulated.presented import moment
from probe.lab.simulated.seat import probers
from probe.lab.simulated.stage import Stage
from probe.lab.simulated.stream import Arrival, Stream
from probe.lab.simulated.template import Hearsay, Shown
from probe.lab.world import catalogue
from probe.model import Incident, Measurement, Verdict

T = TypeVar("T")
ROUNDS_BEFORE = 10
"""Measured before the story begins, so that the window is full when it does."""
DEAF = "lab.correlator_killed"
_when = itemgetter(0)


class Moment(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One judging."""

    at: float
    """Story seconds since the scenario's start."""
    measurements: tuple[Measurement, ...] = ()
    """Arrived since the last moment, unless they were but read."""
    heard: int = 0
    """How many arrived."""
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
) -> Iterator[Moment]:
    """Judge every so many story seconds (a round, unless told), from 0 to the end of the story."""
    step = every or float(scenario.round)
    end = float(scenario.length) if until is None else until
    bench, stream = Bench(scenario), Stream(scenario, seed)
    for at, fresh in _steps(stream.made(_begin(scenario), end + step), step, end):
        bench.take(fresh)
        if not _deaf(scenario, at):
            verdicts, incidents = bench.sit(at)
            yield Moment(
                at=at, measurements=tuple(fresh), heard=len(fresh), verdicts=verdicts,
                incidents=incidents,
            )  # fmt: skip


def judged(stage: Stage, seed: int, lane: int = 0) -> Iterator[Moment]:
    """As `play`, without measurements: the judge is given what is read of them, which is the same.

    Nor does it keep incidents that will not open again, so that it may go on for weeks.
    """
    scenario = stage.scenario
    step, end = float(scenario.round), float(scenario.length)
    bench, stream = Bench(scenario), Stream(scenario, seed, stage, lane)
    for at, fresh in _steps(stream.shown(_begin(scenario), end + step), step, end):
        bench.hear(fresh)
        if not _deaf(scenario, at):
            verdicts, incidents = bench.sit(at)
            bench.close(at)
            yield Moment(at=at, heard=len(fresh), verdicts=verdicts, incidents=incidents)


def lately(
    incidents: Sequence[Incident], now: datetime, round_: timedelta
) -> tuple[Incident, ...]:
    """Leave out what closed too long ago to open again."""
    since = now - (REOPEN_ROUNDS + 1) * round_
    return tuple(held for held in incidents if held.closed is None or held.updated >= since)


def _begin(scenario: Scenario) -> float:
    return -ROUNDS_BEFORE * float(scenario.round)


def _steps(
    coming: Iterator[Sequence[Arrival[T]]], step: float, end: float
) -> Iterator[tuple[float, list[T]]]:
    """Give what has arrived by each step since the one before."""
    ahead: Sequence[Arrival[T]] | None = next(coming, None)
    number = 0
    while (at := number * step) <= end:
        fresh: list[T] = []
        while ahead is not None:
            due = bisect_right(ahead, at, key=_when)
            fresh += [made for _, _, made in ahead[:due]]
            if due < len(ahead):
                ahead = ahead[due:]
                break
            ahead = next(coming, None)
        yield at, fresh
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
        self._fresh: list[Word] = []
        self._shown: list[Shown] = []
        self._hearsay = Hearsay()
        self._memory = Memory()

    def take(self, fresh: Sequence[Measurement]) -> None:
        self._docket.add(fresh)
        self._note(fresh)
        self._fresh += map(word, fresh)

    def hear(self, fresh: Sequence[Shown]) -> None:
        sights = [sight for sight, _ in fresh]
        self._docket.hear(sights)
        self._note(sights)
        self._shown += fresh

    def _note(self, fresh: Sequence[Measurement] | Sequence[Sight]) -> None:
        heard = self._heard
        for made in fresh:
            known = heard.get(made.vantage.id)
            if known is None or known < made.at:
                heard[made.vantage.id] = made.at

    def sit(self, at: float) -> tuple[tuple[Verdict, ...], tuple[Incident, ...]]:
        view = View(
            now=moment(at),
            round=self._round,
            services=self._services,
            roster=self._roster,
            heard=dict(self._heard),
            memory=self._memory,
        )
        self._docket.forget(window_start(view))
        verdicts = self._docket.judge(view)
        self._incidents = incident.advance(self._incidents, verdicts, view)
        words = [*self._fresh, *self._hearsay.telling(self._shown, self._memory)]
        self._memory, self._fresh, self._shown = keep(words, verdicts, view), [], []
        return verdicts, self._incidents

    def close(self, at: float) -> None:
        self._incidents = lately(self._incidents, moment(at), self._round)
