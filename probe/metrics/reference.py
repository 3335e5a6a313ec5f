"""The reference server's metrics: a snapshot rendered at scrape; no address is among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from probe.metrics.exposition import Family, Form, Kind, counter, gauge, labels, sample, write

PREFIX = "worksforwhom_reference_"


@dataclass(frozen=True)
class Snapshot:
    """All that one scrape shows."""

    version: str
    open: int = 0
    accepted: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    """By reason; every reason there is, also those not seen yet."""
    broken: int = 0
    """Connections that ended before their answer had."""
    answers: Mapping[int, int] = field(default_factory=dict)
    """By status."""
    sent: int = 0


def exposition(snapshot: Snapshot) -> bytes:
    """Render a snapshot in Prometheus' text format."""
    return b"".join(write(families(snapshot), Form.CLASSIC))


def families(snapshot: Snapshot) -> Iterator[Family]:
    build = sample(f"{PREFIX}build_info", labels(("version",), (snapshot.version,)), 1)
    yield Family(f"{PREFIX}build", Kind.INFO, "What runs here.", (build,))
    yield gauge(f"{PREFIX}connections_open", "Connections that are open.", snapshot.open)
    yield counter(f"{PREFIX}connections", "Connections that were let in.", snapshot.accepted)
    yield counter(
        f"{PREFIX}broken", "Connections that ended before their answer had.", snapshot.broken
    )
    yield counter(f"{PREFIX}body_bytes", "Bytes of bodies that were sent.", snapshot.sent)
    yield _counted("refused", "Connections and requests turned away.", "reason", snapshot.refused)
    answers = {str(status): count for status, count in sorted(snapshot.answers.items())}
    yield _counted("answers", "Requests that were answered.", "status", answers)


def _counted(name: str, words: str, label: str, counts: Mapping[str, int]) -> Family:
    lines = [
        sample(f"{PREFIX}{name}_total", labels((label,), (value,)), count)
        for value, count in counts.items()
    ]
    return Family(f"{PREFIX}{name}", Kind.COUNTER, words, lines)
