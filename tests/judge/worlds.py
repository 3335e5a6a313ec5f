"""Small made worlds: measurements as agents would send them, for the judge's tests.

Times are seconds from START. Every vantage measures every endpoint and its controls once per
round at an offset of its own, so that an onset is seen staggered, as in life.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

from probe.judge.hypothesis import View, judge
from probe.judge.incident import advance
from probe.model import (
    CONTROL,
    SHARED,
    UNNAMED,
    Certificate,
    DifferentialTest,
    DnsLookup,
    Endpoint,
    Expectation,
    Failure,
    Feature,
    Header,
    HttpExchange,
    Incident,
    Layer,
    Measurement,
    NetworkKind,
    Observation,
    QuicHandshake,
    Reach,
    Service,
    Target,
    TcpConnect,
    TlsHandshake,
    Transport,
    Vantage,
    Verdict,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROUND = 5.0
FLUSH = 0.5
FEATURES = ("web", "api", "media", "login", "notifications", "links")

Maker = Callable[["Case"], tuple[Observation, ...]]


@dataclass(frozen=True)
class Case:
    """One measurement to be made up."""

    vantage: Vantage
    service: str
    feature: str
    endpoint: str
    at: datetime
    pinned: str = ""
    """An address that is not this feature's own."""

    @property
    def host(self) -> str:
        return f"{self.feature}.{self.service}.com"

    @property
    def address(self) -> str:
        return self.pinned or f"11.{dice(self.service) % 200 + 1}.{dice(self.feature) % 200 + 1}.7"

    @property
    def foreign(self) -> bool:
        return self.service != CONTROL or self.feature == Reach.FOREIGN


@lru_cache(maxsize=65536)
def dice(*parts: Hashable) -> int:
    """Draw a number that is always the same for the same parts."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4])


def share(*parts: Hashable) -> float:
    return dice(*parts) / 2**32


# ── steps ────────────────────────────────────────────────────────────────────────────────────


def certificate(
    name: str, issuer: str = "CN=Good CA", until: datetime | None = None
) -> Certificate:
    return Certificate(
        sha256=hashlib.sha256(f"{name}{issuer}".encode()).hexdigest(), subject=f"CN={name}",
        issuer=issuer, names=(name,), not_before=START - timedelta(days=90),
        not_after=until or START + timedelta(days=90),
    )  # fmt: skip


def dns(
    case: Case,
    *answers: str,
    failure: str = "",
    test: DifferentialTest | None = None,
    took: float = 0.02,
) -> DnsLookup:
    return DnsLookup(
        at=case.at, took=took, name=case.host, answers=answers, test=test,
        resolver="system" if test is None else "9.9.9.9",
        failure=Failure(name=failure) if failure else None,
    )  # fmt: skip


def tcp(case: Case, address: str, failure: str = "", took: float = 0.03) -> TcpConnect:
    return TcpConnect(
        at=case.at,
        took=took,
        address=address,
        port=443,
        failure=Failure(name=failure) if failure else None,
    )


def tls(  # noqa: PLR0913 — a step has that many facts
    case: Case, address: str, failure: str = "", *, name: str = "", chain: tuple[Certificate, ...] | None = None,
    test: DifferentialTest | None = None, took: float = 0.05, verify: int | None = None,
) -> TlsHandshake:  # fmt: skip
    named = name or case.host
    shown = chain if chain is not None else (() if failure else (certificate(named),))
    return TlsHandshake(
        at=case.at, took=took, address=address, port=443, server_name=named, chain=shown, test=test,
        failure=Failure(name=failure, verify=verify) if failure else None,
    )  # fmt: skip


def http(  # noqa: PLR0913 — a step has that many facts
    case: Case, address: str, status: int | None = 200, expectation: Expectation | None = Expectation.MET, *,
    failure: str = "", scheme: str = "https", title: str = "", location: str = "", took: float = 0.05,
    headers: tuple[Header, ...] = (), matched: str = "",
) -> HttpExchange:  # fmt: skip
    return HttpExchange(
        at=case.at, took=took, url=f"{scheme}://{case.host}/", address=address, first_byte=took * 0.8,
        status=None if failure else status, expectation=None if failure else expectation,
        failure=Failure(name=failure) if failure else None, title=title, location=location,
        headers=headers, matched=matched, length=0 if failure else 512,
    )  # fmt: skip


def _up(case: Case) -> tuple[Observation, ...]:
    return (dns(case, case.address), tcp(case, case.address), tls(case, case.address))


# ── what a vantage sees, by mechanism ────────────────────────────────────────────────────────


LESS = {"port": Layer.TCP, "name": Layer.DNS}
"""Features whose endpoints ask for less than a page."""


def ok(case: Case) -> tuple[Observation, ...]:
    whole = (*_up(case), http(case, case.address))
    return whole[: 1 + tuple(Layer).index(LESS.get(case.feature, Layer.HTTP))]


def server_error(case: Case) -> tuple[Observation, ...]:
    return (*_up(case), http(case, case.address, 503, Expectation.STATUS))


def too_many(case: Case) -> tuple[Observation, ...]:
    return (*_up(case), http(case, case.address, 429, Expectation.STATUS))


def app_error(case: Case) -> tuple[Observation, ...]:
    return (
        *_up(case),
        http(case, case.address, 200, Expectation.FORBIDDEN, matched="Something went wrong"),
    )


def rejection(case: Case) -> tuple[Observation, ...]:
    return (
        *_up(case),
        http(
            case,
            case.address,
            403,
            Expectation.STATUS,
            headers=(Header(name="Content-Type", value="application/json"),),
        ),
    )


def geo_block(case: Case) -> tuple[Observation, ...]:
    return (*_up(case), http(case, case.address, 451, Expectation.STATUS, title="Unavailable"))


def silence(case: Case) -> tuple[Observation, ...]:
    return (*_up(case), http(case, case.address, failure="generic_timeout_error", took=3.0))


def expired(case: Case, verify: int = 10) -> tuple[Observation, ...]:
    """By OpenSSL's number what is wrong with it: as a rule its time alone."""
    old = certificate(case.host, until=START - timedelta(days=1))
    return (
        dns(case, case.address), tcp(case, case.address),
        tls(case, case.address, "ssl_invalid_certificate", chain=(old,), verify=verify),
    )  # fmt: skip


