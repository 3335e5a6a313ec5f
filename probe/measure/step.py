"""One awaitable under one deadline, timed: a value or a Failure, never both."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from probe.clock import Clock
from probe.measure.failure import CAUGHT, classify
from probe.measure.stamp import Stamps
from probe.model import DifferentialTest, Failure, Timer

Value = TypeVar("Value")


class Timed(msgspec.Struct, Generic[Value], frozen=True, kw_only=True):
    """What became of a step. `value` is None exactly when `failure` is not."""

    at: datetime
    took: float
    value: Value | None
    failure: Failure | None

    def timing(self, stamps: Stamps, since: float = 0.0) -> tuple[float, Timer]:
        """Give the seconds as the kernel has them; those of a failure have no stamp to end at."""
        return (self.took, Timer.LOOP) if self.failure else stamps.timing(self.took, since)


class Mark(msgspec.Struct, frozen=True):
    """Where in a measurement a step stands; it goes into the observation's header."""

    hop: int = 0
    test: DifferentialTest | None = None


async def timed(operation: Awaitable[Value], limit: float, clock: Clock) -> Timed[Value]:
    """Await it for at most `limit` seconds. Only what the network can raise becomes a Failure."""
    at, start = clock.now(), clock.monotonic()
    value, failure = None, None
    deadline = _Deadline(limit)
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
    return Timed(at=at, took=clock.monotonic() - start, value=value, failure=failure)


class _Deadline:
    """What asyncio.timeout() is, at a fraction of its cost: every step has one, and few pass."""

    __slots__ = ("_before", "_passed", "_task", "at", "ended")

    def __init__(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a step is taken in a task")
        self._task, self._before, self._passed = task, task.cancelling(), False
        self.ended = False
        self.at = loop.time() + seconds
        _queue(loop, seconds).put(self)

    def pass_(self) -> None:
        self._passed = True
        self._task.cancel()

    def over(self) -> bool:
        """Tell whether nobody but the deadline has cancelled the task, and take that back."""
        if not self._passed:
            return False
        self._passed = False
        return self._task.uncancel() <= self._before

    def end(self) -> None:
        self.ended = True
        if self._passed:  # at the last moment: the operation has ended otherwise
            self._task.uncancel()


class _Queue:
    """The deadlines of one limit: who began first is over first, so one timer serves them all."""

    __slots__ = ("_loop", "_timer", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._waiting = loop, deque[_Deadline]()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, deadline: _Deadline) -> None:
        self._forget()
        self._waiting.append(deadline)
        if self._timer is None:
            self._timer = self._loop.call_at(deadline.at, self._ring)

    def _forget(self) -> None:
        """Let go of those whose steps have ended meanwhile."""
        while self._waiting and self._waiting[0].ended:
            self._waiting.popleft()

    def _ring(self) -> None:
        self._timer = None
        self._forget()
        now = self._loop.time()
        while self._waiting and self._waiting[0].at <= now:
            self._waiting.popleft().pass_()
            self._forget()
        if self._waiting:
            self._timer = self._loop.call_at(self._waiting[0].at, self._ring)


_queues: dict[tuple[asyncio.AbstractEventLoop, float], _Queue] = {}
"""By loop and limit."""
_MOST_QUEUES = 64
"""Limits are few, but for those cut short by the time that is left for the whole."""


def _queue(loop: asyncio.AbstractEventLoop, seconds: float) -> _Queue:
    found = _queues.get((loop, seconds))
    if found is None:
        if len(_queues) >= _MOST_QUEUES:  # one that waits goes on by its timer
            _queues.clear()
        found = _queues[loop, seconds] = _Queue(loop)
    return found
