"""A measurement that was walked once, and its copies at other times: only times, id and health are new."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta
from random import Random

from msgspec.structs import force_setattr

from probe.agent.health import Checked
from probe.agent.health import health as well
from probe.lab.simulated.seat import Seat
from probe.lab.simulated.walk import EPOCH, Hit, walk
from probe.model import Health, Measurement, Reach


class Template:
    """One way a measurement can go, ready to be stamped."""

    __slots__ = ("checked", "model", "steps", "took")

    def __init__(self, seat: Seat, hits: Sequence[Hit], dice: Random) -> None:
        walked = walk(seat, hits, dice)
        self.took = walked.took
        self.steps = tuple((step, step.at - EPOCH) for step in walked.observations)
        self.model = Measurement(
            id="",
            at=EPOCH,
            took=walked.took,
            vantage=seat.prober.vantage,
            target=seat.target,
            software=seat.prober.software,
        )
        reach = Reach(seat.target.feature) if seat.control else None
        self.checked = Checked(reach, walked.observations) if reach else None

    def stamp(self, at: datetime, name: str, health: Health) -> Measurement:
        """Give the measurement that began then."""
        steps = []
        for step, offset in self.steps:
            own = copy(step)
            force_setattr(own, "at", at + offset)
            steps.append(own)
        made = copy(self.model)
        force_setattr(made, "id", name)
        force_setattr(made, "at", at)
        force_setattr(made, "health", health)
        force_setattr(made, "observations", tuple(steps))
        return made


class Ward:
    """One prober's word about itself: by the latest run of each of its controls, as an agent's."""

    def __init__(self) -> None:
        self._latest: dict[int, Template] = {}
        self._known: dict[tuple[int, ...], Health] = {}
        self.health = Health()

    def note(self, number: int, template: Template) -> None:
        if self._latest.get(number) is template:
            return
        self._latest[number] = template
        key = tuple(id(held) for held in self._latest.values())
        found = self._known.get(key)
        if found is None:
            found = well([held.checked for held in self._latest.values() if held.checked])
            self._known[key] = found
        self.health = found


def moment(seconds: float) -> datetime:
    """The story's second as a time of day."""
    return EPOCH + timedelta(seconds=seconds)