def mitm(case: Case) -> tuple[Observation, ...]:
    forged = certificate(case.host, issuer="CN=National Root")
    return (
        dns(case, case.address), tcp(case, case.address),
        tls(case, case.address, "ssl_unknown_authority", chain=(forged,), verify=20),
    )  # fmt: skip


def _neutral(case: Case, failure: str = "") -> TlsHandshake:
    return tls(
        case,
        case.address,
        failure or "ssl_invalid_hostname",
        name="example.com",
        test=DifferentialTest.NEUTRAL_NAME,
        chain=() if failure else None,
    )


def sni_reset(case: Case) -> tuple[Observation, ...]:
    return (
        dns(case, case.address),
        tcp(case, case.address),
        tls(case, case.address, "connection_reset"),
        _neutral(case),
    )


def sni_drop(case: Case) -> tuple[Observation, ...]:
    return (
        dns(case, case.address), tcp(case, case.address),
        tls(case, case.address, "generic_timeout_error", took=2.0), _neutral(case),
    )  # fmt: skip


def tcp_reset(case: Case) -> tuple[Observation, ...]:
    return (dns(case, case.address), tcp(case, case.address, "connection_reset"))


def null_route(case: Case) -> tuple[Observation, ...]:
    return (dns(case, case.address), tcp(case, case.address, "generic_timeout_error", took=3.0))


def traced(
    case: Case, address: str, *told: tuple[str, str], first: int = 1
) -> tuple[Observation, ...]:
    """A trace, a router and a failure for each distance."""
    return tuple(
        msgspec.structs.replace(
            tcp(case, address, failure), test=DifferentialTest.PATH, ttl=ttl, router=router
        )
        for ttl, (router, failure) in enumerate(told, first)
    )


ENDED, LATE = "host_unreachable", "generic_timeout_error"
CONTROL_TRACE = ((SHARED, ENDED), (SHARED, ENDED), (UNNAMED, ENDED), ("", ""))
OURS = "11.45.1.1"


