"""Endpoints that ask for less than a page: a port that opens, or a name that has addresses."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from probe.judge.hypothesis import judge
from probe.judge.reading import read
from probe.model import CONTROL, Cause, Layer, Observation, State
from tests.judge import worlds as w

MAIL = w.service("mail", ("port", "name"))
SERVICES = (MAIL, w.service("other", ("web", "api")))
UNTIL = 60.0


def judged(*events: w.Event, feature: str, country: str = "TR") -> tuple[Cause, State, set[str]]:
    told = w.verdicts_at(w.World(events, services=SERVICES), UNTIL)
    verdict = w.cell(told, feature, country, service="mail")
    return verdict.leading, verdict.state, {piece.rule for piece in verdict.evidence}


def event(maker: w.Maker, feature: str, countries: Sequence[str] = ()) -> w.Event:
    return w.Event(0, maker, services=("mail",), features=(feature,), countries=tuple(countries))


def forged(case: w.Case) -> tuple[Observation, ...]:
    """Told a false address, and then the true one."""
    told = msgspec.structs.replace(w.dns(case, "31.13.77.33"), late=(case.address,))
    return (told,)


def bogon(case: w.Case) -> tuple[Observation, ...]:
    return (w.dns(case, "10.10.34.99", failure="dns_bogon_error"),)


@pytest.mark.parametrize("feature", ["port", "name"])
def test_what_is_asked_for_and_comes_is_well(feature: str) -> None:
    cause, state, _ = judged(feature=feature)
    assert (cause, state) == (Cause.OK, State.CONFIRMED)


@pytest.mark.parametrize("feature", ["port", "name"])
def test_the_same_steps_are_nothing_where_a_page_was_asked_for(feature: str) -> None:
    case = w.Case(w.ROSTER[0], "mail", feature, f"mail-{feature}", w.START)
    made = w.measurement(case, w.ok(case))
    assert read(made).met
    assert not read(msgspec.structs.replace(made, goal=Layer.HTTP)).met


def test_a_port_that_opens_for_nobody_is_the_services() -> None:
    cause, state, rules = judged(event(w.null_route, "port"), feature="port")
    assert (cause, state) == (Cause.SERVICE_OUTAGE, State.CONFIRMED)
    assert "tcp.timeout" in rules


def test_a_port_that_one_country_does_not_reach_is_told_as_no_outage() -> None:
    cause, state, rules = judged(event(w.null_route, "port", ["TR"]), feature="port")
    assert cause in {Cause.FILTERING, Cause.GEO_BLOCK} or state is State.INSUFFICIENT
    assert state in {State.SUSPECTED, State.INSUFFICIENT}
    assert "tcp.timeout" in rules
    assert judged(event(w.null_route, "port", ["TR"]), feature="port", country="DE")[0] is Cause.OK


def test_a_name_that_exists_nowhere_is_the_services() -> None:
    cause, state, _ = judged(event(w.nxdomain_everywhere, "name"), feature="name")
    assert (cause, state) == (Cause.SERVICE_OUTAGE, State.CONFIRMED)


def test_a_name_that_one_countrys_resolvers_deny_is_filtered_there() -> None:
    cause, state, rules = judged(event(w.nxdomain, "name", ["TR"]), feature="name")
    assert (cause, state) == (Cause.FILTERING, State.CONFIRMED)
    assert rules >= {"dns.nxdomain_here", "test.second_resolver_answers"}


@pytest.mark.parametrize(("maker", "rule"), [(forged, "dns.late_truth"), (bogon, "dns.bogon")])
def test_a_name_that_is_answered_falsely_is_filtered(maker: w.Maker, rule: str) -> None:
    cause, state, rules = judged(event(maker, "name", ["TR"]), feature="name")
    assert cause is Cause.FILTERING
    assert state in {State.CONFIRMED, State.LIKELY}
    assert rule in rules


def test_controls_that_are_ports_vouch_for_the_vantage() -> None:
    """A vantage whose controls ask for a port alone is well, not cut off."""
    world = w.World((), services=SERVICES)
    known = [
        msgspec.structs.replace(m, goal=Layer.TCP, observations=m.observations[:2])
        if m.target.service == CONTROL
        else m
        for m in w.known_at(world, UNTIL)
    ]
    told = judge(known, w.view(world, UNTIL, known))
    assert {v.leading for v in told if not v.service} == {Cause.OK}
