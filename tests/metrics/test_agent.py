"""The names and labels that dashboards and alerts stand on."""

import re
from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from probe.metrics.agent import Latest, Row, Snapshot, exposition
from probe.model import Health, Layer, Tally, Target

NOW = datetime(2026, 11, 21, tzinfo=UTC)
A = Target(service="a", feature="web", endpoint="front")
B = Target(service='b"\n\\', feature="web", endpoint="front")
FULL = Snapshot(
    version="1",
    rows=(
        Row(A, 3, 1, {("connection_reset", Layer.TLS): 2}, Latest(True, 0.25, NOW, 200)),  # noqa: FBT003
        Row(B),
    ),
    health=Health(domestic=Tally(ok=1, of=2), foreign=Tally(ok=0, of=3), reason="offline"),
    dropped={"queue_full": 4},
    spool_depth=5,
    spool_oldest=NOW,
    uplink_errors={"busy": 6},
    uplink_success=NOW,
    reload_ok=False,
    reloaded=NOW,
)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(snapshot: Snapshot) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(exposition(snapshot).decode())
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def test_a_target_shows_its_latest_run_and_its_counts() -> None:
    found = samples(FULL)
    a = {"service": "a", "feature": "web", "endpoint": "front"}
    assert value(found, "probe_success", **a) == 1
    assert value(found, "probe_duration_seconds", **a) == 0.25
    assert value(found, "probe_http_status_code", **a) == 200
    assert value(found, "probe_last_run_timestamp_seconds", **a) == NOW.timestamp()
    assert value(found, "probe_runs_total", **a) == 3
    assert value(found, "probe_skipped_total", **a) == 1
    reset = {"failure": "connection_reset", "layer": "tls"}
    assert value(found, "probe_failures_total", **a, **reset) == 2


def test_counters_are_there_before_the_first_failure() -> None:
    found = samples(FULL)
    b = {"service": B.service, "feature": "web", "endpoint": "front"}
    assert value(found, "probe_runs_total", **b) == 0
    assert value(found, "probe_success", **b) is None
    for layer in Layer:
        labels = {"failure": "generic_timeout_error", "layer": str(layer)}
        assert value(found, "probe_failures_total", **b, **labels) == 0


def test_the_process_shows_its_gate_its_spool_and_its_reload() -> None:
    found = samples(FULL)
    assert value(found, "worksforwhom_vantage_healthy") == 0
    assert value(found, "worksforwhom_controls_ok", reach="domestic") == 1
    assert value(found, "worksforwhom_controls", reach="foreign") == 3
    assert value(found, "worksforwhom_measurements_dropped_total", reason="queue_full") == 4
    assert value(found, "worksforwhom_spool_depth") == 5
    assert value(found, "worksforwhom_spool_oldest_timestamp_seconds") == NOW.timestamp()
    assert value(found, "worksforwhom_uplink_errors_total", reason="busy") == 6
    assert value(found, "worksforwhom_config_last_reload_successful") == 0
    name = "worksforwhom_config_last_reload_success_timestamp_seconds"
    assert value(found, name) == NOW.timestamp()


def test_what_never_happened_has_no_sample() -> None:
    found = samples(Snapshot(version="1"))
    assert value(found, "worksforwhom_uplink_last_success_timestamp_seconds") is None
    assert value(found, "worksforwhom_vantage_healthy") == 1


def test_every_name_follows_the_conventions() -> None:
    for family in text_string_to_metric_families(exposition(FULL).decode()):
        assert re.fullmatch(r"(probe|worksforwhom)_[a-z0-9_]+", family.name)
        assert family.documentation
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total")
            assert not {"type", "region", "zone", "env", "job", "instance"} & set(sample.labels)
