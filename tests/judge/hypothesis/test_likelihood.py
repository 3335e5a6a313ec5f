import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.likelihood import Network, affected, burst_share, explain, log_sum
from probe.judge.row import Category
from probe.model import Cause

GOOD = Network(((((Category.OK), 3),),), 1)
RESET = Network((((Category.TLS_RESET, 3),),), 1, (("filtering", 3.9),))
TIMEOUT = Network((((Category.TCP_TIMEOUT, 3),),), 1)


@given(st.lists(st.floats(-700, 100), min_size=1, max_size=8))
def test_log_sum_is_the_log_of_the_sum(values: list[float]) -> None:
    top = max(values)
    assert log_sum(values) == pytest.approx(top + math.log(sum(math.exp(v - top) for v in values)))


def test_log_sum_of_nothing_is_nothing() -> None:
    assert log_sum([]) == -math.inf


def test_a_country_that_works_is_best_explained_as_ok() -> None:
    seen = explain((GOOD, GOOD))
    assert all(seen.alone[Cause.OK] >= other for other in seen.alone.values())
    assert seen.alone[Cause.OK] > max(seen.service)


def test_two_networks_reset_by_name_are_explained_by_filtering_far_better_than_by_chance() -> None:
    seen = explain((RESET, RESET))
    assert seen.alone[Cause.FILTERING] - seen.alone[Cause.OK] > 12


def test_one_networks_timeouts_are_worth_no_more_than_its_bursts_allow() -> None:
    """ln(1/0.06) = 2.8 nats, and what the kind of failure adds (attribution.md, 7.2)."""
    seen = explain((TIMEOUT, GOOD))
    assert seen.alone[Cause.FILTERING] - seen.alone[Cause.OK] < 2.8 + 2.0


def test_more_rounds_alone_never_make_certain() -> None:
    few = explain((Network((((Category.TCP_TIMEOUT, 2),),), 1), GOOD))
    many = explain((Network((((Category.TCP_TIMEOUT, 5),),), 1), GOOD))
    gain = {
        c: e.alone[Cause.FILTERING] - e.alone[Cause.OK] for c, e in (("few", few), ("many", many))
    }
    assert gain["many"] < gain["few"] + 2.5


def test_a_second_agent_in_a_network_adds_but_less_than_a_second_network() -> None:
    def gain(*networks: Network) -> float:
        seen = explain(tuple(sorted(networks)))
        return seen.alone[Cause.FILTERING] - seen.alone[Cause.OK]

    twin = Network((((Category.TLS_RESET, 3),), ((Category.TLS_RESET, 3),)), 2, RESET.bonus)
    assert gain(RESET) <= gain(twin) < gain(RESET, RESET)


def test_which_network_is_affected_follows_what_it_saw() -> None:
    assert affected((GOOD, RESET), Cause.FILTERING)[1] > 0.9
    assert affected((GOOD, RESET), Cause.FILTERING)[0] < 0.1
    assert burst_share(TIMEOUT) > 0.9
    assert burst_share(GOOD) < 0.01


def test_a_single_deviating_vantage_is_explained_by_its_own_fault_better_than_a_pair() -> None:
    one = explain((GOOD, GOOD, TIMEOUT))
    two = explain((GOOD, TIMEOUT, TIMEOUT))
    assert one.alone[Cause.LOCAL_FAULT] > two.alone[Cause.LOCAL_FAULT]


def test_nothing_seen_is_no_evidence() -> None:
    seen = explain(())
    assert seen.nothing_works == -math.inf
    assert all(value == pytest.approx(0.0, abs=1e-9) for value in seen.alone.values())
