"""A measurement that was walked once, and its copies at other times: only times, id and health are new."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import force_setattr

from probe.agent.health import Checked
from probe.agent.health import health as well
from probe.lab.simulated.presented import EPOCH
from probe.lab.simulated.seat import Seat
from probe.lab.simulated.walked import Walked, copier
from probe.measure.goal import depth
from probe.model import Health, Measurement, Reach

Course = tuple[int, ...]
"""What names a template but for its variant: templates of one course end alike."""
Words = dict[tuple[Course, ...], Health]
"""What a prober says of itself whose controls went these courses."""


class Template:
    """One way a measurement can go, ready to be stamped."""

    __slots__ = ("checked", "course", "model", "steps", "took")

    def __init__(self, seat: Seat, walked: Walked, course: Course = ()) -> None:
        self.course = course
        self.took = walked.took
        self.steps = walked.copies
        self.model = copier(
            Measurement(
                id="",
                at=EPOCH,
                took=walked.took,
                vantage=seat.prober.vantage,
                target=seat.target,
                software=seat.prober.software,
                goal=depth(seat.page.endpoint.url),
            )
        )
        reach = Reach(seat.target.feature) if seat.control else None
        self.checked = Checked(reach, walked.observations) if reach else None

    def stamp(self, at: datetime, name: str, health: Health) -> Measurement:
        """Give the measurement that began then."""
        steps = []
        for fresh, offset in self.steps:
            own = fresh()
            force_setattr(own, "at", at + offset)
            steps.append(own)
        made = self.model()
        force_setattr(made, "id", name)
        force_setattr(made, "at", at)
        force_setattr(made, "health", health)
        force_setattr(made, "observations", tuple(steps))
        return made


class Ward:
    """One prober's word about itself: by the latest run of each of its controls, as an agent's."""

    __slots__ = ("_known", "_latest", "health")

    def __init__(self, known: Words) -> None:
        self._latest: dict[int, Template] = {}
        self._known = known
        self.health = Health()

    def note(self, number: int, template: Template) -> None:
        before = self._latest.get(number)
        if before is not None and before.course == template.course:
            return
        self._latest[number] = template
        key = tuple(held.course for held in self._latest.values())
        found = self._known.get(key)
        if found is None:
            found = well([held.checked for held in self._latest.values() if held.checked])
            self._known[key] = found
        self.health = found
