"""Namespaces without any system tool: whether they work here, entering them, starting processes in them."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import IO, Self

from probe.lab.kernel.sandbox import launcher
from probe.lab.kernel.sandbox.launcher import CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUSER

Output = int | IO[bytes] | None

OWN_NETWORK = "/proc/thread-self/ns/net"
"""/proc/self would show the thread group's leader."""
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1


class SandboxError(Exception):
    """Namespaces cannot be had; its str is one sentence with the reason."""


class Namespace:
    """A network namespace, held alive by a file descriptor and by nothing else."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def close(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def own() -> Namespace:
    """Hold the namespace that this thread is in."""
    return Namespace(os.open(OWN_NETWORK, os.O_RDONLY | os.O_CLOEXEC))


def new() -> Namespace:
    """Make a network namespace with `lo` up; the caller stays where it is."""
    with own() as home:
        launcher.unshare(CLONE_NEWNET)
        try:
            _raise_loopback()
            return own()
        finally:
            launcher.setns(home.fd, CLONE_NEWNET)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


@contextmanager
def inside(namespace: Namespace) -> Iterator[None]:
    """Be in the namespace, this thread only. Never await inside: make the socket, await outside."""
    with own() as home:
        launcher.setns(namespace.fd, CLONE_NEWNET)
        try:
            yield
        finally:
            launcher.setns(home.fd, CLONE_NEWNET)


# ── the sandbox ──────────────────────────────────────────────────────────────────────────────


def enter_sandbox() -> None:
    """Move this process into its own user (if needed), mount and EMPTY network namespaces.

    First thing in the process, while it has one thread; raises SandboxError. Empty is the safety
    belt: a mistake is ENETUNREACH and not traffic on the host's network.
    """
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        raise SandboxError("the sandbox must be entered before the process starts a thread")
    try:
        _unshare_all()
        launcher.private_mounts()
    except OSError as error:
        raise SandboxError(explain(error)) from error


def _unshare_all() -> None:
    try:
        launcher.unshare(CLONE_NEWNET | CLONE_NEWNS)
    except PermissionError:
        uid, gid = os.geteuid(), os.getegid()
        launcher.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS)
        _map_user(uid, gid)


def _map_user(uid: int, gid: int) -> None:
    """Root inside is the caller outside; without root inside, exec would drop the capabilities."""
    lines = {"setgroups": "deny", "uid_map": f"0 {uid} 1", "gid_map": f"0 {gid} 1"}
    for name, line in lines.items():
        Path(f"/proc/self/{name}").write_text(line, encoding="ascii")


def reason_not() -> str:
    """Why namespaces do not work here, in one sentence; empty where they do. Tried in a fork."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        _try_and_exit(write_end)
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as answer:
        reason = answer.read()
    _, status = os.waitpid(child, 0)
    if reason or status == 0:
        return reason
    return f"a trial of network namespaces ended with status {status}"


def _try_and_exit(answer: int) -> None:
    reason, status = "", 1
    try:
        reason = _trial()
        status = 0
    except BaseException as error:  # noqa: BLE001 — nothing of a forked child may get past here
        reason = f"network namespaces do not work here: {error!r}"
    finally:
        os.write(answer, reason.encode())
        os._exit(status)


def _trial() -> str:
    try:
        enter_sandbox()
        with new() as first, new() as second:
            _try_a_link(first, second)
    except SandboxError as error:
        return str(error)
    except ImportError:
        return "pyroute2 is not installed; `pip install worksforwhom[lab]` brings it"
    except OSError as error:
        return explain(error)
    return ""


def _try_a_link(first: Namespace, second: Namespace) -> None:
    from pyroute2 import IPRoute  # noqa: PLC0415 — belongs to the lab extra, and loads slowly
    from pyroute2.netlink.exceptions import NetlinkError  # noqa: PLC0415

    with inside(first):
        try:
            with IPRoute() as routes:
                routes.link(
                    "add", ifname="a", kind="veth", peer={"ifname": "b", "net_ns_fd": second.fd}
                )
        except NetlinkError as error:
            raise OSError(error.code, f"veth: {error}") from error
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW):
            pass


def explain(error: OSError) -> str:
    """Name the likeliest reason; what the machine says of itself comes before the bare errno."""
    facts = {
        "max_user_namespaces": _setting("/proc/sys/user/max_user_namespaces"),
        "unprivileged_userns_clone": _setting("/proc/sys/kernel/unprivileged_userns_clone"),
        "apparmor": _setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
    }
    if error.errno == errno.ENOSPC or facts["max_user_namespaces"] == "0":
        return "namespaces are used up or switched off here (user.max_user_namespaces, user.max_net_namespaces)"
    if facts["unprivileged_userns_clone"] == "0":
        return "user namespaces are closed to ordinary users here (kernel.unprivileged_userns_clone = 0)"
    if facts["apparmor"] == "1":
        return "AppArmor restricts user namespaces here (kernel.apparmor_restrict_unprivileged_userns = 1)"
    if _filtered():
        return f"a seccomp filter, as containers have, forbids namespaces here ({error})"
    return f"network namespaces do not work here ({error})"


def _setting(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _filtered() -> bool:
    status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    return "Seccomp:\t2" in status


# ── processes ────────────────────────────────────────────────────────────────────────────────


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

    Main thread only (the death signal follows the thread that started it). /etc/resolv.conf shows
    `resolv_conf` there, and the host's own resolvers are out of reach. Exit status 126 and a line
    on stderr where it could not be started.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("processes of the lab are started from the main thread")
    resolver = "" if resolv_conf is None else str(prepared(resolv_conf))
    prefix = [sys.executable, "-I", "-S", launcher.__file__]
    return Popen(  # noqa: S603 — our own command lines, no shell
        [*prefix, str(os.getpid()), str(namespace.fd), resolver, *argv],
        pass_fds=(namespace.fd, *pass_fds),
        env=env,
        stdin=DEVNULL,
        stdout=stdout,
        stderr=stderr,
    )


def prepared(resolv_conf: Path) -> Path:
    """A name service switch beside it that asks DNS alone, whatever the host's asks first."""
    beside = resolv_conf.with_name(f"{resolv_conf.name}.nsswitch")
    if not beside.exists():
        beside.write_text("passwd: files\ngroup: files\nhosts: files dns\n", encoding="ascii")
    return resolv_conf
