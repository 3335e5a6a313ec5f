from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge.evidence import whole
from probe.judge.hypothesis.episode import STALE_ROUNDS, Footing, Run, run_of
from probe.judge.hypothesis.finding import Finder
from probe.judge.hypothesis.standing import standing
from probe.judge.tracks import Tracks
from probe.model import Vantage
from tests.judge import worlds as w
from tests.judge.hypothesis.made import MAKERS, every, odd

VIEW = w.view(w.World(), 25.0, [])
FEW = [*[v for v in w.ROSTER if v.country == "TR"][:3], w.ROSTER[-1]]
SICK = {FEW[1].id: Footing(usable=False)}
shown = st.one_of(st.text("o", min_size=1, max_size=5), st.text("ooxs", min_size=1, max_size=5))


def heard(seen: dict[tuple[Vantage, str], str]) -> Tracks:
    tracks = Tracks()
    for (vantage, endpoint), letters in seen.items():
        for n, letter in enumerate(letters):
            at = w.START + timedelta(seconds=1 + 5 * n)
            case = w.Case(vantage, "chirp", "web", endpoint, at)
            tracks.add([w.measurement(case, MAKERS[letter](case))])
    return tracks


def one_by_one(tracks: Tracks) -> dict[str, Run]:
    """Every endpoint's run is made, and the worst of each vantage kept."""
    worst: dict[str, Run] = {}
    endpoints, finder = tracks.features["chirp", "web"], Finder(tracks)
    for name in sorted(endpoints):
        found = finder.found(("chirp", "web", name), endpoints[name], odd(endpoints[name]))
        for vantage, track in endpoints[name].tracks.items():
            findings = found.get(vantage) or tuple(map(whole, track.sights[::-1]))
            since = VIEW.now - STALE_ROUNDS * VIEW.round
            run = run_of(findings, SICK.get(vantage, Footing()), since)
            held = worst.get(vantage)
            if run and (held is None or _badness(run) > _badness(held)):
                worst[vantage] = run
    return worst


def _badness(run: Run) -> tuple[bool, int]:
    return run.failing, len(run.findings) * run.failing


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(FEW), st.sampled_from(["a", "b"])), shown, min_size=1
    )
)
@settings(deadline=None)
def test_each_vantage_stands_where_it_sees_worst(seen: dict[tuple[Vantage, str], str]) -> None:
    tracks = heard(seen)
    feature = ("chirp", "web")
    held = standing(feature, tracks.features[feature], Finder(tracks), SICK, VIEW)
    worst = one_by_one(tracks)
    stood = {run.vantage.id: run for runs in every(held).values() for run in runs}
    assert stood.keys() == worst.keys()
    for name, run in stood.items():
        assert [f.sight for f in run.findings] == [f.sight for f in worst[name].findings]
        assert (run.failing, run.calm) == (worst[name].failing, worst[name].calm)
    assert len(held) == len(every(held))
    for country, runs in every(held).items():
        assert {run.vantage.country for run in runs} == {country}
        assert [run.vantage.id for run in runs] == sorted(run.vantage.id for run in runs)
        assert (country in held.calm) is all(run.calm for run in runs)


@pytest.mark.parametrize(
    ("first", "then", "where"), [("ooo", "ooo", "TR"), ("ooo", "xxx", "DE"), ("xxx", "ooo", "TR")]
)
def test_who_moved_to_another_country_counts_once_where_its_run_is_worst(
    first: str, then: str, where: str
) -> None:
    moved = msgspec.structs.replace(FEW[0], country="DE")
    tracks = heard({(FEW[0], "chirp-a"): first, (moved, "chirp-b"): then})
    endpoints = tracks.features["chirp", "web"]
    held = standing(("chirp", "web"), endpoints, Finder(tracks), {}, VIEW)
    ((country, (run,)),) = every(held).items()
    assert (country, run.failing) == (where, "xxx" in {first, then})
