"""What a configuration file may say: one struct per section, a default for all that has one.

Unknown keys are refused. Durations are written `60s`, `1m30s` or a number of seconds; sizes
`512KiB` or a number of bytes. A relative path is relative to the file that names it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from probe.model import Control, Service, State, Vantage


class Seconds(float):
    """A duration: `60s`, `1m30s`, `250ms`, or a plain number."""


class Size(int):
    """A number of bytes: `512KiB`, `20MiB`, or a plain number."""


class Secret(str):
    """A token or password: it never shows in a log, a page or an error."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping of a configuration file; a key it does not know is an error."""


class Catalogue(Section, frozen=True, kw_only=True):
    """services.yaml: what is probed, and the controls."""

    services: tuple[Service, ...]
    controls: tuple[Control, ...] = ()


class Schedule(Section, frozen=True, kw_only=True):
    interval: Seconds = Seconds(60)
    """Every endpoint once per interval, at a fixed rate."""
    jitter: float = 0.1
    """Random share of the interval, 0 to 0.5, by which each start moves."""
    concurrency: int = 16
    """Most endpoints measured at once; what has lasted over a second only waits, and counts no
    more, until four times as many are open."""
    per_host: int = 300
    """Most visits of one host in a minute, by all endpoints there together; a turn beyond is
    skipped, and counted. 0 for no limit; addresses that `allow_private` allows have none."""


class Referring(Section, frozen=True, kw_only=True):
    """A reference server of ours (`probe reference`), that differential tests are held against."""

    address: str
    """An address, not a name: that would be looked up through what is being tested."""
    port: int = 443
    """TLS, and QUIC over UDP."""
    plain_port: int = 80
    """HTTP without TLS."""
    networks: tuple[str, ...] = ()
    """The networks (CIDR) by which the line leaves. Empty holds for home what the server says
    first, up to a neighbourhood of it: another one later is an exit that changed (a VPN)."""


class Measuring(Section, frozen=True, kw_only=True):
    """Limits and choices of one measurement."""

    dns_timeout: Seconds = Seconds(4)
    connect_timeout: Seconds = Seconds(10)
    tls_timeout: Seconds = Seconds(10)
    http_timeout: Seconds = Seconds(10)
    late_answers: Seconds = Seconds(0.5)
    """How long to listen for second DNS answers after the first."""
    max_addresses: int = 4
    """Addresses tried of each name; both families get their turn."""
    max_redirects: int = 5
    max_body: Size = Size(512 * 1024)
    keep_body: Size = Size(0)
    """How much of a page is kept and sent that came over plain HTTP, or is not what was expected;
    0 for nothing but its digests. Addresses are taken out of it, other traces of you may stay."""
    resolver: str = "system"
    """`system` (/etc/resolv.conf), or a resolver: `address[:port]` over UDP, `tcp://address`,
    `tls://name@address` (DNS over TLS), `https://name@address/dns-query` (DNS over HTTPS, of
    HTTP/1.1). The name is what its certificate is for; it may be left out where that is for the
    address, which is always given: nothing is looked up to reach it."""
    second_resolver: str | tuple[str, ...] = "9.9.9.9"
    """Asked when a name fails or looks forged; empty to ask none. A list is one test, UDP before
    TLS before HTTPS; encrypted ones are also tried of what goes well (`background`)."""
    whoami: str = ""
    """A name whose own name server answers with the address that asked it (`whoami.akamai.net`):
    tells in which network the resolver stands that really answers. Empty asks none."""
    neutral_name: str = "example.com"
    """A harmless server name for the neutral-name test; empty to leave it out."""
    reference: Referring | None = None
    """Without it no test is chosen that needs a server of ours."""
    trace: bool = True
    """Whether, where no connection opens, it is traced how far packets get, beside the way to a
    server of ours: some dozen packets with a low hop limit. No router near the vantage is told."""
    quic: bool = True
    """Whether QUIC is tried where TCP or TLS fails for an https URL, where the extra `quic` is
    installed."""
    residual: Seconds = Seconds(180)
    """How long a reset may go on for all names after the one it was for: until then nothing is
    tried again at that address and port of ours (twice as long after a DNS-over-HTTPS name). Where
    a harmless name is cut too at a target's address, turn after turn, its turns are left out for
    as long, and a harmless name comes first after that. 0 for neither."""
    tests_per_minute: int = 300
    """Most differential tests of all endpoints together."""
    background: float = 0.002
    """Share of the measurements that go well whose pace, QUIC, and the encrypted of the second
    resolvers, are tried all the same."""
    trust: str = ""
    """A PEM bundle of trusted roots; empty means the system's."""
    allow_private: tuple[str, ...] = ()
    """Private networks (CIDR) that may be probed all the same: for your own services."""
    fingerprints: tuple[str, ...] = ()
    """Files of block-page fingerprints: OONI's CSV, Censored Planet's JSON lines. Bodies never
    leave the agent, so pages are held against them here; a broken line is left out and counted."""
    ipv6: bool = True
    user_agent: str = ""
    """Empty means worksforwhom's own."""


