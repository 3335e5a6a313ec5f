"""What encrypted resolvers say in a simulated world, and what passes beside them where they are cut."""

from __future__ import annotations

from collections.abc import Sequence

import dns.rcode
import msgspec

from probe.config.shape import Measuring
from probe.lab.simulated.act import Act, Follows
from probe.lab.simulated.presented import failure, moment
from probe.lab.world import NEUTRAL_NAME
from probe.measure.failure import RESET, SERVFAIL, TIMEOUT
from probe.measure.resolver import Server, several
from probe.model import (
    DifferentialTest,
    DnsLookup,
    Layer,
    Observation,
    TcpConnect,
    TlsHandshake,
    Transport,
)

RESOLVERS = (
    "9.9.9.9",
    "tls://dns.quad9.net@9.9.9.9",
    "https://dns.quad9.net@9.9.9.9/dns-query",
)
SEALED = tuple(server for server in several(RESOLVERS) if server.encrypted)
TEST = DifferentialTest.SECOND_RESOLVER
ROUND_TRIPS = 3
"""Until an answer comes: of TCP, of TLS, of the question."""

CUTS = {Transport.TLS: (Layer.TCP, TIMEOUT), Transport.HTTPS: (Layer.TLS, RESET)}
"""How each is cut off, where it is."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A question, and from where."""

    name: str
    hop: int
    true: str
    """The address that it leads to; empty where the name is denied by its own servers."""
    rtt: float
    """To the resolvers."""
    start: float


def lookups(asking: Asking, acts: Sequence[Act], settings: Measuring) -> tuple[DnsLookup, ...]:
    """Ask each of them: nobody on the way can say anything in their place.

    They know no more than the name's own servers tell them.
    """
    return tuple(_lookup(server, asking, acts, settings) for server in SEALED)


def _lookup(server: Server, asking: Asking, acts: Sequence[Act], settings: Measuring) -> DnsLookup:
    at, name = _broken(server, acts)
    unheard = not name and any(act.unheard for act in acts)
    name = SERVFAIL if unheard else name
    rcode = None if at else dns.rcode.SERVFAIL if unheard else dns.rcode.NOERROR
    took = float(settings.dns_timeout) if name == TIMEOUT else ROUND_TRIPS * asking.rtt
    return DnsLookup(
        at=moment(asking.start), took=took, failure=failure(name),
        hop=asking.hop, test=TEST, name=asking.name, query="A", resolver=server.label,
        transport=server.transport, server_name=server.name, failed_at=at,
        rcode=rcode, answers=() if name else (asking.true,),
    )  # fmt: skip


def _broken(server: Server, acts: Sequence[Act]) -> tuple[Layer | None, str]:
    if any(act.follows is Follows.ALL and act.second and act.second.failure for act in acts):
        return Layer.TCP, TIMEOUT  # the whole world is
    return CUTS[server.transport] if any(act.unsealed for act in acts) else (None, "")


def beside(asking: Asking, asked: Sequence[DnsLookup]) -> list[Observation]:
    """Try a harmless name at the port of each that was cut in its handshake: it passes."""
    at = moment(asking.start)
    seen: list[Observation] = []
    for server, lookup in zip(SEALED, asked, strict=True):
        if lookup.failed_at is not Layer.TLS:
            continue
        seen += [
            TcpConnect(
                at=at, took=asking.rtt, hop=asking.hop, test=TEST, address=server.address,
                port=server.port,
            ),
            TlsHandshake(
                at=at, took=asking.rtt, hop=asking.hop, test=TEST, address=server.address,
                port=server.port, server_name=NEUTRAL_NAME,
            ),
        ]  # fmt: skip
    return seen
