"""What each cause needs before it may be said."""

from __future__ import annotations

import msgspec
import pytest

from probe.judge.hypothesis.gate import Ground, outside_well, state
from probe.model import Cause, State

FILTER = Ground(
    support=0.99, rounds=3, networks=2, observed=2, vantages=3, vouched=2, steady=2, authored=3, network_authored=2,
    settled=2, enduring=2, again=2,
    through=7, others=7, known_countries=8, excess=20.0,
)  # fmt: skip
OUTAGE = Ground(
    support=0.99, rounds=2, networks=2, observed=2, vouched=2, server_countries=3,
    outage_countries=8, known_countries=8, others=7,
)  # fmt: skip


SHARED = Ground(
    support=0.99, rounds=3, networks=2, observed=2, vouched=2, gain=9.0, sharing=2, others=7,
    known_countries=8,
)  # fmt: skip


def but(ground: Ground, **facts: float) -> Ground:
    return msgspec.structs.replace(ground, **facts)


def test_filtering_with_all_its_grounds_is_confirmed() -> None:
    assert state(Cause.FILTERING, FILTER) is State.CONFIRMED


@pytest.mark.parametrize(
    ("lack", "most"),
    [
        ({"support": 0.9}, State.LIKELY),
        ({"support": 0.6}, State.SUSPECTED),
        ({"support": 0.4}, State.INSUFFICIENT),
        ({"rounds": 2}, State.LIKELY),
        ({"rounds": 1}, State.SUSPECTED),
        ({"rounds": 1, "network_authored": 1}, State.INSUFFICIENT),
        ({"vouched": 0}, State.INSUFFICIENT),
        ({"vouched": 1}, State.LIKELY),
        ({"network_authored": 0}, State.LIKELY),
        ({"network_authored": 0, "steady": 1}, State.INSUFFICIENT),
        ({"network_authored": 0, "steady": 0, "rounds": 5}, State.LIKELY),
        ({"network_authored": 0, "steady": 0, "networks": 3}, State.LIKELY),
        ({"again": 1, "enduring": 0}, State.SUSPECTED),
        ({"again": 1, "enduring": 0, "steady": 1}, State.INSUFFICIENT),
        ({"again": 0, "enduring": 0, "networks": 3, "network_authored": 3}, State.LIKELY),
        ({"networks": 1, "network_authored": 1, "authored": 1, "again": 0}, State.INSUFFICIENT),
        ({"enduring": 1}, State.LIKELY),
        ({"steady": 0, "rounds": 12, "enduring": 1}, State.LIKELY),
        ({"steady": 0, "rounds": 12}, State.CONFIRMED),
        ({"networks": 1, "network_authored": 1, "authored": 2}, State.LIKELY),
        ({"networks": 1, "network_authored": 1, "authored": 1}, State.SUSPECTED),
        ({"networks": 1, "network_authored": 1, "authored": 1, "settled": 0}, State.INSUFFICIENT),
        (
            {"networks": 1, "network_authored": 1, "authored": 2, "settled": 0, "misled": 1},
            State.LIKELY,
        ),
        (
            {"networks": 1, "network_authored": 1, "authored": 2, "settled": 0, "rounds": 5},
            State.LIKELY,
        ),
        ({"networks": 1, "network_authored": 0}, State.SUSPECTED),
        ({"networks": 1, "network_authored": 0, "settled": 0}, State.INSUFFICIENT),
        ({"through": 2}, State.INSUFFICIENT),
        ({"through": 3, "barred": 4}, State.INSUFFICIENT),
        ({"through": 0, "others": 0}, State.INSUFFICIENT),
    ],
)
def test_each_lack_lowers_filtering(lack: dict[str, float], most: State) -> None:
    assert state(Cause.FILTERING, but(FILTER, **lack)) is most


