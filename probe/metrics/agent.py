"""The agent's metrics: a snapshot rendered at scrape; every metric name of a probe host is here.

Names are blackbox_exporter's where they mean the same. Labels are the operator's own ids and
closed lists; no address, URL or error text is among them.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from probe.model import Health, Layer, Target

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "worksforwhom_"
TARGET = ("service", "feature", "endpoint")
FIRST_FAILURES = {
    ("generic_timeout_error", Layer.DNS): 0,
    ("generic_timeout_error", Layer.TCP): 0,
    ("generic_timeout_error", Layer.TLS): 0,
    ("generic_timeout_error", Layer.HTTP): 0,
}
"""There from the start at 0, so that a rate sees the first failure of each layer."""


@dataclass(frozen=True)
class Latest:
    """What the newest run of a target came to."""

    success: bool
    took: float
    at: datetime
    status: int
    """0 where no HTTP answer came, as blackbox has it."""


@dataclass(frozen=True)
class Row:
    """One target."""

    target: Target
    runs: int = 0
    skipped: int = 0
    failures: Mapping[tuple[str, Layer], int] = field(default_factory=dict)
    latest: Latest | None = None


@dataclass(frozen=True)
class Snapshot:
    """All that one scrape shows."""

    version: str
    rows: tuple[Row, ...] = ()
    health: Health = field(default_factory=Health)
    missed: int = 0
    """Turns that went by unasked."""
    bugs: int = 0
    running: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Measurements that will never arrive, by reason."""
    spool_depth: int = 0
    spool_bytes: int = 0
    spool_oldest: datetime | None = None
    spool_corrupt: int = 0
    sent: int = 0
    refused: int = 0
    uplink_errors: Mapping[str, int] = field(default_factory=dict)
    uplink_success: datetime | None = None
    reload_ok: bool = True
    reloaded: datetime | None = None


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
    yield from _latest(snapshot)
    yield from _totals(snapshot)
    yield from _vantage(snapshot)
    yield from _sending(snapshot)
    yield from _process(snapshot)


def _latest(snapshot: Snapshot) -> Iterator[Metric]:
    success = GaugeMetricFamily(
        "probe_success", "1 where the last run met its expectation.", labels=TARGET
    )
    took = GaugeMetricFamily(
        "probe_duration_seconds", "What the last run took, all its steps.", labels=TARGET
    )
    status = GaugeMetricFamily(
        "probe_http_status_code", "Status of the last run's last answer; 0: none.", labels=TARGET
    )
    at = GaugeMetricFamily(
        "probe_last_run_timestamp_seconds", "When the last run began.", labels=TARGET
    )
    for row in snapshot.rows:
        if row.latest:
            success.add_metric(_labels(row.target), row.latest.success)
            took.add_metric(_labels(row.target), row.latest.took)
            status.add_metric(_labels(row.target), row.latest.status)
            at.add_metric(_labels(row.target), row.latest.at.timestamp())
    yield from (success, took, status, at)


def _totals(snapshot: Snapshot) -> Iterator[Metric]:
    runs = CounterMetricFamily("probe_runs", "Runs finished.", labels=TARGET)
    skipped = CounterMetricFamily(
        "probe_skipped", "Turns skipped because the run before still ran.", labels=TARGET
    )
    failures = CounterMetricFamily(
        "probe_failures",
        "Runs that did not meet their expectation, by the failure that ended them.",
        labels=(*TARGET, "failure", "layer"),
    )
    for row in snapshot.rows:
        runs.add_metric(_labels(row.target), row.runs)
        skipped.add_metric(_labels(row.target), row.skipped)
        for (name, layer), count in {**FIRST_FAILURES, **row.failures}.items():
            failures.add_metric((*_labels(row.target), name, str(layer)), count)
    yield from (runs, skipped, failures)
    yield CounterMetricFamily(
        "probe_missed", "Turns that went by in a stall of this process.", value=snapshot.missed
    )
    yield CounterMetricFamily(
        "probe_bugs", "Runs that a fault of this program ended.", value=snapshot.bugs
    )
    yield GaugeMetricFamily("probe_running", "Runs under way.", value=snapshot.running)


def _vantage(snapshot: Snapshot) -> Iterator[Metric]:
    health = snapshot.health
    yield GaugeMetricFamily(
        PREFIX + "vantage_healthy",
        "1 where the controls find nothing wrong with this vantage itself; else do not vote.",
        value=not health.reason,
    )
    controls = GaugeMetricFamily(
        PREFIX + "controls", "Controls measured in the last round.", labels=("reach",)
    )
    well = GaugeMetricFamily(
        PREFIX + "controls_ok", "Controls that met their expectation.", labels=("reach",)
    )
    for reach, tally in (("domestic", health.domestic), ("foreign", health.foreign)):
        controls.add_metric((reach,), tally.of)
        well.add_metric((reach,), tally.ok)
    yield from (controls, well)


def _sending(snapshot: Snapshot) -> Iterator[Metric]:
    spool = PREFIX + "spool_"
    yield GaugeMetricFamily(spool + "depth", "Measurements waiting.", value=snapshot.spool_depth)
    yield GaugeMetricFamily(spool + "bytes", "Their size.", value=snapshot.spool_bytes)
    yield _instant(spool + "oldest", "Probe time of the oldest waiting.", snapshot.spool_oldest)
    yield CounterMetricFamily(
        spool + "corrupt", "Broken files moved aside.", value=snapshot.spool_corrupt
    )
    dropped = CounterMetricFamily(
        PREFIX + "measurements_dropped", "Measurements that will never arrive.", labels=("reason",)
    )
    for reason, count in sorted(snapshot.dropped.items()):
        dropped.add_metric((reason,), count)
    yield dropped
    uplink = PREFIX + "uplink_"
    yield CounterMetricFamily(uplink + "sent", "Measurements delivered.", value=snapshot.sent)
    yield CounterMetricFamily(
        uplink + "refused", "Measurements the correlator refused.", value=snapshot.refused
    )
    errors = CounterMetricFamily(
        uplink + "errors", "Attempts to send that failed.", labels=("reason",)
    )
    for reason, count in sorted(snapshot.uplink_errors.items()):
        errors.add_metric((reason,), count)
    yield errors
    yield _instant(
        uplink + "last_success", "When the correlator last took a batch.", snapshot.uplink_success
    )


def _process(snapshot: Snapshot) -> Iterator[Metric]:
    reload = PREFIX + "config_last_reload_"
    yield GaugeMetricFamily(
        reload + "successful",
        "1 where the last reading of the configuration went well.",
        value=snapshot.reload_ok,
    )
    yield _instant(
        reload + "success", "When the configuration was last read well.", snapshot.reloaded
    )
    yield InfoMetricFamily(
        PREFIX + "build",
        "This program.",
        value={"version": snapshot.version, "python": platform.python_version()},
    )


def _labels(target: Target) -> tuple[str, str, str]:
    return target.service, target.feature, target.endpoint


def _instant(name: str, help_text: str, at: datetime | None) -> Metric:
    """Give no sample rather than a false one where it never happened."""
    metric = GaugeMetricFamily(name + "_timestamp_seconds", help_text)
    if at is not None:
        metric.add_metric((), at.timestamp())
    return metric
