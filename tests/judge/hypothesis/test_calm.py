from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from probe.judge.hypothesis.calm import at_ease, newer
from probe.judge.hypothesis.episode import Footing
from tests.judge import worlds as w
from tests.judge.hypothesis.made import calm, seat, track
from tests.judge.hypothesis.signature import signature

HOME = [v for v in w.ROSTER if v.country == "TR"]
WELL = {HOME[0].id: Footing(well_at=w.START)}

letters = st.lists(st.text("o", min_size=1, max_size=5), min_size=1, max_size=len(HOME))
moments = st.integers(0, 30).map(lambda at: w.START + timedelta(seconds=at))


@given(letters, moments)
def test_it_tells_of_its_runs_what_they_tell(every: list[str], begun: datetime) -> None:
    held = calm(dict(zip(HOME, every, strict=False)), WELL)
    runs = held.runs()
    assert len(runs) == len(held.seats) == len(every)
    assert all(run.calm and not run.failing for run in runs)
    assert held.newest() == max(run.findings[0].sight.at for run in runs)
    assert (held.sights, held.asns) == signature(runs, None)
    assert held.since(begun) == signature(runs, begun)[0]
    networks = {asn: [one.last.vantage for one in own] for asn, own in held.by_network().items()}
    assert networks == {
        asn: [run.vantage for run in runs if run.vantage.asn == asn] for asn in networks
    }
    assert sum(map(len, networks.values())) == len(runs)


def test_a_run_is_made_newest_first() -> None:
    (run,) = calm({HOME[0]: "ooo"}, WELL).runs()
    assert [f.sight.at for f in run.findings] == sorted(
        (f.sight.at for f in run.findings), reverse=True
    )
    assert run.well_at == w.START
    assert at_ease(seat(track("ooo", HOME[1]), Footing(misled=True))).misled


@given(st.text("o", min_size=1, max_size=5), moments)
def test_newer_sights_are_those_of_then_or_later(shown: str, begun: datetime) -> None:
    sights = track(shown, HOME[0]).sights
    assert newer(sights, begun) == sum(sight.at >= begun for sight in sights)
