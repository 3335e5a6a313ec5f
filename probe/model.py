"""The nouns: what is probed, what was seen, what follows from it.

They are frozen, they do nothing, and they are the wire and the storage format at once, so each
has one definition. Times are timezone-aware UTC (RFC 3339 on the wire); durations are seconds.

From left to right: a Vantage measures an Endpoint of a Feature of a Service, step by step; each
step is one Observation; one run is a Measurement: facts, no opinion. The judge reads
measurements, finds Evidence by rules, weighs the rival Causes into a Verdict for each (service,
feature, country, network), gathers verdicts into an Incident and says it in a Statement.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

CONTROL = "control"
"""The service id under which controls are measured; its features are the two `Reach` values."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every noun is: immutable, keyword-only, defaults left out on the wire."""


# ── what is probed ───────────────────────────────────────────────────────────────────────────


class Endpoint(Record, frozen=True, kw_only=True):
    """One URL and what a well service answers there. `id` is a stable name, never an address."""

    id: str
    url: str
    method: str = "GET"
    status: tuple[int, ...] = ()
    """Statuses of a well service; empty means any below 400."""
    expect: str = ""
    """A text that must be in the body, when not empty."""
    forbid: tuple[str, ...] = ()
    """Texts that betray a failure of the service, even on a 200."""
    min_bytes: int = 0
    """Fewest body bytes of a whole answer."""


class Feature(Record, frozen=True, kw_only=True):
    """What breaks separately: web, app-api, media, login, notifications, links."""

    id: str
    name: str
    endpoints: tuple[Endpoint, ...]


class Service(Record, frozen=True, kw_only=True):
    """What a person names: Twitter."""

    id: str
    name: str
    features: tuple[Feature, ...]


class Reach(StrEnum):
    """Where a control stands, seen from the vantage."""

    DOMESTIC = "domestic"
    FOREIGN = "foreign"


class Control(Record, frozen=True, kw_only=True):
    """An endpoint that says whether the vantage itself is well."""

    reach: Reach
    endpoint: Endpoint
    country: str = ""
    """For a domestic control: the country (ISO 3166-1 alpha-2) whose vantages measure it."""


class NetworkKind(StrEnum):
    RESIDENTIAL = "residential"
    MOBILE = "mobile"
    DATACENTRE = "datacentre"


class Vantage(Record, frozen=True, kw_only=True):
    """A probe host. It has no address here: what is published must not lead to a volunteer."""

    id: str
    country: str
    """ISO 3166-1 alpha-2."""
    asn: int
    network: str = ""
    """The operator's name, for people."""
    kind: NetworkKind = NetworkKind.RESIDENTIAL
    resolver_asn: int = 0
    """The network of the resolver it uses; 0 where unknown."""


# ── what was seen ────────────────────────────────────────────────────────────────────────────


class Layer(StrEnum):
    """In the order in which a connection needs them."""

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"


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


class DifferentialTest(StrEnum):
    """Why a step was taken outside the plain chain, to split two rival causes."""

    SECOND_RESOLVER = "second_resolver"
    """The same name at another resolver."""
    NEUTRAL_NAME = "neutral_name"
    """A harmless server name at the target's address."""


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


class DnsLookup(Step, frozen=True, kw_only=True, tag_field="kind", tag="dns"):
    """One question to one resolver, and every answer that came."""

    name: str
    query: str = "A"
    """A or AAAA."""
    resolver: str = ""
    """`system`, or the name or address of a public resolver; never a private address."""
    rcode: int | None = None
    answers: tuple[str, ...] = ()
    """Addresses, in the order given."""
    late: tuple[str, ...] = ()
    """Addresses of second answers that came within 500 ms after the first."""
    raw: bytes = b""
    """The first answer as it came, base64 on the wire; empty unless asked for or odd."""


class TcpConnect(Step, frozen=True, kw_only=True, tag_field="kind", tag="tcp"):
    address: str
    port: int
    source_port: int = 0


class Certificate(Record, frozen=True, kw_only=True):
    """What is read of one certificate of a chain, verified or not."""

    sha256: str
    subject: str
    issuer: str
    names: tuple[str, ...] = ()
    """DNS names and addresses it is good for."""
    not_before: datetime
    not_after: datetime


class TlsHandshake(Step, frozen=True, kw_only=True, tag_field="kind", tag="tls"):
    address: str
    port: int
    server_name: str
    version: str = ""
    cipher: str = ""
    alpn: str = ""
    chain: tuple[Certificate, ...] = ()
    """As presented, leaf first; kept also, and above all, when verification failed."""


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


class HttpExchange(Step, frozen=True, kw_only=True, tag_field="kind", tag="http"):
    """One request and its answer. The body itself is not kept, only what is read of it."""

    url: str
    address: str
    method: str = "GET"
    status: int | None = None
    headers: tuple[Header, ...] = ()
    location: str = ""
    """The redirect's absolute target, where there is one."""
    title: str = ""
    length: int = 0
    """Body bytes read."""
    digest: str = ""
    """SHA-256 of those bytes."""
    truncated: bool = False
    """The body was longer than the cap."""
    expectation: Expectation | None = None
    """None where there was no final answer to hold it against."""
    matched: str = ""
    """The forbidden text found, or the fingerprint of a known notice."""
    first_byte: float = 0.0
    """Seconds from the request's last byte to the answer's first."""


