from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from hypothesis import given
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


def among(told: Iterable[tuple[str, Told]], series: Sequence[Sequence[Sight]]) -> set[Pair]:
    """Of all that any of them names."""
    pairs = {(c, FORGED) for c in ("TR", "DE")}
    return {*Common(told, series).among(pairs)}


def test_an_address_that_a_country_is_given_for_several_endpoints_is_common() -> None:
    two = [[see("a")], [see("b")]]
    assert among((), two) == {("TR", FORGED)}
    assert among((), two[:1]) == set()
    again = [[see("a"), see("a", number=1)]]
    assert among((), again) == set()


def test_two_countries_with_one_endpoint_each_have_none_in_common() -> None:
    two = [[see("a")], [see("b", home=False)]]
    assert among((), two) == set()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=8))
def test_what_is_counted_and_what_is_read_count_alike(
    seen: list[tuple[str, bool, bool]],
) -> None:
    """`seen`: endpoint, whether at home, whether it is counted already."""
    sights = [see(name, number=n, home=home) for n, (name, home, _) in enumerate(seen)]
    told = {name: Told() for name in "abc"}
    for sight, (name, _, counted) in zip(sights, seen, strict=True):
        if counted:
            told[name].count(sight)
    left = [[s] for s, (_, _, counted) in zip(sights, seen, strict=True) if not counted]
    assert among(told.items(), left) == among((), [[sight] for sight in sights])
