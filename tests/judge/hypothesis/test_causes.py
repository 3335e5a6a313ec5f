import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.causes import (
    BARRED_BREADTH,
    BREADTH,
    BURST,
    COUNTED,
    FORMS,
    MOST_REFUSED,
    PRIOR,
    REACH,
    REFUSED_BREADTH,
    WELL,
    Form,
    log_emission,
)
from probe.judge.row import Category
from probe.model import Cause

EVERY = (*FORMS, WELL, BURST)


@pytest.mark.parametrize("form", EVERY, ids=lambda f: f"{f.cause}-{f.name}")
def test_a_form_spreads_at_most_one(form: Form) -> None:
    assert 0.8 < sum(form.mean.values()) <= 1.0
    assert Category.NOTHING not in form.mean


def test_the_forms_of_a_cause_share_it_out() -> None:
    for cause in {form.cause for form in FORMS}:
        assert sum(f.share for f in FORMS if f.cause is cause) == pytest.approx(1.0)


def test_filtering_is_believed_last() -> None:
    assert PRIOR[Cause.FILTERING] * 20 <= PRIOR[Cause.SERVICE_OUTAGE] < PRIOR[Cause.LOCAL_FAULT]
    assert sum(share for _, share in BREADTH) == pytest.approx(1.0)


def test_a_refusal_reaches_either_some_countries_or_as_an_outage_most() -> None:
    assert sum(share for _, share in REFUSED_BREADTH) == pytest.approx(1.0)
    assert sum(share for _, share in BARRED_BREADTH) == pytest.approx(1.0)
    assert max(reach for reach, _ in REFUSED_BREADTH) < MOST_REFUSED < max(BREADTH)[0]


def test_the_grids_of_reach_sum_to_one() -> None:
    for grid in REACH.values():
        assert sum(math.exp(point.weight) for point in grid) == pytest.approx(1.0)
        assert all(math.exp(p.hit) + math.exp(p.spared) == pytest.approx(1.0) for p in grid)


@given(st.sampled_from(EVERY), st.sampled_from(COUNTED), st.integers(1, 6))
def test_repeating_the_same_sight_is_ever_less_of_a_surprise(
    form: Form, category: Category, times: int
) -> None:
    once = log_emission(form, ((category, 1),))
    many = log_emission(form, ((category, times),))
    assert times * once <= many + 1e-9
    assert many <= once + 1e-9


@pytest.mark.parametrize("form", EVERY, ids=lambda f: f"{f.cause}-{f.name}")
def test_one_sight_is_a_probability(form: Form) -> None:
    total = sum(math.exp(log_emission(form, ((category, 1),))) for category in COUNTED)
    assert total <= 1.0 + 1e-9
