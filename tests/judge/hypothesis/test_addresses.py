from __future__ import annotations

from itertools import chain

from probe.judge.hypothesis.addresses import LOST, partly
from probe.judge.hypothesis.episode import Footing
from probe.judge.hypothesis.weighing import Matter, weighed
from probe.model import Cause, Measurement, Observation, Vantage
from tests.judge import worlds as w
from tests.judge.hypothesis.made import stood

VIEW = w.view(w.World(), 25.0, [])
STEADY = {v.id: Footing(well_at=VIEW.now, steady=True, settled=True) for v in w.ROSTER}
OTHER = "11.77.0.9"
WHOLE_TR = frozenset({47330, 47331})


def two(case: w.Case, *, lost: bool = False) -> tuple[Observation, ...]:
    """Both addresses of a name are tried, and one may be lost."""
    first = w.tcp(case, case.address, "generic_timeout_error" if lost else "")
    proven = () if lost else (w.tls(case, case.address),)
    other = (w.tcp(case, OTHER), w.tls(case, OTHER), w.http(case, OTHER))
    return (w.dns(case, case.address, OTHER), first, *proven, *other)


def half(case: w.Case) -> tuple[Observation, ...]:
    return two(case, lost=True)


def series(vantage: Vantage, looks: str) -> list[Measurement]:
    """One look a round, the last one now: `x` has lost an address."""
    last = VIEW.now - VIEW.round * (len(looks) - 1)
    cases = [
        w.Case(vantage, "chirp", "web", "chirp-web", last + VIEW.round * n)
        for n in range(len(looks))
    ]
    return [
        w.measurement(case, half(case) if look == "x" else two(case))
        for case, look in zip(cases, looks, strict=True)
    ]


def matter(losing: frozenset[int], looks: str = "oxxxx") -> Matter:
    each = [series(v, looks if v.asn in losing else "ooooo") for v in w.ROSTER]
    return weighed("chirp", "web", stood(chain.from_iterable(each), VIEW, STEADY), VIEW)


def leading(found: Matter) -> dict[str, Cause]:
    return {c: place.leads for c, place in found.places.items() if place.leads is not Cause.OK}


def test_an_address_that_one_country_alone_loses_is_judged_as_if_it_were_all() -> None:
    met = matter(WHOLE_TR)
    assert leading(met) == {}
    (found,) = partly([met], VIEW)
    assert leading(found) == {"TR": Cause.FILTERING}
    runs = found.places["TR"].runs
    assert {len(run.failed) for run in runs} == {4}
    assert {run.findings[0].main for run in runs} == {LOST}


def test_what_one_network_loses_or_has_lost_but_once_is_let_be() -> None:
    for met in (matter(frozenset({47330})), matter(WHOLE_TR, "oooxx"), matter(WHOLE_TR, "xxoxx")):
        assert partly([met], VIEW) == [met]


def test_an_address_that_two_countries_lose_is_no_country_s() -> None:
    met = matter(WHOLE_TR | {3320, 3321})
    assert partly([met], VIEW) == [met]
    met = matter(WHOLE_TR | {3320})
    assert partly([met], VIEW) == [met]
