from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.unit import Key, Unit, down, field, hit, named, steady, up


def unit(country: str, *, failing: bool, feature: str = "web", lasting: bool = False) -> Unit:
    return Unit(
        service="chirp", feature=feature, country=country, asn=1, failing=failing, lasting=lasting
    )


def test_a_failure_speaks_for_what_would_have_it_fail() -> None:
    assert down(unit("TR", failing=True)) > up(unit("TR", failing=True))
    assert up(unit("TR", failing=False)) > down(unit("TR", failing=False))
    assert up(unit("TR", failing=True, lasting=True)) < up(unit("TR", failing=True))


SITE: Key = ("site", "cloudflare/LHR")
standing = st.builds(
    Unit,
    service=st.just("chirp"), feature=st.just("web"), asn=st.just(1), failing=st.booleans(),
    country=st.sampled_from(["DE", "FR", "GB"]), own=st.booleans(),
    keys=st.sampled_from([frozenset[Key](), frozenset({SITE})]),
)  # fmt: skip


@given(st.lists(standing, max_size=12))
def test_units_that_are_but_counted_say_what_each_of_them_says(units: list[Unit]) -> None:
    told = field(units)
    assert hit(told, frozenset({SITE})) == pytest.approx(
        sum(down(u) if SITE in u.keys else up(u) for u in units)
    )
    assert hit(told, frozenset()) == pytest.approx(sum(map(up, units)))


def test_units_that_hold_are_steady_while_nothing_is_wrong() -> None:
    assert steady(3) == pytest.approx(3 * up(unit("TR", failing=False)))


def test_a_dependency_is_named_for_people() -> None:
    assert named(("site", "cloudflare/LHR")) == "site cloudflare/LHR"
    assert named(("declared", "akamai-dns")) == "akamai-dns"


def test_of_a_route_a_few_prefixes_are_named_and_the_others_counted() -> None:
    prefixes = [f"192.0.{n}.0/24" for n in range(6)]
    assert named(("route", " ".join(prefixes[:2]))) == "route to 192.0.0.0/24 192.0.1.0/24"
    assert named(("route", " ".join(prefixes))).endswith(" 192.0.3.0/24 and 2 more")
