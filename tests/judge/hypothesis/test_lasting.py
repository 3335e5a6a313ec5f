from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge.control import Reference
from probe.judge.evidence import find
from probe.judge.hypothesis.episode import Footing, Run, signature
from probe.judge.hypothesis.lasting import Lasting, Still, Wholes
from probe.judge.reading import read
from probe.model import Vantage
from tests.judge import worlds as w
from tests.judge.hypothesis.made import calm, measured, runs

VIEW = w.view(w.World(), 25.0, [])
HOME = [v for v in w.ROSTER if v.country == w.ROSTER[0].country]
LONE = list({v.country: v for v in w.ROSTER if v.country != "TR"}.values())
WELL = {v.id: Footing(well_at=w.START + timedelta(seconds=20)) for v in w.ROSTER[::2]}


def of(letters: list[str], vantages: list[Vantage]) -> tuple[Run, ...]:
    made = (measured(text, v) for text, v in zip(letters, vantages, strict=False))
    return runs([[find(read(m), Reference()) for m in each][::-1] for each in made], WELL, VIEW)


moments = st.integers(0, 30).map(lambda at: w.START + timedelta(seconds=at))


@given(
    st.lists(st.text("ooxst", min_size=5, max_size=5), min_size=1, max_size=len(HOME)),
    st.lists(moments, max_size=4),
    st.sampled_from([0.0, 0.5]),
)
@settings(deadline=None)
def test_a_country_saw_what_its_signature_says(
    letters: list[str], times: list[datetime], alike: float
) -> None:
    held = of(letters, HOME)
    lasting = Lasting(held, alike)
    assert lasting.ever() == signature(held, None, alike)
    for begun in times:
        assert lasting.since(begun) == signature(held, begun, alike)[0]


@given(st.lists(st.text("o", min_size=3, max_size=5), min_size=1, max_size=len(HOME)), moments)
@settings(deadline=None)
def test_a_country_of_whole_answers_saw_what_its_signature_says(
    letters: list[str], begun: datetime
) -> None:
    held = calm(dict(zip(HOME, letters, strict=False)), WELL)
    wholes = Wholes(held)
    assert wholes.ever() == signature(held, None)
    assert wholes.since(begun) == signature(held, begun)[0]


@given(st.lists(st.sampled_from(["ooooo", "oooox", "ooo"]), min_size=1), moments)
@settings(deadline=None)
def test_countries_that_are_counted_saw_what_each_of_them_saw(
    letters: list[str], begun: datetime
) -> None:
    made = zip(LONE, letters, strict=False)
    held = {v.country: calm({v: text}, WELL) for v, text in made if "x" not in text}
    still = Still({**held, "TR": of(["oooox"], HOME)})
    for country in (*held, "XX"):
        beside = [signature(r, begun)[0] for c, r in held.items() if c != country]
        assert sorted(still.since(begun, country).elements()) == sorted(filter(None, beside))
