from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.route import lost, routes
from probe.judge.hypothesis.unit import All, Crowd, Matter, Shared, Unit, field
from tests.judge.hypothesis.united import told, united

COUNTRIES = ("DE", "FR", "GB", "JP", "NL", "US")
PREFIX = "104.244.42.0/24"


def leaked(countries: set[str], begun: Callable[[str], float] = lambda _: 0.0) -> list[Unit]:
    """One network of each of them loses the route to three features of one service."""
    return [
        Unit(
            service="chirp", feature=f, country=c, asn=COUNTRIES.index(c) * 10 + n,
            failing=(hit := c in countries and n == 1), lasting=hit, lost=hit, begun=begun(c),
            prefixes=frozenset({PREFIX}),
        )
        for f in ("web", "api", "links") for c in COUNTRIES for n in (1, 2)
    ]  # fmt: skip


def test_a_route_that_three_countries_lose_at_once_is_no_border() -> None:
    (found,) = told(leaked({"GB", "JP", "US"}))
    assert found.key == ("route", PREFIX)
    assert {country for _, _, country in found.cells} == {"GB", "JP", "US"}


def test_one_country_or_many_at_different_times_may_be_borders() -> None:
    assert told(leaked({"GB"})) == ()
    assert told(leaked({"GB", "JP", "US"}, lambda c: 9.0 * COUNTRIES.index(c))) == ()


def test_a_country_that_lost_it_whole_may_have_barred_it_by_that_route() -> None:
    whole = [
        msgspec.structs.replace(u, failing=True, lasting=True, lost=True)
        if u.country == "DE" else u
        for u in leaked({"GB", "JP", "US"})
    ]  # fmt: skip
    (found,) = told(whole)
    assert {country for _, _, country in found.cells} == {"GB", "JP", "US"}


def test_whole_countries_that_lose_it_at_once_are_a_region_s() -> None:
    region = [
        msgspec.structs.replace(u, failing=True, lasting=True, lost=True)
        if u.country in {"DE", "FR", "NL"} else u
        for u in leaked(set())
    ]  # fmt: skip
    (found,) = told(region)
    assert {country for _, _, country in found.cells} == {"DE", "FR", "NL"}
    assert told([u for u in region if u.country != "NL"]) == ()


def test_beside_two_leaks_a_country_of_which_one_network_keeps_the_route_lost_it_too() -> None:
    units = leaked({"GB", "JP"})
    torn = [
        msgspec.structs.replace(u, failing=True, lasting=True, lost=True)
        if u.country == "DE" else u
        for u in units
    ]  # fmt: skip
    keeps = [
        msgspec.structs.replace(u, asn=9, failing=False, lasting=False, lost=False)
        for u in units
        if u.country == "DE" and u.asn == 1
    ]
    (found,) = told([*torn, *keeps])
    assert {country for _, _, country in found.cells} == {"DE", "GB", "JP"}
    (found,) = told(torn)
    assert {country for _, _, country in found.cells} != {"DE"}


def test_a_prefix_of_which_one_network_says_nothing_just_now_is_lost_with_its_siblings() -> None:
    features = ("web", "api", "links")
    units = [
        msgspec.structs.replace(
            u, prefixes=frozenset({f"104.244.{features.index(u.feature)}.0/24"})
        )
        for u in leaked({"GB", "JP"})
        if (u.feature, u.country, u.asn % 10) != ("links", "JP", 1)
    ]
    (found,) = told(units)
    assert ("chirp", "links", "GB") in found.cells
    assert {country for _, _, country in found.cells} == {"GB", "JP"}


def of_several(stray: str) -> list[Unit]:
    """Three services lose a route of each in GB, JP and US at once; one strays in another country."""
    return [
        msgspec.structs.replace(
            u, service=service, prefixes=frozenset({f"104.244.{n}.0/24"}),
            failing=hit, lasting=hit, lost=hit,
        )
        for n, service in enumerate(("chirp", "photo", "video"))
        for u in leaked({"GB", "JP", "US"})
        for hit in [u.failing or (service == "chirp" and u.country == stray and u.asn % 10 == 1)]
    ]  # fmt: skip


