"""Where a server of ours listens: `host:port`, `[v6]:port`, or `fd:N`, a socket that was handed over."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

SHUTDOWN_SECONDS = 5.0
"""How long requests that are under way may take to finish once a server closes."""
KEEPALIVE_SECONDS = 75.0
HIGHEST_PORT = 65535
PORT = re.compile(r"[0-9]{1,5}")


class ListenError(OSError):
    """The address is malformed, taken or not ours; its text is one sentence for the operator."""


@dataclass(frozen=True)
class Tcp:
    host: str
    """Empty for every address of this machine."""
    port: int


@dataclass(frozen=True)
class Inherited:
    descriptor: int


def parse(address: str) -> Tcp | Inherited:
    """Read a `listen` value; raises ListenError for any other form."""
    head, colon, tail = address.rpartition(":")
    bracketed = head.startswith("[") and head.endswith("]")
    number = int(tail) if PORT.fullmatch(tail) else HIGHEST_PORT + 1
    if not colon or number > HIGHEST_PORT or (":" in head and not bracketed):
        raise ListenError(
            f"{address!r} is no address to listen on; write host:port, [v6]:port or fd:N"
        )
    if head == "fd":
        return Inherited(number)
    return Tcp(head[1:-1] if bracketed else head, number)


def runner(app: web.Application) -> web.AppRunner:
    """Wrap an application the way all of ours are served: bodies as they came, no access log."""
    return web.AppRunner(
        app,
        access_log=None,
        # The intake inflates by itself, under a cap; aiohttp would do it first.
        auto_decompress=False,
        keepalive_timeout=KEEPALIVE_SECONDS,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )


async def listen(
    server: web.AppRunner, address: str, ssl_context: ssl.SSLContext | None = None
) -> list[str]:
    """Start serving on an address and say what was bound, as `host:port`.

    Sets the runner up where that is still to do. Raises ListenError.
    """
    place = parse(address)
    if server.server is None:
        await server.setup()
    before = set(server.addresses)
    try:
        await _site(server, place, ssl_context).start()
    except (OSError, OverflowError) as error:
        raise ListenError(_sentence(address, error)) from error
    return [_written(bound) for bound in server.addresses if bound not in before]


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def streams(serve: Serve, address: str, limit: int) -> asyncio.Server:
    """Start serving bare connections on an address. Raises ListenError."""
    place = parse(address)
    try:
        match place:
            case Tcp(host, port):
                return await asyncio.start_server(serve, host or None, port, limit=limit)
            case Inherited(descriptor):
                handed = socket.socket(fileno=descriptor)
                return await asyncio.start_server(serve, sock=handed, limit=limit)
    except (OSError, OverflowError) as error:
        raise ListenError(_sentence(address, error)) from error


async def datagrams(speaking: asyncio.DatagramProtocol, host: str, port: int) -> None:
    """Start serving datagrams at an address; those of IPv6 alone, as streams. Raises ListenError."""
    own = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        own.setblocking(False)  # noqa: FBT003 — its only form
        if own.family is socket.AF_INET6:
            own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        own.bind((host, port))
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: speaking, sock=own)
    except OSError as error:
        own.close()
        where = f"UDP {_written((host, port))}"
        raise ListenError(_sentence(where, error)) from error


def _site(
    server: web.AppRunner, place: Tcp | Inherited, ssl_context: ssl.SSLContext | None
) -> web.BaseSite:
    match place:
        case Tcp(host, port):
            return web.TCPSite(server, host or None, port, ssl_context=ssl_context)
        case Inherited(descriptor):
            handed = socket.socket(fileno=descriptor)
            return web.SockSite(server, handed, ssl_context=ssl_context)


REASONS = {
    errno.EADDRINUSE: "it is taken by another program; choose another port or stop that program",
    errno.EADDRNOTAVAIL: "this machine has no such address; use one of its own, or 127.0.0.1",
    errno.EACCES: "it needs more rights; choose a port from 1024 on",
    errno.EBADF: "no such file descriptor was handed over",
    errno.ENOTSOCK: "that file descriptor is no socket",
}


def _sentence(address: str, error: OSError | OverflowError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, socket.gaierror):
        return f"cannot listen on {address}: the host name is not known; write an address"
    known = REASONS.get(number or 0)
    return f"cannot listen on {address}: {known or os.strerror(number or errno.EINVAL)}"


def _written(bound: Sequence[str | int] | str) -> str:
    if isinstance(bound, str):
        return bound
    host, port = bound[0], bound[1]
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
