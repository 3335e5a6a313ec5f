"""The nouns as the public sees them: verdicts, incidents and witnesses without their vantages.

Pure. A volunteer's vantage id, addresses and whatever a page may have echoed back at it stay
here: a witness is a country, a network and a kind of network, and what each step came to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import inf

import msgspec

from probe.judge.hypothesis.likelihood import AGENT_OVERLAP
from probe.judge.statement import MOST_SURE
from probe.judge.strength import strength
from probe.model import (
    Author,
    Cause,
    Change,
    DifferentialTest,
    DnsLookup,
    Evidence,
    Failure,
    HttpExchange,
    Incident,
    Layer,
    Measurement,
    NetworkKind,
    Observation,
    QuicHandshake,
    Scope,
    Standing,
    State,
    TcpConnect,
    TlsHandshake,
    Verdict,
)


class Public(msgspec.Struct, frozen=True, kw_only=True):
    """A shape that leaves the house; every field is always there."""


MOST_STRONG = 3
"""Pieces of evidence that a verdict names by their strength."""


class Strong(Public, frozen=True, kw_only=True):
    """One of a verdict's strongest pieces of evidence."""

    rule: str
    mechanism: str
    author: Author
    sentence: str
    measurement: str
    strength: float | None
    """Nats toward the leading cause, of this piece by itself; None of what weighs nothing."""


class PublicVerdict(Public, frozen=True, kw_only=True):
    service: str
    feature: str
    country: str
    network: int
    leading: Cause
    state: State
    confidence: float
    """At most MOST_SURE: the share of belief is in `support`."""
    support: dict[Cause, float]
    mechanisms: tuple[str, ...]
    evidence: tuple[str, ...]
    """Ids of the rules that fired, strongest first, each once."""
    vantages: int
    networks: int
    effective_networks: float
    """Those vantages as independent ones: n of one network count n / (1 + 0.6 (n - 1))."""
    strongest: tuple[Strong, ...]
    """Up to three pieces, the strongest first: of several rules where several fired."""


class PublicIncident(Public, frozen=True, kw_only=True):
    id: str
    service: str
    features: tuple[str, ...]
    cause: Cause
    state: State
    scope: Scope
    countries: tuple[str, ...]
    networks: tuple[int, ...]
    mechanisms: tuple[str, ...]
    opened: datetime
    updated: datetime
    closed: datetime | None
    confidence: float
    statement: str


class PublicEvidence(Public, frozen=True, kw_only=True):
    """A rule that fired, with its witness's place in the world."""

    rule: str
    standing: Standing
    author: Author
    layer: str
    mechanism: str
    sentence: str
    measurement: str
    country: str
    """Empty where the measurement is no longer held."""
    asn: int
    network: str
    kind: NetworkKind | None


class PublicIncidentDetail(PublicIncident, frozen=True, kw_only=True):
    healthy: tuple[str, ...]
    vantages: int
    evidence: tuple[PublicEvidence, ...]
    history: tuple[Change, ...]


class Sight(Public, frozen=True, kw_only=True):
    """What one step came to."""

    layer: Layer
    subject: str
    """The name asked for, the address and port connected to, the URL's own."""
    took: float
    outcome: str
    """A failure's name, a status, `ok`, or what became of the expectations."""
    failure: Failure | None
    test: DifferentialTest | None
    """None for the chain's own steps."""


class Witness(Public, frozen=True, kw_only=True):
    """A measurement as evidence: where it stood, and what it saw."""

    id: str
    at: datetime
    country: str
    asn: int
    network: str
    kind: NetworkKind
    service: str
    feature: str
    endpoint: str
    sights: tuple[Sight, ...]


def verdict(held: Verdict) -> PublicVerdict:
    return PublicVerdict(
        service=held.service,
        feature=held.feature,
        country=held.country,
        network=held.network,
        leading=held.leading,
        state=held.state,
        confidence=min(held.confidence, MOST_SURE),
        support=held.support,
        mechanisms=held.mechanisms,
        evidence=tuple(dict.fromkeys(evidence.rule for evidence in held.evidence)),
        vantages=held.vantages,
        networks=held.networks,
        effective_networks=held.effective or _evenly(held.vantages, held.networks),
        strongest=tuple(_strongest(held)),
    )


