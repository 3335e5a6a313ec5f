from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.unit import Key, Unit, borders, down, field, hit, named, rests, up


def unit(country: str, *, failing: bool, feature: str = "web", lasting: bool = False) -> Unit:
    return Unit(
        service="chirp", feature=feature, country=country, asn=1, failing=failing, lasting=lasting
    )


def test_a_failure_speaks_for_what_would_have_it_fail() -> None:
    assert down(unit("TR", failing=True)) > up(unit("TR", failing=True))
    assert up(unit("TR", failing=False)) > down(unit("TR", failing=False))
    assert up(unit("TR", failing=True, lasting=True)) < up(unit("TR", failing=True))


@given(st.integers(1, 8))
def test_a_second_name_behind_a_border_costs_less_than_the_first(networks: int) -> None:
    paid: set[tuple[str, str]] = set()
    barred = [unit("TR", failing=True, lasting=True)] * (networks + 2)
    first = borders(field(barred), paid)
    assert paid == {("chirp", "TR")}
    assert borders(field(barred), paid) > first


def test_what_fails_everywhere_is_the_service_s_rather_than_ten_borders() -> None:
    units = [unit(c, failing=True, lasting=True) for c in ("DE", "FR", "GB", "JP", "US")]
    matter = ("chirp", "web")
    assert rests([matter], {matter: field(units)})[matter] > borders(field(units), set())


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
    apart: dict[str, list[Unit]] = {u.country: [] for u in units}
    for u in units:
        apart[u.country].append(u)
    assert borders(told, set()) == pytest.approx(
        sum(borders(field(own), set()) for own in apart.values())
    )


def test_a_dependency_is_named_for_people() -> None:
    assert named(("site", "cloudflare/LHR")) == "site cloudflare/LHR"
    assert named(("declared", "akamai-dns")) == "akamai-dns"
