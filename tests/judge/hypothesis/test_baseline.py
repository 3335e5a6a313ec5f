from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.baseline import LEVELS, hour_of_week, ordinary, well
from probe.judge.hypothesis.causes import WELL
from probe.judge.row import Category
from probe.judge.view import Usual
from tests.judge import worlds as w

AT = w.START


def test_hours_are_counted_from_monday() -> None:
    assert hour_of_week(datetime(2026, 3, 2, 0, 30, tzinfo=w.START.tzinfo)) == 0
    assert hour_of_week(datetime(2026, 3, 8, 23, 30, tzinfo=w.START.tzinfo)) == 167


def test_where_nothing_is_known_the_usual_rate_holds() -> None:
    assert ordinary({}, AT) == LEVELS[0]
    assert well(LEVELS[0]) is WELL


def test_a_network_that_loses_a_fifth_is_known_for_it() -> None:
    assert ordinary({3: Usual(failed=400, of=2000)}, AT) == pytest.approx(0.2)


def test_a_nightly_trouble_counts_for_its_hour_alone() -> None:
    nightly = {h: Usual(failed=0, of=1000) for h in range(168)} | {3: Usual(failed=500, of=1000)}
    at_three = datetime(2026, 3, 2, 3, tzinfo=w.START.tzinfo)
    assert ordinary(nightly, at_three) >= 0.35
    assert ordinary(nightly, at_three + timedelta(hours=5)) == LEVELS[0]


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_more_failures_never_make_a_network_better(failed: float, more: float) -> None:
    of = 2000.0
    one = ordinary({3: Usual(failed=failed, of=of)}, AT)
    assert ordinary({3: Usual(failed=failed + more, of=of)}, AT) >= one


@given(st.sampled_from(LEVELS))
def test_a_form_is_a_distribution(level: float) -> None:
    mean = well(level).mean
    assert 0.9 < sum(mean.values()) <= 1.0001
    assert mean[Category.OK] == pytest.approx(1 - level, abs=0.001)
