from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from probe.desk.ordering import key
from probe.desk.reading import Item
from probe.desk.sieve import MOST, MOVED, SETTLED, Left, Sieve
from probe.model import Measurement
from tests.desk.small import look, measurements

MADE = measurements(10)


def sifted(items: list[Item]) -> tuple[list[Item], Counter[Left]]:
    sieve = Sieve(sorted(items, key=key))
    return list(sieve), sieve.kept


def at(
    made: Measurement, seconds: float, country: str = "", name: str = "", asn: int = 0
) -> Measurement:
    own = made.vantage
    vantage = msgspec.structs.replace(own, country=country or own.country, asn=asn or own.asn)
    return msgspec.structs.replace(
        made, at=made.at + timedelta(seconds=seconds), vantage=vantage, id=name or made.id
    )


@given(st.lists(st.sampled_from(MADE)), st.integers(0, 9))
def test_whatever_comes_again_is_let_through_once(again: list[Measurement], seed: int) -> None:
    items: list[Item] = [*MADE, *again]
    Random(seed).shuffle(items)  # noqa: S311 — dice for a test
    found, kept = sifted(items)
    assert found == sorted(MADE, key=key)
    assert kept[Left.REPEATED] == len(again)


def test_of_two_that_share_an_id_and_a_time_it_is_the_same_one_in_any_order() -> None:
    one = MADE[0]
    other = msgspec.structs.replace(one, took=one.took + 1)
    assert sifted([one, other]) == sifted([other, one])


def test_a_vantage_that_measures_from_another_country_is_kept_back_and_one_that_moved_is_not() -> (
    None
):
    home = MADE[0]
    away = at(home, 60, "JP")
    found, kept = sifted([home, away, at(home, 120)])
    assert (len(found), kept) == (2, Counter({Left.COUNTRY_CHANGED: 1}))
    later = at(home, SETTLED.total_seconds() + 1, "JP")
    assert sifted([home, later]) == ([home, later], Counter())


def test_a_vantage_on_two_networks_at_once_speaks_for_the_one_where_it_was_heard_first() -> None:
    home = MADE[0]
    roaming = [at(home, 60 * n, asn=64500 * (n % 2), name=f"{n:016}") for n in range(10)]
    found, kept = sifted(list(roaming))
    assert {item.vantage.asn for item in found if isinstance(item, Measurement)} == {
        home.vantage.asn
    }
    assert kept == Counter({Left.NETWORK_CHANGED: 5})


def test_a_vantage_that_went_over_to_another_network_is_heard_from_there() -> None:
    home = MADE[0]
    moved = at(home, MOVED.total_seconds() + 1, asn=64500)
    assert sifted([home, moved]) == ([home, moved], Counter())


def test_a_flood_is_cut_to_what_a_schedule_can_send() -> None:
    many = [at(MADE[0], n / 1000, name=f"{n:016}") for n in range(5000)]
    found, kept = sifted(list(many))
    minutes = len({item.at.replace(second=0, microsecond=0) for item in many})
    assert len(found) == minutes * MOST
    assert kept[Left.FLOOD] == len(many) - len(found)


def test_looks_beside_a_helper_go_through() -> None:
    assert sifted([look()])[1] == Counter()
