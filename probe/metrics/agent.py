"""The agent's metrics: a snapshot rendered at scrape; every metric name of a probe host is here.

Names are blackbox_exporter's where they mean the same (`probe.metrics.run`). Labels are the
operator's own ids and closed lists; no address, URL or error text is among them.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from probe.metrics import run
from probe.metrics.distribution import Distribution
from probe.metrics.exposition import (
    Family,
    Form,
    Kind,
    counter,
    gauge,
    histogram,
    labels,
    sample,
    write,
)
from probe.metrics.failures import UP_TO
from probe.metrics.run import Run
from probe.model import CHAIN, ENCRYPTED, Health, Layer, Target, Transport

PREFIX = "worksforwhom_"
TARGET = ("endpoint", "feature", "service")
LAG_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds."""

BLOCKS_AT_ONCE = 10
"""Of the lines of a target that never failed."""

ANSWERED = "answered"
Encrypted = tuple[Transport, str]
"""How a resolver was asked, and the layer at which that broke off, or ANSWERED."""
ENDS: Mapping[Encrypted, int] = {
    (transport, end): 0 for transport in sorted(ENCRYPTED) for end in (ANSWERED, *CHAIN)
}
"""Every one of them has its series from the first scrape on."""

Stage = tuple[str, str, Layer]
"""Service, feature, layer."""


@dataclass(frozen=True, slots=True)
class Row:
    """One target."""

    target: Target
    runs: int = 0
    skipped: int = 0
    failures: Mapping[tuple[str, Layer], int] = field(default_factory=dict)
    latest: Callable[[], Run] | None = None
    """Reads the last run: whoever renders does, away from the loop."""
    goal: Layer = Layer.HTTP
    """How deep it is measured."""


