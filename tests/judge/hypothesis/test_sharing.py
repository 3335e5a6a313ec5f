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
