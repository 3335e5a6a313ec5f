"""Others are counted as they would be one by one."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.episode import heard_since, through
from probe.judge.hypothesis.outside import Outside
from probe.judge.hypothesis.weighing import Matter, weighed
from probe.judge.view import View
from tests.judge import worlds as w
from tests.judge.hypothesis.made import measured, stood

COUNTRIES = ("TR", "DE", "US", "JP", "FR")
shown = st.text("oxt", min_size=1, max_size=5)


def matter(seen: dict[str, list[str]]) -> Matter:
    vantages = {country: w.networks((country, 100, (1, 1, 1))) for country in seen}
    made = (
        measured(letters, vantage, first=26.0 - 5 * len(letters))
        for country, each in seen.items()
        for letters, vantage in zip(each, vantages[country], strict=False)
    )
    view = View(now=w.START + timedelta(seconds=25), round=timedelta(seconds=5))
    return weighed("chirp", "web", stood(chain.from_iterable(made), view), view)


@given(
    st.dictionaries(st.sampled_from(COUNTRIES), st.lists(shown, min_size=1, max_size=3), min_size=1),
    st.sampled_from([None, *range(-1, 6)]),
)  # fmt: skip
def test_others_are_counted_as_one_by_one(seen: dict[str, list[str]], at: int | None) -> None:
    found = matter(seen)
    places = {country: found.place(country) for country in seen}
    times = sorted(f.sight.at for p in places.values() for r in p.runs for f in r.findings)
    begun = None if at is None else times[min(max(at, 0), len(times) - 1)] - timedelta(at < 0)
    for country in places:
        reached, barred = 0, 0
        for other, place in places.items():
            asked = [r for r in place.runs if heard_since(r, begun)]
            if other != country and asked:
                well = 2 * sum(through(r, begun) for r in asked) > len(asked)
                reached, barred = reached + well, barred + (not well)
        assert Outside(found).since(begun, country) == (reached, barred)
