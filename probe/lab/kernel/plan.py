"""What a scenario's world consists of: hosts, addresses, names; laid out before anything is wired."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from probe.model import Vantage


class Role(StrEnum):
    VANTAGE = "vantage"
    """A probe host: an agent process runs in it."""
    ISP_RESOLVER = "isp_resolver"
    PUBLIC_RESOLVER = "public_resolver"
    NAMESERVER = "nameserver"
    """Root, top-level or authoritative."""
    ORIGIN = "origin"
    """A server of the services, or a control."""
    NOTICE = "notice"
    """Where block pages are served and forged answers may point."""
    CORRELATOR = "correlator"
    REFERENCE = "reference"
    """A server that agents hold their differential tests against."""


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One network namespace with one veth to the internet between them."""

    name: str
    """Unique: a vantage's id, `resolver-as47331`, `origin-twitter.com`."""
    role: Role
    country: str = ""
    """Empty for the core, which is nobody's."""
    asn: int = 0
    v4: str
    second: str = ""
    """One more of the same family, where it has two."""
    v6: str = ""
    delay: float = 0.005
    """Seconds, one way, from the host to the core."""
    vantage: Vantage | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """All it has, v4 before v6."""
        return tuple(filter(None, (self.v4, self.second, self.v6)))


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    hosts: tuple[Host, ...]
    zone: dict[str, tuple[str, ...]]
    """The true answers: every host name and its addresses, v4 before v6."""
    names: dict[str, tuple[str, ...]]
    """Host names of `service` and of `service/feature`."""
    resolvers: dict[int, str]
    """The ISP resolver's v4 address by AS number."""
    public_resolver: str
    """Its address; it speaks DNS over TLS and over HTTPS as well, where it has a name."""
    resolver_name: str = ""
    notice: str
    """The notice host's v4 address."""
    reference: str = ""
    """The reference server's v4 address; empty where there is none."""
