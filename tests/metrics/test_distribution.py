"""A histogram's buckets are cumulative, and the last has everything."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.metrics.distribution import BOUNDS, Distribution, Exemplar

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@given(st.lists(st.floats(0, 100)))
def test_each_bucket_has_all_up_to_its_bound(seconds: list[float]) -> None:
    took = Distribution()
    for each in seconds:
        took.observe(each)
    buckets = took.buckets()
    assert [count for _, count in buckets] == [
        sum(each <= bound for each in seconds) for bound in (*BOUNDS, float("inf"))
    ]
    assert buckets[-1] == ("+Inf", len(seconds))
    assert took.total == pytest.approx(sum(seconds))


def test_a_bucket_has_its_newest_exemplar() -> None:
    took = Distribution()
    for name in ("old", "new"):
        took.observe(0.3, Exemplar(name, 0.3, NOW))
    assert [told.measurement for told in took.exemplars.values()] == ["new"]


def test_a_copy_stays_as_it_was() -> None:
    took = Distribution((1.0,))
    took.observe(0.5, Exemplar("a", 0.5, NOW))
    copy = took.copy()
    took.observe(0.5, Exemplar("b", 0.5, NOW))
    assert (copy.total, copy.buckets()) == (0.5, [("1.0", 1), ("+Inf", 1)])
    assert [told.measurement for told in copy.exemplars.values()] == ["a"]
