from __future__ import annotations

from collections import Counter
from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge.hypothesis.calm import Seat, together
from probe.judge.hypothesis.calm import seat as sit
from probe.judge.hypothesis.chorus import chorus, delivery, served_from
from probe.judge.hypothesis.episode import Footing
from probe.judge.reading import read
from probe.judge.sight import Sight
from tests.judge import worlds as w

HOME = [v for v in w.ROSTER if v.country == "TR"]
ABROAD = next(v for v in w.ROSTER if v.country == "DE")
SITES = (("", ""), ("cloudflare", "IST"), ("cloudflare", "LHR"), ("fastly", ""))
seen = st.lists(st.sampled_from(SITES), min_size=1, max_size=3)


def seat(number: int, sites: list[tuple[str, str]]) -> Seat:
    """Whole answers from these sites, oldest first."""
    vantage = [*HOME, ABROAD][number]
    made: list[Sight] = []
    for n, site in enumerate(sites):
        case = w.Case(vantage, "chirp", "web", "chirp-web", w.START + timedelta(seconds=n))
        sight = read(w.measurement(case, w.ok(case)))
        made.append(msgspec.structs.replace(sight, site=site))
    return sit(made, Footing(), steady=len(set(sites)) == 1)


@given(st.lists(seen, min_size=1, max_size=len(HOME)), seen)
@settings(deadline=None)
def test_they_say_together_what_each_of_them_says(
    home: list[list[tuple[str, str]]], abroad: list[tuple[str, str]]
) -> None:
    here = together([seat(n, sites) for n, sites in enumerate(home)])
    there = together([seat(len(HOME), abroad)])
    said = chorus([here, there])
    seats = [*here.seats, *there.seats]
    assert said.named == {one.last.answers for one in seats}
    assert said.delivered == {delivery(one.heard[::-1]) for one in seats}
    told = Counter((asn, sites) for sites, asns in said.served.items() for asn in asns)
    assert told == Counter([*served_from(here), *served_from(there)])
    for asn, sites in served_from(here):
        own = [one for one in here.seats if one.last.vantage.asn == asn]
        assert set(sites) == {sight.site for one in own for sight in one.heard}


def test_a_forged_address_that_answers_all_the_same_is_none_of_the_service_s() -> None:
    one = seat(0, [SITES[0]])
    last = msgspec.structs.replace(one.last, bogon=True)
    assert chorus([together([sit([last], Footing())])]).named == {()}