class Spooling(Section, frozen=True, kw_only=True):
    path: str = "spool.sqlite"
    max_bytes: Size = Size(256 * 1024 * 1024)
    """The oldest is dropped, and counted, past this."""


class Uplinking(Section, frozen=True, kw_only=True):
    url: str
    """Where the correlator takes measurements in: https, or http on loopback."""
    token: Secret = Secret("")
    token_file: str = ""
    """One of `token`, `token_file`."""
    trust: str = ""
    """A PEM bundle for the correlator's certificate; empty means the system's."""
    flush: Seconds = Seconds(5)
    batch: int = 500
    max_backoff: Seconds = Seconds(300)
    compression: str = "gzip"


class Listening(Section, frozen=True, kw_only=True):
    listen: str = ""
    """`host:port`, `[v6]:port`, or `fd:N` for a socket that was handed over; empty means none."""
    config_file: str = ""
    """TLS, users and limits of this listener, in a file as exporter-toolkit's; empty means none."""
    enable_lifecycle: bool = False
    """Whether `POST /-/reload` and `POST /-/quit` do anything."""


class Logging(Section, frozen=True, kw_only=True):
    level: str = "info"
    format: str = "logfmt"


class AgentConfig(Section, frozen=True, kw_only=True):
    """agent.yaml."""

    vantage: Vantage
    services: str = "services.yaml"
    schedule: Schedule = Schedule()
    measuring: Measuring = Measuring()
    spool: Spooling = Spooling()
    uplink: Uplinking
    web: Listening = Listening(listen="127.0.0.1:9464")
    log: Logging = Logging()


class EnrolledAgent(Section, frozen=True, kw_only=True):
    """An agent that may send: what its token stands for."""

    vantage: Vantage
    token: Secret = Secret("")
    token_file: str = ""
    token_sha256: str = ""
    """One of the three; the digest (hex) is the one to prefer in a file that others read."""
    scrape: str = ""
    """`host:port` of its /metrics, for `/sd/probes`; empty leaves it out there."""


class Storing(Section, frozen=True, kw_only=True):
    path: str = "correlator.sqlite"
    keep: Seconds = Seconds(14 * 86400)
    """How long measurements are kept."""


class Maintenance(Section, frozen=True, kw_only=True):
    """A time that was announced: what fails then is expected, and is not weighed."""

    reason: str
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    """When it begins, the first time."""
    lasts: Seconds
    every: Seconds = Seconds(0)
    """How often it comes again, as `168h`; 0: once."""
    networks: tuple[int, ...] = ()
    """AS numbers whose probe hosts are left out."""
    services: tuple[str, ...] = ()


class Judging(Section, frozen=True, kw_only=True):
    round: Seconds = Seconds(60)
    """The agents' interval."""
    every: Seconds = Seconds(10)
    """How often verdicts are renewed."""
    rounds: int = 5
    """How many rounds back a verdict looks."""
    late: Seconds = Seconds(14 * 86400)
    """Measurements older than this are refused."""
    maintenance: tuple[Maintenance, ...] = ()
    origins: str = ""
    """A MaxMind-format database of networks (GeoLite2-ASN.mmdb): services of one network or prefix
    that fail together are told as such. Read again where the file changed; empty means none."""


class Limits(Section, frozen=True, kw_only=True):
    """What one request to the intake may cost."""

    compressed: Size = Size(4 * 1024 * 1024)
    decompressed: Size = Size(32 * 1024 * 1024)
    records: int = 5000
    per_minute: int = 600
    """Requests per agent and minute before 429."""


class Tls(Section, frozen=True, kw_only=True):
    certificate: str
    key: str


class ReceiverKind(StrEnum):
    ALERTMANAGER = "alertmanager"
    """Alertmanager's API v2: one alert for each incident."""
    JSON = "json"
    """The incident as JSON, signed."""


