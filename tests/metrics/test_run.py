"""A run's metrics, with and without labels."""

from datetime import UTC, datetime

import pytest

from probe.metrics.exposition import Form, write
from probe.metrics.run import PHASES, SHARED, STAMP, Run, families

AT = datetime(2026, 11, 21, tzinfo=UTC)
RUN = Run(at=AT, success=True, took=1.5, phases=(0.1, 0.2, 0.3, 0.4, 0.5), status=200, protocol=6)


def lines(pairs: str, run: Run) -> list[str]:
    text = b"".join(write(families([(pairs, run)], (*SHARED, STAMP)), Form.CLASSIC)).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_each_figure_has_its_sample() -> None:
    found = lines("", RUN)
    assert "probe_success 1.0" in found
    assert "probe_duration_seconds 1.5" in found
    assert "probe_http_status_code 200.0" in found
    assert "probe_ip_protocol 6.0" in found
    assert f"probe_last_run_timestamp_seconds {AT.timestamp()}" in found


@pytest.mark.parametrize(("phase", "took"), list(zip(PHASES, RUN.phases, strict=True)))
def test_each_phase_has_its_sample(phase: str, took: float) -> None:
    assert f'probe_http_duration_seconds{{a="b",phase="{phase}"}} {took}' in lines('a="b"', RUN)


def test_without_a_certificate_there_is_no_end_of_one() -> None:
    assert not any("cert_expiry" in line for line in lines("", RUN))
    told = lines("", Run(at=AT, expiry=12.0))
    assert "probe_ssl_earliest_cert_expiry 12.0" in told
