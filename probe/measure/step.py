"""One awaitable under one deadline, timed: a value or a Failure, never both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from probe.clock import Clock
from probe.measure.deadline import Deadline
from probe.measure.failure import CAUGHT, classify
from probe.measure.stamp import LOOP, Stamps
from probe.model import DifferentialTest, Failure, Timer

Value = TypeVar("Value")


class Timed(msgspec.Struct, Generic[Value], frozen=True):
    """What became of a step. `value` is None exactly when `failure` is not."""

    at: datetime
    took: float
    value: Value | None
    failure: Failure | None

    def timing(self, stamps: Stamps, since: float = 0.0) -> tuple[float, Timer]:
        """Give the seconds as the kernel has them; those of a failure have no stamp to end at."""
        return (self.took, LOOP) if self.failure else stamps.timing(self.took, since)


class Mark(msgspec.Struct, frozen=True):
    """Where in a measurement a step stands; it goes into the observation's header."""

    hop: int = 0
    test: DifferentialTest | None = None


async def timed(operation: Awaitable[Value], limit: float, clock: Clock) -> Timed[Value]:
    """Await it for at most `limit` seconds. Only what the network can raise becomes a Failure."""
    at, start = clock.now(), clock.monotonic()
    value, failure = None, None
    deadline = Deadline(limit)
    try:
        value = await operation
    except asyncio.CancelledError:
        if not deadline.over():
            raise
        failure = classify(TimeoutError())
    except CAUGHT as error:
        failure = classify(error)
    finally:
        deadline.end()
    return Timed(at, clock.monotonic() - start, value, failure)
