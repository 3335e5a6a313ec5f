"""The correlator's metrics: a snapshot rendered at scrape; every metric name of the centre is here.

Labels are bounded by the catalogue and the enrolled agents; no address, URL or id is among them.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import Metric, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    StateSetMetricFamily,
)
from prometheus_client.registry import Collector, CollectorRegistry

from probe.metrics.distribution import Distribution
from probe.model import Cause, Incident, State, Verdict

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "worksforwhom_"
CELL = ("service", "feature", "country")
INCIDENT = ("service", "cause", "scope", "state", "country")


@dataclass(frozen=True)
class Mail:
    """What became of what one receiver was to be told."""

    ok: int = 0
    failed: int = 0
    dropped: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class Snapshot:
    """All that one scrape shows."""

    version: str
    verdicts: tuple[Verdict, ...] = ()
    incidents: tuple[Incident, ...] = ()
    """The open ones."""
    reporting: Mapping[str, int] = field(default_factory=dict)
    """Vantages heard within the window, by country; countries of the roster without any are 0."""
    newest: datetime | None = None
    """Probe time of the newest measurement."""
    accepted: int = 0
    duplicate: int = 0
    late: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    """Records by reason; every reason there is, also those not seen yet."""
    requests: Mapping[int, int] = field(default_factory=dict)
    judgings: int = 0
    judging_seconds: float = 0.0
    """What the last judging took."""
    judging_durations: Distribution = field(default_factory=Distribution)
    judged: datetime | None = None
    """When the last judging ended."""
    mail: Mapping[str, Mail] = field(default_factory=dict)
    """By receiver."""
    reload_ok: bool = True
    reloaded: datetime | None = None
    web_config: Mapping[str, bool] = field(default_factory=dict)
    """Of each listener with a file of its own: whether its last reading was good."""
    web_expires: Mapping[str, datetime] = field(default_factory=dict)
    """Of each listener that speaks TLS: the end of the certificate in use."""


class _Scrape(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        return families(self._snapshot)


def exposition(snapshot: Snapshot) -> bytes:
    """Render a snapshot in Prometheus' text format (`CONTENT_TYPE`)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scrape(snapshot))
    return generate_latest(registry)


def families(snapshot: Snapshot) -> Iterator[Metric]:
    yield from _cells(snapshot)
    yield from _world(snapshot)
    yield from _intake(snapshot)
    yield from _judging(snapshot)
    yield from _webhooks(snapshot)
    yield from _process(snapshot)


def _cells(snapshot: Snapshot) -> Iterator[Metric]:
    states = StateSetMetricFamily(
        PREFIX + "verdict_state", "State of the country's verdict on a feature.", labels=CELL
    )
    causes = StateSetMetricFamily(
        PREFIX + "verdict_cause", "Leading cause of the country's verdict.", labels=CELL
    )
    confidence = GaugeMetricFamily(
        PREFIX + "verdict_confidence_ratio", "The leading cause's share of belief.", labels=CELL
    )
    for verdict in snapshot.verdicts:
        if verdict.network == 0:
            cell = (verdict.service, verdict.feature, verdict.country)
            states.add_metric(cell, {str(s): s is verdict.state for s in State})
            causes.add_metric(cell, {str(c): c is verdict.leading for c in Cause})
            confidence.add_metric(cell, verdict.confidence)
    yield from (states, causes, confidence)


def _world(snapshot: Snapshot) -> Iterator[Metric]:
    incidents = GaugeMetricFamily(
        PREFIX + "incidents_open", "Open incidents by cause.", labels=("cause",)
    )
    held = Counter(incident.cause for incident in snapshot.incidents)
    for cause in Cause:
        if cause is not Cause.OK:
            incidents.add_metric((str(cause),), held[cause])
    yield incidents
    each = GaugeMetricFamily(
        PREFIX + "incident_open", "1 for each country of each open incident.", labels=INCIDENT
    )
    for place in sorted({place for held in snapshot.incidents for place in _places(held)}):
        each.add_metric(place, 1)
    yield each
    vantages = GaugeMetricFamily(
        PREFIX + "vantages_reporting", "Vantages heard within the window.", labels=("country",)
    )
    for country, count in sorted(snapshot.reporting.items()):
        vantages.add_metric((country,), count)
    yield vantages
    yield _instant("newest_measurement", "Probe time of the newest measurement.", snapshot.newest)


