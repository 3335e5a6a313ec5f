"""Over real packets: what lingers after a name is waited out, and a harmless name passes then."""

from __future__ import annotations

from pathlib import Path

import msgspec

from probe.judge.trials import trials
from probe.measure.restraint import CUTS_BEFORE_REST
from probe.model import DifferentialTest
from tests.lab.kernel.inside import needs_namespaces, play
from tests.lab.kernel.rested import Turn

AFTER = DifferentialTest.AFTER


@needs_namespaces
def test_a_harmless_name_passes_once_the_address_was_left_alone(tmp_path: Path) -> None:
    play("tests.lab.kernel.rested", tmp_path)
    seen = msgspec.json.decode((tmp_path / "seen.json").read_bytes(), type=list[Turn])
    before, rest, (last,) = seen[:CUTS_BEFORE_REST], seen[CUTS_BEFORE_REST:-1], seen[-1:]
    assert None not in before
    assert rest
    assert set(rest) == {None}
    assert last is not None
    assert [trials(turn or ()).rested for turn in before] == [None] * CUTS_BEFORE_REST
    assert trials(last).rested is True
    failures = {step.failure.name for step in last if step.failure}
    assert failures <= {"connection_reset", "connection_refused"}
    assert [step.test for step in last][:2] == [AFTER, AFTER]
