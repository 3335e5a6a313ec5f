"""The truth of every cell by the scenario, and what verdicts believe of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from probe.lab import truth, vantages
from probe.lab.scenario import Event, Expected, Scenario
from probe.lab.score.reliability import Reliability
from probe.model import Cause, Scope, State, Verdict

EBBING = 5
"""Rounds after its end in which a truth may still be held: the window of the judge."""
PEACE = frozenset({Cause.OK})


class Truth:
    """What is true in each cell of a scenario at one story time."""

    def __init__(self, scenario: Scenario, at: float) -> None:
        wane = EBBING * scenario.round
        self._entries = [
            (entry, _causes(entry, at))
            for entry in scenario.expected
            if entry.onset <= at and (entry.until is None or at < entry.until + wane)
        ]
        self._local = set(_struck(scenario, at))

    def of(self, verdict: Verdict) -> frozenset[Cause]:
        """Give every cause that is right there."""
        hit = [causes for entry, causes in self._entries if _covers(entry, verdict)]
        if hit:
            return frozenset().union(*hit)
        return PEACE | {Cause.LOCAL_FAULT} if verdict.country in self._local else PEACE

    def expected(self, verdict: Verdict) -> bool:
        """Whether an expected incident is there."""
        return any(_covers(entry, verdict) for entry, _ in self._entries)


def weigh(scenario: Scenario, verdicts: Iterable[Verdict], at: float) -> Reliability:
    """Hold the beliefs of one moment against the truth; a cell is a feature in a whole country."""
    true, found = Truth(scenario, at), Reliability()
    for verdict in verdicts:
        if not verdict.service or verdict.network:
            continue
        if untested(verdict):
            found.untested += 1
            continue
        right = true.of(verdict)
        count(found, verdict, right)
        if true.expected(verdict):
            found.brier += brier(verdict.support, right)
            found.cells += 1
    return found


def count(found: Reliability, verdict: Verdict, right: frozenset[Cause]) -> None:
    """Add one cell's beliefs."""
    holds = verdict.leading in right
    found.leading.add(verdict.confidence, right=holds)
    if verdict.leading is not Cause.OK or Cause.OK not in right:
        found.told.add(verdict.confidence, right=holds)
    found.filtering.add(verdict.support.get(Cause.FILTERING, 0.0), right=Cause.FILTERING in right)


def untested(verdict: Verdict) -> bool:
    return verdict.state is State.INSUFFICIENT and verdict.vantages == 0


def brier(support: Mapping[Cause, float], right: frozenset[Cause]) -> float:
    """Give the multi-class Brier score, 0 to 2; of several truths the best supported counts."""
    true = max(sorted(right), key=lambda cause: support.get(cause, 0.0))
    return sum((support.get(cause, 0.0) - (cause is true)) ** 2 for cause in Cause)


def _causes(entry: Expected, at: float) -> frozenset[Cause]:
    """Give its causes, and `ok` where a part of the country, or the time after it, is that."""
    causes = truth.causes(entry)
    over = entry.until is not None and at >= entry.until
    partial = over or Scope.NETWORKS in truth.scopes(entry) or Cause.LOCAL_FAULT in causes
    return causes | PEACE if partial else causes


def _covers(entry: Expected, verdict: Verdict) -> bool:
    return (
        entry.service in {"", verdict.service}
        and (not entry.features or verdict.feature in entry.features)
        and (not entry.countries or verdict.country in entry.countries)
    )


def _struck(scenario: Scenario, at: float) -> Iterator[str]:
    """Countries in which probe hosts have a fault of their own: to say so there is right too."""
    for event in scenario.timeline:
        going = event.at <= at and (event.until is None or at < event.until)
        if going and (event.mechanism.startswith("local.") or event.vantages or event.cohorts):
            yield from _homes(scenario, event)


def _homes(scenario: Scenario, event: Event) -> Sequence[str]:
    named = {
        vantages.name(network, number): network.country
        for network in scenario.networks
        for number in range(1, network.vantages + 1)
    }
    hit = {v for c in scenario.cohorts if c.id in event.cohorts for v in c.vantages} | set(
        event.vantages
    )
    if not hit:  # a cohort by its share, or everybody
        return sorted(set(event.countries or named.values()))
    return sorted({named[vantage] for vantage in hit if vantage in named})
