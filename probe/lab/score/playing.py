"""One scenario under one seed: its moments watched, its incidents marked, its beliefs weighed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from probe.lab import truth
from probe.lab.scenario import Expected, Scenario
from probe.lab.score.cells import weigh
from probe.lab.score.marking import answers, detects, false_filtering, moment, outcome, standing
from probe.lab.score.outcome import Alarm, Detection, Misstatement, Outcome, Played, Row
from probe.lab.score.reliability import Reliability
from probe.lab.truth import Sight
from probe.model import STRENGTH, Cause, Incident, Verdict

AT = (60, 300, 900)
"""Story seconds after the onset."""


class Moment(Protocol):
    """What the judge held at one time of a play."""

    @property
    def at(self) -> float: ...
    @property
    def heard(self) -> int: ...
    @property
    def verdicts(self) -> Sequence[Verdict]: ...
    @property
    def incidents(self) -> Sequence[Incident]: ...


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What one process is given to play."""

    scenario: Scenario
    seed: int
    at: tuple[int, ...] = AT


def score(task: Task, moments: Iterable[Moment]) -> Played:
    scenario = task.scenario
    sights, found = watch(scenario, moments, _times(scenario, task.at))
    outcomes = [
        [outcome(entry, scenario.expected, sights, at) for entry in scenario.expected]
        for at in task.at
    ]
    quiet = not scenario.expected
    rows = (
        _quiet_row(task, at, sights) if quiet else _row(task, at, held, sights)
        for at, held in zip(task.at, outcomes, strict=True)
    )
    return Played(
        name=scenario.name,
        seed=task.seed,
        rows=tuple(rows),
        outcomes=tuple(one for held in outcomes for one in held),
        unexpected=_unexpected(scenario.expected, sights, outcomes[-1]),
        detections=tuple(_detection(entry, scenario, sights) for entry in scenario.expected),
        false_filtering=_alarms(task, sights),
        misstated=_misstated(task, sights),
        reliability=found,
    )


def watch(
    scenario: Scenario, moments: Iterable[Moment], times: Sequence[float]
) -> tuple[list[Sight], Reliability]:
    """Keep what stood at every moment, and weigh what was believed at the last one by each time."""
    sights: list[Sight] = []
    found = Reliability()
    waiting, last = list(times), None
    for now in moments:
        while waiting and last is not None and now.at > waiting[0]:
            found.merge(weigh(scenario, last.verdicts, last.at))
            waiting.pop(0)
        sights.append(Sight(at=now.at, incidents=standing(now.incidents)))
        last = now
    if waiting and last is not None:
        found.merge(weigh(scenario, last.verdicts, last.at))
    return sights, found


def _times(scenario: Scenario, at: Sequence[int]) -> list[float]:
    """Give the story times at which beliefs are weighed; a quiet one's onset is its start."""
    if not scenario.expected:
        return [float(after) for after in at]
    return sorted({moment(entry, after) for entry in scenario.expected for after in at})


def _row(task: Task, at: int, held: Sequence[Outcome], sights: Sequence[Sight]) -> Row:
    good = all(one.right for one in held)
    known = [one.seconds for one in held if one.seconds is not None]
    last = max(moment(entry, at) for entry in task.scenario.expected)
    return Row(
        name=task.scenario.name,
        seed=task.seed,
        at=at,
        expected=tuple(one.expected for one in held),
        answered=tuple(dict.fromkeys(cause for one in held for cause in one.answered)),
        side_right=all(one.side_right for one in held),
        right=good,
        seconds_to_right=max(known) if good else None,
        said=() if good else _said([sight for sight in sights if sight.at <= last][-1:]),
    )


def _quiet_row(task: Task, at: int, sights: Sequence[Sight]) -> Row:
    """Give the row of a scenario that expects nothing: whatever was ever said is wrong."""
    told = [i for sight in sights for i in sight.incidents if not truth.private(i)]
    good = bool(sights) and not told
    return Row(
        name=task.scenario.name,
        seed=task.seed,
        at=at,
        answered=tuple(dict.fromkeys(i.cause for i in told)),
        side_right=good,
        right=good,
        seconds_to_right=0.0 if good else None,
        said=_said(sights),
    )


def _said(sights: Sequence[Sight]) -> tuple[str, ...]:
    held = (i for sight in sights for i in sight.incidents if not truth.private(i))
    return tuple(dict.fromkeys(_brief(incident) for incident in held))


def _brief(incident: Incident) -> str:
    places = [*incident.countries, *(f"AS{number}" for number in incident.networks)]
    parts = (incident.cause, incident.state, incident.scope, incident.service)
    return " ".join([*filter(None, parts), ",".join(incident.features), ",".join(places)])


def _unexpected(
    expected: Sequence[Expected], sights: Sequence[Sight], last: Sequence[Outcome]
) -> tuple[Cause, ...]:
    """Give the causes of false incidents that are not already there as somebody's wrong answer."""
    if not expected:
        told = (i.cause for sight in sights for i in sight.incidents if not truth.private(i))
        return tuple(dict.fromkeys(told))
    return tuple(
        i.cause
        for sight in sights[-1:]
        for i in sight.incidents
        if truth.false_at(expected, i, sight.at)
        and not any(
            one.shown is i.cause and answers(entry, i)
            for entry, one in zip(expected, last, strict=True)
        )
    )


def _detection(entry: Expected, scenario: Scenario, sights: Sequence[Sight]) -> Detection:
    seen = (
        sight.at
        for sight in sights
        if sight.at >= entry.onset and any(detects(entry, i) for i in sight.incidents)
    )
    first = next(seen, None)
    return Detection(
        networks=_networks(entry, scenario),
        rounds=None if first is None else (first - entry.onset) / scenario.round,
    )


def _networks(entry: Expected, scenario: Scenario) -> int:
    counts = (
        sum(n.country == country and n.vantages > 0 for n in scenario.networks)
        for country in entry.countries
    )
    return min(counts, default=0)


def _alarms(task: Task, sights: Sequence[Sight]) -> tuple[Alarm, ...]:
    """Give each false one once, as it was first."""
    first: dict[str, Alarm] = {}
    for sight in sights:
        for i in sight.incidents:
            if i.id not in first and false_filtering(task.scenario.expected, i, sight.at):
                first[i.id] = Alarm(
                    name=task.scenario.name, seed=task.seed, at=sight.at, statement=i.statement
                )
    return tuple(first.values())


def _misstated(task: Task, sights: Sequence[Sight]) -> tuple[Misstatement, ...]:
    """Give each false incident once for each cause, when it was first at its surest."""
    worst: dict[tuple[str, Cause], Misstatement] = {}
    for sight in sights:
        for i in sight.incidents:
            held = worst.get((i.id, i.cause))
            surer = held is None or STRENGTH[i.state] > STRENGTH[held.state]
            if surer and truth.false_at(task.scenario.expected, i, sight.at):
                worst[i.id, i.cause] = Misstatement(
                    name=task.scenario.name, seed=task.seed, at=sight.at, cause=i.cause,
                    state=i.state, statement=i.statement,
                )  # fmt: skip
    return tuple(worst.values())