class Receiver(Section, frozen=True, kw_only=True):
    """Who is told of incidents."""

    name: str
    kind: ReceiverKind
    url: Secret
    """Alertmanager's base, or the webhook's own; many a webhook's URL is itself the password."""
    token: Secret = Secret("")
    token_file: str = ""
    """At most one of `token`, `token_file`: sent as `Authorization: Bearer`."""
    secret: Secret = Secret("")
    secret_file: str = ""
    """For `json`, one of `secret`, `secret_file`: signs what is sent."""
    timeout: Seconds = Seconds(10)
    """Of one attempt, as a whole."""
    trust: str = ""
    """A PEM bundle for the receiver's certificate; empty means the system's."""
    at_least: State = State.LIKELY
    """An incident is told of from this state on, and then to its end."""


class Webhooks(Section, frozen=True, kw_only=True):
    """Incidents opened, updated and closed, told to others."""

    external_url: str = ""
    """Where people reach the pages: links go there; empty means no links."""
    receivers: tuple[Receiver, ...] = ()
    resend: Seconds = Seconds(60)
    """How often Alertmanager is told again of an open incident; after four times that without
    word it holds it resolved."""
    max_backoff: Seconds = Seconds(300)
    waiting: int = 1000
    """Most deliveries that wait for one receiver; the oldest is dropped, and counted, past this."""
    give_up: Seconds = Seconds(86400)
    """A delivery that failed for so long is dropped, and counted."""


class Discovering(Section, frozen=True, kw_only=True):
    """Who may read `/sd/probes`, which names the addresses of probe hosts."""

    token: Secret = Secret("")
    token_file: str = ""
    token_sha256: str = ""
    """One of the three."""


class CorrelatorConfig(Section, frozen=True, kw_only=True):
    """correlator.yaml."""

    agents: tuple[EnrolledAgent, ...]
    services: str = "services.yaml"
    web: Listening = Listening(listen="127.0.0.1:8420")
    """Intake, API and pages."""
    pages: Listening = Listening()
    """A second listener with API and pages alone, without the intake."""
    metrics: Listening = Listening()
    """One more with what machines of ours read: /metrics, /config, /sd/probes, without `tls`."""
    tls: Tls | None = None
    store: Storing = Storing()
    judging: Judging = Judging()
    limits: Limits = Limits()
    webhooks: Webhooks = Webhooks()
    discovery: Discovering | None = None
    """Without it there is no `/sd/probes`."""
    log: Logging = Logging()


class ReferenceLimits(Section, frozen=True, kw_only=True):
    """What strangers may ask of a reference server; an address of IPv6 stands for its /64."""

    connections: int = 512
    """At once, of all."""
    per_address: int = 16
    """At once, of one address."""
    per_minute: int = 120
    """Connections of one address."""
    bytes_per_minute: Size = Size(16 * 1024 * 1024)
    """Sent to one address."""
    body: Size = Size(1024 * 1024)
    """The longest that may be asked for."""
    timeout: Seconds = Seconds(30)
    """Of a connection, from its first packet to its end."""


class ReferenceConfig(Section, frozen=True, kw_only=True):
    """reference.yaml."""

    secure: tuple[str, ...] = ("0.0.0.0:443",)
    """Where TLS is spoken: `host:port`, `[v6]:port`, or `fd:N`."""
    plain: tuple[str, ...] = ("0.0.0.0:80",)
    """The same without TLS."""
    quic: bool = True
    """Whether QUIC is spoken too, at the UDP ports of the same numbers as those of `secure`, where
    the extra `quic` is installed: a handshake under any name, and nothing else."""
    names: tuple[str, ...] = ()
    """Server names that are served, with all below them; empty means any."""
    tls: Tls | None = None
    """One certificate for all names; without it each gets one of an authority made at the start."""
    limits: ReferenceLimits = ReferenceLimits()
    metrics: Listening = Listening(listen="127.0.0.1:9466")
    log: Logging = Logging()


class QuickstartConfig(Section, frozen=True, kw_only=True):
    """quickstart.yaml: agent, correlator and pages in one process."""

    vantage: Vantage
    services: str = "services.yaml"
    schedule: Schedule = Schedule()
    measuring: Measuring = Measuring()
    state: str = "worksforwhom-state"
    """A directory for spool and store."""
    web: Listening = Listening(listen="127.0.0.1:8420")
    judging: Judging = Judging()
    log: Logging = Logging()
