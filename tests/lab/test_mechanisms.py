"""A truth may name whatever a lab can play or the judge can tell."""

from probe.judge.rules import ROWS
from probe.lab.kernel.world import playable
from probe.lab.mechanisms import IDS
from probe.lab.simulated.mechanism import known


def test_all_that_can_be_played_or_told_may_be_a_truth() -> None:
    assert {*known(), *playable()} <= IDS
    assert {row.mechanism for row in ROWS.values()} - {""} <= IDS
