"""One lab at a time on a machine: two starve each other, and a starved lab judges its own lag."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Generator

from probe.lab.result import News, Phase

NAME = b"\0worksforwhom-lab"
"""An abstract Unix socket: no file is left, and the kernel frees it with its holder."""
POLL_SECONDS = 0.5


def take(name: bytes = NAME) -> socket.socket | None:
    """Take the machine's turn until the socket is closed; None while another lab has it."""
    turn = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        turn.bind(name)
    except OSError as error:
        turn.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return turn


def wait(name: bytes = NAME) -> Generator[News, None, socket.socket]:
    """Wait for the turn, and say once that it is waited for."""
    turn = take(name)
    if turn is None:
        yield Phase(text="another lab runs on this machine; this one begins when it has ended")
    while turn is None:
        time.sleep(POLL_SECONDS)
        turn = take(name)
    return turn
