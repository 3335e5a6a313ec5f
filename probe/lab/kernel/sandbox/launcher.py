"""The system calls Python 3.11 lacks, and, run as a script, what happens between fork and exec.

It runs on a bare interpreter (`python -I -S`), in 10 ms, so it imports the standard library alone.
"""

# pathlib would double the time to start:
# ruff: noqa: PTH103, PTH110, PTH112, PTH120, PTH123

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18
PR_SET_PDEATHSIG = 1
CANNOT_START = 126

RESOLV_CONF = "/etc/resolv.conf"
NSSWITCH = "/etc/nsswitch.conf"
HOST_RESOLVERS = ("/run/nscd", "/run/systemd/resolve")
"""Sockets by path reach the host's own resolver through any network namespace: hidden."""

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: int | bytes | None) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def unshare(flags: int) -> None:
    _call("unshare", flags)


def setns(fd: int, kind: int) -> None:
    _call("setns", fd, kind)


def mount(source: str, target: str, kind: str = "", flags: int = 0) -> None:
    _call("mount", os.fsencode(source), os.fsencode(target), kind.encode() or None, flags, None)


def private_mounts() -> None:
    """Own mount namespace; what is mounted in it shows nowhere else."""
    unshare(CLONE_NEWNS)
    mount("none", "/", "", MS_REC | MS_PRIVATE)


def die_with(parent: int) -> None:
    """Be killed when the parent (its thread that started us) ends, however it ends."""
    _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call
        os.kill(os.getpid(), signal.SIGKILL)


def show_file(source: str, target: str) -> None:
    """Bind the file over the target, also where that is a symlink to nowhere."""
    place = os.path.realpath(target)
    if not os.path.exists(place):
        folder = os.path.dirname(place)
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        if folder in {"/", "/etc"}:
            raise FileNotFoundError(f"{target} does not exist, so it cannot be replaced")
        mount("none", folder, "tmpfs")
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "xb"):
            pass
    mount(source, place, "", MS_BIND)


def _own_resolver(resolv_conf: str) -> None:
    resolv_conf = os.path.realpath(resolv_conf)
    for folder in HOST_RESOLVERS:
        if os.path.isdir(folder) and not resolv_conf.startswith(folder):
            mount("none", folder, "tmpfs")
    show_file(resolv_conf, RESOLV_CONF)
    nsswitch = f"{resolv_conf}.nsswitch"
    if os.path.exists(nsswitch) and os.path.exists(NSSWITCH):
        with suppress(OSError):
            show_file(nsswitch, NSSWITCH)


def settle(parent: int, network: int, resolv_conf: str) -> None:
    """Be in that network namespace, with mounts of one's own, as long as the parent lives."""
    die_with(parent)
    setns(network, CLONE_NEWNET)
    os.close(network)
    private_mounts()
    if resolv_conf:
        _own_resolver(resolv_conf)


def launch(parent: int, network: int, resolv_conf: str, argv: list[str]) -> None:
    """Become that program in that network namespace; returns never, or raises OSError."""
    settle(parent, network, resolv_conf)
    os.execvp(argv[0], argv)  # noqa: S606 — the orchestrator's own command, no shell


if __name__ == "__main__":
    try:
        launch(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
    except OSError as error:
        sys.stderr.write(f"{sys.argv[4]} did not start: {error}\n")
        sys.exit(CANNOT_START)