@dataclass(frozen=True)
class Snapshot:
    """All that one scrape shows; nobody changes it any more."""

    version: str
    rows: tuple[Row, ...] = ()
    stages: Mapping[Stage, Distribution] = field(default_factory=dict)
    encrypted: Mapping[Encrypted, int] = field(default_factory=dict)
    lag: Distribution = field(default_factory=lambda: Distribution(LAG_BOUNDS))
    health: Health = field(default_factory=Health)
    reasons: tuple[str, ...] = ()
    """All that can be wrong with a vantage."""
    missed: int = 0
    """Turns that went by unasked."""
    bugs: int = 0
    running: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Measurements that will never arrive, by reason."""
    spool_depth: int = 0
    spool_bytes: int = 0
    spool_max_bytes: int = 0
    spool_oldest: datetime | None = None
    spool_corrupt: int = 0
    sent: int = 0
    refused: int = 0
    uplink_errors: Mapping[str, int] = field(default_factory=dict)
    uplink_success: datetime | None = None
    reload_ok: bool = True
    reloaded: datetime | None = None
    fingerprints: int = 0
    """Patterns of block pages in use."""
    fingerprints_refused: int = 0
    """Lines and files of fingerprints that are left out."""
    web_config: Mapping[str, bool] = field(default_factory=dict)
    """Of the listener, where it has a file of its own: whether its last reading was good."""
    web_expires: Mapping[str, datetime] = field(default_factory=dict)
    """Of the listener, where it speaks TLS: the end of the certificate in use."""


def exposition(snapshot: Snapshot, form: Form = Form.CLASSIC) -> Iterator[bytes]:
    """Render a snapshot, slice by slice."""
    return write(families(snapshot, form), form)


def families(snapshot: Snapshot, form: Form = Form.CLASSIC) -> Iterator[Family]:
    pairs = [(_pairs(row.target), row) for row in snapshot.rows]
    runs = [(written, row.latest()) for written, row in pairs if row.latest]
    yield from run.families(runs, (*run.SHARED, run.STAMP))
    yield from _totals(pairs)
    yield _stages(snapshot, form)
    yield _encrypted(snapshot)
    yield from _singles(snapshot)
    yield from _listed(snapshot)
    lag = PREFIX + "scheduler_lag_seconds"
    yield Family(
        lag,
        Kind.HISTOGRAM,
        "How long after its turn a run began, the wait for a free slot included.",
        histogram(lag, "", snapshot.lag, form),
    )
    yield Family(PREFIX + "build", Kind.INFO, "This program.", (_build(snapshot.version),))


Rows = list[tuple[str, Row]]


def _totals(rows: Rows) -> Iterator[Family]:
    yield Family(
        "probe_runs",
        Kind.COUNTER,
        "Runs finished.",
        [f"probe_runs_total{{{pairs}}} {float(row.runs)}" for pairs, row in rows],
    )
    yield Family(
        "probe_skipped",
        Kind.COUNTER,
        "Turns skipped: the run before still ran, or the host had its visits of the minute.",
        [f"probe_skipped_total{{{pairs}}} {float(row.skipped)}" for pairs, row in rows],
    )
    yield Family(
        "probe_failures",
        Kind.COUNTER,
        "Runs that did not meet their expectation, by the failure that ended them.",
        _failures(rows),
        at_once=BLOCKS_AT_ONCE,
    )


def _failures(rows: Rows) -> Iterator[str]:
    """Write the lines of a target that never failed, which are most, at one stroke."""
    written: dict[tuple[str, Layer], str] = {}
    never = {goal: "\n".join(map(_never, first)) for goal, first in UP_TO.items()}
    for pairs, row in rows:
        if not row.failures:
            yield never[row.goal].replace("\0", pairs)
            continue
        for key, count in {**UP_TO[row.goal], **row.failures}.items():
            if key not in written:
                written[key] = labels(("failure", "layer"), key)
            yield f"probe_failures_total{{{pairs},{written[key]}}} {count}"


def _never(key: tuple[str, Layer]) -> str:
    return f"probe_failures_total{{\0,{labels(('failure', 'layer'), key)}}} 0"


def _stages(snapshot: Snapshot, form: Form) -> Family:
    name = "probe_stage_duration_seconds"
    lines = (
        line
        for stage, held in snapshot.stages.items()
        for line in histogram(name, labels(("service", "feature", "stage"), stage), held, form)
    )
    return Family(name, Kind.HISTOGRAM, "What the steps that went well took.", lines)


def _encrypted(snapshot: Snapshot) -> Family:
    name = PREFIX + "encrypted_lookups"
    lines = (
        sample(f"{name}_total", labels(("transport", "end"), key), count)
        for key, count in {**ENDS, **snapshot.encrypted}.items()
    )
    return Family(
        name,
        Kind.COUNTER,
        "Questions over TLS and HTTPS, answered or broken off at a layer.",
        lines,
    )


@dataclass(frozen=True, slots=True)
class Single:
    """A metric without labels, of the process or the vantage as a whole."""

    name: str
    documentation: str
    read: Callable[[Snapshot], float | None]


COUNTERS = (
    Single("probe_missed", "Turns that went by in a stall of this process.", lambda s: s.missed),
    Single("probe_bugs", "Runs that a fault of this program ended.", lambda s: s.bugs),
    Single(PREFIX + "spool_corrupt", "Broken files moved aside.", lambda s: s.spool_corrupt),
    Single(PREFIX + "uplink_sent", "Measurements delivered.", lambda s: s.sent),
    Single(PREFIX + "uplink_refused", "Measurements the correlator refused.", lambda s: s.refused),
)
GAUGES = (
    Single("probe_running", "Runs under way.", lambda s: s.running),
    Single(
        PREFIX + "vantage_healthy",
        "1 where the controls find nothing wrong with this vantage itself; else do not vote.",
        lambda s: not s.health.reason,
    ),
    Single(PREFIX + "fingerprints", "Patterns of block pages in use.", lambda s: s.fingerprints),
    Single(
        PREFIX + "fingerprints_refused",
        "Lines and files of fingerprints that are left out as broken.",
        lambda s: s.fingerprints_refused,
    ),
    Single(PREFIX + "spool_depth", "Measurements waiting.", lambda s: s.spool_depth),
    Single(PREFIX + "spool_bytes", "Their size.", lambda s: s.spool_bytes),
    Single(
        PREFIX + "spool_max_bytes",
        "The size past which the oldest are dropped.",
        lambda s: s.spool_max_bytes,
    ),
    Single(
        PREFIX + "spool_oldest_timestamp_seconds",
        "Probe time of the oldest waiting.",
        lambda s: _unix(s.spool_oldest),
    ),
    Single(
        PREFIX + "uplink_last_success_timestamp_seconds",
        "When the correlator last took a batch.",
        lambda s: _unix(s.uplink_success),
    ),
    Single(
        PREFIX + "config_last_reload_successful",
        "1 where the last reading of the configuration went well.",
        lambda s: s.reload_ok,
    ),
    Single(
        PREFIX + "config_last_reload_success_timestamp_seconds",
        "When the configuration was last read well.",
        lambda s: _unix(s.reloaded),
    ),
)


def _singles(snapshot: Snapshot) -> Iterator[Family]:
    for single in COUNTERS:
        yield counter(single.name, single.documentation, single.read(snapshot) or 0)
    for single in GAUGES:
        yield gauge(single.name, single.documentation, single.read(snapshot))


@dataclass(frozen=True, slots=True)
class Listed:
    """A metric with one label, whose values are a closed list."""

    name: str
    kind: Kind
    documentation: str
    label: str
    read: Callable[[Snapshot], Mapping[str, float]]


LISTED = (
    Listed(
        PREFIX + "web_config_last_reload_successful",
        Kind.GAUGE,
        "Whether a listener's web.config_file was good when it was last read.",
        "listener",
        lambda s: s.web_config,
    ),
    Listed(
        PREFIX + "web_certificate_expiry_timestamp_seconds",
        Kind.GAUGE,
        "End of the certificate that a listener shows.",
        "listener",
        lambda s: {name: at.timestamp() for name, at in s.web_expires.items()},
    ),
    Listed(
        PREFIX + "vantage_unhealthy",
        Kind.GAUGE,
        "1 for what is wrong with this vantage itself.",
        "reason",
        lambda s: {reason: reason == s.health.reason for reason in s.reasons},
    ),
    Listed(
        PREFIX + "controls",
        Kind.GAUGE,
        "Controls measured in the last round.",
        "reach",
        lambda s: {"domestic": s.health.domestic.of, "foreign": s.health.foreign.of},
    ),
    Listed(
        PREFIX + "controls_ok",
        Kind.GAUGE,
        "Controls that met their expectation.",
        "reach",
        lambda s: {"domestic": s.health.domestic.ok, "foreign": s.health.foreign.ok},
    ),
    Listed(
        PREFIX + "measurements_dropped",
        Kind.COUNTER,
        "Measurements that will never arrive.",
        "reason",
        lambda s: s.dropped,
    ),
    Listed(
        PREFIX + "uplink_errors",
        Kind.COUNTER,
        "Attempts to send that failed.",
        "reason",
        lambda s: s.uplink_errors,
    ),
)


def _listed(snapshot: Snapshot) -> Iterator[Family]:
    for one in LISTED:
        name = f"{one.name}_total" if one.kind is Kind.COUNTER else one.name
        held = sorted(one.read(snapshot).items())
        lines = [sample(name, labels((one.label,), (key,)), value) for key, value in held]
        yield Family(one.name, one.kind, one.documentation, lines)


def _build(version: str) -> str:
    pairs = labels(("version", "python"), (version, platform.python_version()))
    return sample(PREFIX + "build_info", pairs, 1)


def _pairs(target: Target) -> str:
    return labels(TARGET, (target.endpoint, target.feature, target.service))


def _unix(at: datetime | None) -> float | None:
    return at.timestamp() if at else None
