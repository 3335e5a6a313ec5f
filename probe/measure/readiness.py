"""Waiting for sockets, many through one epoll of ours, of which the event loop sees one descriptor.

A probe waits once or twice for each socket and then throws it away. Adding a socket to a loop and
taking it out again costs more than the system calls of the whole connection do.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Awaitable
from typing import Protocol

if hasattr(select, "epoll"):
    READ, WRITE, ONCE = select.EPOLLIN, select.EPOLLOUT, select.EPOLLONESHOT
else:  # pragma: no cover — only where there is no epoll
    READ, WRITE, ONCE = 1, 4, 0


class Readiness(Protocol):
    def wait(self, number: int, event: int, *, first: bool) -> Awaitable[None]:
        """Wait until a descriptor is ready for READ or WRITE; `first` for a new descriptor."""
        ...


def readiness(loop: asyncio.AbstractEventLoop) -> Readiness:
    """Make what waits on this loop, as the system can."""
    return ByEpoll(loop) if hasattr(select, "epoll") else ByLoop(loop)


class ByEpoll:
    """A descriptor stays in the epoll, silent, until it is waited for again or closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        loop.add_reader(self._epoll.fileno(), self._wake)

    def wait(self, number: int, event: int, *, first: bool) -> asyncio.Future[None]:
        if first:
            self._epoll.register(number, event | ONCE)
        else:
            self._epoll.modify(number, event | ONCE)
        # One that was given up stays here until its number is waited for again.
        ready = self._waiting[number] = self._loop.create_future()
        return ready

    def _wake(self) -> None:
        for number, _ in self._epoll.poll(0):
            ready = self._waiting.pop(number, None)
            if ready is not None and not ready.done():
                ready.set_result(None)


class ByLoop:
    """As any event loop can."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    async def wait(self, number: int, event: int, *, first: bool) -> None:
        del first
        ready: asyncio.Future[None] = self._loop.create_future()
        reading = event == READ
        add = self._loop.add_reader if reading else self._loop.add_writer
        add(number, _set, ready)
        try:
            await ready
        finally:
            (self._loop.remove_reader if reading else self._loop.remove_writer)(number)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
