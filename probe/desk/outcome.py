"""What the desk comes to, in the form of `probe judge --json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from probe.desk.reading import Refused
from probe.desk.sieve import Left
from probe.desk.timeline import Moment
from probe.model import Cause
from probe.model.letters import tame
from probe.web import render
from probe.web.render import PublicIncident, PublicVerdict

MOST_SHOWN = 5
"""Refusals of one reason that are told in full."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    verdicts: tuple[PublicVerdict, ...] = ()
    """Of the end."""
    incidents: tuple[PublicIncident, ...] = ()
    """All that there were."""
    at: datetime | None = None
    """The last point of the grid."""
    round_seconds: float = 0.0
    measurements: int = 0
    judgings: int = 0
    refused: dict[str, int] = {}
    """Lines that were not read, or not judged, by reason."""


SAID = {
    Left.REPEATED: "they came more than once",
    Left.COUNTRY_CHANGED: "their probe hosts measured from another country less than a day before",
    Left.NETWORK_CHANGED: "their probe hosts measured from another network less than half an hour before",
    Left.FLOOD: "their probe hosts looked at one endpoint more than once a second",
    Left.CLOCK_AHEAD: "they are of later than nine in ten probe hosts measured",
    Left.LATER_THAN_ASKED: "they are of later than --at",
}
"""Each reason in words."""


class Tally:
    """Counts refusals, and keeps the first few of each reason for telling."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self.left: Counter[Left] = Counter()
        self.kept: list[Refused] = []

    def add(self, refused: Refused) -> None:
        self.counted[refused.reason] += 1
        if self.counted[refused.reason] <= MOST_SHOWN:
            self.kept.append(refused)

    def leave(self, left: Mapping[Left, int]) -> None:
        """Count what was read and is not judged."""
        self.left.update(left)
        self.counted.update({reason.value: count for reason, count in left.items()})

    def left_out(self) -> Iterable[str]:
        for reason, count in sorted(self.left.items()):
            yield f"measurements not judged: {count}; {SAID[reason]} ({reason})"

    def sentences(self) -> Iterable[str]:
        for one in self.kept:
            yield tame(f"{one.file}:{one.line}: {one.sentence} ({one.reason})")
        more = {reason: n - MOST_SHOWN for reason, n in self.counted.items() if n > MOST_SHOWN}
        for reason, count in sorted(more.items()):
            yield f"and {count} more lines refused as {reason}"


def outcome(last: Moment | None, judgings: int, tally: Tally) -> Outcome:
    refused = dict(sorted(tally.counted.items()))
    if last is None:
        return Outcome(refused=refused)
    return Outcome(
        verdicts=tuple(render.verdict(v) for v in last.verdicts),
        incidents=tuple(render.incident(i) for i in last.incidents),
        at=last.view.now, round_seconds=last.view.round.total_seconds(),
        measurements=last.taken, judgings=judgings, refused=refused,
    )  # fmt: skip


def troubled(verdicts: Sequence[PublicVerdict]) -> list[PublicVerdict]:
    """Give the verdicts that a person wants to see: of what was tested, trouble first."""
    tested = [v for v in verdicts if v.vantages and v.service]
    return sorted(
        tested,
        key=lambda v: (v.leading is Cause.OK, v.service, v.feature, v.country, v.network),
    )
