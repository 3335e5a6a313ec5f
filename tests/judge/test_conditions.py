"""Conditions by themselves; that each row's fits its example is in test_rules.py."""

from __future__ import annotations

from typing import Any

import pytest

from probe.judge.conditions import (
    both,
    can_fit,
    failed,
    foreign_notice,
    having,
    lost_family,
    with_status,
)
from probe.judge.control import Reference
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.judge.traits import Traits
from probe.model import Layer
from tests.judge import worlds as w

CASE = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)
NOBODY = Reference()
FOUR, SIX = "11.77.0.1", "2a00::1"
PROVEN = Reference(valid={FOUR: "DE", SIX: "DE"})


def sight(**more: object) -> Sight:
    whole = read(w.measurement(CASE, w.ok(CASE)))
    told: dict[str, Any] = {name: getattr(whole, name) for name in Sight.__struct_fields__}
    return Sight(**(told | more))


def test_conditions_narrow_each_other() -> None:
    late = failed(Layer.TCP, "generic_timeout_error")
    found = sight(layer=Layer.TCP, failure="generic_timeout_error", met=False)
    assert late(found, NOBODY)
    assert not having(late, expired=True)(found, NOBODY)
    assert can_fit(having(late, expired=True), Layer.TCP, tried=False)
    assert not can_fit(both(late, foreign_notice), Layer.TLS, tried=True)
    assert can_fit(foreign_notice, None, tried=False)
    assert not both(late, with_status(500, 599))(found, NOBODY)


@pytest.mark.parametrize(
    ("notice", "foreign"),
    [("ir.peyvandha", True), ("tr.law_5651", False), ("order", False), ("", False)],
)
def test_a_notice_says_whose_it_is(notice: str, *, foreign: bool) -> None:
    assert foreign_notice(sight(notice=notice), NOBODY) is foreign


@pytest.mark.parametrize(
    ("lost", "reached", "fits"), [(FOUR, SIX, True), (SIX, FOUR, False), (FOUR, FOUR, False)]
)
def test_only_ipv4_is_lost_whole_by_another_hand_than_the_vantages(
    lost: str, reached: str, *, fits: bool
) -> None:
    found = sight(traits=Traits(lost=(lost,)), tried=(reached,))
    assert lost_family(found, PROVEN) is fits
    assert not lost_family(found, NOBODY)
