from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge.control import Reference
from probe.judge.evidence import find
from probe.judge.hypothesis.around import says
from probe.judge.hypothesis.calm import Calm
from probe.judge.hypothesis.episode import Footing, Run
from probe.judge.hypothesis.lasting import Lasting, Still, lasting
from probe.judge.hypothesis.likelihood import Country
from probe.judge.reading import read
from probe.model import Vantage
from tests.judge import worlds as w
from tests.judge.hypothesis.made import calm, measured, runs
from tests.judge.hypothesis.signature import signature

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
    for told in (Lasting(held, alike), lasting(held, alike)):
        assert told.ever() == signature(held, None, alike)
        assert told.fixed is all(run.failing for run in held)
        for begun in times:
            assert told.since(begun) == signature(held, begun, alike)


@given(
    st.lists(st.sampled_from(["ooooo", "oo", "ooo"]), min_size=1, max_size=len(LONE)),
    st.lists(moments, min_size=1, max_size=4),
)
@settings(deadline=None)
def test_calm_countries_saw_what_each_of_them_saw_whenever_it_is_asked(
    letters: list[str], times: list[datetime]
) -> None:
    made = zip(LONE, letters, strict=False)
    held = {v.country: calm({v: text}, WELL) for v, text in made}
    held["TR"] = calm(dict(zip(HOME, letters, strict=False)), WELL)
    alike: dict[Country, list[Calm]] = {}
    for own in held.values():
        alike.setdefault(own.sights, []).append(own)
    still = Still(alike.values())
    for begun in times:
        each = [signature(own.runs(), begun)[0] for own in held.values()]
        assert still.since(begun) == sum(map(says, filter(None, each)))
