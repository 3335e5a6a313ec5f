from __future__ import annotations

from datetime import timedelta

import pytest

from probe.judge.control import Reference
from probe.judge.evidence import Finding, find
from probe.judge.hypothesis.episode import Run, runs, signature
from probe.judge.hypothesis.joint import outside
from probe.judge.hypothesis.weighing import Matter, siblings, weighed
from probe.judge.reading import read
from probe.model import Cause, Vantage
from tests.judge import worlds as w

VIEW = w.view(w.World(), 25.0, [])


def held(feature: str, struck: dict[str, w.Maker]) -> tuple[Run, ...]:
    """Five rounds of every vantage; those of the countries named see that."""
    return runs([_series(v, feature, struck.get(v.country, w.ok)) for v in w.ROSTER], {}, VIEW)


def _series(vantage: Vantage, feature: str, maker: w.Maker) -> list[Finding]:
    cases = [
        w.Case(vantage, "chirp", feature, f"chirp-{feature}", w.START + timedelta(seconds=at))
        for at in range(21, 0, -5)
    ]
    return [find(read(w.measurement(case, maker(case))), Reference()) for case in cases]


def matter(feature: str, **struck: w.Maker) -> Matter:
    return weighed("chirp", feature, held(feature, struck), VIEW)


def test_each_country_is_weighed_and_only_the_one_that_fails_is_not_ok() -> None:
    weighed_ = matter("web", TR=w.sni_reset)
    assert {c for c, place in weighed_.places.items() if place.leads is not Cause.OK} == {"TR"}
    assert weighed_.places["TR"].leads is Cause.FILTERING
    assert set(weighed_.places["TR"].asns) == {47330, 47331}


def test_what_is_filtered_raises_the_same_suspicion_of_the_features_beside_it() -> None:
    alone = matter("web", TR=w.null_route)
    beside = siblings([alone, matter("api", TR=w.sni_reset)])[0]
    before, after = (m.places["TR"].support[Cause.FILTERING] for m in (alone, beside))
    assert after > before
    assert beside.places["DE"].support == pytest.approx(alone.places["DE"].support)


def test_a_calm_place_asks_for_no_time_since_when_and_like_places_share_one_weighing() -> None:
    places = matter("web", TR=w.sni_reset).places
    assert [country for country, place in places.items() if not place.calm] == ["TR"]
    alike = [place for place in places.values() if place.sights == places["DE"].sights]
    assert len(alike) > 1
    assert len({id(place.support) for place in alike}) == 1


def test_countries_that_are_only_counted_weigh_as_if_each_were_read() -> None:
    """One vantage each, all well but one, and one that is partly so: by both ways the same."""
    few = {v.country: v for v in w.ROSTER}.values()
    series = {v.country: _series(v, "web", w.ok) for v in few}
    series["TR"] = _series(w.ROSTER[0], "web", w.null_route)
    series["JP"] = [*series["JP"][:3], *_series(w.ROSTER[-5], "web", w.silence)[3:]]
    held = runs(series.values(), {}, VIEW)
    place = weighed("chirp", "web", held, VIEW).places["TR"]
    read = [signature([run], place.begun)[0] for run in held if run.vantage.country != "TR"]
    assert place.begun is not None
    assert place.around == outside(sights for sights in read if sights)
