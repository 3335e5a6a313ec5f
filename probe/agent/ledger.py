"""What this agent has seen so far: counts and latest runs for each target, and the controls' state."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from probe.agent.health import Checked, health
from probe.agent.outcome import Outcome, outcome
from probe.metrics.agent import Latest, Row
from probe.model import (
    CONTROL,
    Health,
    Layer,
    Measurement,
    Reach,
    Target,
)

log = logging.getLogger(__name__)


@dataclass
class Entry:
    runs: int = 0
    skipped: int = 0
    failures: Counter[tuple[str, Layer]] = field(default_factory=Counter)
    latest: Latest | None = None
    control: Checked | None = None


class Ledger:
    """Entries come and go with their targets: a removed target takes its series along."""

    def __init__(self) -> None:
        self._entries: dict[Target, Entry] = {}
        self.health = Health()

    def keep(self, targets: Iterable[Target]) -> None:
        self._entries = {target: self._entries.get(target, Entry()) for target in targets}
        self._renew()

    def skipped(self, target: Target) -> None:
        if target in self._entries:
            self._entries[target].skipped += 1

    def record(self, measurement: Measurement) -> None:
        """Take a run in; one of a target that was removed meanwhile counts nowhere."""
        entry = self._entries.get(measurement.target)
        if entry is None:
            return
        came = outcome(measurement.observations)
        entry.runs += 1
        if not came.success:
            entry.failures[came.failure, came.layer] += 1
        before, entry.latest = entry.latest, _latest(measurement, came)
        _tell(measurement.target, came, before)
        if measurement.target.service == CONTROL:
            reach = Reach(measurement.target.feature)
            entry.control = Checked(reach, measurement.observations)
            self._renew()

    def unchecked(self) -> int:
        """Count the controls that were not measured yet."""
        controls = (e for t, e in self._entries.items() if t.service == CONTROL)
        return sum(entry.control is None for entry in controls)

    def rows(self) -> tuple[Row, ...]:
        return tuple(
            Row(target, e.runs, e.skipped, dict(e.failures), e.latest)
            for target, e in self._entries.items()
        )

    def _renew(self) -> None:
        before = self.health
        self.health = health([e.control for e in self._entries.values() if e.control])
        if self.health.reason != before.reason:
            now = self.health.reason
            log.warning("this vantage: %s", now or f"well again, was {before.reason}")


def _latest(measurement: Measurement, came: Outcome) -> Latest:
    return Latest(came.success, measurement.took, measurement.at, came.status)


def _tell(target: Target, came: Outcome, before: Latest | None) -> None:
    """Log changes alone: one line when a target begins to fail, one when it is well again."""
    name = f"{target.service}/{target.feature}/{target.endpoint}"
    if came.success and before and not before.success:
        log.info("%s is well again", name)
    elif not came.success and (before is None or before.success):
        log.warning("%s fails: %s (%s)", name, came.failure, came.layer)
