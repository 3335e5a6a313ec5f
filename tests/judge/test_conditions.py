"""Conditions by themselves; that each row's fits its example is in test_rules.py."""

from __future__ import annotations

from typing import Any

import pytest

from probe.judge.conditions import (
    Kind,
    both,
    can_fit,
    failed,
    foreign_notice,
    having,
    kind,
    lost_family,
    whole,
    with_status,
)
from probe.judge.control import Reference
from probe.judge.reading import read
from probe.judge.rules import ROWS
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
    assert can_fit(having(late, expired=True), Kind(Layer.TCP, through=False, tried=False))
    assert not can_fit(both(late, foreign_notice), Kind(Layer.TLS, through=False, tried=True))
    assert can_fit(foreign_notice, Kind(None, through=False, tried=False))
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


def test_of_what_ended_on_the_way_nobody_asks_what_came() -> None:
    ended, came = (
        Kind(Layer.TCP, through=False, tried=False),
        Kind(None, through=True, tried=False),
    )
    for condition in (with_status(500, 599), both(whole, lost_family)):
        assert can_fit(condition, came)
        assert not can_fit(condition, ended)
    assert kind(sight()) == came
    assert kind(sight(layer=Layer.TCP, met=False, answered=False)) == ended


def test_whatever_a_kind_leaves_out_fits_none_of_its_sights() -> None:
    """Of the table's own rows, each beside the sight that is its example."""
    for row in ROWS.values():
        for shown in (
            sight(),
            sight(met=False, answered=False, layer=Layer.TLS, failure="eof_error"),
        ):
            assert can_fit(row.condition, kind(shown)) or not row.condition(shown, PROVEN)
