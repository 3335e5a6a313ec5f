"""What follows: evidence, verdict, incident, statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from probe.model.record import Record


class Cause(StrEnum):
    """The rivals. Never a boolean 'blocked'."""

    __hash__ = str.__hash__  # Enum's own is not of C, and these are the keys of every weighing

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


OUTAGES = frozenset({Cause.SERVICE_OUTAGE, Cause.DEPENDENCY_OUTAGE})
BARRIERS = frozenset({Cause.FILTERING, Cause.THROTTLING, Cause.GEO_BLOCK})
"""What keeps a country, or an operator's customers, from a service that others reach."""


class State(StrEnum):
    CONFIRMED = "confirmed"
    LIKELY = "likely"
    SUSPECTED = "suspected"
    INSUFFICIENT = "insufficient"


STRENGTH = {state: rank for rank, state in enumerate(reversed(State))}
"""How sure each is beside the others: nothing at all is 0."""


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
    """Networks behind the verdict."""
    effective: float = 0.0
    """Those vantages as independent ones: n of one network count n / (1 + 0.6 (n - 1))."""
    since: datetime | None = None
    """When what it holds true was first seen, as far as the window shows."""
    seen: datetime | None = None
    """When that was last seen: the newest look that shows it; None where no look does."""
    well: int = 0
    """Vantages of the same network that see it well meanwhile."""
    rounds: int = 0
    """Rounds that the evidence spans."""
    shared: tuple[str, ...] = ()
    """The dependencies that explain it, most telling first, where one does."""
    rules: str = ""
    """The rule set's version."""


class Change(Record, frozen=True, kw_only=True, omit_defaults=False):
    """One line of an incident's history."""

    at: datetime
    what: str
    """`opened`, `updated`, `closed` or `reopened`."""
    statement: str
    cause: Cause | None = None
    """What it was held to be from then on, and how surely; nothing in what older releases kept."""
    state: State | None = None


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
    shared: tuple[str, ...] = ()
    """What the failing ones have in common, of a dependency outage: `cdn cloudflare/LHR`."""
    opened: datetime
    updated: datetime
    closed: datetime | None = None
    confidence: float = 0.0
    statement: str = ""
    evidence: tuple[Evidence, ...] = ()
    vantages: int = 0
    seen: datetime | None = None
    """The newest look that shows it; nothing in what older releases kept."""
    gone: datetime | None = None
    """When it was first judged after that by somebody who could tell of it, and did not."""
    present: Mapping[str, datetime] = {}
    """When each country (`TR`) and network (`AS9121`) was last among the affected."""
    history: tuple[Change, ...] = ()


class Statement(Record, frozen=True, kw_only=True, omit_defaults=False):
    """An incident in careful words."""

    incident: str
    at: datetime
    text: str
    doubt: str = ""
    """What is not known."""
