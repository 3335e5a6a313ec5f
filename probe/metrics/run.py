"""What one run came to in blackbox_exporter's terms, and the metrics that say so.

They are the same on /metrics, for each target, and on /probe, for the one asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from probe.metrics.exposition import Family, Kind, labels

PHASES = ("resolve", "connect", "tls", "processing", "transfer")


class Run(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    at: datetime
    """When it began."""
    success: bool = False
    took: float = 0.0
    """The steps themselves, without the tests that follow a failure."""
    lookup: float = 0.0
    protocol: int = 0
    """4 or 6, of the endpoint's own URL, not of what it redirects to; 0 without an address."""
    phases: tuple[float, ...] = (0.0,) * len(PHASES)
    status: int = 0
    """Of the last hop's answer."""
    version: float = 0.0
    redirects: int = 0
    ssl: bool = False
    length: int = 0
    expiry: float | None = None
    """Unix time."""
    regex: bool = False
    """A text was missing or forbidden."""


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    documentation: str
    read: Callable[[Run], float | None]


SHARED = (
    Figure("probe_success", "1 where the last run met its expectation.", lambda run: run.success),
    Figure("probe_duration_seconds", "What the steps of the last run took.", lambda run: run.took),
    Figure(
        "probe_dns_lookup_time_seconds",
        "What finding the addresses of the endpoint's own name took.",
        lambda run: run.lookup,
    ),
    Figure(
        "probe_ip_protocol",
        "4 or 6, as the endpoint's own address was; 0 where there was none.",
        lambda run: run.protocol,
    ),
    Figure(
        "probe_http_status_code",
        "Status of the last answer; 0 where the last hop gave none.",
        lambda run: run.status,
    ),
    Figure("probe_http_version", "HTTP version of the last answer.", lambda run: run.version),
    Figure("probe_http_redirects", "Redirects followed.", lambda run: run.redirects),
    Figure("probe_http_ssl", "1 where the last answer came over TLS.", lambda run: run.ssl),
    Figure(
        "probe_http_uncompressed_body_length",
        "Bytes read of the last answer's body.",
        lambda run: run.length,
    ),
    Figure(
        "probe_failed_due_to_regex",
        "1 where an expected text was missing or a forbidden one was there.",
        lambda run: run.regex,
    ),
    Figure(
        "probe_ssl_earliest_cert_expiry",
        "First end, in Unix time, of the certificates read; also where they were refused.",
        lambda run: run.expiry,
    ),
)
STAMP = Figure(
    "probe_last_run_timestamp_seconds", "When the last run began.", lambda run: run.at.timestamp()
)

Runs = Sequence[tuple[str, Run]]
"""Each with its label pairs, written."""


def families(runs: Runs, figures: Sequence[Figure] = SHARED) -> Iterator[Family]:
    for figure in figures:
        yield Family(figure.name, Kind.GAUGE, figure.documentation, _lines(runs, figure))
    yield Family(
        "probe_http_duration_seconds",
        Kind.GAUGE,
        "What each phase of the last run took, all redirects together; 0 where it failed.",
        _phases(runs),
    )


def _lines(runs: Runs, figure: Figure) -> Iterator[str]:
    name, read = figure.name, figure.read
    return (
        f"{name}{{{pairs}}} {float(value)}" if pairs else f"{name} {float(value)}"
        for pairs, run in runs
        if (value := read(run)) is not None
    )


def _phases(runs: Runs) -> Iterator[str]:
    """Write all phases of a run as one text: there are as many as of all that is above them."""
    lines = [f"probe_http_duration_seconds{{%s{labels(('phase',), (p,))}}} %s" for p in PHASES]
    text = "\n".join(lines)
    for pairs, run in runs:
        between = f"{pairs}," if pairs else ""
        yield text % tuple([part for took in run.phases for part in (between, took)])
