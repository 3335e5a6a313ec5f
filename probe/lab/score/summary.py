"""Many scored runs put together: the form of `probe lab score --json`, and what its exit rests on. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from probe.lab.score.outcome import Alarm, Detection, Misstatement, Outcome, Played, Row
from probe.lab.score.reliability import Bin, Reliability
from probe.model import Cause

MOST_FALSE = 0
LEAST_SIDE_RIGHT = 0.98
LEAST_RIGHT = 0.92
NOTHING = "insufficient"
"""The answer that is none, in the confusion matrix."""
MANY = 4
"""Networks from which on a country has enough of them."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of one time."""

    n: int = 0
    side_right: float = 0.0
    right: float = 0.0
    false_filtering: int = 0
    """Incidents, at any time of the runs."""
    missed_filtering: int = 0
    """Expected incidents."""
    insufficient: int = 0
    """Expected incidents of which nothing at all was said."""


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """Rounds from the onset to the first right `likely`; None where so many never came."""

    n: int
    never: int
    median: float | None
    p95: float | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    scenarios: tuple[Row, ...]
    summary: dict[str, Summary]
    """By the time after the onset."""
    brier: float
    """Multi-class, 0 to 2, mean over the cells of expected incidents."""
    ece: float
    """Of all cells' leading cause."""
    ece_told: float
    """Of the cells where something is said or true."""
    ece_filtering: float
    """Of filtering's support alone."""
    cells: int
    untested: int
    confusion: dict[str, dict[str, int]]
    """Expected cause → answered cause → incidents, at the last time; `ok` is what nobody expects."""
    delay: dict[str, Delay]
    """By the number of networks of the affected country."""
    false_filtering: tuple[Alarm, ...]
    misstated: tuple[Misstatement, ...]
    """Whatever was said at any time and was not so, passing suspicions too."""
    reliability: tuple[Bin, ...]
    reliability_told: tuple[Bin, ...]
    reliability_filtering: tuple[Bin, ...]
    refused: tuple[str, ...] = ()
    """Files that are no scenario, and why."""
    ece_pooled: float | None = None
    """With the quiet ones, where they were asked for."""


def report(played: Iterable[Played], refused: Sequence[str] = ()) -> Report:
    runs = sorted(played, key=lambda run: (run.name, run.seed))
    beliefs = Reliability()
    for run in runs:
        beliefs.merge(run.reliability)
    return Report(
        scenarios=tuple(row for run in runs for row in run.rows),
        summary=_summaries(runs),
        brier=beliefs.brier / beliefs.cells if beliefs.cells else 0.0,
        ece=beliefs.leading.ece(),
        ece_told=beliefs.told.ece(),
        ece_filtering=beliefs.filtering.ece(),
        cells=beliefs.leading.total,
        untested=beliefs.untested,
        confusion=_confusion(runs),
        delay=_delays([seen for run in runs for seen in run.detections]),
        false_filtering=tuple(alarm for run in runs for alarm in run.false_filtering),
        misstated=tuple(one for run in runs for one in run.misstated),
        reliability=beliefs.leading.bins(),
        reliability_told=beliefs.told.bins(),
        reliability_filtering=beliefs.filtering.bins(),
        refused=tuple(refused),
    )


def pooled(found: Report, played: Iterable[Played], quiet: Iterable[Reliability]) -> Report:
    """Add the calibration over the scenarios and a quiet time together."""
    beliefs = Reliability()
    for held in (*(run.reliability for run in played), *quiet):
        beliefs.merge(held)
    return msgspec.structs.replace(found, ece_pooled=beliefs.leading.ece())


def good(found: Report) -> bool:
    """Whether it is good enough, by the last time's summary."""
    last = _last(found.summary)
    return (
        last is not None
        and last.false_filtering <= MOST_FALSE
        and last.side_right >= LEAST_SIDE_RIGHT
        and last.right >= LEAST_RIGHT
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """Give the smallest value that so large a share does not exceed; None where that is never."""
    if not values:
        return None
    found = sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
    return found if math.isfinite(found) else None


def _last(summary: Mapping[str, Summary]) -> Summary | None:
    return summary[max(summary, key=int)] if summary else None


def _summaries(runs: Sequence[Played]) -> dict[str, Summary]:
    times = sorted({row.at for run in runs for row in run.rows})
    false = sum(len(run.false_filtering) for run in runs)
    return {
        str(at): _summary(
            [row for run in runs for row in run.rows if row.at == at],
            [one for run in runs for one in run.outcomes if one.at == at],
            false,
        )
        for at in times
    }


def _summary(rows: Sequence[Row], outcomes: Sequence[Outcome], false: int) -> Summary:
    return Summary(
        n=len(rows),
        side_right=sum(row.side_right for row in rows) / len(rows),
        right=sum(row.right for row in rows) / len(rows),
        false_filtering=false,
        missed_filtering=sum(one.missed for one in outcomes),
        insufficient=sum(not one.answered for one in outcomes),
    )


def _confusion(runs: Sequence[Played]) -> dict[str, dict[str, int]]:
    counted: Counter[tuple[str, str]] = Counter()
    for run in runs:
        last = max((row.at for row in run.rows), default=0)
        counted.update(
            (one.expected.value, one.shown.value if one.shown else NOTHING)
            for one in run.outcomes
            if one.at == last
        )
        counted.update((Cause.OK.value, cause.value) for cause in run.unexpected)
        if not run.outcomes and not run.unexpected:
            counted[Cause.OK.value, Cause.OK.value] += 1
    table: dict[str, dict[str, int]] = {}
    for (expected, answered), number in sorted(counted.items()):
        table.setdefault(expected, {})[answered] = number
    return table


def _delays(seen: Sequence[Detection]) -> dict[str, Delay]:
    by_networks: dict[str, list[float]] = {}
    for one in sorted(seen, key=lambda detection: detection.networks):
        rounds = math.inf if one.rounds is None else one.rounds
        by_networks.setdefault(_networks(one.networks), []).append(rounds)
    return {
        networks: Delay(
            n=len(rounds),
            never=sum(not math.isfinite(value) for value in rounds),
            median=quantile(rounds, 0.5),
            p95=quantile(rounds, 0.95),
        )
        for networks, rounds in by_networks.items()
    }


def _networks(count: int) -> str:
    if count == 0:
        return "everywhere"
    return f"{count}" if count < MANY else f"{MANY}+"