def test_the_only_network_that_was_looked_at_is_confirmed_only_where_a_country_has_no_other() -> (
    None
):
    alone = but(
        FILTER, networks=1, observed=1, network_authored=1, vouched=1, vantages=2, authored=2
    )
    assert state(Cause.FILTERING, alone) is State.LIKELY
    assert state(Cause.FILTERING, but(alone, dominant=True)) is State.CONFIRMED
    assert state(Cause.FILTERING, but(alone, dominant=True, authored=1)) is State.SUSPECTED


ASIDE = but(FILTER, server_networks=2)
"""Enough for any cause that is a country's own."""


@pytest.mark.parametrize("cause", [Cause.FILTERING, Cause.THROTTLING, Cause.GEO_BLOCK])
def test_where_half_of_the_probes_on_the_same_networks_get_through_nothing_is_confirmed(
    cause: Cause,
) -> None:
    assert state(cause, but(ASIDE, vantages=3, spared=2)) is State.CONFIRMED
    assert state(cause, but(ASIDE, vantages=3, spared=3)) is State.LIKELY


@pytest.mark.parametrize("cause", [Cause.FILTERING, Cause.THROTTLING, Cause.GEO_BLOCK])
def test_a_border_is_confirmed_beside_three_countries(cause: Cause) -> None:
    assert state(cause, but(ASIDE, others=3, through=3)) is State.CONFIRMED
    assert state(cause, but(ASIDE, others=2, through=2)) is State.LIKELY


@pytest.mark.parametrize("cause", [Cause.FILTERING, Cause.THROTTLING, Cause.GEO_BLOCK])
def test_what_is_seen_from_nobody_knows_where_is_but_suspected(cause: Cause) -> None:
    assert state(cause, but(ASIDE, nowhere=True)) is State.SUSPECTED


def test_a_page_that_speaks_of_the_country_needs_no_others() -> None:
    refused = but(ASIDE, others=1, through=1, worded=2, refused_countries=1)
    assert state(Cause.GEO_BLOCK, refused) is State.CONFIRMED


@pytest.mark.parametrize(
    ("others", "through", "well"), [(7, 3, True), (7, 2, False), (1, 1, True), (0, 0, False)]
)
def test_the_outside_is_three_countries_or_as_many_as_there_are(
    others: int,
    through: int,
    well: bool,  # noqa: FBT001 — a column of the table
) -> None:
    assert outside_well(but(FILTER, others=others, through=through)) is well


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, State.CONFIRMED),
        ({"rounds": 1}, State.LIKELY),
        ({"server_countries": 0}, State.LIKELY),
        ({"server_countries": 0, "rounds": 3}, State.CONFIRMED),
        ({"server_countries": 0, "rounds": 1}, State.INSUFFICIENT),
        ({"server_countries": 1, "outage_countries": 1}, State.SUSPECTED),
        ({"server_countries": 0, "outage_countries": 1}, State.INSUFFICIENT),
        ({"server_countries": 0, "outage_countries": 4}, State.SUSPECTED),
        ({"server_countries": 0, "vouched": 0}, State.SUSPECTED),
        ({"limited": True}, State.LIKELY),
    ],
)
def test_an_outage_rests_on_the_servers_words_or_on_breadth(
    facts: dict[str, float], expected: State
) -> None:
    assert state(Cause.SERVICE_OUTAGE, but(OUTAGE, **facts)) is expected
    assert state(Cause.DEPENDENCY_OUTAGE, but(OUTAGE, **facts)) is expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"silent": 2}, State.SUSPECTED),
        ({"silent": 1}, State.INSUFFICIENT),
        ({"silent": 2, "rounds": 1}, State.INSUFFICIENT),
        ({"silent": 2, "solid": False}, State.INSUFFICIENT),
        ({"silent": 2, "support": 0.4}, State.INSUFFICIENT),
        ({"silent": 4, "rounds": 5, "together": 1}, State.SUSPECTED),
        ({"silent": 2, "rounds": 4, "together": 2}, State.SUSPECTED),
        ({"silent": 2, "rounds": 5, "together": 2}, State.LIKELY),
    ],
)
def test_who_shakes_hands_and_answers_nothing_is_suspected_in_one_country(
    facts: dict[str, float], expected: State
) -> None:
    regional = but(OUTAGE, server_countries=0, outage_countries=2, rounds=3)
    assert state(Cause.SERVICE_OUTAGE, but(regional, **facts)) is expected


