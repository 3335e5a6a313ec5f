from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.belief import carried, prior, remember
from probe.judge.hypothesis.causes import PRIOR
from probe.judge.view import Belief, Memory, View
from probe.model import Cause, State, Verdict
from tests.judge import worlds as w

CELL = ("chirp", "web", "TR")
NOW = w.START


def view(**memory: object) -> View:
    return View(now=NOW, round=timedelta(seconds=60), memory=Memory(**memory))  # type: ignore[arg-type]


def belief(cause: Cause, share: float, minutes: float) -> Belief:
    support = dict.fromkeys(Cause, 0.0) | {Cause.OK: 1 - share}
    support[cause] += share
    return Belief(at=NOW - timedelta(minutes=minutes), support=support)


def verdict(cause: Cause, share: float) -> Verdict:
    return Verdict(
        service="chirp", feature="web", country="TR", network=0, at=NOW, leading=cause,
        state=State.LIKELY, confidence=share, support=belief(cause, share, 0).support, vantages=2,
    )  # fmt: skip


def test_without_a_past_the_prior_is_the_stationary_one() -> None:
    assert prior(CELL, view()) == PRIOR


def test_what_was_believed_before_the_window_is_the_prior_of_the_window() -> None:
    held = {CELL: (belief(Cause.FILTERING, 0.9, 6),)}
    assert prior(CELL, view(beliefs=held))[Cause.FILTERING] == pytest.approx(0.9, abs=0.01)


def test_what_was_believed_within_the_window_is_not_counted_twice() -> None:
    held = {CELL: (belief(Cause.FILTERING, 0.9, 4),)}
    assert prior(CELL, view(beliefs=held)) == PRIOR


@given(st.sampled_from([c for c in PRIOR if c is not Cause.OK]), st.floats(0.1, 1))
def test_a_belief_fades_towards_the_stationary_prior(cause: Cause, share: float) -> None:
    ages = (6, 60, 600, 60000, 6000000)
    kept = [carried(belief(cause, share, age), NOW)[cause] for age in ages]
    assert kept == sorted(kept, reverse=True)
    assert all(0 < sum(carried(belief(cause, share, age), NOW).values()) <= 1.05 for age in ages)


def test_only_troubled_cells_are_remembered_and_they_are_forgotten_when_calm() -> None:
    assert remember({}, [verdict(Cause.OK, 1.0)], view()) == {}
    held = remember({}, [verdict(Cause.FILTERING, 0.9)], view())
    assert held[CELL][-1].support[Cause.FILTERING] == pytest.approx(0.9)
    later = View(now=NOW + timedelta(minutes=20), round=timedelta(seconds=60))
    calm = remember(held, [verdict(Cause.OK, 1.0)], later)
    latest = View(now=NOW + timedelta(minutes=40), round=timedelta(seconds=60))
    assert remember(calm, [verdict(Cause.OK, 1.0)], latest) == {}


@pytest.mark.parametrize(("outage", "refused", "kept"), [(0.8, 0.15, False), (0.15, 0.8, True)])
def test_of_an_outage_and_a_refusal_in_one_voice_only_the_one_that_led_is_remembered(
    outage: float, refused: float, *, kept: bool
) -> None:
    support = dict.fromkeys(Cause, 0.0) | {
        Cause.OK: 0.05, Cause.SERVICE_OUTAGE: outage, Cause.GEO_BLOCK: refused
    }  # fmt: skip
    held = carried(Belief(at=NOW - timedelta(minutes=5), support=support), NOW)
    assert (held[Cause.GEO_BLOCK] > PRIOR[Cause.GEO_BLOCK]) is kept
    assert held[Cause.SERVICE_OUTAGE] > PRIOR[Cause.SERVICE_OUTAGE]
