"""A world to show: Twitter fails in eight countries, and one of its witnesses is hostile."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from probe.model import (
    Author,
    Cause,
    Change,
    DifferentialTest,
    DnsLookup,
    Endpoint,
    Evidence,
    Expectation,
    Feature,
    Header,
    HttpExchange,
    Incident,
    Measurement,
    QuicHandshake,
    Scope,
    Service,
    Standing,
    State,
    Target,
    TcpConnect,
    TlsHandshake,
    Vantage,
    Verdict,
)
from probe.web.board import Frame

NOW = datetime(2022, 12, 28, 21, 17, tzinfo=UTC)
COUNTRIES = ("US", "GB", "DE", "TR", "JP", "BR", "IN", "NG")
FEATURES = ("web", "app-api", "login", "notifications")
FAILING = ("web", "notifications")
HOSTILE = "<script>alert(1)</script>\"'&"
VOLUNTEER = "volunteer-of-us-1"
ECHOED = "198.51.100.77"
"""An address that a page has echoed back at the volunteer."""
STATEMENT = "Twitter: international outages affecting the web front page and notifications."


def service(name: str) -> Service:
    return Service(
        id=name,
        name=name.title(),
        features=tuple(
            Feature(id=f, name=f.title(), endpoints=(Endpoint(id=f, url=f"https://{name}.test/"),))
            for f in FEATURES
        ),
    )


def measurement() -> Measurement:
    answer = HttpExchange(
        at=NOW,
        took=0.3,
        url="https://twitter.test/",
        address="192.0.2.1",
        status=503,
        title=HOSTILE + ECHOED,
        headers=(Header(name="X-Client", value=ECHOED),),
        location=f"https://notice.test/?ip={ECHOED}",
        expectation=Expectation.STATUS,
    )
    return Measurement(
        id=str(uuid.UUID(int=1)),
        at=NOW,
        took=0.4,
        vantage=Vantage(id=VOLUNTEER, country="US", asn=64496, network=HOSTILE),
        target=Target(service="twitter", feature="web", endpoint="web"),
        observations=(
            DnsLookup(at=NOW, took=0.02, name="twitter.test", answers=("192.0.2.1",)),
            TcpConnect(at=NOW, took=0.03, address="2001:db8::1", port=443, source_port=50123),
            TlsHandshake(at=NOW, took=0.05, address="192.0.2.1", port=443, server_name="t.test"),
            answer,
            HttpExchange(
                at=NOW,
                took=0.1,
                hop=1,
                url=f"https://notice.test/?ip={ECHOED}",
                address="192.0.2.2",
                status=200,
            ),
            *(
                QuicHandshake(
                    at=NOW,
                    took=0.1,
                    test=DifferentialTest.QUIC,
                    address="192.0.2.1",
                    port=443,
                    server_name=name,
                    version=version,
                )
                for name, version in (("t.test", "1"), ("u.test", ""))
            ),
        ),
    )


def evidence() -> Evidence:
    return Evidence(
        rule="http.server_error",
        standing=Standing.SCORED,
        measurement=measurement().id,
        vantage=VOLUNTEER,
        layer="http",
        author=Author.SERVER,
        sentence=f"It answered 503 with the title {HOSTILE}.",
    )


def verdict(feature: str, country: str, *, name: str = "twitter", network: int = 0) -> Verdict:
    fails = feature in FAILING and name == "twitter"
    cause = Cause.SERVICE_OUTAGE if fails else Cause.OK
    return Verdict(
        service=name,
        feature=feature,
        country=country,
        network=network,
        at=NOW,
        leading=cause,
        state=State.CONFIRMED,
        confidence=0.96,
        support={cause: 0.96, Cause.FILTERING: 0.04},
        evidence=(evidence(), evidence()) if fails else (),
        vantages=2,
        networks=2,
    )


def incident(name: str = "twitter-1") -> Incident:
    return Incident(
        id=name,
        service="twitter",
        features=FAILING,
        healthy=("login",),
        cause=Cause.SERVICE_OUTAGE,
        state=State.CONFIRMED,
        scope=Scope.GLOBAL,
        countries=COUNTRIES,
        opened=NOW - timedelta(minutes=12),
        updated=NOW,
        confidence=0.96,
        statement=STATEMENT,
        evidence=(evidence(),),
        vantages=16,
        history=(Change(at=NOW - timedelta(minutes=12), what="opened", statement="It fails."),),
    )


@dataclass
class World:
    """What is in the store, and what a page is told besides."""

    frame: Frame
    measurement: Measurement = field(default_factory=measurement)
    verdicts: tuple[Verdict, ...] = tuple(
        verdict(feature, country) for feature in FEATURES for country in COUNTRIES
    )
    incident: Incident = field(default_factory=incident)
    hostile: str = HOSTILE
    secrets: tuple[str, ...] = (VOLUNTEER, ECHOED, "50123")


def made() -> World:
    roster = tuple(Vantage(id=f"{c}-1", country=c, asn=64496) for c in (*COUNTRIES, "ZA"))
    services = (service("facebook"), service("twitter"))
    return World(Frame(now=NOW, services=services, roster=roster))