def _intake(snapshot: Snapshot) -> Iterator[Metric]:
    name = PREFIX + "intake_"
    yield CounterMetricFamily(
        name + "accepted", "Measurements taken in, each once.", value=snapshot.accepted
    )
    yield CounterMetricFamily(
        name + "duplicate", "Measurements sent again.", value=snapshot.duplicate
    )
    yield CounterMetricFamily(
        name + "late", "Measurements that came too late for a live verdict.", value=snapshot.late
    )
    refused = CounterMetricFamily(
        name + "refused", "Records refused, by reason.", labels=("reason",)
    )
    for reason, count in sorted(snapshot.refused.items()):
        refused.add_metric((reason,), count)
    requests = CounterMetricFamily(
        name + "requests", "Requests answered, by HTTP status.", labels=("code",)
    )
    for code, count in sorted(snapshot.requests.items()):
        requests.add_metric((str(code),), count)
    yield from (refused, requests)


def _places(held: Incident) -> Iterator[tuple[str, ...]]:
    """Give the labels of each country; two incidents may share them, and are one series then."""
    for country in held.countries or ("",):
        yield held.service, str(held.cause), str(held.scope), str(held.state), country


def _judging(snapshot: Snapshot) -> Iterator[Metric]:
    yield CounterMetricFamily(PREFIX + "judgings", "Judgings done.", value=snapshot.judgings)
    yield GaugeMetricFamily(
        PREFIX + "judging_seconds", "What the last judging took.", value=snapshot.judging_seconds
    )
    took = HistogramMetricFamily(PREFIX + "judging_duration_seconds", "What judgings took.")
    took.add_metric((), snapshot.judging_durations.buckets(), snapshot.judging_durations.total)
    yield took
    yield _instant("last_judging", "When the last judging ended.", snapshot.judged)


def _webhooks(snapshot: Snapshot) -> Iterator[Metric]:
    name, receiver = PREFIX + "webhook_", ("receiver",)
    deliveries = CounterMetricFamily(
        name + "deliveries", "Attempts to deliver.", labels=(*receiver, "outcome")
    )
    dropped = CounterMetricFamily(
        name + "dropped", "Deliveries that will never arrive.", labels=receiver
    )
    waiting = GaugeMetricFamily(
        name + "waiting", "Deliveries waiting after the last judging.", labels=receiver
    )
    for who, mail in sorted(snapshot.mail.items()):
        deliveries.add_metric((who, "ok"), mail.ok)
        deliveries.add_metric((who, "failed"), mail.failed)
        dropped.add_metric((who,), mail.dropped)
        waiting.add_metric((who,), mail.waiting)
    yield from (deliveries, dropped, waiting)


def _process(snapshot: Snapshot) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        PREFIX + "config_last_reload_successful",
        "Whether the configuration was good when it was last read.",
        value=snapshot.reload_ok,
    )
    yield _instant(
        "config_last_reload_success",
        "When a good configuration was last read.",
        snapshot.reloaded,
    )
    files = GaugeMetricFamily(
        PREFIX + "web_config_last_reload_successful",
        "Whether a listener's web.config_file was good when it was last read.",
        labels=("listener",),
    )
    for listener, good in snapshot.web_config.items():
        files.add_metric((listener,), good)
    yield files
    ends = GaugeMetricFamily(
        PREFIX + "web_certificate_expiry_timestamp_seconds",
        "End of the certificate that a listener shows.",
        labels=("listener",),
    )
    for listener, at in snapshot.web_expires.items():
        ends.add_metric((listener,), at.timestamp())
    yield ends
    yield InfoMetricFamily(
        PREFIX + "build",
        "Version of this program.",
        value={"version": snapshot.version, "python": platform.python_version()},
    )


def _instant(name: str, text: str, at: datetime | None) -> Metric:
    family = GaugeMetricFamily(PREFIX + name + "_timestamp_seconds", text)
    if at is not None:
        family.add_metric((), at.timestamp())
    return family
