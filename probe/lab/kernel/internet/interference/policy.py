"""The nouns of interference: what is done to whose packets, as data that travels to the router."""

from __future__ import annotations

import msgspec

ROUTERS = 3
"""On every way: the operator's; the country's, at its border; the one at the target's door."""


class Act(msgspec.Struct, frozen=True, kw_only=True, tag_field="act"):
    """What every act is. An empty `names` or `addresses` means all of them."""


class DnsForgery(Act, frozen=True, kw_only=True, tag="dns_forgery"):
    """Answer queries for the names in the resolver's place."""

    names: tuple[str, ...] = ()
    servers: tuple[bytes, ...] = ()
    """Only questions to these; empty means to any."""
    rcode: int = 0
    answers: tuple[tuple[str, ...], ...] = ((),)
    """One forged message for each; of its addresses those of the family asked for."""
    pool: bool = False
    """Instead of every one of `answers`, the one that the query's id points at."""
    swallow: bool = True
    """The query goes no further; else the true answer follows the forged."""


class DnsSilence(Act, frozen=True, kw_only=True, tag="dns_silence"):
    """Queries for the names vanish; with no names all of DNS, TCP and answers too."""

    names: tuple[str, ...] = ()


class AddressDrop(Act, frozen=True, kw_only=True, tag="address_drop"):
    addresses: tuple[bytes, ...] = ()
    ports: tuple[int, ...] = ()
    """Only these of theirs; empty means all."""
    syn_only: bool = False
    data_only: bool = False
    """Connections open, and what is sent over them vanishes."""
    datagrams: bool = False
    """Those of UDP alone."""
    unreachable: bool = False
    """Say so, by ICMP, to the sender."""


class SynReset(Act, frozen=True, kw_only=True, tag="syn_reset"):
    addresses: tuple[bytes, ...] = ()


class Sink(Act, frozen=True, kw_only=True, tag="sink"):
    """Take web connections to the addresses, whoever stands there, and never say anything."""

    addresses: tuple[bytes, ...]


class NameReset(Act, frozen=True, kw_only=True, tag="name_reset"):
    """Reset both sides when the client says the name."""

    names: tuple[str, ...] = ()
    tls: bool = True
    http: bool = False
    within: bool = False
    """Names that merely contain one of them are hit as well."""
    residual: float = 0.0
    """Seconds for which the client's later connections to that address and port are reset too."""


class NameDrop(Act, frozen=True, kw_only=True, tag="name_drop"):
    """Drop all packets from the TLS ClientHello with the name on."""

    names: tuple[str, ...] = ()


class QuicDrop(Act, frozen=True, kw_only=True, tag="quic_drop"):
    """Drop all datagrams of a flow from the QUIC Initial with the name on."""

    names: tuple[str, ...] = ()


class NameFreeze(Act, frozen=True, kw_only=True, tag="name_freeze"):
    """Drop what the server sends past so many bytes."""

    names: tuple[str, ...] = ()
    budget: int = 16_384


class NamePolice(Act, frozen=True, kw_only=True, tag="name_police"):
    """Drop what exceeds the rate, both ways together."""

    names: tuple[str, ...] = ()
    rate: float = 16_250.0
    """Bytes a second (130 kbit/s)."""
    burst: float = 8_000.0


class NameDelay(Act, frozen=True, kw_only=True, tag="name_delay"):
    """Hold back every packet of a flow, both ways, once it named one of these."""

    names: tuple[str, ...] = ()
    seconds: float = 0.0


class HttpAnswer(Act, frozen=True, kw_only=True, tag="http_answer"):
    """Answer plain requests for the names in the server's place, and reset the server."""

    names: tuple[str, ...] = ()
    response: bytes


class Cut(Act, frozen=True, kw_only=True, tag="cut"):
    """Nothing passes but between the clients and the spared."""

    spared: tuple[bytes, ...] = ()


class Delay(Act, frozen=True, kw_only=True, tag="delay"):
    """Each way."""

    seconds: float
    addresses: tuple[bytes, ...] = ()


class Divert(Act, frozen=True, kw_only=True, tag="divert"):
    """Connections to the addresses on that port end at another host, which answers in their name."""

    addresses: tuple[bytes, ...] = ()
    port: int
    to_port: int = 0
    """Another port than the one asked for; 0 means the same."""
    to: tuple[bytes, ...] = ()
    """At most one of each family; where there is none of it, connections vanish. Empty means the
    very host that was asked for."""


AnyAct = (
    DnsForgery
    | DnsSilence
    | AddressDrop
    | SynReset
    | Sink
    | NameReset
    | NameDrop
    | QuicDrop
    | NameFreeze
    | NamePolice
    | NameDelay
    | HttpAnswer
    | Cut
    | Delay
    | Divert
)


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    clients: tuple[bytes, ...]
    """Addresses of the hosts inside: it acts on what goes to them or comes from them."""
    act: AnyAct
    share: float = 1.0
    """Probability that one flow is hit."""
    behind: int = 1
    """How many routers are between the clients and where it stands."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one packet."""

    forward: bool = True
    inject: tuple[bytes, ...] = ()
    """Packets from the IP header on; each goes where its own target address says."""
    delay: float = 0.0
    """Seconds added."""
    rewritten: bytes = b""
    """The packet to forward in its place, when not empty."""
    behind: int = 0
    """How many routers the packet had passed by then."""


PASS = Action()
DROP = Action(forward=False)