@pytest.mark.parametrize("cause", [Cause.GEO_BLOCK, Cause.THROTTLING])
def test_one_countrys_trouble_needs_the_outside_and_rounds(cause: Cause) -> None:
    told = but(FILTER, server_networks=2)
    assert state(cause, told) is State.CONFIRMED
    assert state(cause, but(told, rounds=2)) is State.LIKELY
    assert state(cause, but(told, networks=1)) is State.SUSPECTED
    assert state(cause, but(told, through=1)) is State.INSUFFICIENT


def test_a_refusal_in_nobodys_words_is_at_most_suspected() -> None:
    assert state(Cause.GEO_BLOCK, FILTER) is State.SUSPECTED
    assert state(Cause.GEO_BLOCK, but(FILTER, support=0.5, rival=0.45)) is State.SUSPECTED
    assert state(Cause.GEO_BLOCK, but(FILTER, through=1)) is State.INSUFFICIENT


def test_a_filter_that_is_not_told_from_a_refusal_is_insufficient() -> None:
    assert state(Cause.FILTERING, but(FILTER, support=0.6, rival=0.35)) is State.INSUFFICIENT
    assert state(Cause.FILTERING, but(FILTER, support=0.96, rival=0.04)) is State.CONFIRMED


def test_ok_needs_somebody_who_sees_it_work() -> None:
    assert state(Cause.OK, Ground(support=0.99)) is State.INSUFFICIENT
    assert state(Cause.OK, Ground(support=0.99, working=1)) is State.LIKELY
    assert state(Cause.OK, Ground(support=0.99, working=2)) is State.CONFIRMED


def test_a_local_fault_is_never_more_than_suspected() -> None:
    assert state(Cause.LOCAL_FAULT, Ground(support=0.99, rounds=5)) is State.SUSPECTED
    assert state(Cause.NETWORK_DISRUPTION, Ground(support=0.99, rounds=1)) is State.INSUFFICIENT


def test_a_refusal_is_not_said_where_as_many_fail_by_the_services_own_fault() -> None:
    """Whoever hears the server's own errors is reached by it, and is no country that it serves."""
    refused = but(FILTER, server_networks=2)
    assert state(Cause.GEO_BLOCK, but(refused, outage_countries=3)) is State.CONFIRMED
    assert state(Cause.GEO_BLOCK, but(refused, outage_countries=4)) is State.INSUFFICIENT


def test_what_one_border_could_write_confirms_no_dependency() -> None:
    assert state(Cause.DEPENDENCY_OUTAGE, SHARED) is State.CONFIRMED
    assert state(Cause.DEPENDENCY_OUTAGE, but(SHARED, forgeable=True)) is State.LIKELY


def test_a_route_that_two_countries_lost_is_but_suspected_until_it_lasts() -> None:
    lost = but(SHARED, sharing=1, narrow=True)
    assert state(Cause.DEPENDENCY_OUTAGE, lost) is State.SUSPECTED
    assert state(Cause.DEPENDENCY_OUTAGE, but(lost, rounds=5)) is State.LIKELY
    assert state(Cause.DEPENDENCY_OUTAGE, but(lost, narrow=False)) is State.LIKELY


def test_a_refusal_that_names_the_country_or_the_law_needs_no_others_who_get_through() -> None:
    refused = but(FILTER, server_networks=2, worded=2, through=0, refused_countries=7)
    assert state(Cause.GEO_BLOCK, refused) is State.CONFIRMED
    assert state(Cause.GEO_BLOCK, but(refused, refused_countries=8)) is State.LIKELY
    assert state(Cause.GEO_BLOCK, but(refused, rounds=1)) is State.INSUFFICIENT
    assert state(Cause.GEO_BLOCK, but(refused, networks=1)) is State.SUSPECTED
    assert state(Cause.GEO_BLOCK, but(refused, worded=0)) is State.INSUFFICIENT
