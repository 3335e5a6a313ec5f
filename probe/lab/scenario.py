"""A scenario: a small world, what happens in it and when, and the truth that must be found.

It is data (YAML, one file each), and users write their own. Times are story times from the
scenario's start; one story round is `round`. The kernel lab plays a story round in fewer real
seconds (`kernel_round`), everything else in proportion.
"""

from __future__ import annotations

from enum import StrEnum

from probe.config.shape import Seconds, Section
from probe.model import Cause, NetworkKind, Scope, Service, State


class DependencyKind(StrEnum):
    CDN = "cdn"
    DNS = "dns"
    """A provider of name servers."""
    HOSTING = "hosting"
    """A region of a cloud."""
    ROUTE = "route"
    """A prefix or a transit network."""
    RESOLVER = "resolver"
    """A public resolver; it is the probe hosts' dependency, not the services'."""


class Site(Section, frozen=True, kw_only=True):
    """One place of a delivery network, and who is served from there."""

    id: str
    """As its headers name it: `LHR`, `cdg-8`."""
    countries: tuple[str, ...] = ()
    networks: tuple[int, ...] = ()
    """AS numbers served from here although their country is not."""


class Dependency(Section, frozen=True, kw_only=True):
    """What several services stand on: it fails for all of them at once."""

    id: str
    """What the catalogue calls it: `cloudflare`, `akamai-dns`."""
    kind: DependencyKind
    services: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    """Narrows to these features of the services; empty means all."""
    sites: tuple[Site, ...] = ()
    declared: bool = True
    """Whether the catalogue says that the services stand on it; else only the traffic can tell."""


class Cohort(Section, frozen=True, kw_only=True):
    """Probe hosts with something in common that is no country and no network."""

    id: str
    vantages: tuple[str, ...] = ()
    share: float = 0.0
    """Instead of a list: this share of all probe hosts, spread evenly over the networks."""
    software: str = ""
    """The agent's build that they run: `worksforwhom 0.9.1`."""
    resolver: str = ""
    """The resolver that they use, by a dependency's id."""
    resolver_asn: int = 0


class Noise(Section, frozen=True, kw_only=True):
    """What fails for no reason, in the simulated lab: lone failures, and bursts of one network.

    The numbers to start from: 2.5 % of measurements fail, most of them in bursts of four rounds
    on average (attribution.md, 7.2).
    """

    lone: float = 0.007
    """Probability that one measurement fails by itself."""
    bursts: float = 9.0
    """Passing troubles of a network in a day."""
    rounds: float = 4.0
    """Their mean length."""
    share: float = 0.7
    """Of the measurements of a network in trouble, those that fail."""


class LabNetwork(Section, frozen=True, kw_only=True):
    """An operator of a country, its own resolver in it, and the probe hosts that stand in it."""

    country: str
    asn: int
    name: str
    kind: NetworkKind = NetworkKind.RESIDENTIAL
    vantages: int = 1
    ipv6: bool = False
    delay: Seconds = Seconds(0.005)
    """One way, from the network to the core."""


class Form(StrEnum):
    """What a failing service answers."""

    HTTP_5XX = "http_5xx"
    APP_ERROR = "app_error"
    """'Something went wrong' with status 200."""
    REJECTION = "rejection"
    """A well-formed 403 with a JSON error of the application ('over the daily limit')."""
    SILENCE = "silence"
    """The request is read and never answered."""
    UNREACHABLE = "unreachable"
    """Its addresses answer nothing."""
    NO_NAME = "no_name"
    """Its name servers do not answer: resolvers say SERVFAIL."""
    EXPIRED = "expired"
    """Its certificate has expired."""
    SLOW = "slow"
    """Whole answers that take `delay` longer, for everybody."""