def null_route_near(case: Case) -> tuple[Observation, ...]:
    """Packets end where the way to a server of ours goes on."""
    lost = traced(case, case.address, (SHARED, ENDED), ("", LATE), ("", LATE))
    return (*null_route(case), *traced(case, OURS, *CONTROL_TRACE), *lost)


def null_route_at_the_door(case: Case) -> tuple[Observation, ...]:
    """Packets come as far as the target's own network."""
    door = f"{case.address.rpartition('.')[0]}.0/24"
    lost = traced(case, case.address, (SHARED, ENDED), (SHARED, ENDED), (door, ENDED), ("", LATE))
    return (*null_route(case), *traced(case, OURS, *CONTROL_TRACE), *lost)


def nxdomain(case: Case) -> tuple[Observation, ...]:
    second = dns(case, case.address, test=DifferentialTest.SECOND_RESOLVER)
    return (dns(case, failure="dns_nxdomain_error"), second)


def second_knows(case: Case) -> tuple[Observation, ...]:
    """The operator's resolver fails for the name; another knows it."""
    second = dns(case, case.address, test=DifferentialTest.SECOND_RESOLVER)
    return (dns(case, failure="dns_servfail_error"), second)


def unheard(case: Case) -> tuple[Observation, ...]:
    """No resolver learns anything from the name's own servers."""
    second = dns(case, failure="dns_servfail_error", test=DifferentialTest.SECOND_RESOLVER)
    return (dns(case, failure="dns_servfail_error"), second)


def nxdomain_everywhere(case: Case) -> tuple[Observation, ...]:
    second = dns(case, failure="dns_nxdomain_error", test=DifferentialTest.SECOND_RESOLVER)
    return (dns(case, failure="dns_nxdomain_error"), second)


def dns_timeout(case: Case) -> tuple[Observation, ...]:
    second = dns(case, case.address, test=DifferentialTest.SECOND_RESOLVER)
    return (dns(case, failure="generic_timeout_error", took=3.0), second)


def encrypted_cut(
    case: Case, failure: str = "generic_timeout_error", layer: Layer = Layer.TCP
) -> tuple[Observation, ...]:
    """Another resolver answers in the clear; at its encrypted port it is not reached."""
    plain = dns(case, case.address, test=DifferentialTest.SECOND_RESOLVER)
    plain = msgspec.structs.replace(plain, resolver="9.9.9.9", rcode=0)
    return (
        plain,
        msgspec.structs.replace(
            plain, transport=Transport.TLS, server_name="dns.quad9.net", failed_at=layer,
            failure=Failure(name=failure), answers=(), rcode=None,
        ),
    )  # fmt: skip


OURS = "11.45.1.1"


def over_quic(case: Case, ours: str, named: str | None, target: str) -> tuple[Observation, ...]:
    """How hands are shaken over QUIC: a harmless name and the case's at a server of ours, and there."""
    name = f"{case.service}.test"
    asked = [(OURS, "example.com", ours), (OURS, name, named), (case.address, name, target)]
    return tuple(
        QuicHandshake(
            at=case.at, took=0.1, test=DifferentialTest.QUIC, address=address, port=443,
            server_name=said, failure=Failure(name=end) if end else None,
        )
        for address, said, end in asked
        if end is not None
    )  # fmt: skip


def forged(case: Case) -> tuple[Observation, ...]:
    wrong = certificate("notice.example", issuer="CN=notice.example")
    return (
        dns(case, "31.13.77.33"), tcp(case, "31.13.77.33"),
        tls(case, "31.13.77.33", "ssl_invalid_hostname", chain=(wrong,), verify=62),
    )  # fmt: skip


def bogon(case: Case) -> tuple[Observation, ...]:
    return (dns(case, "10.10.34.99"), tcp(case, "10.10.34.99", "generic_timeout_error"))


def block_page(case: Case) -> tuple[Observation, ...]:
    return (
        dns(case, case.address), tcp(case, case.address),
        http(case, case.address, 200, Expectation.MISSING, scheme="http", title="5651 sayılı kanun uyarınca"),
    )  # fmt: skip


