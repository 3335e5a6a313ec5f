"""What this agent has seen so far: counts and latest runs for each target, and the controls' state."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from probe.agent.figures import figures
from probe.agent.health import Checked, health
from probe.measure.outcome import LAYERS, Outcome, outcome
from probe.metrics.agent import ANSWERED, LAG_BOUNDS, Encrypted, Row, Stage
from probe.metrics.distribution import Distribution, Exemplar
from probe.metrics.run import Run
from probe.model import (
    CHAIN,
    CONTROL,
    ENCRYPTED,
    DnsLookup,
    Health,
    Layer,
    Measurement,
    Observation,
    Reach,
    Target,
)

NO_GOALS: Mapping[Target, Layer] = {}

log = logging.getLogger(__name__)


class Latest(msgspec.Struct, frozen=True):
    """The last run, as it was seen: its figures are read only where somebody looks at them."""

    observations: tuple[Observation, ...]
    at: datetime
    came: Outcome

    def read(self) -> Run:
        return figures(self.observations, self.at, self.came)


@dataclass(slots=True)
class Entry:
    runs: int = 0
    skipped: int = 0
    failures: Counter[tuple[str, Layer]] = field(default_factory=Counter)
    latest: Latest | None = None
    control: Checked | None = None
    goal: Layer = Layer.HTTP
    """How deep it is measured."""
    stages: Mapping[type[Observation], Distribution] = field(default_factory=dict)
    """What each kind of step took, of all the feature's endpoints."""


class Ledger:
    """Entries come and go with their targets: a removed target takes its series along."""

    def __init__(self) -> None:
        self._entries: dict[Target, Entry] = {}
        self._stages: dict[Stage, Distribution] = {}
        self._lag = Distribution(LAG_BOUNDS)
        self.encrypted: Counter[Encrypted] = Counter()
        """Questions to encrypted resolvers by how they ended, those of tests too."""
        self.health = Health()
        self._moved, self._resolver = False, ""

    def keep(self, targets: Iterable[Target], goals: Mapping[Target, Layer] = NO_GOALS) -> None:
        """Take up these targets, and how deep those are measured that do not end at HTTP."""
        self._entries = {target: self._entries.get(target) or Entry() for target in targets}
        stages = {
            (target.service, target.feature, layer) for target in self._entries for layer in CHAIN
        }
        self._stages = {
            stage: self._stages.get(stage) or Distribution() for stage in sorted(stages)
        }
        for target, entry in self._entries.items():
            entry.goal = goals.get(target, Layer.HTTP)
            entry.stages = {
                kind: self._stages[target.service, target.feature, layer]
                for kind, layer in LAYERS.items()
                if layer in CHAIN
            }
        self._renew()

    def skipped(self, target: Target) -> None:
        if target in self._entries:
            self._entries[target].skipped += 1

    def began(self, lag: float) -> None:
        """Count how long after its turn a run began."""
        self._lag.observe(lag)

    def record(self, measurement: Measurement) -> None:
        """Take a run in; one of a target that was removed meanwhile counts nowhere."""
        entry = self._entries.get(measurement.target)
        if entry is None:
            return
        came = outcome(measurement.observations)
        entry.runs += 1
        if not came.success:
            entry.failures[bounded(came.failure), came.layer] += 1
        before = entry.latest
        entry.latest = Latest(_held(measurement.observations, came), measurement.at, came)
        self._time(measurement, entry.stages)
        _tell(measurement.target, came, before)
        if measurement.target.service == CONTROL:
            reach = Reach(measurement.target.feature)
            entry.control = Checked(reach, measurement.observations)
            self._renew()

    def moved(self, moved: bool) -> None:  # noqa: FBT001 — told as a callback
        """Take in whether the vantage leaves by another network than it should."""
        if moved is not self._moved:
            self._moved = moved
            self._renew()

    def resolved(self, network: str) -> None:
        """Take in in which network the resolver stands that really answers."""
        if network != self._resolver:
            self._resolver = network
            self._renew()

    def unchecked(self) -> int:
        """Count the controls that were not measured yet."""
        controls = (e for t, e in self._entries.items() if t.service == CONTROL)
        return sum(entry.control is None for entry in controls)

    def failing(self) -> int:
        """Count the targets whose latest run did not meet its expectation."""
        latest = (entry.latest for entry in self._entries.values())
        return sum(run is not None and not run.came.success for run in latest)

    def rows(self) -> tuple[Row, ...]:
        return tuple(
            Row(
                target,
                e.runs,
                e.skipped,
                dict(e.failures),
                e.latest.read if e.latest else None,
                e.goal,
            )
            for target, e in self._entries.items()
        )

    def stages(self) -> dict[Stage, Distribution]:
        return {stage: held.copy() for stage, held in self._stages.items()}

    def lag(self) -> Distribution:
        return self._lag.copy()

    def _time(
        self, measurement: Measurement, stages: Mapping[type[Observation], Distribution]
    ) -> None:
        for seen in measurement.observations:
            if type(seen) is DnsLookup and seen.transport in ENCRYPTED:
                self.encrypted[seen.transport, seen.failed_at or ANSWERED] += 1
            if seen.test is None and seen.failure is None:
                told = Exemplar(measurement.id, seen.took, measurement.at)
                stages[type(seen)].observe(seen.took, told)

    def _renew(self) -> None:
        before = self.health
        controls = [e.control for e in self._entries.values() if e.control]
        told = health(controls, moved=self._moved)
        self.health = msgspec.structs.replace(told, resolver=self._resolver)
        if self.health.reason != before.reason:
            now = self.health.reason
            state = {"target": "vantage", "state": now or "well"}
            words = now or f"well again, was {before.reason}"
            log.warning("this vantage: %s", words, extra=state)


def bounded(failure: str) -> str:
    """Leave free text out of a name: `unknown_failure: …` is one value of the label."""
    return failure.partition(":")[0]


def _held(observations: tuple[Observation, ...], came: Outcome) -> tuple[Observation, ...]:
    """Give what figures are read from: the tests that follow a failure are large."""
    if came.success:
        return observations
    return tuple(seen for seen in observations if seen.test is None)


def _tell(target: Target, came: Outcome, before: Latest | None) -> None:
    """Log changes alone: one line when a target begins to fail, one when it is well again."""
    well_before = before is None or before.came.success
    if came.success and well_before:
        return
    name = f"{target.service}/{target.feature}/{target.endpoint}"
    if came.success:
        log.info("%s is well again", name, extra={"target": name, "state": "well"})
    elif well_before:
        state = {"target": name, "state": bounded(came.failure)}
        log.warning("%s fails: %s (%s)", name, came.failure, came.layer, extra=state)
