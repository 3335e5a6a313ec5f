from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.health import Condition, Health
from probe.judge.hypothesis.departure import ALONE, fall, lost_at_once, most_at_once
from probe.judge.view import View
from probe.model import Vantage
from tests.judge import worlds as w

NOW = w.START + timedelta(days=10)
VIEW = View(now=NOW, round=timedelta(seconds=60))
LATER = timedelta(minutes=1)


def lost(*minutes: float, network: int = 0) -> list[Health]:
    """Vantages silent for so many minutes, each of a network of its own unless one is given."""
    return [
        Health(
            vantage=Vantage(id=f"v{place}-{network}", country="TR", asn=network or 1 + place),
            condition=Condition.SILENT,
            since=NOW - timedelta(minutes=age),
        )
        for place, age in enumerate(minutes)
    ]


def ages(healths: list[Health] | tuple[Health, ...]) -> list[float]:
    return [(NOW - (h.since or NOW)) / timedelta(minutes=1) for h in healths]


def test_who_is_lost_at_once_counts_whole() -> None:
    assert fall(lost(3, 2, 1), VIEW).weight == pytest.approx(3 * ALONE)


@pytest.mark.parametrize(("gap", "least", "most"), [(4, 0.98, 1), (30, 0.7, 0.9), (60, 0.4, 0.8)])
def test_the_longer_between_two_the_less_they_speak_for_one_cause(
    gap: float, least: float, most: float
) -> None:
    share = fall(lost(gap, 0), VIEW).weight / (2 * ALONE)
    assert least <= share < most


def test_who_leaves_hours_later_has_left_by_itself() -> None:
    assert ages(fall(lost(300, 180, 60), VIEW).lost) == [60]


def test_an_early_leaver_is_no_part_of_what_falls_days_later() -> None:
    assert ages(fall(lost(3000, 9, 5), VIEW).lost) == [9, 5]


def test_several_networks_go_before_many_vantages_of_one() -> None:
    one = lost(500, 500, 500, network=7)
    assert ages(fall([*one, *lost(9, 5)], VIEW).lost) == [9, 5]


def test_networks_that_fell_in_two_steps_are_all_told() -> None:
    assert ages(fall(lost(300, 299, 9, 5), VIEW).lost) == [300, 299, 9, 5]


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=8), st.randoms())
def test_order_and_the_hour_do_not_matter(
    minutes: list[float],
    chance: object,
) -> None:
    healths = lost(*minutes)
    shuffled = sorted(healths, key=lambda _: chance.random())  # type: ignore[attr-defined]
    told = fall(healths, VIEW)
    later = fall(shuffled, View(now=NOW + LATER, round=VIEW.round))
    assert (told.weight, told.lost) == (later.weight, later.lost)
    assert told.weight <= len(told.lost) * ALONE


@given(st.lists(st.floats(0, 300), min_size=1, max_size=6))
def test_one_more_who_is_lost_takes_nothing_back(minutes: list[float]) -> None:
    """Among those lost soon after one another: who is lost between two only shortens the wait."""
    healths = lost(*minutes)
    more = fall([*healths, lost(*minutes, minutes[-1])[-1]], VIEW)
    assert more.weight >= fall(healths, VIEW).weight


def test_one_that_left_before_hides_nobody_who_is_lost_at_once() -> None:
    assert ages(most_at_once(lost(3000, 9, 8, 7), VIEW)) == [9, 8, 7]
    assert most_at_once([], VIEW) == []


def test_at_once_is_within_three_rounds() -> None:
    assert lost_at_once([lost(9), lost(6)], VIEW)
    assert not lost_at_once([lost(9), lost(5)], VIEW)
    assert not lost_at_once([lost(9)], VIEW)


def test_a_time_that_nobody_knows_is_now() -> None:
    unknown = [Health(vantage=h.vantage, condition=Condition.DARK) for h in lost(0, 0)]
    assert fall(unknown, VIEW).weight == pytest.approx(2 * ALONE)
