"""What a lookup gives: the truth, or what a forger says, in each family."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.answers import BOGON, BOGON_V6, LEAKED, POOL, POOL_V6
from probe.lab.simulated.act import Lookup, Truth
from probe.lab.simulated.answered import NOTICE, answered
from probe.lab.simulated.seat import seats
from tests.lab.simulated.worlds import scenario

SEAT = seats(scenario())[0][0]
TRUE = {"A": (SEAT.v4,), "AAAA": (SEAT.v6,)}


def given_by(how: Lookup, query: str, dice: int = 0) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return answered(how, query, SEAT, Random(dice))  # noqa: S311 — chance, no secret


@pytest.mark.parametrize(
    ("truth", "four", "six"),
    [
        (Truth.TRUE, TRUE["A"], TRUE["AAAA"]),
        (Truth.NONE, (), ()),
        (Truth.PAIR, POOL[:1], (POOL_V6,)),
        (Truth.BOGON, (BOGON,), (BOGON_V6,)),
        (Truth.LEAKED, (LEAKED,), (BOGON_V6,)),
        (Truth.NOTICE, (NOTICE,), ()),
    ],
)
def test_each_kind_of_answer_has_its_addresses(
    truth: Truth, four: tuple[str, ...], six: tuple[str, ...]
) -> None:
    assert [given_by(Lookup(truth=truth), query)[0] for query in TRUE] == [four, six]


@given(st.integers(0, 10_000))
def test_a_pool_gives_one_of_its_own(dice: int) -> None:
    ((address,), late) = given_by(Lookup(truth=Truth.POOL), "A", dice)
    assert address in POOL
    assert late == ()


@pytest.mark.parametrize("truth", [Truth.POOL, Truth.BOGON, Truth.LEAKED])
def test_the_truth_may_come_late(truth: Truth) -> None:
    for query, true in TRUE.items():
        assert given_by(Lookup(truth=truth, late=True), query)[1] == true


def test_a_pair_is_two_forged_answers_and_then_the_truth() -> None:
    first, late = given_by(Lookup(truth=Truth.PAIR, late=True), "A")
    assert (first, late) == (POOL[:1], (POOL[1], *TRUE["A"]))


@pytest.mark.parametrize("how", [Lookup(failure="generic_timeout_error"), Lookup(rcode=3)])
def test_no_answer_has_no_address(how: Lookup) -> None:
    assert given_by(how, "A") == ((), ())
