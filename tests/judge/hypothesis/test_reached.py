"""The closed form is the sum over every subset of networks."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.causes import REACH
from probe.judge.hypothesis.reached import moments, reached, shares
from probe.model import Cause

CAUSES = (Cause.FILTERING, Cause.GEO_BLOCK)
networks = st.lists(
    st.tuples(st.floats(-30, 0), st.floats(-30, 0)), min_size=1, max_size=6
)  # fmt: skip


def subsets(seen: list[tuple[float, float]], cause: Cause) -> dict[tuple[bool, ...], float]:
    """P(what was seen, and these are reached), of each set of networks but the empty one."""
    return {
        chosen: sum(
            math.exp(
                p.weight
                + sum(
                    p.hit + struck if hit else p.spared + quiet
                    for hit, (struck, quiet) in zip(chosen, seen, strict=True)
                )
            )
            for p in REACH[cause]
        )
        for chosen in product((False, True), repeat=len(seen))
        if any(chosen)
    }


@given(networks, st.sampled_from(CAUSES))
def test_it_is_the_sum_over_all_sets_of_networks(
    seen: list[tuple[float, float]], cause: Cause
) -> None:
    struck, quiet = zip(*seen, strict=True)
    chance = 1 - moments(cause, len(seen))[0]
    expected = math.log(sum(subsets(seen, cause).values()) / chance)
    assert reached(struck, quiet, cause) == pytest.approx(expected, abs=1e-6)


@given(networks, st.sampled_from(CAUSES))
def test_a_networks_share_is_that_of_the_sets_that_it_is_in(
    seen: list[tuple[float, float]], cause: Cause
) -> None:
    struck, quiet = zip(*seen, strict=True)
    held = subsets(seen, cause)
    found = shares([(0.0, struck)], quiet, cause)
    for n, share in enumerate(found):
        own = sum(value for chosen, value in held.items() if chosen[n])
        assert share == pytest.approx(own / sum(held.values()), abs=1e-6)


def test_many_networks_are_as_few_but_more() -> None:
    few = shares([(0.0, [-3.0] * 20)], [-4.0] * 20, Cause.FILTERING)
    many = shares([(0.0, [-3.0] * 21)], [-4.0] * 21, Cause.FILTERING)
    assert few[0] == pytest.approx(many[0], abs=0.01)
    assert len(set(many)) == 1


def test_nobody_is_no_evidence() -> None:
    assert reached([], [], Cause.FILTERING) == pytest.approx(0.0, abs=1e-9)
