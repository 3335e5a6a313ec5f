"""What the service manager is told: ready, reloading, alive, stopping (sd_notify(3)).

Without one nothing is told. The watchdog has no timer of its own: whoever does the work says
that it is alive, so that a stuck loop is started again.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Mapping

MICROSECONDS = 1_000_000


class Supervisor:
    """The service manager at the other end of a local socket, or nobody."""

    def __init__(self, address: str = "", watchdog: float | None = None) -> None:
        """Take a path or `@name` (abstract), and the seconds after which silence means a hang."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._every = watchdog / 2 if watchdog else math.inf
        self._following = -math.inf

    def ready(self, status: str) -> None:
        self._tell("READY=1", _status(status))

    def reloading(self, now: float) -> None:
        """Announce a reload; `now` is the monotonic clock's. `ready` ends it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={int(now * MICROSECONDS)}")

    def stopping(self) -> None:
        self._tell("STOPPING=1", _status("stopping"))

    def alive(self, now: float, status: Callable[[], str]) -> float:
        """Feed the watchdog where it is time, and say in how many seconds it is time again."""
        if math.isinf(self._every):
            return math.inf
        if now >= self._following:
            self._tell("WATCHDOG=1", _status(status()))
            self._following = now + self._every
        return self._following - now

    def _tell(self, *fields: str) -> None:
        """Send one datagram; whoever does not listen must not stop the work."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(0)
            try:
                sender.sendto("\n".join(fields).encode(), self._address)
            except OSError:
                return


def from_environment(environment: Mapping[str, str], pid: int) -> Supervisor:
    """Find who started this process, by what sd_notify(3) and sd_watchdog_enabled(3) lay down."""
    period = environment.get("WATCHDOG_USEC", "")
    ours = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
    watchdog = int(period) / MICROSECONDS if ours and period.isdecimal() else None
    return Supervisor(environment.get("NOTIFY_SOCKET", ""), watchdog)


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())}"