def odd_page(case: Case) -> tuple[Observation, ...]:
    """A page that no list knows, the same for everybody there."""
    page = http(case, case.address, 200, Expectation.MISSING, scheme="http", title="Access denied")
    return (
        dns(case, case.address),
        tcp(case, case.address),
        msgspec.structs.replace(page, digest="d0"),
    )


def delayed(case: Case) -> tuple[Observation, ...]:
    return (
        dns(case, case.address), tcp(case, case.address, took=1.2),
        tls(case, case.address, took=2.4), http(case, case.address, took=1.3),
    )  # fmt: skip


def delayed_abroad(case: Case) -> tuple[Observation, ...]:
    """The way out of the country is slow; domestic destinations are as ever."""
    return delayed(case) if case.foreign else ok(case)


def no_resolver(case: Case) -> tuple[Observation, ...]:
    second = dns(case, case.address, test=DifferentialTest.SECOND_RESOLVER)
    return (dns(case, failure="generic_timeout_error", took=3.0), second)


def unplugged(case: Case) -> tuple[Observation, ...]:
    return (dns(case, case.address), tcp(case, case.address, "generic_timeout_error", took=3.0))


def cut_off(case: Case) -> tuple[Observation, ...]:
    """No foreign destination answers; domestic ones do."""
    return unplugged(case) if case.foreign else ok(case)


BLIPS: tuple[Maker, ...] = (null_route, silence, tcp_reset, dns_timeout, nxdomain_everywhere)


# ── worlds ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Event:
    """From `at` on (until `until`), cases that fit see this; None: the vantage cannot send."""

    at: float
    maker: Maker
    until: float = 1e9
    services: tuple[str, ...] = ("chirp",)
    features: tuple[str, ...] = FEATURES
    countries: tuple[str, ...] = ()
    networks: tuple[int, ...] = ()
    vantages: tuple[str, ...] = ()
    controls: bool = False
    """Strikes controls and every service, not only the features named."""
    sending: bool = True
    """Whether the vantage's results reach the centre meanwhile."""

    def strikes(self, case: Case, at: float) -> bool:
        v = case.vantage
        if not self.at <= at < self.until:
            return False
        if self.countries and v.country not in self.countries:
            return False
        if (self.networks and v.asn not in self.networks) or (
            self.vantages and v.id not in self.vantages
        ):
            return False
        return self.controls or (case.service in self.services and case.feature in self.features)


def networks(*counts: tuple[str, int, tuple[int, ...]]) -> tuple[Vantage, ...]:
    """(country, first AS number, vantages in each network)."""
    return tuple(
        Vantage(
            id=f"{country.lower()}-{asn + n}-{k}", country=country, asn=asn + n,
            network=f"{country} Net {n + 1}",
            kind=NetworkKind.MOBILE if country == "NG" and n < 4 else NetworkKind.RESIDENTIAL,
        )
        for country, asn, sizes in counts
        for n, size in enumerate(sizes)
        for k in range(size)
    )  # fmt: skip


ROSTER = networks(
    ("TR", 47330, (2, 1)), ("DE", 3320, (1, 1)), ("US", 7920, (2, 1)), ("BR", 27690, (1, 1)),
    ("NG", 29460, (1, 1, 1, 1, 1)), ("IN", 55830, (1, 1, 1)), ("JP", 2510, (1, 1)), ("CA", 810, (2, 1, 1)),
)  # fmt: skip


