"""The network seam: `Dialer`, `Stream`, `Datagrams`; the only user of sockets.

It neither resolves names, nor retries, nor races. An address is always a literal.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import ClassVar, Protocol

from probe.clock import unix
from probe.measure.hops import limit_hops, reporter
from probe.measure.readiness import READ, WRITE, Readiness, readiness
from probe.measure.stamp import INFO_BYTES, LINUX, SPACE, STAMP_ARRIVALS, Stamps

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_LARGEST_DATAGRAM = 65535
_SETTLED = 2
"""Writes after which nothing is left to be set."""


class Stream(Protocol):
    """Bytes both ways. Errors are the kernel's OSError, with their errno."""

    received: int
    """Bytes that came, whether or not they could be read."""
    stamps: Stamps
    """How late they were read."""

    @property
    def source_port(self) -> int: ...

    async def read(self, most: int) -> bytes:
        """Read what there is; empty at the peer's clean end."""
        ...

    async def write(self, data: bytes) -> None: ...

    def close(self) -> None:
        """End it at once, with a RST where the kernel still holds it; harmless when closed."""
        ...


class Datagrams(Protocol):
    """Datagrams to and from one peer."""

    stamps: Stamps

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes: ...

    def close(self) -> None: ...


class Dialer(Protocol):
    async def connect(self, address: str, port: int) -> Stream:
        """Open a TCP connection from a new source port."""
        ...

    async def expire(self, address: str, port: int, hops: int) -> str:
        """Ask for a connection with packets that end after so many hops, and close it.

        Give the address of the router where they did; empty where the peer itself was reached.
        Raises what `connect` raises.
        """
        ...

    def datagrams(self, address: str, port: int) -> Datagrams:
        """Open a UDP socket that hears only this peer."""
        ...


class SystemDialer:
    """The kernel's network. One serves one event loop at a time."""

    def __init__(self, unix: Callable[[], float] = unix) -> None:
        """Take the system's wall clock, by which the kernel stamps what arrives."""
        self._unix = unix
        self._loop: asyncio.AbstractEventLoop | None = None
        self._readiness: Readiness

    async def connect(self, address: str, port: int) -> Stream:
        family, destination = _destination(address, port)
        stream = _SocketStream(family, *self._means())
        try:
            if stream.begin(destination):
                await stream.answer()
            stream.settle()
        except BaseException:
            stream.kernel.close()
            raise
        return stream

    async def expire(self, address: str, port: int, hops: int) -> str:
        family, destination = _destination(address, port)
        stream = _SocketStream(family, *self._means())
        try:
            limit_hops(stream.kernel, hops)
            if stream.begin(destination):
                await stream.answer()
            stream.settle()
        except OSError as error:
            if router := reporter(stream.kernel, error):
                return router
            raise
        finally:
            stream.kernel.close()
        return ""

    def datagrams(self, address: str, port: int) -> Datagrams:
        family, destination = _destination(address, port)
        opened = _SocketDatagrams(family, *self._means())
        try:
            opened.kernel.connect(destination)
        except BaseException:
            opened.kernel.close()
            raise
        return opened

    def _means(self) -> tuple[Readiness, Callable[[], float]]:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._readiness = loop, readiness(loop)
        return self._readiness, self._unix


class _Socket:
    """One of the kernel's that blocks nobody.

    The loop's own `sock_…` calls cost several times the system calls they make.
    """

    __slots__ = ("_fresh", "_ready", "_unix", "_written", "kernel", "received", "stamps")

    KIND: ClassVar[socket.SocketKind]

    def __init__(
        self, family: socket.AddressFamily, ready: Readiness, unix: Callable[[], float]
    ) -> None:
        self.kernel, self._ready, self._unix = _unblocking(family, self.KIND), ready, unix
        self._fresh, self._written = True, 0
        self.stamps = self._stamped()
        self.received = 0

    async def read(self, most: int) -> bytes:
        """Wait first: hardly ever is an answer there when one begins to read."""
        while True:
            await self._wait(READ)
            try:
                data, notes, _, _ = self.kernel.recvmsg(most, SPACE)
            except BlockingIOError:  # a datagram whose checksum was wrong, say
                continue
            self.stamps.came(notes, self._unix())
            self.received += len(data)
            return data

    async def write(self, data: bytes) -> None:
        if self._written < _SETTLED:
            self._written += 1
            self._prepare(self._written)
        self.stamps.went()
        while data:
            try:
                data = data[self.kernel.send(data) :]
            except BlockingIOError:
                await self._wait(WRITE)

    def close(self) -> None:
        self.kernel.close()

    def _stamped(self) -> Stamps:
        return Stamps()

    def _prepare(self, write: int) -> None:
        """Set what matters from that write on: a mere connection does without."""
        if write == 1 and _arrivals_are_stamped():
            self.kernel.setsockopt(socket.SOL_SOCKET, STAMP_ARRIVALS, 1)

    def _wait(self, event: int) -> Awaitable[None]:
        first, self._fresh = self._fresh, False
        return self._ready.wait(self.kernel.fileno(), event, first=first)