class Event(Section, frozen=True, kw_only=True):
    """Something begins at `at` and ends at `until` (or never).

    `mechanism` is an id of the mechanism catalogue. What it hits: `names` (host names) or whole
    `services`, narrowed to `features`, or all that stands on `dependencies`. Where: `countries`,
    `networks` (AS numbers), `vantages`, `cohorts`, or who is served by `sites`; each list
    narrows, and all empty means everywhere.

    `ip.*`, `tcp.*`, `tls.mitm_cert` and `throttle.handshake_delay` act on the addresses of what
    is named, and so hit whatever shares them: all services of a delivery network. `server.*` hits
    services, never a control unless `controls` says so; any other mechanism that names nothing
    hits every name there is. `ip.shutdown_*`, `ip.curfew_schedule` and `local.*` hit all that a
    probe host measures, and behind a shutdown results wait for its end; `ip.allowlist` spares
    what the event names. `tls.sni_tail_freeze` and `throttle.sni_policing` show on answers of
    more than 16 KB and 5 KB alone: give the endpoint a `min_bytes`.
    """

    at: Seconds
    until: Seconds | None = None
    mechanism: str
    services: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    networks: tuple[int, ...] = ()
    vantages: tuple[str, ...] = ()
    cohorts: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    """Sites of those dependencies."""
    controls: bool = False
    """Hits the controls too: an interference that spares no name."""
    form: Form = Form.HTTP_5XX
    """Of `server.outage_*`: left at http_5xx, an outage of `dns` dependencies shows as no_name,
    of `route` ones as unreachable, and of a `resolver` as silence towards those who use it."""
    delay: Seconds = Seconds(0)
    """Added one way, for the delaying mechanisms; for the form `slow`, to the answer. How long
    `residual.3tuple` lingers, over packets; 0 for three minutes."""
    share: float = 1.0
    """Probability that one flow or one request is hit: of every address, question and test anew."""


class Expected(Section, frozen=True, kw_only=True):
    """One incident that is true, from `onset` on."""

    cause: Cause
    also: tuple[Cause, ...] = ()
    """Causes that are right as well, where no probe could tell them apart."""
    scope: Scope
    scopes: tuple[Scope, ...] = ()
    """Scopes that are right as well."""
    onset: Seconds
    until: Seconds | None = None
    """When it is over; how it is told while it ends does not count."""
    service: str = ""
    """Empty for a disruption: it belongs to no service."""
    features: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    networks: tuple[int, ...] = ()
    mechanisms: tuple[str, ...] = ()
    """Any one of them must be named; empty asks for none."""
    at_least: State = State.LIKELY
    """The weakest state that counts as an answer; mere silence can only be `suspected`."""
    says: tuple[str, ...] = ()
    """Texts that the statement must contain."""


class Scenario(Section, frozen=True, kw_only=True):
    name: str
    title: str
    story: str = ""
    sources: tuple[str, ...] = ()
    round: Seconds = Seconds(60)
    kernel_round: Seconds = Seconds(5)
    length: Seconds
    services: tuple[Service, ...]
    networks: tuple[LabNetwork, ...]
    outside: str = ""
    """`standard` adds the networks of a dozen countries that the scenario does not name itself:
    the rest of the world, which is well unless the timeline says otherwise."""
    dependencies: tuple[Dependency, ...] = ()
    cohorts: tuple[Cohort, ...] = ()
    encrypted_dns: tuple[str, ...] = ()
    """Services whose names are also asked for by DNS over TLS and HTTPS, whether or not anything
    fails; over packets that is all of them, where any is named."""
    quic: tuple[str, ...] = ()
    """Services whose servers speak QUIC, and that are tried over it whether or not anything fails;
    over packets all services are tried so, where any is named."""
    two_addresses: tuple[str, ...] = ()
    """Services whose names have two IPv4 addresses instead of one."""
    noise: Noise = Noise()
    timeline: tuple[Event, ...] = ()
    expected: tuple[Expected, ...] = ()
    """No entry means that no incident may be opened."""
