"""A measurement that was walked once, and its copies at other times: only times, id and health are new.

Nor does what the judge reads of it hang on anything else, so a copy that is only to be judged
need not be made: what was read once is copied in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec.structs import force_setattr

from probe.agent.health import Checked
from probe.agent.health import health as well
from probe.judge.health import spoilt
from probe.judge.memory import Word, word
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.lab.simulated.presented import EPOCH
from probe.lab.simulated.seat import Seat
from probe.lab.simulated.walked import Walked, copier
from probe.measure.goal import depth
from probe.model import Health, Measurement, Reach, Target

Course = tuple[int, ...]
"""What names a template but for its variant: templates of one course end alike."""
Words = dict[tuple[Course, ...], Health]
"""What a prober says of itself whose controls went these courses."""


_Read = tuple[Callable[[], Sight], Callable[[], Word], Callable[[], Word]]
"""What makes a sight, and what it leaves to memory: of a vantage that was well, and of another."""


class Shown(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What a measurement leaves to a judge who does not see the measurement."""

    sight: Sight
    word: Word


Known = dict[Target, Sight]
"""What was seen of each target first: later sights share with it what is equal."""


class Template:
    """One way a measurement can go, ready to be stamped."""

    __slots__ = ("_known", "_read", "_walked", "checked", "course", "model", "steps", "took")

    def __init__(
        self, seat: Seat, walked: Walked, course: Course = (), known: Known | None = None
    ) -> None:
        self.course = course
        self._walked = walked
        self.took = walked.took
        self.steps = walked.copies
        self._known = {} if known is None else known
        self._read: _Read | None = None
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

    def show(self, at: datetime, name: str, health: Health) -> Shown:
        """Give what is read of the measurement that began then."""
        sighted, worded, unwell = self._read or self._first()
        sight = sighted()
        force_setattr(sight, "id", name)
        force_setattr(sight, "at", at)
        force_setattr(sight, "health", health)
        told = unwell() if self.checked and spoilt(sight) else worded()
        force_setattr(told, "id", name)
        force_setattr(told, "at", at)
        return Shown(sight, told)

    def _first(self) -> _Read:
        """Read it, as of the scenario's second 0."""
        model = self.model()
        key = model.vantage.country, self.checked is not None
        known = self._walked.read.get(key)
        if known is None:
            made = self.stamp(EPOCH, "", Health())
            like = self._known.get(made.target)
            known = self._walked.read[key] = read(made, like), word(made)
            self._known.setdefault(made.target, known[0])
        sight, told = copier(known[0])(), copier(known[1])()
        for own in (sight, told):
            force_setattr(own, "vantage", model.vantage)
        force_setattr(sight, "target", model.target)
        force_setattr(told, "software", model.software)
        unwell = msgspec.structs.replace(told, met=None)
        self._read = copier(sight), copier(told), copier(unwell)
        return self._read


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
