"""What was seen: steps, each an Observation; one run, a Measurement. Facts, no opinion."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import final

from probe.model.catalogue import Vantage
from probe.model.record import Record


class Layer(StrEnum):
    """In the order in which a connection needs them."""

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"
    QUIC = "quic"
    """Beside the others, never on the way to them."""


CHAIN = (Layer.DNS, Layer.TCP, Layer.TLS, Layer.HTTP)
"""What the plain chain goes through, and where a lookup over a stream breaks off."""


class Transport(StrEnum):
    """How a question travels to a resolver, the plainest first."""

    UDP = "udp"
    """Over TCP where the answer is too long for a datagram."""
    TCP = "tcp"
    TLS = "tls"
    """RFC 7858."""
    HTTPS = "https"
    """RFC 8484."""


SHARED = "shared"
"""A router that the way to the control has at the same distance; it is not named."""
UNNAMED = "unnamed"
"""Any other router that does not stand in the target's own network."""
ENCRYPTED = frozenset({Transport.TLS, Transport.HTTPS})


class Failure(Record, frozen=True, kw_only=True):
    """How a step failed, by OONI's name for it (netxlite/errno.go), with what the error carried."""

    name: str
    errno: int | None = None
    """The kernel's; None where the error was ours (our deadline) or a peer's clean end."""
    alert: int | None = None
    """The TLS alert received (RFC 8446, section 6)."""
    verify: int | None = None
    """OpenSSL's X509_V_ERR number where the certificate was refused."""
    detail: str = ""
    """The error's own words, addresses removed."""


class Fingerprint(Record, frozen=True, array_like=True):
    """A known block notice that was recognised, as a list the operator gave describes it."""

    name: str
    scope: str = ""
    """Whose notice, in OONI's words: nat, isp, prod, inst; vbw for one too vague to tell."""
    countries: tuple[str, ...] = ()
    """Where it is expected (ISO 3166-1 alpha-2); empty where the list does not say."""


class DifferentialTest(StrEnum):
    """Why a step was taken outside the plain chain, to split two rival causes; the cheapest first."""

    SECOND_RESOLVER = "second_resolver"
    """The same name at another resolver."""
    CERTIFICATE = "certificate"
    """The certificate for the name at an address, where the endpoint itself speaks plain HTTP."""
    SECOND_ADDRESS = "second_address"
    """Another of the name's addresses, that the chain had no room for."""
    NEUTRAL_NAME = "neutral_name"
    """A harmless server name at the target's address."""
    OWN_ADDRESS = "own_address"
    """The target's name at a server of ours; before it, as the control, a harmless name there."""
    HOST_SWAP = "host_swap"
    """Over plain HTTP, a harmless Host at the target's address; then both at a server of ours."""
    OTHER_PORT = "other_port"
    """Another port at the target's address."""
    PATH = "path"
    """How far packets get on the way to the target's address; before it, as the control, on the way
    to a server of ours."""
    GOODPUT = "goodput"
    """64 KiB from a server of ours under the target's name; before it, as the control, as much
    under a harmless one."""
    QUIC = "quic"
    """Over QUIC: a harmless name and the target's at a server of ours, and the target itself."""
    AFTER = "after"
    """A harmless name at the target's address, before anything else, once nothing of an earlier
    cut can be left there."""


class Timer(StrEnum):
    """Whose clock took a step's time."""

    LOOP = "loop"
    """The program's: it contains how late a busy program came to what had happened."""
    KERNEL = "kernel"
    """By its stamps on what came."""


class Step(Record, frozen=True, kw_only=True):
    """The header that every observation shares."""

    at: datetime
    took: float
    """Seconds, by the monotonic clock."""
    failure: Failure | None = None
    hop: int = 0
    """0 for the endpoint's own URL, n for the n-th redirect followed."""
    test: DifferentialTest | None = None
    """None for the chain's own steps."""
    timed_by: Timer = Timer.LOOP


@final
class DnsLookup(Step, frozen=True, kw_only=True, tag_field="kind", tag="dns"):
    """One question to one resolver, and every answer that came."""

    name: str
    query: str = "A"
    """A or AAAA."""
    resolver: str = ""
    """`system`, or the name or address of a public resolver; never a private address."""
    transport: Transport = Transport.UDP
    server_name: str = ""
    """Whose certificate an encrypted resolver must show; empty for that of its address, and
    where the resolver is private."""
    failed_at: Layer | None = None
    """Where a lookup over a stream broke off; None where an answer came, whatever it says."""
    rcode: int | None = None
    answers: tuple[str, ...] = ()
    """Addresses, in the order given."""
    late: tuple[str, ...] = ()
    """Addresses of second answers that came within 500 ms after the first."""
    origins: tuple[int, ...] = ()
    """The AS number of each answer, in their order, 0 where unknown; empty where nobody looked."""
    raw: bytes = b""
    """The beginning of the first answer as it came, base64 on the wire; empty unless it was odd."""
    fingerprint: Fingerprint | None = None
    """Of an answer that a list names as the address of a block notice."""


