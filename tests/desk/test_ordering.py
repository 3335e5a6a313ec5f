"""Items come in order of time, however they were added and wherever they were kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probe.desk.ordering import Ordered, key
from probe.desk.reading import Item
from tests.desk import small


def items() -> list[Item]:
    return [*small.measurements()[:60], small.look()]


@given(st.permutations(range(61)), st.integers(1, 70))
def test_any_order_and_any_size_of_part_comes_out_the_same(order: list[int], part: int) -> None:
    known = items()
    with Ordered(part) as ordered:
        for index in order:
            ordered.add(known[index])
        assert ordered.count == 61
        assert list(ordered) == sorted(known, key=key)


def test_it_can_be_gone_through_twice_at_once() -> None:
    with Ordered(10) as ordered:
        for item in items():
            ordered.add(item)
        pairs = list(zip(ordered, ordered, strict=True))
    assert all(one == other for one, other in pairs)
    assert len(pairs) == 61
