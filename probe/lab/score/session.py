"""Judging round by round in virtual time, with no more memory than the window needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from probe.judge import incident, memory
from probe.judge.incident import REOPEN_ROUNDS
from probe.judge.view import View, window_start
from probe.lab import world
from probe.lab.scenario import Scenario
from probe.model import Incident, Measurement, Verdict


class Bench(Protocol):
    """Who judges what has come in: `probe.judge.docket.Docket`, or a test's."""

    def add(self, measurements: Iterable[Measurement]) -> None: ...
    def judge(self, view: View) -> tuple[Verdict, ...]: ...
    def forget(self, before: datetime) -> None: ...


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What one round came to."""

    number: int
    measurements: int
    verdicts: tuple[Verdict, ...]
    incidents: tuple[Incident, ...]
    """Those that are open, and those that closed so lately that they may open again."""


def rounds(
    scenario: Scenario, begin: datetime, arriving: Iterable[Measurement], bench: Bench, count: int
) -> Iterator[Round]:
    """Judge at the end of each of so many rounds from `begin` on; `arriving` in order of arrival."""
    step = timedelta(seconds=scenario.round)
    view = View(
        now=begin,
        round=step,
        services=world.catalogue(scenario).services,
        roster=tuple(
            world.vantage(network, number)
            for network in scenario.networks
            for number in range(1, network.vantages + 1)
        ),
    )
    heard: dict[str, datetime] = {}
    incidents: tuple[Incident, ...] = ()
    ends = (begin + (number + 1) * step for number in range(count))
    for number, (now, batch) in enumerate(batches(arriving, ends)):
        for m in batch:
            heard[m.vantage.id] = max(heard.get(m.vantage.id, m.at), m.at)
        bench.add(batch)
        view = msgspec.structs.replace(view, now=now, heard=dict(heard))
        verdicts = bench.judge(view)
        incidents = lately(incident.advance(incidents, verdicts, view), view)
        view = msgspec.structs.replace(view, memory=memory.remember(batch, verdicts, view))
        bench.forget(window_start(view) - step)
        yield Round(number=number, measurements=len(batch), verdicts=verdicts, incidents=incidents)


def batches(
    arriving: Iterable[Measurement], ends: Iterable[datetime]
) -> Iterator[tuple[datetime, list[Measurement]]]:
    """Give what has arrived by each time, and not before."""
    waiting = iter(arriving)
    coming = next(waiting, None)
    for end in ends:
        batch = []
        while coming is not None and arrival(coming) <= end:
            batch.append(coming)
            coming = next(waiting, None)
        yield end, batch


def arrival(measurement: Measurement) -> datetime:
    return measurement.at + timedelta(seconds=measurement.took)


def lately(incidents: Sequence[Incident], view: View) -> tuple[Incident, ...]:
    """Leave out what closed too long ago to open again."""
    since = view.now - (REOPEN_ROUNDS + 1) * view.round
    return tuple(held for held in incidents if held.closed is None or held.closed >= since)
