from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.nameservers import unheard
from probe.judge.hypothesis.unit import Key, Unit
from tests.judge.hypothesis.united import told

COUNTRIES = ("BR", "DE", "FR", "GB", "JP", "NL", "US", "ZA")
NAMES: Key = ("declared", "names")
ON_IT = frozenset("abc")

Fails = Callable[[str, str, int], bool]


def units(
    fails: Fails,
    *,
    on_it: frozenset[str] = ON_IT,
    silent: Fails = lambda *_: False,
    heard: Fails = lambda *_: False,
    features: tuple[str, ...] = ("web", "api"),
) -> list[Unit]:
    """Five services, three networks a country.

    `silent`: it fails, and not by its names; `heard`: another resolver knows them.
    """
    return [
        Unit(
            service=s, feature=f, country=c, asn=10 * COUNTRIES.index(c) + n,
            failing=(hit := fails(s, c, n)) or silent(s, c, n) or heard(s, c, n),
            lasting=True, unheard=hit, heard=heard(s, c, n),
            keys=frozenset({NAMES}) if s in on_it else frozenset(),
        )
        for s in "abcde" for f in features for c in COUNTRIES for n in (1, 2, 3)
    ]  # fmt: skip


def on_it_in(*countries: str) -> Fails:
    return lambda s, c, _: s in ON_IT and c in countries


@pytest.mark.parametrize("countries", [("US",), ("BR", "US"), ("DE", "FR", "GB", "US")])
def test_names_that_nobody_hears_of_in_some_countries_are_their_servers(
    countries: tuple[str, ...],
) -> None:
    (found,) = told(units(on_it_in(*countries)))
    assert found.key == ("part", "names")
    assert {country for _, _, country in found.cells} == {*countries}
    assert {service for service, _, _ in found.cells} == ON_IT
    assert found.forgeable is (len(countries) == 1)


def test_what_fails_everywhere_is_the_whole_of_it() -> None:
    (found,) = told(units(on_it_in(*COUNTRIES)))
    assert found.key == NAMES


def test_what_fails_otherwise_may_be_a_border_s() -> None:
    assert told(units(lambda *_: False, silent=on_it_in("US"))) == ()


def test_one_service_alone_is_never_a_dependency_s() -> None:
    assert told(units(lambda s, c, _: s == "a" and c == "US")) == ()


def test_a_hand_that_takes_another_service_too_took_them_all() -> None:
    assert told(units(lambda s, c, _: s in "abd" and c == "US")) == ()
    assert told(units(lambda s, c, _: s in "abcd" and c == "US")) == ()


def test_a_name_on_it_that_another_resolver_learns_acquits_it() -> None:
    hand = units(
        lambda s, c, _: s in "ab" and c == "US", heard=lambda s, c, _: (s, c) == ("c", "US")
    )
    assert told(hand) == ()


def test_a_single_network_s_own_trouble_acquits_no_dependency() -> None:
    alone = units(lambda s, c, n: c == "US" and (s in ON_IT or (s == "d" and n == 1)))
    assert ("part", "names") in [found.key for found in told(alone)]


def test_services_on_it_that_live_there_acquit_it() -> None:
    assert told(units(lambda s, c, _: s in "ab" and c == "US", on_it=frozenset("abcde"))) == ()


def test_networks_that_hear_of_them_acquit_it() -> None:
    assert told(units(lambda s, c, n: s in ON_IT and c == "US" and n == 1)) == ()


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(COUNTRIES)), max_size=12))
def test_it_is_sought_only_where_two_services_on_it_fail_so(hit: list[tuple[str, str]]) -> None:
    found = unheard(units(lambda s, c, _: (s, c) in hit))
    for name, countries in found.items():
        assert name == "names"
        for country in countries:
            failing = {s for s, c in hit if c == country}
            assert len(failing) > 1
            assert failing <= ON_IT
