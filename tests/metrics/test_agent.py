"""The names and labels that dashboards and alerts stand on."""

import re
from datetime import UTC, datetime

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from probe.metrics.agent import ENDS, Row, Snapshot, Stage, exposition
from probe.metrics.distribution import Distribution, Exemplar
from probe.metrics.exposition import Form
from probe.metrics.failures import FIRST
from probe.metrics.run import Run
from probe.model import Health, Layer, Tally, Target, Transport

NOW = datetime(2026, 11, 21, tzinfo=UTC)
A = Target(service="a", feature="web", endpoint="front")
B = Target(service='b"\n\\', feature="web", endpoint="front")
LATEST = Run(at=NOW, success=True, took=0.25, status=200, lookup=0.1)


def stages() -> dict[Stage, Distribution]:
    took = Distribution()
    took.observe(0.2, Exemplar("019aa000-0000-7000-8000-000000000000", 0.2, NOW))
    return {("a", "web", Layer.TLS): took}


FULL = Snapshot(
    version="1",
    stages=stages(),
    reasons=("offline", "clock_wrong"),
    rows=(
        Row(A, 3, 1, {("connection_reset", Layer.TLS): 2}, lambda: LATEST),
        Row(B),
    ),
    health=Health(domestic=Tally(ok=1, of=2), foreign=Tally(ok=0, of=3), reason="offline"),
    dropped={"queue_full": 4},
    spool_depth=5,
    spool_oldest=NOW,
    uplink_errors={"busy": 6},
    uplink_success=NOW,
    reload_ok=False,
    web_config={"web": False},
    web_expires={"web": NOW},
    reloaded=NOW,
)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(snapshot: Snapshot) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(b"".join(exposition(snapshot)).decode())
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
    assert value(found, "probe_dns_lookup_time_seconds", **a) == 0.1
    assert value(found, "probe_http_duration_seconds", **a, phase="tls") == 0
    assert value(found, "probe_runs_total", **a) == 3
    assert value(found, "probe_skipped_total", **a) == 1
    reset = {"failure": "connection_reset", "layer": "tls"}
    assert value(found, "probe_failures_total", **a, **reset) == 2


def test_counters_are_there_before_the_first_failure() -> None:
    found = samples(FULL)
    b = {"service": B.service, "feature": "web", "endpoint": "front"}
    assert value(found, "probe_runs_total", **b) == 0
    assert value(found, "probe_success", **b) is None
    assert len(FIRST) > 40
    for failure, layer in FIRST:
        labels = {"failure": failure, "layer": str(layer)}
        assert value(found, "probe_failures_total", **b, **labels) == 0


def test_the_process_shows_its_gate_its_spool_and_its_reload() -> None:
    found = samples(FULL)
    assert value(found, "worksforwhom_vantage_healthy") == 0
    assert value(found, "worksforwhom_vantage_unhealthy", reason="offline") == 1
    assert value(found, "worksforwhom_vantage_unhealthy", reason="clock_wrong") == 0
    assert value(found, "worksforwhom_controls_ok", reach="domestic") == 1
    assert value(found, "worksforwhom_controls", reach="foreign") == 3
    assert value(found, "worksforwhom_measurements_dropped_total", reason="queue_full") == 4
    assert value(found, "worksforwhom_spool_depth") == 5
    assert value(found, "worksforwhom_spool_oldest_timestamp_seconds") == NOW.timestamp()
    assert value(found, "worksforwhom_uplink_errors_total", reason="busy") == 6
    assert value(found, "worksforwhom_config_last_reload_successful") == 0
    assert value(found, "worksforwhom_web_config_last_reload_successful", listener="web") == 0
    name = "worksforwhom_web_certificate_expiry_timestamp_seconds"
    assert value(found, name, listener="web") == NOW.timestamp()
    name = "worksforwhom_config_last_reload_success_timestamp_seconds"
    assert value(found, name) == NOW.timestamp()


def test_how_encrypted_lookups_end_is_a_closed_list_that_is_there_from_the_start() -> None:
    name = "worksforwhom_encrypted_lookups_total"
    begun = samples(Snapshot(version="1"))
    assert value(begun, name, transport="tls", end="answered") == 0
    assert sum(told == name for told, _ in begun) == len(ENDS) == 10
    counted = samples(Snapshot(version="1", encrypted={(Transport.HTTPS, Layer.TLS): 3}))
    assert value(counted, name, transport="https", end="tls") == 3
    assert value(counted, name, transport="https", end="tcp") == 0


def test_what_never_happened_has_no_sample() -> None:
    found = samples(Snapshot(version="1"))
    assert value(found, "worksforwhom_uplink_last_success_timestamp_seconds") is None
    assert value(found, "worksforwhom_vantage_healthy") == 1


def test_every_name_follows_the_conventions() -> None:
    for family in text_string_to_metric_families(b"".join(exposition(FULL)).decode()):
        assert re.fullmatch(r"(probe|worksforwhom)_[a-z0-9_]+", family.name)
        assert family.documentation
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total")
            assert not sample.timestamp
            assert not {"type", "region", "zone", "env", "job", "instance"} & set(sample.labels)


def test_stages_are_histograms_and_lead_to_a_measurement() -> None:
    found = samples(FULL)
    stage = {"service": "a", "feature": "web", "stage": "tls"}
    assert value(found, "probe_stage_duration_seconds_count", **stage) == 1
    assert value(found, "probe_stage_duration_seconds_bucket", **stage, le="0.1") == 0
    assert value(found, "worksforwhom_scheduler_lag_seconds_count") == 0
    text = b"".join(exposition(FULL, Form.OPENMETRICS)).decode()
    families = openmetrics_families(text)  # type: ignore[no-untyped-call]
    told = [s.exemplar for f in families for s in f.samples if s.exemplar]
    assert [held.labels["measurement_id"][:8] for held in told] == ["019aa000"]


CONTRACT = {
    *("probe_success", "probe_duration_seconds", "probe_http_status_code"),
    *("probe_last_run_timestamp_seconds", "probe_runs", "probe_skipped", "probe_failures"),
    *("probe_dns_lookup_time_seconds", "probe_ip_protocol", "probe_http_duration_seconds"),
    *("probe_http_redirects", "probe_http_ssl", "probe_http_version"),
    *("probe_http_uncompressed_body_length", "probe_ssl_earliest_cert_expiry"),
    *("probe_failed_due_to_regex", "probe_stage_duration_seconds"),
    *("probe_missed", "probe_bugs", "probe_running"),
    *(
        f"worksforwhom_{name}"
        for name in (
            *("vantage_healthy", "vantage_unhealthy", "controls", "controls_ok"),
            *("scheduler_lag_seconds", "spool_depth", "spool_bytes", "spool_max_bytes"),
            *("spool_oldest_timestamp_seconds", "spool_corrupt", "measurements_dropped"),
            *("uplink_sent", "uplink_refused", "uplink_errors"),
            *("uplink_last_success_timestamp_seconds", "config_last_reload_successful"),
            *("config_last_reload_success_timestamp_seconds", "build"),
            *("fingerprints", "fingerprints_refused", "encrypted_lookups"),
            "web_config_last_reload_successful",
            "web_certificate_expiry_timestamp_seconds",
        )
    ),
}
"""What dashboards, rules and people who wrote their own build upon."""


def test_every_promised_name_is_there_and_no_other() -> None:
    text = b"".join(exposition(FULL, Form.OPENMETRICS)).decode()
    families = openmetrics_families(text)  # type: ignore[no-untyped-call]
    assert {family.name for family in families} == CONTRACT
