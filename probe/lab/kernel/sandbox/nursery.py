"""Agents, each forked from one process that has imported everything they need.

A lab starts dozens at once, and what an agent imports takes two thirds of a second of a
processor: time that the agents which run already are measured in. What runs is `probe agent`
itself, in a process, a network namespace and mounts of its own.

Run as a script it is that process: `NUMBER`, a socket over which its orders come.
"""

from __future__ import annotations

import fcntl
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from subprocess import TimeoutExpired
from typing import IO

import msgspec

from probe.lab.kernel.sandbox import launcher
from probe.lab.kernel.sandbox.namespace import Namespace, prepared, spawn

NEEDED = ("probe.agent", "probe.config.load", "uvloop")
"""What an agent imports; the last only where it is installed."""
MOST_SOCKETS = 16
ORDER_BYTES = 65536


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Begin an agent. With it come its network namespace, its log and its sockets, as descriptors."""

    config: str
    """A path."""
    resolv_conf: str
    handed: tuple[int, ...] = ()
    """What number each socket shall have: the agent's configuration names it."""


class Born:
    """An agent's process, which is no child of this one: it is held by its pidfd."""

    def __init__(self, pid: int, handle: int) -> None:
        self.pid = pid
        self._handle = handle

    def poll(self) -> bool | None:
        """True once it has ended, else None: its exit status is its parent's to know."""
        return True if self._ended(0) else None

    def wait(self, timeout: float | None = None) -> None:
        """Return when it has ended; raises TimeoutExpired."""
        if not self._ended(timeout):
            raise TimeoutExpired("probe agent", timeout or 0)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)

    def _ended(self, seconds: float | None) -> bool:
        return bool(select.select([self._handle], [], [], seconds)[0])

    def __del__(self) -> None:
        os.close(self._handle)


class Nursery:
    """The parent of all agents of a lab; they die with it, and it with this process."""

    def __init__(self, place: Namespace, env: Mapping[str, str], log: Path) -> None:
        """Start it (main thread only); it gets ready while others work."""
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        with theirs, log.open("ab") as output:
            self._process = spawn(
                command, place, pass_fds=(theirs.fileno(),), env=env, stdout=output, stderr=output
            )

    def bear(
        self, config: Path, namespace: Namespace, handed: Sequence[int], log: IO[bytes]
    ) -> Born:
        """Start an agent; raises ConnectionError where there is no nursery any more."""
        resolver = prepared(config.with_name("resolv.conf"))
        order = Order(config=str(config), resolv_conf=str(resolver), handed=tuple(handed))
        descriptors = [namespace.fd, log.fileno(), *handed]
        said, handles = self._asked(msgspec.json.encode(order), descriptors)
        if not said:
            raise ConnectionError("the process that agents come from is gone; its log says why")
        return Born(int(said), handles[0])

    def _asked(self, order: bytes, descriptors: Sequence[int]) -> tuple[bytes, list[int]]:
        try:
            socket.send_fds(self._line, [order], descriptors)
        except BrokenPipeError:
            return b"", []
        said, handles, *_ = socket.recv_fds(self._line, ORDER_BYTES, 1)
        return said, handles

    def stop(self) -> None:
        """End it, and every agent that still runs."""
        self._line.close()
        self._process.wait()


# ── the process itself ───────────────────────────────────────────────────────────────────────


def _warm() -> None:
    for name in NEEDED:
        with suppress(ModuleNotFoundError):
            import_module(name)


def _serve(line: socket.socket) -> Order | None:
    """Fork for each order, and return in each child what it is to be; None when no more come."""
    parent = os.getpid()
    while True:
        said, descriptors, *_ = socket.recv_fds(line, ORDER_BYTES, 2 + MOST_SOCKETS)
        if not said:
            return None
        _reap()
        order = msgspec.json.decode(said, type=Order)
        pid = os.fork()
        if pid == 0:
            line.close()
            _settle(parent, order, *descriptors)
            return order
        _answer(line, pid)
        for descriptor in descriptors:
            os.close(descriptor)


def _answer(line: socket.socket, pid: int) -> None:
    handle = os.pidfd_open(pid)
    socket.send_fds(line, [str(pid).encode()], [handle])
    os.close(handle)


def _reap() -> None:
    """Forget those that have ended. None is reaped before its handle is out: it keeps its number."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _settle(parent: int, order: Order, network: int, log: int, *sockets: int) -> None:
    """Be where the order says, with one's own log and sockets, as after an exec."""
    for standard in (sys.stdout, sys.stderr):
        os.dup2(log, standard.fileno())
    os.close(log)
    try:
        launcher.settle(parent, network, order.resolv_conf)
    except OSError as error:
        sys.stderr.write(f"probe agent did not start: {error}\n")
        sys.exit(launcher.CANNOT_START)
    renumber(sockets, order.handed)


def renumber(held: Sequence[int], numbers: Sequence[int]) -> None:
    """Give the descriptors these numbers, which may be each other's."""
    above = max(numbers, default=0) + 1
    aside = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, above) for each in held]
    for each in held:
        os.close(each)
    for each, number in zip(aside, numbers, strict=True):
        os.dup2(each, number)
        os.close(each)


def main() -> None:
    _warm()
    order = _serve(socket.socket(fileno=int(sys.argv[1])))
    if order is not None:
        sys.argv[1:] = ["agent", order.config]
        runpy.run_module("probe", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