def test_services_that_are_lost_alike_are_lost_by_one_route() -> None:
    (found, *_) = told(of_several("DE"))
    assert found.services == 3
    assert {country for _, _, country in found.cells} == {"GB", "JP", "US"}


def test_services_that_are_lost_in_other_countries_are_lost_each_by_its_own_route() -> None:
    apart = [
        msgspec.structs.replace(u, service=service, prefixes=frozenset({prefix}))
        for service, prefix, countries in (
            ("chirp", "104.244.1.0/24", {"DE", "GB"}), ("photo", "104.244.2.0/24", {"JP", "US"}),
        )
        for u in leaked(countries)
    ]  # fmt: skip
    assert routes(apart) == [("104.244.1.0/24",), ("104.244.2.0/24",)]


def test_trouble_of_a_network_that_ran_into_the_leak_hides_neither_it_nor_the_leak() -> None:
    """The third country seems to have lost it with those whose border had barred it before."""
    begun = {"GB": 9.0, "JP": 9.0, "US": 6.0, "DE": 5.0}
    units = [
        msgspec.structs.replace(u, failing=True, lasting=True, lost=True)
        if u.country == "DE" else u
        for u in leaked({"GB", "JP", "US"}, lambda country: begun.get(country, 0.0))
    ]  # fmt: skip
    (found,) = told(units)
    assert {country for _, _, country in found.cells} == {"GB", "JP", "US"}


def test_a_country_that_barred_it_before_is_not_in_the_leak_of_its_own_route() -> None:
    units = leaked({"GB", "JP", "US"}, lambda _: 9.0)
    barred = [
        msgspec.structs.replace(u, asn=90 + n, failing=True, lasting=True, lost=n < 2, begun=0.0)
        for n in range(3)
        for u in units
        if u.country == "US" and u.asn % 10 == 2
    ]
    (found,) = told([*units, *barred])
    assert {country for _, _, country in found.cells} == {"GB", "JP"}


@given(
    st.lists(st.tuples(st.integers(0, 35), st.integers(0, 12)), max_size=16),
    st.lists(st.tuples(st.sampled_from(["web", "api"]), st.sampled_from(COUNTRIES)), max_size=2),
)
def test_who_is_but_counted_says_what_he_says_unit_by_unit(
    down: list[tuple[int, int]], out: list[tuple[str, str]]
) -> None:
    """Of any networks that lose any features at any time.

    `out`: features and countries that something else explains already, where any of them fails.
    """
    begun = dict(down)
    made = [
        msgspec.structs.replace(
            unit, failing=n in begun, lasting=n in begun, lost=n in begun, begun=begun.get(n, 0)
        )
        for n, unit in enumerate(leaked(set()))
    ]
    fail = {(unit.service, unit.feature, unit.country) for unit in made if unit.failing}
    cells = fail & {("chirp", *cell) for cell in out}
    each, few = united(made).without(cells), _counted(made).without(cells)
    for lane in routes(each.units):
        one, other = _weighed(lane, each), _weighed(lane, few)
        assert (one and one.cells) == (other and other.cells)
        assert one is None or other is None or one.gain == pytest.approx(other.gain)


def _counted(made: list[Unit]) -> All:
    """The same units, those of countries where a feature does not fail but counted."""
    fail = {(unit.matter, unit.country) for unit in made if unit.failing}
    crowds: dict[Matter, Crowd] = {unit.matter: Counter() for unit in made}
    for unit in made:
        crowds[unit.matter][unit.keys] += (unit.matter, unit.country) not in fail
    return msgspec.structs.replace(
        united(made), units=[u for u in made if (u.matter, u.country) in fail], crowds=crowds
    )


def _weighed(lane: tuple[str, ...], held: All) -> Shared | None:
    matters = [*held.prefixes]
    fields = {
        matter: field([u for u in held.units if u.matter == matter], held.crowds.get(matter))
        for matter in matters
    }
    return lost(lane, matters, held, fields)


def test_most_that_fails_by_itself_is_no_route() -> None:
    (lane,) = routes(leaked({"GB", "JP"}))
    assert _weighed(lane, united(leaked({"GB"}))) is None
    assert _weighed(lane, united(leaked({"GB", "JP"}))) is not None
