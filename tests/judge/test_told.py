from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.judge.told import Saying, Told
from tests.judge import worlds as w


def said(country: str, address: str) -> Sight:
    vantage = next(v for v in w.ROSTER if v.country == country)
    case = w.Case(vantage, "chirp", "web", "chirp-web", w.START, pinned=address)
    return read(w.measurement(case, w.ok(case)))


def saying(sight: Sight) -> Saying:
    ((found, _),) = Told([sight])
    return found


def seen(maker: w.Maker) -> Sight:
    case = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)
    return read(w.measurement(case, maker(case)))


sayings = st.tuples(st.sampled_from(["TR", "DE", "US"]), st.sampled_from(["11.1.1.7", "11.2.2.7"]))


@given(st.lists(sayings), st.data())
@settings(deadline=None)
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
    held = {(what.answers, what.valid, c) for what, places in told for c, _ in places}
    assert held == {((address,), (address,), country) for country, address in left}


def test_what_says_more_or_came_late_is_kept_count_of() -> None:
    late, twice = (seen(maker) for maker in (w.delayed, w.null_route_near))
    told = Told([late, twice])
    assert (told.slow, [*told.more]) == (1, [twice])
    told.discount(late)
    told.discount(twice)
    assert (told.slow, [*told.more], [*told]) == (0, [], [])


def test_whoever_met_the_expectations_says_nothing_of_how_it_fails() -> None:
    told = {name: getattr(seen(w.ok), name) for name in Sight.__struct_fields__}
    assert saying(Sight(**told | {"leaf": "a", "words": "b"})) == saying(seen(w.ok))
    assert saying(seen(w.mitm)).leaf == seen(w.mitm).leaf != ""
