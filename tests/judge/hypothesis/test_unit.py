from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.unit import Unit, borders, down, named, rests, up


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
    first = borders(barred, paid)
    assert paid == {("chirp", "TR")}
    assert borders(barred, paid) > first


def test_what_fails_everywhere_is_the_service_s_rather_than_ten_borders() -> None:
    units = [unit(c, failing=True, lasting=True) for c in ("DE", "FR", "GB", "JP", "US")]
    matter = ("chirp", "web")
    assert rests([matter], {matter: units})[matter] > borders(units, set())


def test_a_dependency_is_named_for_people() -> None:
    assert named(("site", "cloudflare/LHR")) == "site cloudflare/LHR"
    assert named(("declared", "akamai-dns")) == "akamai-dns"