Observation = DnsLookup | TcpConnect | TlsHandshake | HttpExchange


class Tally(Record, frozen=True, array_like=True):
    ok: int = 0
    of: int = 0


class Health(Record, frozen=True, kw_only=True):
    """How well the vantage was when it measured: its controls in the round before."""

    domestic: Tally = Tally()
    foreign: Tally = Tally()
    reason: str = ""
    """Empty when well; else what is wrong with the vantage itself, by name."""


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


# ── what follows ─────────────────────────────────────────────────────────────────────────────


class Cause(StrEnum):
    """The rivals. Never a boolean 'blocked'."""

    OK = "ok"
    SERVICE_OUTAGE = "service_outage"
    DEPENDENCY_OUTAGE = "dependency_outage"
    FILTERING = "filtering"
    THROTTLING = "throttling"
    NETWORK_DISRUPTION = "network_disruption"
    GEO_BLOCK = "geo_block"
    LOCAL_FAULT = "local_fault"


class Side(StrEnum):
    """Whose failure it is: the first question anybody asks."""

    NONE = "none"
    SERVICE = "service"
    NETWORK = "network"
    OWN = "own"


SIDES = {
    Cause.OK: Side.NONE,
    Cause.SERVICE_OUTAGE: Side.SERVICE,
    Cause.DEPENDENCY_OUTAGE: Side.SERVICE,
    Cause.GEO_BLOCK: Side.SERVICE,
    Cause.FILTERING: Side.NETWORK,
    Cause.THROTTLING: Side.NETWORK,
    Cause.NETWORK_DISRUPTION: Side.NETWORK,
    Cause.LOCAL_FAULT: Side.OWN,
}


class State(StrEnum):
    CONFIRMED = "confirmed"
    LIKELY = "likely"
    SUSPECTED = "suspected"
    INSUFFICIENT = "insufficient"


class Scope(StrEnum):
    GLOBAL = "global"
    COUNTRIES = "countries"
    NETWORKS = "networks"
    DEPENDENCY = "dependency"
    VANTAGE = "vantage"


class Author(StrEnum):
    """Who must have written what was seen."""

    SERVER = "server"
    """A valid certificate and an HTTP answer: only the service's side can make it."""
    NETWORK = "network"
    """Forged DNS, a reset that depends on the name, an unknown issuer, a known block page."""
    NOBODY = "nobody"
    """Silence and refusals that either side, or an accident, could have made."""


class Standing(StrEnum):
    """'Not looked' and 'looked, and cannot read it' are two things, and neither is a score."""

    NOT_LOOKED = "not_looked"
    UNINTERPRETABLE = "uninterpretable"
    SCORED = "scored"


class Evidence(Record, frozen=True, kw_only=True):
    """A rule that fired on a measurement."""

    rule: str
    standing: Standing
    measurement: str
    """The measurement's id: the witness."""
    vantage: str
    mechanism: str = ""
    """By its id (`tls.sni_rst`), where the sight shows one."""
    layer: str = ""
    author: Author = Author.NOBODY
    sentence: str = ""


class Verdict(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What is held true of one feature in one network at one time, with every rival's support."""

    service: str
    feature: str
    country: str
    network: int
    """AS number; 0 for the country as a whole."""
    at: datetime
    leading: Cause
    state: State
    confidence: float
    """The leading cause's share of belief, 0 to 1."""
    support: dict[Cause, float]
    mechanisms: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    """The strongest pieces, strongest first."""
    vantages: int = 0
    networks: int = 0
    """Independent networks behind the verdict."""
    since: datetime | None = None
    """When what it holds true was first seen, as far as the window shows."""
    rounds: int = 0
    """Rounds that the evidence spans."""
    rules: str = ""
    """The rule set's version."""


class Change(Record, frozen=True, kw_only=True, omit_defaults=False):
    """One line of an incident's history."""

    at: datetime
    what: str
    """`opened`, `updated`, `closed` or `reopened`."""
    statement: str


class Incident(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Verdicts that belong together."""

    id: str
    service: str
    features: tuple[str, ...]
    healthy: tuple[str, ...] = ()
    """Features of the service that were seen well in the same places meanwhile."""
    cause: Cause
    state: State
    scope: Scope
    countries: tuple[str, ...] = ()
    networks: tuple[int, ...] = ()
    mechanisms: tuple[str, ...] = ()
    opened: datetime
    updated: datetime
    closed: datetime | None = None
    confidence: float = 0.0
    statement: str = ""
    evidence: tuple[Evidence, ...] = ()
    vantages: int = 0
    history: tuple[Change, ...] = ()


class Statement(Record, frozen=True, kw_only=True, omit_defaults=False):
    """An incident in careful words."""

    incident: str
    at: datetime
    text: str
    doubt: str = ""
    """What is not known."""
