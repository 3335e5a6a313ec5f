"""Which target is due at `now`: a fixed rate, each target at its own phase, nothing made up for.

Pure: time and chance are arguments. A target that still runs when its turn comes is skipped, and
so are the turns that went by while nobody asked (a stall, a suspended machine): both are counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable
from heapq import heappop, heappush
from typing import Generic, TypeVar

import msgspec

Key = TypeVar("Key")


class Turn(msgspec.Struct):
    """A target's place: turn n is at origin + (n + phase) × interval, moved by the jitter."""

    phase: float
    number: int = 0
    at: float = 0.0
    alarm: int = 0
    """Unlike any other's; also orders those of one moment."""


class Due(msgspec.Struct, Generic[Key], frozen=True):
    start: tuple[Key, ...]
    """Longest overdue first."""
    at: tuple[float, ...]
    """When the turn of each of them came."""
    running: tuple[Key, ...]
    """Skipped: the turn before still runs."""
    missed: int
    """Whole turns that went by unasked."""


class Timetable(Generic[Key]):
    """The turns of all targets."""

    def __init__(
        self, *, interval: float, jitter: float, origin: float, draw: Callable[[], float]
    ) -> None:
        """Take `draw` as the source of chance, uniform in [0, 1)."""
        self.interval = interval
        self.jitter = jitter
        self.origin = origin
        self._draw = draw
        self._turns: dict[Key, Turn] = {}
        self._alarms: list[tuple[float, int, Key]] = []
        """A heap; one whose target has gone, or has another turn now, is passed over."""
        self._alarm = 0

    def keep(self, keys: Iterable[Key], now: float, *, spread: float = 1.0) -> None:
        """Add what is new, within the first `spread` of an interval from now; the rest stays."""
        for key in keys:
            if key not in self._turns:
                phase = (now - self.origin) / self.interval + self._draw() * spread
                self._turns[key] = turn = Turn(phase % 1.0)
                self._place(turn, now)
                self._set(key, turn)

    def drop(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._turns.pop(key, None)

    def keys(self) -> tuple[Key, ...]:
        return tuple(self._turns)

    def retime(self, interval: float, jitter: float, now: float) -> None:
        """Change the rate; every target keeps its phase."""
        if (interval, jitter) == (self.interval, self.jitter):
            return
        self.interval, self.jitter = interval, jitter
        self._alarms.clear()
        for key, turn in self._turns.items():
            self._place(turn, now)
            self._set(key, turn)

    def due(self, now: float, running: Container[Key]) -> Due[Key]:
        """Take the turns that have come; each target's next one lies after `now`."""
        start: list[tuple[float, Key]] = []
        skipped: list[Key] = []
        missed = 0
        for key, turn in self._come(now):
            if key in running:
                skipped.append(key)
            else:
                start.append((turn.at, key))
            taken = turn.number
            # At the very turn, rounding may place `now` a hair before it: never take one twice.
            self._place(turn, now, least=taken + 1)
            self._set(key, turn)
            missed += turn.number - taken - 1
        return Due(
            start=tuple(key for _, key in start),
            at=tuple(at for at, _ in start),
            running=tuple(skipped),
            missed=missed,
        )

    def next(self) -> float | None:
        """Say when the next turn comes; None without targets."""
        while self._alarms and not self._holds(self._alarms[0]):
            heappop(self._alarms)
        return self._alarms[0][0] if self._alarms else None

    def _come(self, now: float) -> list[tuple[Key, Turn]]:
        """Take the alarms that have come, the earliest first."""
        come = []
        while self._alarms and self._alarms[0][0] <= now:
            alarm = heappop(self._alarms)
            if self._holds(alarm):
                come.append((alarm[2], self._turns[alarm[2]]))
        return come

    def _holds(self, alarm: tuple[float, int, Key]) -> bool:
        turn = self._turns.get(alarm[2])
        return turn is not None and turn.alarm == alarm[1]

    def _set(self, key: Key, turn: Turn) -> None:
        self._alarm += 1
        turn.alarm = self._alarm
        heappush(self._alarms, (turn.at, turn.alarm, key))

    def _place(self, turn: Turn, now: float, least: float = -math.inf) -> None:
        """Move to the first turn, of those from `least` on, whose unmoved time is after `now`."""
        elapsed = (now - self.origin) / self.interval - turn.phase
        turn.number = int(max(math.floor(elapsed) + 1, least))
        moved = self._draw() * self.jitter
        turn.at = self.origin + (turn.number + turn.phase + moved) * self.interval