def _evenly(vantages: int, networks: int) -> float:
    """What vantages count for where it is not told how they are spread: evenly."""
    each = vantages / networks if networks else 0.0
    return round(vantages / (1 + AGENT_OVERLAP * (each - 1)), 2) if each else 0.0


def _strongest(held: Verdict) -> Iterable[Strong]:
    """One piece of each rule, and more of the same only where there are too few rules."""
    told = [piece for piece in held.evidence if piece.standing is Standing.SCORED]
    weighed = [(strength(piece.rule, held.leading), piece) for piece in told]
    weighed.sort(key=lambda entry: -inf if entry[0] is None else entry[0], reverse=True)
    firsts = {piece.rule: n for n, (_, piece) in reversed(list(enumerate(weighed)))}
    order = sorted(range(len(weighed)), key=lambda n: firsts[weighed[n][1].rule] != n)
    return (
        _strong(piece, nats) for nats, piece in [weighed[n] for n in sorted(order[:MOST_STRONG])]
    )


def _strong(piece: Evidence, nats: float | None) -> Strong:
    return Strong(
        rule=piece.rule, mechanism=piece.mechanism, author=piece.author, sentence=piece.sentence,
        measurement=piece.measurement, strength=None if nats is None else round(nats, 2),
    )  # fmt: skip


def incident(held: Incident) -> PublicIncident:
    shown = msgspec.convert(held, PublicIncident, from_attributes=True)
    return msgspec.structs.replace(shown, confidence=min(held.confidence, MOST_SURE))


def detail(held: Incident, witnesses: Sequence[Measurement]) -> PublicIncidentDetail:
    """Give an incident with its evidence; of a witness no longer held, the place is blank."""
    places = {measurement.id: measurement for measurement in witnesses}
    shown = msgspec.structs.asdict(incident(held))
    return PublicIncidentDetail(
        **shown,
        healthy=held.healthy,
        vantages=held.vantages,
        evidence=tuple(_evidence(piece, places) for piece in held.evidence),
        history=held.history,
    )


def _evidence(piece: Evidence, places: Mapping[str, Measurement]) -> PublicEvidence:
    seen = places.get(piece.measurement)
    return PublicEvidence(
        rule=piece.rule,
        standing=piece.standing,
        author=piece.author,
        layer=piece.layer,
        mechanism=piece.mechanism,
        sentence=piece.sentence,
        measurement=piece.measurement,
        country=seen.vantage.country if seen else "",
        asn=seen.vantage.asn if seen else 0,
        network=seen.vantage.network if seen else "",
        kind=seen.vantage.kind if seen else None,
    )


def witness(held: Measurement) -> Witness:
    return Witness(
        id=held.id,
        at=held.at,
        country=held.vantage.country,
        asn=held.vantage.asn,
        network=held.vantage.network,
        kind=held.vantage.kind,
        service=held.target.service,
        feature=held.target.feature,
        endpoint=held.target.endpoint,
        sights=tuple(_sight(observation) for observation in held.observations),
    )


def _sight(seen: Observation) -> Sight:
    layer, subject, outcome = _seen(seen)
    return Sight(
        layer=layer,
        subject=subject,
        took=seen.took,
        outcome=seen.failure.name if seen.failure else outcome,
        failure=msgspec.structs.replace(seen.failure, detail="") if seen.failure else None,
        test=seen.test,
    )


def _seen(seen: Observation) -> tuple[Layer, str, str]:
    match seen:
        case DnsLookup():
            return Layer.DNS, f"{seen.name} {seen.query}", " ".join(seen.answers) or "no address"
        case TcpConnect():
            return Layer.TCP, _place(seen.address, seen.port), "ok"
        case TlsHandshake():
            return Layer.TLS, seen.server_name, seen.version or "ok"
        case QuicHandshake():
            return (
                Layer.QUIC,
                seen.server_name,
                f"version {seen.version}" if seen.version else "ok",
            )
        case HttpExchange():
            # A redirect's URL may carry what a notice page knows of its visitor.
            return Layer.HTTP, seen.url if seen.hop == 0 else "a redirect's target", _answer(seen)


def _place(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _answer(seen: HttpExchange) -> str:
    status = str(seen.status or "no answer")
    return f"{status}, {seen.expectation}" if seen.expectation else status
