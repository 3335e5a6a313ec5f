from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.judge.told import Told
from tests.judge import worlds as w


def said(country: str, address: str) -> Sight:
    vantage = next(v for v in w.ROSTER if v.country == country)
    case = w.Case(vantage, "chirp", "web", "chirp-web", w.START, pinned=address)
    return read(w.measurement(case, w.ok(case)))


sayings = st.tuples(st.sampled_from(["TR", "DE", "US"]), st.sampled_from(["11.1.1.7", "11.2.2.7"]))


@given(st.lists(sayings), st.data())
def test_what_is_taken_back_is_as_if_it_had_never_been_said(
    every: list[tuple[str, str]], data: st.DataObject
) -> None:
    gone = data.draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    told = Told()
    for country, address in every:
        told.count(said(country, address))
    for country, address in gone:
        told.discount(said(country, address))
    left = Counter(every) - Counter(gone)
    for held in (
        {(a, c) for a, _, cs in told for c in cs},
        {(a, c) for _, a, cs in told for c in cs},
    ):
        assert held == {((address,), country) for country, address in left}
