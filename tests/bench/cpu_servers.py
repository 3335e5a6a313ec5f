"""The far side of `cpu.py`, in a process of its own: TCP, HTTP, HTTPS, DNS, and an intake.

    python tests/bench/cpu_servers.py FOLDER

Writes FOLDER/ca.pem, says its five ports as JSON on one line, and serves until it is killed.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import ssl
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import trustme
from aiohttp import web

BODY = b"<!doctype html><title>A page</title>" + b"<p>What a small page says.</p>" * 32
PAGE = (
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Cache-Control: no-store\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
RECORD = struct.pack("!HHHIH4B", 0xC00C, 1, 1, 60, 4, 93, 184, 215, 14)
"""An A record of the name in the question."""
ANSWERS = struct.pack("!H4H", 0x8180, 1, 1, 0, 0)
HEADER = 12
BACKLOG = 1024


class Silent(asyncio.Protocol):
    """Takes connections and says nothing."""


class Page(asyncio.Protocol):
    """Answers any request with one page, then ends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.got = b""

    def data_received(self, data: bytes) -> None:
        self.got += data
        if self.got.endswith(b"\r\n\r\n"):
            self.transport.write(PAGE)
            self.transport.close()


class Resolver(asyncio.DatagramProtocol):
    """Answers any question with one address."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = data[HEADER : data.index(b"\0", HEADER) + 5]
        self.transport.sendto(data[:2] + ANSWERS + question + RECORD, addr)


async def intake(request: web.Request) -> web.Response:
    count = gzip.decompress(await request.read()).count(b"\n")
    return web.json_response({"accepted": count, "duplicate": 0, "refused": []})


def tls(folder: Path) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


async def listening(
    protocol: Callable[[], asyncio.Protocol], context: ssl.SSLContext | None = None
) -> int:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context, backlog=BACKLOG)
    return int(server.sockets[0].getsockname()[1])


async def main(folder: Path) -> None:
    loop = asyncio.get_running_loop()
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    made.bind(("127.0.0.1", 0))
    await loop.create_datagram_endpoint(Resolver, sock=made)
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/api/v1/measurements", intake)
    runner = web.AppRunner(app, auto_decompress=False, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ports = {
        "tcp": await listening(Silent),
        "http": await listening(Page),
        "https": await listening(Page, tls(folder)),
        "dns": made.getsockname()[1],
        "intake": runner.addresses[0][1],
    }
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(main(Path(sys.argv[1])))
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop_runner:
            loop_runner.run(main(Path(sys.argv[1])))
