"""A measurement that was walked once, and what makes its steps anew at other times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import TypeVar

import msgspec

from probe.agent.health import Checked
from probe.judge.memory import Word
from probe.judge.sight import Sight
from probe.lab.simulated.presented import EPOCH
from probe.model import Observation, Reach

T = TypeVar("T", bound=msgspec.Struct)


def copier(model: T) -> Callable[[], T]:
    """Bind it once: copy.copy() would look the method up for every step of every measurement."""
    bound: Callable[[], T] = getattr(model, "__copy__")  # noqa: B009 — its stub leaves it out
    return bound


Read = dict[bool, tuple[Sight, Word]]
"""By whether it is a control: nothing else of who measures tells, for no step has a fingerprint."""


class Walked(msgspec.Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """A measurement as of the scenario's second 0."""

    observations: tuple[Observation, ...]
    took: float
    flows: int
    """How many there were: acts that hit none of them changed nothing."""

    @cached_property
    def read(self) -> Read:
        """What was read of it so far."""
        return {}

    def checked(self, reach: Reach) -> Checked:
        """Give it as the run of a control: one, for what it came to is found once."""
        return self._checked.setdefault(reach, Checked(reach, self.observations))

    @cached_property
    def _checked(self) -> dict[Reach, Checked]:
        return {}

    @cached_property
    def copies(self) -> tuple[tuple[Callable[[], Observation], timedelta], ...]:
        """What makes each step anew, and how long after the start it was taken."""
        return tuple((copier(step), step.at - EPOCH) for step in self.observations)