class _SocketStream(_Socket):
    __slots__ = ("source_port",)

    KIND = socket.SOCK_STREAM
    source_port: int

    def begin(self, destination: tuple[str | int, ...]) -> bool:
        """Ask for a connection; tell whether its answer is still to come. Raises OSError."""
        error = self.kernel.connect_ex(destination)
        if error and error != errno.EINPROGRESS:
            raise OSError(error, os.strerror(error))
        return error != 0

    def answer(self) -> Awaitable[None]:
        """Wait for it; by itself that is a frame less to wake than in a coroutine of its own."""
        return self._wait(WRITE)

    def settle(self) -> None:
        """Read what came of it. Raises OSError where it does not stand."""
        if not self.stamps.made():
            error = self.kernel.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, os.strerror(error))
        self.source_port = self.kernel.getsockname()[1]

    def close(self) -> None:
        # A RST leaves no TIME_WAIT behind, here or in a middlebox that tracks flows: with
        # hundreds of probes a minute the source ports would run out, and a half-closed flow
        # would keep residual blocking alive.
        kernel = self.kernel
        if kernel.fileno() >= 0:
            kernel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            kernel.close()

    def _stamped(self) -> Stamps:
        # Not by a method of ours: that would be a circle, for the collector to find.
        return Stamps(partial(_info, self.kernel))

    def _prepare(self, write: int) -> None:
        # Only a second write would be held back until the first is acknowledged (RFC 9293, 3.7.4).
        if write == _SETTLED:
            self.kernel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            super()._prepare(write)


class _SocketDatagrams(_Socket):
    __slots__ = ()

    KIND = socket.SOCK_DGRAM
    send = _Socket.write

    async def receive(self) -> bytes:
        return await self.read(_LARGEST_DATAGRAM)


def _info(kernel: socket.SocketType) -> bytes:
    try:
        return kernel.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, INFO_BYTES)
    except (AttributeError, OSError):  # no such thing here, or the connection is gone
        return b""


def _unblocking(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.SocketType:
    """Make a bare one: what the class above it adds costs as much as a system call, twice."""
    if LINUX:  # both in one system call
        return socket.SocketType(family, kind | socket.SOCK_NONBLOCK)
    made = socket.SocketType(family, kind)
    made.setblocking(False)  # noqa: FBT003 — its only form
    return made


@cache
def _arrivals_are_stamped() -> bool:
    """Tell whether the kernel stamps what arrives; if so, see to it that it goes on.

    One descriptor that wants stamps is held as long as the process lives: with the last one closed
    the kernel would stop, and begin again with the next probe. It patches its own code for that,
    on all processors, and what comes meanwhile has no stamp.
    """
    if not LINUX:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kept:
        try:
            kept.setsockopt(socket.SOL_SOCKET, STAMP_ARRIVALS, 1)
        except OSError:
            return False
        kept.detach()
    return True


def _destination(address: str, port: int) -> tuple[socket.AddressFamily, tuple[str | int, ...]]:
    # Anything but a literal would be looked up by the system, out of sight.
    if ":" not in address:
        socket.inet_pton(socket.AF_INET, address)
        return socket.AF_INET, (address, port)
    plain, _, zone = address.partition("%")
    socket.inet_pton(socket.AF_INET6, plain)
    return socket.AF_INET6, (plain, port, 0, socket.if_nametoindex(zone) if zone else 0)
