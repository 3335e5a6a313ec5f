"""A day in minutes: an event loop whose clock jumps to the next timer when nobody has work to do.

Sockets stay real. What is meant for a thread is done at once, while the clock stands still.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar, TypeVarTuple, Unpack

Given = TypeVarTuple("Given")
Value = TypeVar("Value")

MORNING = datetime(2026, 11, 1, tzinfo=UTC)


class Hours(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.virtual = 0.0
        """Seconds since the loop was made."""
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.virtual

    def run_in_executor(  # type: ignore[override] # typeshed has another variable of the same name
        self, executor: None, func: Callable[[Unpack[Given]], Value], *args: *Given
    ) -> asyncio.Future[Value]:
        del executor
        done: asyncio.Future[Value] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 — whoever awaits it is told
            done.set_exception(error)
        return done


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: Hours) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout is None or timeout <= 0:
            return ready
        self._loop.virtual += timeout
        return []


class LoopClock:
    """The two clocks of a loop's time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return MORNING + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()
