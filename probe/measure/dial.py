"""The network seam: `Dialer`, `Stream`, `Datagrams`; the only user of sockets.

It neither resolves names, nor retries, nor races. An address is always a literal.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from typing import Protocol

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_LARGEST_DATAGRAM = 65535


class Stream(Protocol):
    """Bytes both ways. Errors are the kernel's OSError, with their errno."""

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

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes: ...

    def close(self) -> None: ...


class Dialer(Protocol):
    async def connect(self, address: str, port: int) -> Stream:
        """Open a TCP connection from a new source port."""
        ...

    def datagrams(self, address: str, port: int) -> Datagrams:
        """Open a UDP socket that hears only this peer."""
        ...


class SystemDialer:
    """The kernel's network."""

    async def connect(self, address: str, port: int) -> Stream:
        family, destination = _destination(address, port)
        opened = socket.socket(family, socket.SOCK_STREAM)
        try:
            opened.setblocking(False)  # noqa: FBT003 — its only form
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await _connected(opened, destination)
        except BaseException:
            opened.close()
            raise
        return _SocketStream(opened)

    def datagrams(self, address: str, port: int) -> Datagrams:
        family, destination = _destination(address, port)
        opened = socket.socket(family, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)  # noqa: FBT003 — its only form
            opened.connect(destination)
        except BaseException:
            opened.close()
            raise
        return _SocketDatagrams(opened)


class _SocketStream:
    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self.source_port: int = opened.getsockname()[1]

    async def read(self, most: int) -> bytes:
        return await _received(self._socket, most)

    async def write(self, data: bytes) -> None:
        await _sent(self._socket, data)

    def close(self) -> None:
        # A RST leaves no TIME_WAIT behind, here or in a middlebox that tracks flows: with
        # hundreds of probes a minute the source ports would run out, and a half-closed flow
        # would keep residual blocking alive.
        if self._socket.fileno() >= 0:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._socket.close()


class _SocketDatagrams:
    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened

    async def send(self, data: bytes) -> None:
        await _sent(self._socket, data)

    async def receive(self) -> bytes:
        return await _received(self._socket, _LARGEST_DATAGRAM)

    def close(self) -> None:
        self._socket.close()


# The loop's own `sock_…` calls cost twice the system calls they make: they resolve literal
# addresses once more, and wait where nothing need be waited for.


async def _connected(opened: socket.socket, destination: tuple[str | int, ...]) -> None:
    error = opened.connect_ex(destination)
    if error == errno.EINPROGRESS:
        loop, number = asyncio.get_running_loop(), opened.fileno()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_writer(number, _wake, ready)
        try:
            await ready
        finally:
            loop.remove_writer(number)
        error = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))


async def _received(opened: socket.socket, most: int) -> bytes:
    """Wait first: hardly ever is an answer there when one begins to read."""
    loop, number = asyncio.get_running_loop(), opened.fileno()
    while True:
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(number, _wake, ready)
        try:
            await ready
        finally:
            loop.remove_reader(number)
        try:
            return opened.recv(most)
        except BlockingIOError:  # a datagram whose checksum was wrong, say
            continue


async def _sent(opened: socket.socket, data: bytes) -> None:
    try:
        sent = opened.send(data)
    except BlockingIOError:
        sent = 0
    if sent < len(data):
        await asyncio.get_running_loop().sock_sendall(opened, data[sent:])


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _destination(address: str, port: int) -> tuple[socket.AddressFamily, tuple[str | int, ...]]:
    # Anything but a literal would be looked up by the system, out of sight.
    if ":" not in address:
        socket.inet_pton(socket.AF_INET, address)
        return socket.AF_INET, (address, port)
    plain, _, zone = address.partition("%")
    socket.inet_pton(socket.AF_INET6, plain)
    return socket.AF_INET6, (plain, port, 0, socket.if_nametoindex(zone) if zone else 0)
