"""The deadlines of steps: every step has one, and few ever pass.

Steps that may take equally long are over in the order in which they began, so that one timer of
the loop does for all of them; one for each costs as much as the step's system calls.
"""

from __future__ import annotations

import asyncio
from itertools import takewhile

_GRAIN_SECONDS = 0.001
"""A loop's timer may come that early: uvloop counts whole milliseconds."""


class Deadline:
    """What asyncio.timeout() is, at a tenth of its cost."""

    __slots__ = ("_before", "_passed", "_task", "_waiting")

    def __init__(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a step is taken in a task")
        self._task, self._before, self._passed = task, task.cancelling(), False
        its, lines = _Latest.held
        line = lines.get(seconds) if its is loop else None
        self._waiting = waiting = (line or _line(loop, seconds)).waiting
        waiting[self] = loop.time() + seconds

    def come(self) -> None:
        self._passed = True
        self._task.cancel()

    def over(self) -> bool:
        """Tell whether nobody but the deadline has cancelled the task, and take that back."""
        if not self._passed:
            return False
        self._passed = False
        return self._task.uncancel() <= self._before

    def end(self) -> None:
        self._waiting.pop(self, None)
        if self._passed:  # at the last moment: the operation has ended otherwise
            self._task.uncancel()


class _Line:
    """Who waits equally long on one loop, the first to begin first."""

    __slots__ = ("_lines", "_loop", "_seconds", "waiting")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, lines: dict[float, _Line]
    ) -> None:
        self._loop, self._seconds, self._lines = loop, seconds, lines
        self.waiting: dict[Deadline, float] = {}
        """Until when, by the loop's time."""
        loop.call_later(seconds, self._look)

    def _look(self) -> None:
        """Tell those whose time has come, and look again when the next one's has."""
        now = self._loop.time() + _GRAIN_SECONDS
        for deadline, _ in list(takewhile(lambda held: held[1] <= now, self.waiting.items())):
            del self.waiting[deadline]
            deadline.come()
        following = next(iter(self.waiting.values()), None)
        if following is None:
            del self._lines[self._seconds]
        else:
            self._loop.call_at(following, self._look)


class _Latest:
    """The lines of the loop that was asked for last; another loop begins with none."""

    held: tuple[asyncio.AbstractEventLoop | None, dict[float, _Line]] = (None, {})


def _line(loop: asyncio.AbstractEventLoop, seconds: float) -> _Line:
    its, lines = _Latest.held
    if its is not loop:
        lines = {}
        _Latest.held = loop, lines
    line = lines[seconds] = _Line(loop, seconds, lines)
    return line
