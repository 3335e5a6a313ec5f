"""The nouns: what is probed, what was seen, what follows from it.

They are frozen, they do nothing, and they are the wire and the storage format at once, so each
has one definition. Times are timezone-aware UTC (RFC 3339 on the wire); durations are seconds.

From left to right: a Vantage measures an Endpoint of a Feature of a Service, step by step; each
step is one Observation; one run is a Measurement: facts, no opinion. The judge reads
measurements, finds Evidence by rules, weighs the rival Causes into a Verdict for each (service,
feature, country, network), gathers verdicts into an Incident and says it in a Statement.
"""

from probe.model.catalogue import (
    CONTROL,
    Control,
    Endpoint,
    Feature,
    NetworkKind,
    Reach,
    Service,
    Vantage,
)
from probe.model.delivery import Delivery, Event
from probe.model.measurement import (
    ENCRYPTED,
    Certificate,
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    Fingerprint,
    Header,
    Health,
    HttpExchange,
    Layer,
    Measurement,
    Observation,
    Paired,
    Step,
    Tally,
    Target,
    TcpConnect,
    Timer,
    TlsHandshake,
    Transport,
)
from probe.model.origin import Origin
from probe.model.record import Record
from probe.model.verdict import (
    SIDES,
    Author,
    Cause,
    Change,
    Evidence,
    Incident,
    Scope,
    Side,
    Standing,
    State,
    Statement,
    Verdict,
)

__all__ = [
    "CONTROL",
    "ENCRYPTED",
    "SIDES",
    "Author",
    "Cause",
    "Certificate",
    "Change",
    "Control",
    "Delivery",
    "DifferentialTest",
    "DnsLookup",
    "Endpoint",
    "Event",
    "Evidence",
    "Expectation",
    "Failure",
    "Feature",
    "Fingerprint",
    "Header",
    "Health",
    "HttpExchange",
    "Incident",
    "Layer",
    "Measurement",
    "NetworkKind",
    "Observation",
    "Origin",
    "Paired",
    "Reach",
    "Record",
    "Scope",
    "Service",
    "Side",
    "Standing",
    "State",
    "Statement",
    "Step",
    "Tally",
    "Target",
    "TcpConnect",
    "Timer",
    "TlsHandshake",
    "Transport",
    "Vantage",
    "Verdict",
]