def service(name: str, features: Sequence[str] = FEATURES) -> Service:
    return Service(
        id=name, name=name.title(),
        features=tuple(
            Feature(id=f, name=f, endpoints=(Endpoint(id=f"{name}-{f}", url=f"https://{f}.{name}.com/"),))
            for f in features
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class World:
    events: tuple[Event, ...] = ()
    roster: tuple[Vantage, ...] = ROSTER
    services: tuple[Service, ...] = (service("chirp"), service("other", ("web", "api")))
    noise: float = 0.0
    """Share of (vantage, endpoint, burst) that fail for no reason; a burst lasts two rounds."""
    seed: int = 0
    made: dict[tuple[str, str, str, str, float], tuple[float, Measurement]] = field(
        default_factory=dict, compare=False
    )


CONTROLS = ((Reach.DOMESTIC, 2), (Reach.FOREIGN, 3))


def targets(world: World) -> list[tuple[str, str, str]]:
    """(service, feature, endpoint) of everything that a vantage measures."""
    wanted = [(s.id, f.id, f"{s.id}-{f.id}") for s in world.services for f in s.features]
    controls = [(CONTROL, r.value, f"{r.value}-{n}") for r, most in CONTROLS for n in range(most)]
    return [*wanted, *controls]


def arrivals(world: World, until: float) -> list[tuple[float, Measurement]]:
    """(time of arrival, measurement) of everything measured before `until`."""
    listed = []
    for vantage in world.roster:
        for target in targets(world):
            offset = ROUND * share(world.seed, vantage.id, *target)
            for number in range(-5, int(until / ROUND) + 1):
                at = number * ROUND + offset
                if at < until:
                    listed.append(_measure(world, vantage, target, at))
    return listed


def _measure(
    world: World, vantage: Vantage, target: tuple[str, str, str], at: float
) -> tuple[float, Measurement]:
    key = (vantage.id, *target, at)
    if key not in world.made:
        world.made[key] = _make(world, Case(vantage, *target, START + timedelta(seconds=at)), at)
    return world.made[key]


def _make(world: World, case: Case, at: float) -> tuple[float, Measurement]:
    striking = [event for event in world.events if event.strikes(case, at)]
    maker = striking[-1].maker if striking else _luck(world, case, at)
    if maker is cut_off and not case.foreign:
        maker = ok
    seen = maker(case)
    took = sum(step.took for step in seen)
    blocked = [
        event.until for event in world.events if not event.sending and event.strikes(case, at)
    ]
    sent = max([at + took + FLUSH, *(until + FLUSH for until in blocked)])
    return sent, measurement(case, seen, took)


def _luck(world: World, case: Case, at: float) -> Maker:
    burst = int(at // (2 * ROUND))
    if share(world.seed, "noise", case.vantage.id, case.endpoint, burst) < world.noise:
        return BLIPS[dice(world.seed, case.vantage.id, case.endpoint, burst) % len(BLIPS)]
    return ok


def measurement(case: Case, seen: tuple[Observation, ...], took: float = 0.1) -> Measurement:
    name = f"{case.at:%H%M%S.%f}-{case.vantage.id}-{case.endpoint}"
    return Measurement(
        id=name, at=case.at, took=took, vantage=case.vantage, observations=seen,
        target=Target(service=case.service, feature=case.feature, endpoint=case.endpoint),
        goal=LESS.get(case.feature, Layer.HTTP),
    )  # fmt: skip


def view(world: World, now: float, known: Iterable[Measurement]) -> View:
    heard: dict[str, datetime] = {}
    for m in known:
        heard[m.vantage.id] = max(m.at, heard.get(m.vantage.id, m.at))
    return View(
        now=START + timedelta(seconds=now), round=timedelta(seconds=ROUND), rounds=5,
        services=world.services, roster=world.roster, heard=heard,
    )  # fmt: skip


def known_at(world: World, now: float) -> list[Measurement]:
    return [m for sent, m in arrivals(world, now) if sent <= now]


def verdicts_at(world: World, now: float) -> tuple[Verdict, ...]:
    known = known_at(world, now)
    return judge(known, view(world, now, known))


@dataclass(frozen=True)
class Moment:
    at: float
    verdicts: tuple[Verdict, ...]
    incidents: tuple[Incident, ...]


def play(world: World, until: float, every: float = 1.0, since: float = 0.0) -> list[Moment]:
    """Judge a world again and again, as a correlator does."""
    moments: list[Moment] = []
    incidents: tuple[Incident, ...] = ()
    now = since
    while now <= until:
        known = known_at(world, now)
        frame = view(world, now, known)
        verdicts = judge(known, frame)
        incidents = advance(incidents, verdicts, frame)
        moments.append(Moment(now, verdicts, incidents))
        now += every
    return moments


def cell(
    verdicts: Iterable[Verdict],
    feature: str,
    country: str,
    network: int = 0,
    service: str = "chirp",
) -> Verdict:
    return next(
        v for v in verdicts
        if (v.service, v.feature, v.country, v.network) == (service, feature, country, network)
    )  # fmt: skip
