"""A histogram's buckets are cumulative, and the last has everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.metrics.distribution import BOUNDS, Distribution


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
