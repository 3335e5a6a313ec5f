from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from probe.judge.hypothesis import judge
from probe.model import Cause, Measurement
from tests.judge import worlds as w
from tests.judge.worlds import Event, World

ONSET = 1.0


def test_services_on_shared_addresses_that_fail_alike_are_a_dependencys() -> None:
    shared = World((Event(ONSET, w.server_error, services=("chirp", "other"), features=("web",)),))
    known = [_at_one_address(m) for m in w.known_at(shared, 12.0)]
    verdicts = judge(known, w.view(shared, 12.0, known))
    assert w.cell(verdicts, "web", "US").leading is Cause.DEPENDENCY_OUTAGE
    assert w.cell(verdicts, "web", "US", service="other").leading is Cause.DEPENDENCY_OUTAGE
    assert w.cell(verdicts, "api", "US").leading is Cause.OK


def _at_one_address(m: Measurement) -> Measurement:
    if m.target.feature != "web":
        return m
    return w.measurement(
        replace(_case(m), pinned="11.9.9.9"),
        (w.server_error if m.at >= w.START + timedelta(seconds=ONSET) else w.ok)(
            replace(_case(m), pinned="11.9.9.9")
        ),
    )


def _case(m: Measurement) -> w.Case:
    return w.Case(m.vantage, m.target.service, m.target.feature, m.target.endpoint, m.at)