@final
class TcpConnect(Step, frozen=True, kw_only=True, tag_field="kind", tag="tcp"):
    address: str
    port: int
    source_port: int = 0
    ttl: int = 0
    """How many routers its packets were allowed to pass; 0 for as many as there are."""
    router: str = ""
    """Which router said that it ended there: SHARED, UNNAMED or the target's network; empty where
    none did."""


class Certificate(Record, frozen=True, kw_only=True):
    """What is read of one certificate of a chain, verified or not."""

    sha256: str
    subject: str
    issuer: str
    names: tuple[str, ...] = ()
    """DNS names and addresses it is good for."""
    not_before: datetime
    not_after: datetime


@final
class TlsHandshake(Step, frozen=True, kw_only=True, tag_field="kind", tag="tls"):
    address: str
    port: int
    server_name: str
    version: str = ""
    cipher: str = ""
    alpn: str = ""
    chain: tuple[Certificate, ...] = ()
    """As presented, leaf first; kept also, and above all, when verification failed."""


@final
class QuicHandshake(Step, frozen=True, kw_only=True, tag_field="kind", tag="quic"):
    """One handshake over UDP (RFC 9000, 9001); always of a test."""

    address: str
    port: int
    server_name: str
    version: str = ""
    """QUIC's own, as `1`; empty where no handshake was completed."""
    alpn: str = ""
    chain: tuple[Certificate, ...] = ()
    """As presented, leaf first; kept also when verification failed."""


class Expectation(StrEnum):
    """What became of the endpoint's expectations of an answer."""

    MET = "met"
    STATUS = "status"
    """A status that the endpoint does not list (or ≥ 400 where it lists none)."""
    MISSING = "missing"
    """The expected text is not in the body."""
    FORBIDDEN = "forbidden"
    """A text that betrays a failure of the service is in the body."""
    SHORT = "short"
    """Fewer body bytes than a whole answer has."""


class Header(Record, frozen=True, array_like=True):
    name: str
    value: str


@final
class HttpExchange(Step, frozen=True, kw_only=True, tag_field="kind", tag="http"):
    """One request and its answer. Unless asked for, the body is not kept, only what is read of it."""

    url: str
    address: str
    method: str = "GET"
    status: int | None = None
    version: str = "1.1"
    """HTTP version of the answer."""
    headers: tuple[Header, ...] = ()
    location: str = ""
    """The redirect's absolute target, where there is one."""
    title: str = ""
    length: int = 0
    """Body bytes read, without a compression that nobody asked for."""
    received: int = 0
    """Bytes that came after the request, where the answer broke off: a TLS record that never
    became whole is among them."""
    digest: str = ""
    """SHA-256 of those bytes."""
    truncated: bool = False
    """The body was longer than the cap."""
    expectation: Expectation | None = None
    """None where there was no final answer to hold it against."""
    matched: str = ""
    """The forbidden text found, or the fingerprint of a known notice."""
    simhash: str = ""
    """64 bits (hex) of the page's words: pages alike differ in few of them. Empty for a page of
    hardly any words, and for one over TLS that met the expectations."""
    fingerprint: Fingerprint | None = None
    """Of the known block notice that came over plain HTTP."""
    body: str = ""
    """The beginning of an unexpected page, addresses removed; empty unless asked for."""
    first_byte: float = 0.0
    """Seconds from the request's last byte to the answer's first."""
    quarters: tuple[float, ...] = ()
    """Seconds from the body's first bytes to the end of each quarter of what came of it; empty
    where that is little, or was there at once and it is no test of the pace."""


Observation = DnsLookup | TcpConnect | TlsHandshake | HttpExchange | QuicHandshake


class Tally(Record, frozen=True, array_like=True):
    ok: int = 0
    of: int = 0


class Health(Record, frozen=True, kw_only=True):
    """How well the vantage was when it measured: its controls in the round before."""

    domestic: Tally = Tally()
    foreign: Tally = Tally()
    reason: str = ""
    """Empty when well; else what is wrong with the vantage itself, by name."""
    resolver: str = ""
    """The network (CIDR, an operator's part of it) of the resolver that really answers its
    questions; empty where nobody asked."""


class Target(Record, frozen=True, kw_only=True):
    """What a measurement measured. For a control: service `control`, feature its reach."""

    service: str
    feature: str
    endpoint: str


class Measurement(Record, frozen=True, kw_only=True):
    """One run of one endpoint from one vantage: facts, no opinion."""

    id: str
    """Time-ordered and unique (UUIDv7); a measurement sent twice is one measurement."""
    at: datetime
    took: float
    vantage: Vantage
    target: Target
    health: Health = Health()
    observations: tuple[Observation, ...] = ()
    software: str = ""
    """Name and version of the agent's build."""
    goal: Layer = Layer.HTTP
    """The deepest that the endpoint asks for: an answer, an open port (TCP), or a name's
    addresses (DNS)."""


class Paired(Record, frozen=True, kw_only=True):
    """A measurement, and the one that a helper elsewhere made for it at the same time."""

    own: Measurement
    control: Measurement | None = None
    """None where the helper was not reached, or said nothing."""
