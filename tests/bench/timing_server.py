"""The far side of `timing.py`, in a process of its own: pages that say how long they were held back.

    python tests/bench/timing_server.py FOLDER MILLISECONDS

Writes FOLDER/ca.pem, says its two ports (HTTP, HTTPS) as JSON on one line, and serves until it is
killed. A page's X-Timer has the microseconds from the kernel's receipt of the request to the
moment before the answer is handed to the kernel: how late this process was is in it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import trustme

STAMP_ARRIVALS = 35
BODY = b"<!doctype html><title>A page</title><p>What a small page says.</p>"
PAGE = b"HTTP/1.1 200 OK\r\nX-Timer: %d\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"


class Held:
    """Takes connections by hand: a transport would hide when the request came."""

    def __init__(self, held: float) -> None:
        self.held = held
        self.loop = asyncio.get_running_loop()
        self.kernel = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.kernel.setblocking(False)  # noqa: FBT003 — its only form
        self.kernel.setsockopt(socket.SOL_SOCKET, STAMP_ARRIVALS, 1)
        self.loop.add_reader(self.kernel, self.accept)

    def accept(self) -> None:
        try:
            while True:
                made, _ = self.kernel.accept()
                made.setblocking(False)  # noqa: FBT003 — its only form
                self.loop.add_reader(made, self.read, made)
        except BlockingIOError:
            pass

    def read(self, made: socket.socket) -> None:
        try:
            data, notes, _, _ = made.recvmsg(65536, 64)
        except ConnectionError:
            data, notes = b"", []
        if data and notes:
            seconds, nanoseconds = struct.unpack("@ll", notes[0][2])
            self.loop.call_later(self.held, self.answer, made, seconds * 10**9 + nanoseconds)
        elif not data:
            self.loop.remove_reader(made)
            made.close()

    def answer(self, made: socket.socket, came: int) -> None:
        held = (time.time_ns() - came) // 1000  # in nanoseconds it could be read as an address
        made.send(PAGE % (held, len(BODY), BODY))


class Page(asyncio.Protocol):
    """Answers at once, under TLS."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, _: bytes) -> None:
        self.transport.write(PAGE % (0, len(BODY), BODY))
        self.transport.close()


def tls(folder: Path) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


async def main(folder: Path, held: float) -> None:
    loop = asyncio.get_running_loop()
    secured = await loop.create_server(Page, "127.0.0.1", 0, ssl=tls(folder), backlog=4096)
    plain = Held(held)
    ports = [plain.kernel.getsockname()[1], secured.sockets[0].getsockname()[1]]
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 — where it is installed
    except ImportError:
        return asyncio.new_event_loop
    loops: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return loops


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=factory()) as runner:
        runner.run(main(Path(sys.argv[1]), float(sys.argv[2]) / 1000))
