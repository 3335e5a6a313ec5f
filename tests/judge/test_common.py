from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge.common import Common, Pair
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.judge.told import Told
from tests.judge import worlds as w

HERE, ABROAD = (next(v for v in w.ROSTER if v.country == c) for c in ("TR", "DE"))
FORGED = "31.13.77.33"
"""Where `forged` leads."""


def see(endpoint: str, maker: w.Maker = w.forged, number: int = 0, *, home: bool = True) -> Sight:
    at = w.START + timedelta(seconds=number)
    case = w.Case(HERE if home else ABROAD, "chirp", "web", endpoint, at)
    return read(w.measurement(case, maker(case)))


def among(*seen: Sight) -> set[Pair]:
    """Of all that any of them names."""
    told = {sight.target.endpoint: Told() for sight in seen}
    for sight in seen:
        told[sight.target.endpoint].count(sight)
    return {*Common(told.items()).among({(c, FORGED) for c in ("TR", "DE")})}


def test_an_address_that_a_country_is_given_for_several_endpoints_is_common() -> None:
    assert among(see("a"), see("b")) == {("TR", FORGED)}
    assert among(see("a")) == set()
    assert among(see("a"), see("a", number=1)) == set()


def test_two_countries_with_one_endpoint_each_have_none_in_common() -> None:
    assert among(see("a"), see("b", home=False)) == set()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=8))
@settings(deadline=None)
def test_it_is_so_many_endpoints_that_count(every: list[tuple[str, bool]]) -> None:
    """`every`: endpoint, and whether at home."""
    sights = [see(name, number=n, home=home) for n, (name, home) in enumerate(every)]
    ends = {home: {name for name, where in every if where is home} for home in (True, False)}
    wanted = {(c, FORGED) for c, home in (("TR", True), ("DE", False)) if len(ends[home]) > 1}
    assert among(*sights) == wanted
