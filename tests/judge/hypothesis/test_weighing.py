from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import chain

import msgspec
import pytest

from probe.judge.hypothesis.around import outside
from probe.judge.hypothesis.causes import PRIOR
from probe.judge.hypothesis.episode import Footing
from probe.judge.hypothesis.joint import posterior
from probe.judge.hypothesis.weighing import Matter, denied, siblings, weighed
from probe.judge.view import Belief, Memory
from probe.model import Cause, Measurement, Vantage
from tests.judge import worlds as w
from tests.judge.hypothesis.made import every, stood
from tests.judge.hypothesis.signature import signature

VIEW = w.view(w.World(), 25.0, [])


def series(vantage: Vantage, feature: str, maker: w.Maker) -> list[Measurement]:
    """Five rounds, oldest first."""
    cases = [
        w.Case(vantage, "chirp", feature, f"chirp-{feature}", w.START + timedelta(seconds=at))
        for at in range(1, 26, 5)
    ]
    return [w.measurement(case, maker(case)) for case in cases]


def matter(feature: str, **struck: w.Maker) -> Matter:
    """Every vantage, of which those of the countries named see that."""
    each = [series(v, feature, struck.get(v.country, w.ok)) for v in w.ROSTER]
    return weighed("chirp", feature, stood(chain.from_iterable(each), VIEW), VIEW)


def on_one_network(services: int, maker: w.Maker, asn: int = 47330) -> list[Matter]:
    """Some services' websites, of which one network in Turkey sees that."""
    steady = {v.id: Footing(well_at=VIEW.now, steady=True, settled=True) for v in w.ROSTER}
    each = [series(v, "web", maker if v.asn == asn else w.ok) for v in w.ROSTER]
    held = stood(chain.from_iterable(each), VIEW, steady)
    return [weighed(f"chirp-{n}", "web", held, VIEW) for n in range(services)]


def suspected(matters: list[Matter]) -> set[str]:
    return {m.service for m in siblings(matters) if m.places["TR"].leads is Cause.FILTERING}


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
    assert beside.place("DE").support == pytest.approx(alone.place("DE").support)
    place = beside.places["TR"]
    assert place.raised is not None
    assert posterior(place.sights, place.around, place.before, place.raised) == place.support


def test_names_of_several_services_that_one_network_denies_are_denied_by_a_list() -> None:
    assert not suspected(on_one_network(2, w.nxdomain_everywhere))
    assert suspected(on_one_network(3, w.nxdomain_everywhere)) == {"chirp-0", "chirp-1", "chirp-2"}


def test_several_services_that_a_network_does_not_find_are_no_list_without_its_denial() -> None:
    assert not denied(on_one_network(5, w.dns_timeout))
    assert not denied(on_one_network(5, w.second_knows))


def test_what_one_vantage_alone_is_denied_is_no_list_of_its_network() -> None:
    assert denied(on_one_network(3, w.nxdomain_everywhere))
    assert not denied(on_one_network(5, w.nxdomain_everywhere, asn=47331))


def test_a_calm_place_asks_for_no_time_since_when_and_like_places_share_one_weighing() -> None:
    found = matter("web", TR=w.sni_reset)
    assert found.troubled == tuple(found.places) == ("TR",)
    assert {*found.calm} == {v.country for v in w.ROSTER} - {"TR"}
    alike = [
        country for country, own in found.calm.items() if own.sights == found.calm["DE"].sights
    ]
    assert len(alike) > 1
    assert len({id(found.place(country).support) for country in alike}) == 1


def test_any_country_can_be_had_as_a_place_and_one_that_nobody_looked_from_cannot() -> None:
    found = matter("web", TR=w.sni_reset)
    assert {c for c in ("DE", "TR", "XX") if c in found} == {"DE", "TR"}
    assert len(found) == len({v.country for v in w.ROSTER})
    place = found.place("DE")
    assert place.calm
    assert place.leads is Cause.OK
    assert (place.sights, place.asns) == signature(place.runs, None)
    assert found.place("TR") is found.places["TR"]
    with pytest.raises(KeyError):
        found.place("XX")


def test_a_calm_country_of_which_something_was_believed_is_a_place_of_its_own() -> None:
    before = Belief(at=w.START - timedelta(days=1), support=dict.fromkeys(Cause, 0.1))
    memory = Memory(beliefs={("chirp", "web", "DE"): (before,)})
    view = msgspec.structs.replace(VIEW, memory=memory)
    each = [series(v, "web", w.ok) for v in w.ROSTER]
    found = weighed("chirp", "web", stood(chain.from_iterable(each), view), view)
    assert [*found.places] == ["DE"]
    assert found.places["DE"].before is not PRIOR
    assert found.troubled == ()


def test_countries_that_are_only_counted_weigh_as_if_each_were_read() -> None:
    """One vantage each, all well but one, and one that is partly so: by both ways the same."""
    few = {v.country: v for v in w.ROSTER}
    seen = {country: series(v, "web", w.ok) for country, v in few.items()}
    seen["TR"] = series(few["TR"], "web", w.null_route)
    seen["JP"] = [*series(few["JP"], "web", w.silence)[:2], *seen["JP"][2:]]
    held = stood(chain.from_iterable(seen.values()), VIEW)
    place = weighed("chirp", "web", held, VIEW).places["TR"]
    read = [
        signature(own, place.begun)[0] for country, own in every(held).items() if country != "TR"
    ]
    assert place.begun is not None
    assert place.around == outside(Counter(sights for sights in read if sights))
