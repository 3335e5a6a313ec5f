"""Namespaces without any system tool: whether they work here, entering them, starting processes in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import IO

Output = int | IO[bytes] | None


class SandboxError(Exception):
    """Namespaces cannot be had; its str is one sentence with the reason."""


class Namespace:
    """A network namespace, held alive by a file descriptor and by nothing else."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def close(self) -> None:
        raise NotImplementedError


def reason_not() -> str:
    """Why namespaces do not work here, in one sentence; empty where they do. Tried in a fork."""
    raise NotImplementedError


def enter_sandbox() -> None:
    """Move this process into its own user (if needed), mount and EMPTY network namespaces.

    First thing in the process, while it has one thread; raises SandboxError.
    """
    raise NotImplementedError


def new() -> Namespace:
    """Make a network namespace with `lo` up; the caller stays where it is."""
    raise NotImplementedError


@contextmanager
def inside(namespace: Namespace) -> Iterator[None]:
    """Be in the namespace, this thread only. Never await inside: make the socket, await outside."""
    raise NotImplementedError
    yield


def spawn(  # noqa: PLR0913 — what a process needs to be told is what it is
    argv: Sequence[str],
    namespace: Namespace,
    *,
    resolv_conf: Path | None = None,
    pass_fds: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
    stdout: Output = None,
    stderr: Output = None,
) -> Popen[bytes]:
    """Start a process there, with its own mount namespace; it dies when this process dies.

    Main thread only (PDEATHSIG follows the thread). /etc/resolv.conf shows `resolv_conf` there.
    """
    raise NotImplementedError
