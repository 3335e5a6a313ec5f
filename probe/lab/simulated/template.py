"""A measurement that was walked once, and its copies at other times: only times, id and health are new.

Nor does what the judge reads of it hang on anything else, so a copy that is only to be judged
need not be made: what was read once is copied in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import force_setattr

from probe.agent.health import health as well
from probe.judge.health import spoilt
from probe.judge.memory import Word, holds, word
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.judge.view import Memory
from probe.lab.simulated.presented import EPOCH
from probe.lab.simulated.seat import Seat
from probe.lab.simulated.walked import Walked, copier
from probe.measure.goal import depth
from probe.model import Health, Measurement, Reach, Target

Course = tuple[int, ...]
"""What names a template but for its variant: templates of one course end alike."""
Words = dict[tuple[Course, ...], Health]
"""What a prober says of itself whose controls went these courses."""


Shown = tuple[Sight, Word]
"""What a measurement leaves to a judge who does not see it: what is read of it, and the word that is
left to memory but for its id and time, as of a vantage that was well. Measurements that go alike
leave one word."""
_Read = tuple[Callable[[], Sight], Sight, Word]
"""What makes a sight anew, the one that it copies, and what all of them leave to memory."""
Known = dict[Target, Sight]
"""What was seen of each target first: later sights share with it what is equal."""


class Template:
    """One way a measurement can go, ready to be stamped."""

    __slots__ = ("_known", "_made", "_read", "_seat", "_walked", "checked", "course", "took")

    def __init__(
        self, seat: Seat, walked: Walked, course: Course = (), known: Known | None = None
    ) -> None:
        self.course = course
        self._seat, self._walked = seat, walked
        self.took = walked.took
        self._known = {} if known is None else known
        self._made: Callable[[], Measurement] | None = None
        self._read: _Read | None = None
        self.checked = walked.checked(Reach(seat.target.feature)) if seat.control else None

    def stamp(self, at: datetime, name: str, health: Health) -> Measurement:
        """Give the measurement that began then."""
        steps = []
        for fresh, offset in self._walked.copies:
            own = fresh()
            force_setattr(own, "at", at + offset)
            steps.append(own)
        made = (self._made or self._model())()
        force_setattr(made, "id", name)
        force_setattr(made, "at", at)
        force_setattr(made, "health", health)
        force_setattr(made, "observations", tuple(steps))
        return made

    def show(self, at: datetime, name: str, health: Health) -> Shown:
        """Give what is read of the measurement that began then."""
        fresh, like, told = self._read or self._first()
        if like.health is not health:  # it changes seldom
            force_setattr(like, "health", health)
        sight = fresh()
        force_setattr(sight, "id", name)
        force_setattr(sight, "at", at)
        return sight, told

    def _model(self) -> Callable[[], Measurement]:
        seat = self._seat
        self._made = copier(
            Measurement(
                id="",
                at=EPOCH,
                took=self.took,
                vantage=seat.prober.vantage,
                target=seat.target,
                software=seat.prober.software,
                goal=depth(seat.page.endpoint.url),
            )
        )
        return self._made

    def _first(self) -> _Read:
        """Read it, as of the scenario's second 0."""
        prober = self._seat.prober
        known = self._walked.read.get(self._seat.control) or self._as_walked()
        sight, told = copier(known[0])(), copier(known[1])()
        force_setattr(sight, "vantage", prober.vantage)
        force_setattr(sight, "target", self._seat.target)
        force_setattr(told, "vantage", prober.vantage)
        force_setattr(told, "software", prober.software)
        self._read = copier(sight), sight, told
        return self._read

    def _as_walked(self) -> tuple[Sight, Word]:
        made, target = self._model()(), self._seat.target
        force_setattr(made, "observations", self._walked.observations)
        seen = read(made, self._known.get(target))
        self._known.setdefault(target, seen)
        self._walked.read[self._seat.control] = found = seen, word(made, seen)
        return found


class Hearsay:
    """Which words a memory holds: most of them come again every round."""

    def __init__(self) -> None:
        self._memory = Memory()
        self._held: set[Word] = set()

    def telling(self, shown: Sequence[Shown], memory: Memory) -> list[Word]:
        """Give the words that may change a memory: the controls' alone where it holds what all say."""
        if memory.sites is not self._memory.sites or memory.builds is not self._memory.builds:
            self._held = set()
        self._memory = memory
        fresh = {said for _, said in shown} - self._held
        known = all(holds(memory, w.vantage, w.software, w.site) for w in fresh)
        if known:
            self._held |= fresh
        return [
            msgspec.structs.replace(
                said, id=sight.id, at=sight.at, met=None if spoilt(sight) else said.met
            )
            for sight, said in shown
            if said.met is not None or not known
        ]


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
