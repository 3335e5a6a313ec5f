"""Runs a scenario in virtual time and tells it as the kernel lab's run is told, without waiting."""

from __future__ import annotations

import difflib
from collections.abc import Generator, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec

from probe.config.check import Problem
from probe.lab import library, line, recording
from probe.lab.agenda import agenda, describe, disturbances
from probe.lab.diary import Diary
from probe.lab.recording import Header, Recording
from probe.lab.result import Done, Happened, News, RunResult, Tick
from probe.lab.scenario import Scenario
from probe.lab.simulated.mechanism import MECHANISMS, known
from probe.lab.simulated.play import Moment, play
from probe.lab.simulated.presented import EPOCH
from probe.lab.vantages import names
from probe.model import Measurement
from probe.web import render

ON = "simulated"
HEARD_ROUNDS = 2


class Options(msgspec.Struct, frozen=True, kw_only=True):
    seed: int = 0
    disturbed: bool = False
    record: Path | None = None


def unplayable(scenario: Scenario) -> Iterator[Problem]:
    """Find the mechanisms that no lab knows."""
    for number, event in enumerate(scenario.timeline):
        if event.mechanism not in MECHANISMS:
            near = difflib.get_close_matches(event.mechanism, MECHANISMS)
            right = f"did you mean {' or '.join(near)}? It can play" if near else "it can play"
            text = (
                f"the simulated lab cannot play {event.mechanism!r}; {right} {', '.join(known())}"
            )
            yield Problem(("timeline", number, "mechanism"), text)


def run(name: str, options: Options) -> Generator[News, None, None]:
    """Play a scenario to its end; the last news is Done. Raises ConfigError, OSError."""
    scenario = library.load(str(library.find(name)), also=unplayable)
    extra = disturbances(scenario) if options.disturbed else ()
    told = msgspec.structs.replace(scenario, timeline=(*scenario.timeline, *extra))
    diary, book = Diary(scenario, 1.0), list[Measurement]()
    due = list(agenda(told, pace=1.0))
    last: Moment | None = None
    count = 0
    for last in play(told, options.seed):
        while due and due[0].at <= last.at:
            change = due.pop(0)
            began = "begins" if change.begins else "ends"
            yield Happened(at=change.at, text=f"{began}: {describe(change.event)}")
        yield from diary.note(last.at, last.incidents)
        yield _tick(told, last)
        count += len(last.measurements)
        if options.record:
            book += last.measurements
    if options.record:
        header = Header(scenario=scenario.name, began=EPOCH)
        recording.save(options.record, Recording(header=header, measurements=tuple(book)))
    result = msgspec.structs.replace(
        diary.result(ON),
        disturbances=tuple(map(describe, extra)),
        measurements=count,
    )
    yield Done(result=_with_verdicts(result, last))


def _with_verdicts(result: RunResult, last: Moment | None) -> RunResult:
    shown = map(render.verdict, last.verdicts if last else ())
    verdicts = tuple(msgspec.Raw(line.encode(verdict).rstrip()) for verdict in shown)
    return msgspec.structs.replace(result, verdicts=verdicts)


def _tick(scenario: Scenario, moment: Moment) -> Tick:
    """Count the probers whose results came in lately."""
    since = EPOCH + timedelta(seconds=moment.at - HEARD_ROUNDS * scenario.round)
    heard = {made.vantage.id for made in moment.measurements if made.at >= since}
    return Tick(
        at=moment.at,
        length=float(scenario.length),
        heard=len(heard),
        of=len(names(scenario)),
    )
