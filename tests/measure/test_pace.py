"""How evenly a body came is read of its arrivals, in whatever lumps they came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.measure.pace import FEWEST_BYTES, PARTS, Arrival, quarters

TOTAL = 64 * 1024
lumps = st.lists(st.integers(1, TOTAL), min_size=1, max_size=40)


def evenly(rate: float, sizes: list[int]) -> list[Arrival]:
    """Arrivals in lumps of these sizes, at one rate from the very first byte."""
    there, came = 0, [(0.0, 0)]
    for size in sizes:
        there += size
        came.append((there / rate, there))
    return came


@given(lumps, st.floats(1_000, 1e7))
def test_at_one_rate_every_quarter_takes_as_long_whatever_the_lumps(
    sizes: list[int], rate: float
) -> None:
    came = evenly(rate, sizes)
    total = came[-1][1]
    found = quarters(came)
    assert bool(found) is (total >= FEWEST_BYTES)
    for part, end in enumerate(found, 1):
        assert end == pytest.approx(total / rate * part / PARTS, abs=0.0011)


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, TOTAL)), max_size=40))
def test_quarters_never_go_back_and_the_last_is_the_end(steps: list[tuple[float, int]]) -> None:
    at, there, came = 0.0, 0, []
    for seconds, size in steps:
        at, there = at + seconds, there + size
        came.append((at, there))
    found = quarters(came)
    assert list(found) == sorted(found)
    if found:
        ended = next(moment for moment, size in came if size == came[-1][1])
        assert found[-1] == pytest.approx(ended - came[0][0], abs=0.0011)


def test_what_came_at_once_took_no_time() -> None:
    assert quarters([(5.0, TOTAL)]) == (0.0,) * PARTS


def test_a_flow_that_grows_takes_less_for_each_quarter() -> None:
    came = [(0.0, 4_096), (1.0, 16_384), (1.5, 32_768), (1.75, 49_152), (1.875, 65_536)]
    assert quarters(came) == (1.0, 1.5, 1.75, 1.875)


def test_nothing_came() -> None:
    assert quarters([]) == ()
