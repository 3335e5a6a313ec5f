"""Beliefs counted, cut into bins of equal mass, and their distance to what was true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.score.reliability import FINE, Reliability, Tally

BELIEFS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60)


def tally(beliefs: list[tuple[float, bool]]) -> Tally:
    held = Tally()
    for belief, right in beliefs:
        held.add(belief, right=right)
    return held


def test_of_nothing_there_are_no_bins_and_no_error() -> None:
    assert Tally().bins() == ()
    assert Tally().ece() == 0


def test_what_is_right_as_often_as_it_is_believed_has_no_error() -> None:
    held = tally([(0.8, number < 8) for number in range(10)])
    assert held.ece() == pytest.approx(0)


def test_a_certainty_that_is_never_right_is_all_error() -> None:
    assert tally([(1.0, False)] * 7).ece() == pytest.approx(1)


def test_two_beliefs_in_two_bins_err_each_for_itself() -> None:
    # Together they would be right on average; apart they are .2 too low and .2 too high.
    held = tally([(0.3, number < 5) for number in range(10)])
    held.merge(tally([(0.7, number < 5) for number in range(10)]))
    assert held.ece(2) == pytest.approx(0.2)
    assert held.ece(1) == pytest.approx(0)


def test_one_value_fills_as_many_bins_as_it_has_mass_for() -> None:
    bins = tally([(0.2, False)] + [(0.9, True)] * 8).bins(3)
    assert [held.n for held in bins] == pytest.approx([3, 3, 3])
    assert [held.low for held in bins] == [0.2, 0.9, 0.9]


@given(BELIEFS, st.integers(1, 20))
def test_bins_hold_all_beliefs_in_equal_parts_and_in_order(
    beliefs: list[tuple[float, bool]], count: int
) -> None:
    bins = tally(beliefs).bins(count)
    assert sum(held.n for held in bins) == pytest.approx(len(beliefs))
    assert sum(held.n * held.right for held in bins) == pytest.approx(
        sum(right for _, right in beliefs), abs=1e-6
    )
    assert all(held.n <= len(beliefs) / count + 1e-6 for held in bins)
    lows = [held.low for held in bins]
    assert lows == sorted(lows)


@given(BELIEFS)
def test_the_error_is_a_share_and_the_order_does_not_matter(
    beliefs: list[tuple[float, bool]],
) -> None:
    assert 0 <= tally(beliefs).ece() <= 1 + 1e-9
    assert tally(beliefs).ece() == tally(beliefs[::-1]).ece()


@given(BELIEFS, BELIEFS)
def test_merging_is_counting_all_at_once(
    one: list[tuple[float, bool]], other: list[tuple[float, bool]]
) -> None:
    merged = tally(one)
    merged.merge(tally(other))
    assert merged == tally(one + other)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_one_bin_errs_by_the_difference_of_the_means(beliefs: list[tuple[float, bool]]) -> None:
    mean = sum(round(belief * FINE) / FINE for belief, _ in beliefs) / len(beliefs)
    right = sum(held for _, held in beliefs) / len(beliefs)
    assert tally(beliefs).ece(1) == pytest.approx(abs(mean - right), abs=1e-6)


def test_reliability_adds_up() -> None:
    one, other = Reliability(brier=0.5, cells=2), Reliability(brier=0.25, cells=1, untested=3)
    other.filtering.add(0.4, right=True)
    one.merge(other)
    assert (one.brier, one.cells, one.untested, one.filtering.total) == (0.75, 3, 3, 1)
