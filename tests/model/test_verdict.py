"""The causes and their sides."""

from __future__ import annotations

from probe.model import SIDES, Cause, Side


def test_every_cause_is_on_one_side() -> None:
    assert set(SIDES) == set(Cause)


def test_every_side_but_none_has_a_cause_that_is_a_failure() -> None:
    failing = {side for cause, side in SIDES.items() if cause is not Cause.OK}
    assert failing == set(Side) - {Side.NONE}
