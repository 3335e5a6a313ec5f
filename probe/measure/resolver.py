"""Which resolvers are asked: one that was named, or the system's, reread when they change."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

import msgspec

from probe.config import form
from probe.measure.bogon import is_bogon
from probe.model import ENCRYPTED, Transport

SYSTEM = "system"
RESOLV_CONF = Path("/etc/resolv.conf")

PORTS = {Transport.UDP: 53, Transport.TCP: 53, Transport.TLS: 853, Transport.HTTPS: 443}
PATH = "/dns-query"
PRIVATE = "private"
_MOST = 3  # glibc's MAXNS
_ORDER = tuple(Transport)


class Server(msgspec.Struct, frozen=True):
    address: str
    port: int = PORTS[Transport.UDP]
    label: str = SYSTEM
    """What an observation says of it."""
    transport: Transport = Transport.UDP
    name: str = ""
    """Whose certificate it must show; empty for that of its address."""
    path: str = ""
    """Of an HTTPS one."""

    @property
    def encrypted(self) -> bool:
        return self.transport in ENCRYPTED


class Resolver:
    """The servers to ask, in order. `text` is `system` or as `named` reads; ValueError else."""

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
    """Read `1.2.3.4`, `[2001:db8::1]:53`, `tls://name@1.2.3.4` and the like. Raises ValueError."""
    found = form.RESOLVER.fullmatch(text)
    if not found or not form.is_resolver(text):
        raise ValueError(f"{text!r} is not an address with an optional :port, or {_OTHERS}")
    address, port = found["place"].strip("[]"), found["port"]
    transport = Transport((found["transport"] or Transport.UDP).lower())
    return Server(
        address,
        int(port) if port else PORTS[transport],
        PRIVATE if is_bogon(address) else address,
        transport,
        (found["name"] or "").lower(),
        (found["path"] or PATH) if transport is Transport.HTTPS else "",
    )


_OTHERS = "one of tcp://address, tls://name@address, https://name@address/dns-query"


@lru_cache(16)
def several(texts: str | tuple[str, ...]) -> tuple[Server, ...]:
    """Read one or more, none where it is empty; the plainest come first. Raises ValueError."""
    given = (texts,) if isinstance(texts, str) else texts
    servers = [named(text) for text in given if text]
    return tuple(sorted(servers, key=lambda server: _ORDER.index(server.transport)))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
