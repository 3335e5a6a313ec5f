from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.unit import Crowd, Key, Matter, Unit
from tests.judge.hypothesis.united import told

COUNTRIES = ("DE", "FR", "GB", "JP", "NL", "US")
SITE: Key = ("site", "cloudflare/LHR")
CDN: Key = ("cdn", "cloudflare")


def units(
    fails: Callable[[str, str], bool],
    keys: Callable[[str, str], frozenset[Key]],
    services: tuple[str, ...] = ("a", "b", "c"),
    *,
    own: bool = True,
) -> list[Unit]:
    """One feature a service, two networks a country."""
    return [
        Unit(
            service=s, feature="web", country=c, asn=n, failing=fails(s, c), lasting=True, own=own,
            keys=keys(s, c),
        )
        for s in services for c in COUNTRIES for n in (1, 2)
    ]  # fmt: skip


def at_site(_: str, country: str) -> frozenset[Key]:
    return frozenset({CDN, SITE if country in {"GB", "NL"} else ("site", "cloudflare/FRA")})


def test_a_site_that_fails_for_all_on_it_beats_borders_and_outages() -> None:
    (found,) = told(units(lambda _, c: c in {"GB", "NL"}, at_site))
    assert found.key == SITE
    assert {country for _, _, country in found.cells} == {"GB", "NL"}


def test_a_site_that_fails_for_one_service_in_two_countries_is_still_told() -> None:
    failing = units(lambda s, c: s == "a" and c in {"GB", "NL"}, at_site, ("a",))
    assert [s.key for s in told(failing)] == [SITE]


def test_one_country_and_one_service_is_never_a_dependency_s() -> None:
    assert told(units(lambda s, c: s == "a" and c == "GB", at_site)) == ()


def test_a_network_that_fails_everywhere_for_everybody_is_named_whole() -> None:
    found = told(units(lambda _, __: True, at_site))
    assert [s.key for s in found] == [CDN]
    assert len(found[0].cells) == 18


def test_services_that_live_on_the_same_thing_acquit_it() -> None:
    services = ("a", "b", "c", "d", "e", "f")
    assert told(units(lambda s, _: s == "a", at_site, services)) == ()
    assert told(units(lambda s, _: s in {"a", "b"}, at_site, services)) == ()


def test_what_only_the_network_can_have_written_is_no_dependency_s() -> None:
    assert told(units(lambda _, c: c in {"GB", "NL"}, at_site, own=False)) == ()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(COUNTRIES))), st.randoms())
def test_the_order_of_units_changes_nothing(down: list[tuple[str, str]], dice: object) -> None:
    made = units(lambda s, c: (s, c) in down, at_site)
    other = list(made)
    dice.shuffle(other)  # type: ignore[attr-defined]
    one, two = told(made), told(other)
    assert [(s.key, s.cells) for s in one] == [(s.key, s.cells) for s in two]


def test_several_sites_of_one_network_that_fail_together_are_told_from_the_whole() -> None:
    def keys(_: str, country: str) -> frozenset[Key]:
        return frozenset({CDN, ("site", f"cloudflare/{country}X")})

    (found,) = told(units(lambda _, c: c in {"GB", "NL", "US"}, keys))
    assert found.key == ("sites", "cloudflare/GBX+NLX+USX")
    assert {country for _, _, country in found.cells} == {"GB", "NL", "US"}


def test_a_plus_in_a_name_assumes_nothing_more() -> None:
    def gain(name: str) -> float:
        (found,) = told(units(lambda _, __: True, lambda _, __: frozenset({("as", name)})))
        return found.gain

    assert gain("64500 AB") == gain("64500 A+B")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(COUNTRIES))))
def test_what_stands_in_calm_countries_need_but_be_counted(down: list[tuple[str, str]]) -> None:
    made = units(lambda s, c: (s, c) in down, at_site)
    few = [unit for unit in made if (unit.service, unit.country) in down]
    crowds: dict[Matter, Crowd] = defaultdict(Counter)
    for unit in made:
        if (unit.service, unit.country) not in down:
            crowds[unit.matter][unit.keys] += 1
    one, two = told(made), told(few, crowds)
    assert [(s.key, s.cells) for s in one] == [(s.key, s.cells) for s in two]
    assert [s.gain for s in one] == pytest.approx([s.gain for s in two])


ADDRESS: Key = ("address", "104.16.1.10")
MADRID: Key = ("site", "cloudflare/MAD")
ELSEWHERE: Key = ("site", "cloudflare/FRA")
AT_MADRID = {("ES", asn) for asn in range(1, 6)} | {("PT", 6), ("PT", 7)}


def at_madrid(gone: set[int], features: tuple[str, ...], *, lasting: bool = True) -> list[Unit]:
    """Seven networks of two countries that one site serves, and six of others, at one address."""
    placed = [
        *sorted(AT_MADRID),
        *[(c, 10 + n) for n, c in enumerate(COUNTRIES)],
    ]
    return [
        Unit(
            service=s, feature=f, country=c, asn=asn, failing=asn in gone,
            lasting=lasting and asn in gone,
            keys=frozenset({ADDRESS, CDN, MADRID if (c, asn) in AT_MADRID else ELSEWHERE}),
        )
        for s in ("a", "b", "c") for f in features for c, asn in placed
    ]  # fmt: skip


@pytest.mark.parametrize("features", [("web",), ("web", "api")])
@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("gone", [{1, 2, 3}, {1, 2, 3, 4}, {1, 2, 3, 4, 5}])
def test_a_site_that_others_use_well_is_not_what_one_country_s_networks_lose(
    gone: set[int], features: tuple[str, ...], lasting: object
) -> None:
    """An address is barred once for all that stands on it, and a network takes part or does not."""
    assert told(at_madrid(gone, features, lasting=bool(lasting))) == ()


@pytest.mark.parametrize("features", [("web",), ("web", "api")])
def test_networks_of_the_same_country_acquit_a_site_too(features: tuple[str, ...]) -> None:
    """Nobody else stands on it; the two that reach everything there are enough."""
    made = [u for u in at_madrid({1, 2, 3}, features) if u.country != "PT"]
    assert told(made) == ()


def test_a_site_of_one_country_that_fails_for_all_on_it_is_still_told() -> None:
    made = [u for u in at_madrid({1, 2, 3, 4, 5}, ("web",)) if u.country != "PT"]
    assert [s.key for s in told(made)] == [MADRID]
    assert [s.key for s in told(at_madrid({1, 2, 3, 4, 5, 6, 7}, ("web",)))] == [MADRID]
