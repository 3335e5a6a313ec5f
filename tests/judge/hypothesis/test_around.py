from __future__ import annotations

import math
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge.hypothesis.around import KINDS, NOBODY, UNIT, Around, lanes, outside, says, told
from probe.judge.hypothesis.likelihood import Country, network
from probe.judge.row import Category

seen = st.builds(
    lambda category, count, well: (network((((category, count),),), well, (), 0.025),),
    st.sampled_from([c for c in Category if c is not Category.NOTHING]),
    st.integers(1, 300),
    st.integers(0, 1),
)
others = st.lists(seen, max_size=40)


def nats(around: Around) -> list[float]:
    """Beside what nobody says."""
    return [
        (lane - level) * UNIT for lane, level in zip(lanes(around), lanes(NOBODY), strict=True)
    ]


def one_by_one(country: Country) -> list[float]:
    """What a country adds, worked out without lanes."""
    own = told(country)
    calm = nats(says(country))[-1]
    struck = [*own.struck, *own.refused]
    return [
        math.log(math.exp(hit - kind.prior - calm) + math.exp(kind.spared)) + calm
        for hit, kind in zip(struck, KINDS, strict=True)
    ]


@given(others, st.randoms())
@settings(deadline=None)
def test_no_order_of_the_countries_changes_what_they_say(
    held: list[Country], chance: object
) -> None:
    shuffled = sorted(held, key=lambda _: chance.random())  # type: ignore[attr-defined]
    assert outside(Counter(held)) == outside(Counter(shuffled)) == sum(map(says, held))


@given(others, seen)
@settings(deadline=None)
def test_one_taken_out_of_a_sum_leaves_the_sum_of_the_others(
    held: list[Country], here: Country
) -> None:
    assert outside(Counter([here, *held])) - says(here) == outside(Counter(held))


@given(seen)
@settings(deadline=None)
def test_a_lane_holds_what_a_kind_says(country: Country) -> None:
    for lane, wanted in zip(nats(says(country)), one_by_one(country), strict=False):
        assert math.isclose(lane, wanted, abs_tol=1e-6)


@given(others)
@settings(deadline=None)
def test_each_lane_is_a_sum_by_itself(held: list[Country]) -> None:
    summed = [sum(column) for column in zip(*[nats(says(each)) for each in held], strict=True)]
    assert nats(sum(map(says, held))) == (summed or [0.0] * len(nats(NOBODY)))
