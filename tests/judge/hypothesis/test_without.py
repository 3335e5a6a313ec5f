from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.unit import Field, Key, Matter, Unit, field, up
from probe.judge.hypothesis.without import borders, rests

ADDRESS: Key = ("address", "104.16.1.10")


def unit(country: str, asn: int = 1, matter: Matter = ("chirp", "web"), **said: object) -> Unit:
    made = Unit(service=matter[0], feature=matter[1], country=country, asn=asn, failing=False)
    return msgspec.structs.replace(
        made, **{"lasting": "failing" in said and said["failing"]} | said
    )


def told(
    services: str,
    fails: Callable[[int], bool],
    *,
    features: tuple[str, ...] = ("web",),
    keys: frozenset[Key] = frozenset(),
    lasting: bool = True,
) -> dict[Matter, Field]:
    """Five networks of one country."""
    return {
        (s, f): field([
            unit("ES", asn, (s, f), failing=fails(asn), keys=keys, lasting=lasting and fails(asn))
            for asn in range(1, 6)
        ])
        for s in services for f in features
    }  # fmt: skip


def price(held: dict[Matter, Field]) -> float:
    return -sum(borders(held).values())


@given(st.integers(3, 8))
def test_a_second_name_behind_a_border_costs_less_than_the_first(networks: int) -> None:
    own = field([unit("TR", asn, failing=True) for asn in range(networks)])
    one, both = borders({("a", "web"): own}), borders({("a", "web"): own, ("a", "api"): own})
    assert sum(one.values()) > sum(both.values()) > 2 * sum(one.values())


def test_what_fails_everywhere_is_the_service_s_rather_than_ten_borders() -> None:
    matter = ("chirp", "web")
    held = {matter: field([unit(c, failing=True) for c in ("DE", "FR", "GB", "JP", "US")])}
    assert rests([matter], held)[matter] > borders(held)[matter]


def test_two_features_are_worth_a_border_that_neither_is_worth_alone() -> None:
    """Three networks of five: each feature may be passing trouble, both are not."""
    one = told("a", lambda asn: asn < 4, lasting=False)
    both = told("a", lambda asn: asn < 4, features=("web", "api"), lasting=False)
    assert price(one) == pytest.approx(-sum(map(up, _units(one))))
    assert price(both) < 2 * price(one)


def test_two_features_are_worth_an_outage_that_neither_is_worth_alone() -> None:
    def rest(*features: str) -> float:
        failing = [unit(c, failing=True, lasting=False) for c in ("DE", "FR")]
        matters = [("a", feature) for feature in features]
        return -sum(rests(matters, dict.fromkeys(matters, field(failing))).values())

    assert rest("web", "api") < 2 * rest("web")


def test_one_border_bars_all_that_stands_on_an_address() -> None:
    apart, near = (
        told("abc", lambda _: True),
        told("abc", lambda _: True, keys=frozenset({ADDRESS})),
    )
    assert price(apart) == pytest.approx(3 * price(told("a", lambda _: True)))
    assert price(near) < price(apart) - 10


def test_other_things_that_services_share_are_barred_one_by_one() -> None:
    site: frozenset[Key] = frozenset({("site", "cloudflare/MAD"), ("cdn", "cloudflare")})
    assert price(told("ab", lambda _: True, keys=site)) == pytest.approx(
        price(told("ab", lambda _: True))
    )


def test_a_network_that_takes_no_part_is_assumed_once() -> None:
    """Whatever it reaches there, it is one network: three that are barred have no more to say."""
    shared = frozenset({ADDRESS})
    one = price(told("a", lambda asn: asn < 4, keys=shared))
    more = price(told("abc", lambda asn: asn < 4, keys=shared))
    whole = price(told("a", lambda _: True, keys=shared))
    all_ = price(told("abc", lambda _: True, keys=shared))
    assert more - all_ == pytest.approx(one - whole, abs=0.5)


def test_services_are_neighbours_by_way_of_others() -> None:
    other: Key = ("prefix", "203.0.113.0/24")
    near = told("a", lambda _: True, keys=frozenset({ADDRESS}))
    near |= told("b", lambda _: True, keys=frozenset({other}))
    assert price(near) == pytest.approx(2 * price(told("a", lambda _: True)))
    near |= told("c", lambda _: True, keys=frozenset({ADDRESS, other}))
    assert price(near) < 2.5 * price(told("a", lambda _: True))


CELL = st.tuples(st.sampled_from("abc"), st.sampled_from(["ES", "PT"]), st.integers(1, 3))


@given(st.lists(CELL, max_size=18), st.sampled_from([frozenset({ADDRESS}), frozenset[Key]()]))
def test_borders_are_only_assumed_where_they_explain_more(
    down: list[tuple[str, str, int]], keys: frozenset[Key]
) -> None:
    held = {
        (s, "web"): field([
            unit(c, asn, (s, "web"), failing=(s, c, asn) in down, keys=keys)
            for c in ("ES", "PT") for asn in (1, 2, 3)
        ])
        for s in "abc"
    }  # fmt: skip
    well = sum(map(up, _units(held)))
    assert sum(borders(held).values()) >= well - 1e-9
    assert sum(rests([*held], held).values()) >= sum(borders(held).values()) - 1e-9


def _units(held: dict[Matter, Field]) -> list[Unit]:
    """All of those in countries where anything fails, and what stands for the others."""
    beside = [u for known in held.values() for own in known.troubled.values() for u in own]
    return beside + [unit("XX")] * (sum(known.size for known in held.values()) - len(beside))
