"""Which resolvers are asked: one that was named, or the system's, reread when they change."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import msgspec

from probe.measure.bogon import is_bogon

SYSTEM = "system"
RESOLV_CONF = Path("/etc/resolv.conf")

_PORT = 53
_PORTS = range(1, 65536)
_MOST = 3  # glibc's MAXNS


class Server(msgspec.Struct, frozen=True):
    address: str
    port: int = _PORT
    label: str = SYSTEM
    """What an observation says of it."""


class Resolver:
    """The servers to ask, in order. `text` is `system` or `address[:port]`; ValueError else."""

    def __init__(self, text: str, path: Path = RESOLV_CONF) -> None:
        self._named = () if text == SYSTEM else (named(text),)
        self._file = _File(path)

    def servers(self) -> tuple[Server, ...]:
        return self._named or self._file.servers()


@dataclass(slots=True)
class _File:
    path: Path
    read: tuple[int, ...] = ()
    found: tuple[Server, ...] = field(default=(Server("127.0.0.1"),))

    def servers(self) -> tuple[Server, ...]:
        """Read again only what has changed; an unreadable file keeps what was read before."""
        try:
            seen = self.path.stat()
            mark = (seen.st_mtime_ns, seen.st_ino, seen.st_size)
            if mark != self.read:
                self.found = parse(self.path.read_text("utf-8", "replace"))
                self.read = mark
        except OSError:
            pass
        return self.found


def parse(text: str) -> tuple[Server, ...]:
    """Read resolv.conf(5): its first three nameservers; without one, this host."""
    found = []
    for line in text.splitlines():
        words = line.split("#")[0].split(";")[0].split()
        if words[:1] == ["nameserver"] and _is_address("".join(words[1:2])):
            found.append(Server(words[1]))
    return tuple(found[:_MOST]) or (Server("127.0.0.1"),)


def named(text: str) -> Server:
    """Read `1.2.3.4`, `1.2.3.4:53`, `2001:db8::1` or `[2001:db8::1]:53`. Raises ValueError."""
    address, port = text, ""
    if text.startswith("["):
        address, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    if not _is_address(address) or (port and not port.isdecimal()) or int(port or 1) not in _PORTS:
        raise ValueError(f"{text!r} is not an address with an optional :port")
    label = "private" if is_bogon(address) else address
    return Server(address, int(port) if port else _PORT, label)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
