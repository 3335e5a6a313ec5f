"""Measurements between measuring and the spool, which takes them from a thread, many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from probe.model import Measurement

MOST = 1000
"""What may wait; one more is dropped and counted."""
AT_ONCE = 500
GATHER_SECONDS = 0.2
"""How long a measurement may wait for others before it is spooled: what a kill can take."""


class Keeper(Protocol):
    def put(self, measurements: Sequence[Measurement]) -> int:
        """Keep them, blocking."""
        ...


class Outbox:
    """A list and two events: asyncio's queue costs more than encoding what goes through it."""

    def __init__(self, spool: Keeper, stop: asyncio.Event) -> None:
        """Take who keeps them, and what ends the waiting for more."""
        self._spool, self._stop = spool, stop
        self._held: list[Measurement] = []
        self._some, self._none = asyncio.Event(), asyncio.Event()
        self._none.set()
        self.dropped = 0

    def add(self, measurement: Measurement) -> None:
        if len(self._held) >= MOST:
            self.dropped += 1
            return
        self._held.append(measurement)
        if not self._some.is_set():
            self._some.set()
            self._none.clear()

    async def run(self) -> None:
        """Hand them on, until cancelled."""
        while True:
            await self._some.wait()
            await self._gathering()
            batch, self._held = self._held[:AT_ONCE], self._held[AT_ONCE:]
            await asyncio.to_thread(self._spool.put, batch)
            if not self._held:
                self._some.clear()
                self._none.set()

    async def empty(self) -> None:
        """Wait until everything is kept."""
        await self._none.wait()

    async def _gathering(self) -> None:
        """Let more come: a transaction each, and the way to its thread, cost more than the rest."""
        if not self._stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER_SECONDS):
                    await self._stop.wait()
