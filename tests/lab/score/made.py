"""What a play is made of, for tests: incidents, verdicts, moments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from probe.config.shape import Seconds
from probe.lab.scenario import Event, Expected, LabNetwork, Scenario
from probe.model import Cause, Endpoint, Feature, Incident, Scope, Service, State, Verdict

S = TypeVar("S", bound=msgspec.Struct)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILTERING = Expected(
    cause=Cause.FILTERING,
    scope=Scope.COUNTRIES,
    onset=Seconds(120),
    service="twitter",
    features=("web", "media"),
    countries=("TR",),
)
OUTAGE = Expected(
    cause=Cause.SERVICE_OUTAGE,
    scope=Scope.GLOBAL,
    onset=Seconds(120),
    service="twitter",
    features=("posting",),
)
DARK = Expected(
    cause=Cause.NETWORK_DISRUPTION,
    scope=Scope.NETWORKS,
    onset=Seconds(120),
    countries=("CA",),
    networks=(812,),
    at_least=State.SUSPECTED,
)
FILTERED = Incident(
    id="i1",
    service="twitter",
    features=("media", "web"),
    cause=Cause.FILTERING,
    state=State.LIKELY,
    scope=Scope.COUNTRIES,
    countries=("TR",),
    networks=(47331, 16135),
    opened=AT,
    updated=AT,
    confidence=0.9,
    statement="Twitter is restricted.",
)


OUT = Incident(
    id="i2",
    service="twitter",
    features=("posting",),
    cause=Cause.SERVICE_OUTAGE,
    state=State.CONFIRMED,
    scope=Scope.GLOBAL,
    countries=("TR", "US"),
    opened=AT,
    updated=AT,
    confidence=0.99,
    statement="Posting on Twitter fails everywhere.",
)
GONE = Incident(
    id="i3",
    service="",
    features=(),
    cause=Cause.NETWORK_DISRUPTION,
    state=State.SUSPECTED,
    scope=Scope.NETWORKS,
    countries=("CA",),
    networks=(812,),
    opened=AT,
    updated=AT,
)
LOCAL = Incident(
    id="i4",
    service="",
    features=(),
    cause=Cause.LOCAL_FAULT,
    state=State.CONFIRMED,
    scope=Scope.VANTAGE,
    countries=("TR",),
    networks=(47331,),
    opened=AT,
    updated=AT,
)
FEATURES = ("web", "media", "posting")
SURE = 0.93


def but(value: S, **changes: object) -> S:
    return msgspec.structs.replace(value, **changes)


def scenario(
    *expected: Expected, timeline: tuple[Event, ...] = (), name: str = "made"
) -> Scenario:
    features = tuple(
        Feature(id=key, name=key, endpoints=(Endpoint(id=key, url=f"https://{key}.test/"),))
        for key in FEATURES
    )
    places = (("TR", 47331), ("TR", 16135), ("CA", 812), ("CA", 577), ("CA", 852), ("US", 7922))
    return Scenario(
        name=name,
        title="Made",
        length=Seconds(1200),
        services=(Service(id="twitter", name="Twitter", features=features),),
        networks=tuple(LabNetwork(country=c, asn=n, name=f"AS{n}") for c, n in places),
        timeline=timeline,
        expected=expected,
    )


def verdict(
    feature: str, country: str, leading: Cause = Cause.OK, belief: float = SURE
) -> Verdict:
    rest = (1 - belief) / (len(Cause) - 1)
    return Verdict(
        service="twitter",
        feature=feature,
        country=country,
        network=0,
        at=AT,
        leading=leading,
        state=State.LIKELY,
        confidence=belief,
        support={cause: belief if cause is leading else rest for cause in Cause},
        vantages=3,
    )


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    at: float
    heard: int = 0
    verdicts: tuple[Verdict, ...] = ()
    incidents: tuple[Incident, ...] = ()


def moments(
    incidents: Mapping[float, tuple[Incident, ...]], verdicts: tuple[Verdict, ...] = ()
) -> list[Moment]:
    """Make a play of 20 minutes; incidents hold from their time on, until the next ones."""
    made, held = [], tuple[Incident, ...]()
    for at in range(0, 1201, 60):
        held = incidents.get(float(at), held)
        made.append(Moment(at=float(at), verdicts=verdicts, incidents=held))
    return made
