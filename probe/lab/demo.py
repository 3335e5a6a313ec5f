"""The demonstration: a service fails everywhere, then a country filters it, with the pages open."""

from __future__ import annotations

import errno
import socket
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from probe.lab.kernel import run as kernel
from probe.lab.kernel.sandbox.namespace import reason_not
from probe.lab.replay import replay
from probe.lab.result import News

SCENARIO = "demo"
RECORDING = Path(__file__).parent / "recordings" / "demo.jsonl.xz"
FIRST_PORT = 8420
PORTS_TRIED = 50
BACKLOG = 128


def listener(port: int | None = None) -> socket.socket:
    """Open a listening socket on loopback: the port asked for, or the first that is free.

    Raises OSError when the port asked for, or every one tried, is taken.
    """
    candidates = range(FIRST_PORT, FIRST_PORT + PORTS_TRIED) if port is None else (port,)
    for candidate in candidates:
        opened = _listening(candidate)
        if opened is not None:
            return opened
    raise OSError(errno.EADDRINUSE, f"port {candidates[0]} of 127.0.0.1 is taken or not allowed")


def address(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def obstacle(*, recorded: bool) -> str:
    """Why the run cannot be made here, in one sentence; empty where it can."""
    return "recorded measurements were asked for" if recorded else reason_not()


def play(listening: socket.socket, *, recorded: bool, keep: bool) -> Generator[News, None, None]:
    """Play the demonstration; the last news is Done or Failed. Closing the iterator ends it."""
    with closing(listening):
        if recorded:
            yield from replay(RECORDING, listening.fileno(), address(listening), keep=keep)
        else:
            options = kernel.Options(pages=listening.fileno(), keep=keep)
            yield from kernel.run(SCENARIO, options)


def _listening(port: int) -> socket.socket | None:
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind(("127.0.0.1", port))
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            return None
        raise
    return opened
