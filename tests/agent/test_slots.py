"""Slow peers keep no slots; how many they may hold has an end."""

from hypothesis import given
from hypothesis import strategies as st

from probe.agent.slots import MOST_FOLD, SLOW_SECONDS, room

AGES = st.lists(st.floats(0, 100, allow_nan=False), max_size=200)
ALLOWED = st.integers(1, 64)


def began(ages: list[float], now: float = 1000.0) -> list[float]:
    return [now - age for age in ages]


@given(ALLOWED, AGES)
def test_as_many_as_are_allowed_may_be_at_work_beside_slow_ones(
    allowed: int, ages: list[float]
) -> None:
    found = room(allowed, began(ages), 1000.0)
    slow = sum(age > SLOW_SECONDS for age in ages)
    assert allowed <= found <= MOST_FOLD * allowed
    assert found - slow == allowed or found == MOST_FOLD * allowed


@given(ALLOWED, AGES, st.floats(0, 100))
def test_time_only_makes_room(allowed: int, ages: list[float], later: float) -> None:
    assert room(allowed, began(ages), 1000.0) <= room(allowed, began(ages), 1000.0 + later)
