from __future__ import annotations

from datetime import timedelta

import pytest

from probe.judge.control import reference
from probe.judge.evidence import find
from probe.judge.hypothesis import judge
from probe.judge.hypothesis.episode import NOTHING_KNOWN, run_of
from probe.judge.hypothesis.membership import refusal, served, spared
from probe.judge.reading import read
from probe.judge.told import Told
from probe.model import Cause, State
from tests.judge import worlds as w
from tests.judge.hypothesis.test_episode import run
from tests.judge.worlds import Event, World

RESETS = Event(1.0, w.sni_reset, countries=("NG",), networks=(29460, 29461, 29462))


def networks(world: World, at: float) -> dict[int, tuple[Cause, State]]:
    known = w.known_at(world, at)
    verdicts = judge(known, w.view(world, at, known))
    return {
        v.network: (v.leading, v.state)
        for v in verdicts
        if (v.service, v.feature, v.country) == ("chirp", "web", "NG")
    }


def told(world: World, at: float) -> set[int]:
    return {
        asn
        for asn, (cause, state) in networks(world, at).items()
        if asn and cause is Cause.FILTERING and state is not State.INSUFFICIENT
    }


def test_a_network_joins_by_the_signature_that_others_show() -> None:
    assert told(World((RESETS,)), 16.0) == {29460, 29461, 29462}


def test_passing_trouble_of_another_kind_does_not_join() -> None:
    trouble = Event(8.0, w.null_route, countries=("NG",), networks=(29463,), controls=True)
    assert 29463 not in told(World((RESETS, trouble)), 16.0)


def test_a_network_whose_controls_are_steady_joins_in_its_own_way() -> None:
    blocked = Event(1.0, w.null_route, countries=("NG",), networks=(29463,))
    assert 29463 in told(World((RESETS, blocked)), 21.0)


@pytest.mark.parametrize("seed", range(3))
def test_one_vantage_that_lies_beside_a_well_one_is_no_network(seed: int) -> None:
    liar = Event(1.0, w.sni_reset, vantages=("tr-47330-0",))
    world = World((liar,), seed=seed)
    known = w.known_at(world, 21.0)
    verdicts = judge(known, w.view(world, 21.0, known))
    said = [v for v in verdicts if v.country == "TR" and v.leading is Cause.FILTERING]
    assert not [v for v in said if v.state in {State.LIKELY, State.CONFIRMED}]


def test_vantages_of_one_network_count_for_less_than_as_many_networks() -> None:
    world = World((Event(1.0, w.sni_reset, countries=("TR",)),))
    known = w.known_at(world, 16.0)
    cells = judge(known, w.view(world, 16.0, known))
    whole = next(
        v
        for v in cells
        if (v.service, v.feature, v.country, v.network) == ("chirp", "web", "TR", 0)
    )
    assert (whole.vantages, whole.networks) == (3, 2)
    assert whole.effective == pytest.approx(1 + 2 / 1.6)


def test_a_lone_failure_that_looks_cut_by_name_joins_nobody_until_it_is_seen_again() -> None:
    others = Event(1.0, w.sni_reset, countries=("NG",), networks=(29460, 29461))
    lone = Event(16.0, w.sni_reset, until=21.0, countries=("NG",), networks=(29463,))
    late = Event(16.0, w.sni_reset, countries=("NG",), networks=(29463,))
    assert told(World((others, lone)), 21.5) == {29460, 29461}
    assert 29463 in told(World((others, late)), 27.0)


def test_what_begins_everywhere_at_once_needs_no_second_look() -> None:
    assert len(told(World((RESETS,)), 9.0)) == 3


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ((w.geo_block, w.geo_block), (True, True)),
        ((w.server_error, w.server_error), (True, False)),
        ((w.geo_block, w.sni_reset), (True, True)),
        ((w.server_error, w.sni_reset), (True, False)),
        ((w.geo_block, w.geo_block, w.sni_reset, w.sni_reset), (False, False)),
        ((w.sni_reset, w.sni_reset), (False, False)),
        ((w.sni_reset, w.sni_reset, w.geo_block), (False, False)),
        ((w.null_route, w.null_route, w.null_route, w.geo_block), (True, True)),
        ((w.geo_block, w.null_route, w.null_route, w.null_route), (False, False)),
        ((w.null_route, w.null_route), (False, False)),
    ],
)
def test_the_servers_own_words_let_one_look_that_seems_cut_by_name_pass_for_trouble(
    seen: tuple[w.Maker, ...], told: tuple[bool, bool]
) -> None:
    vantage = next(v for v in w.ROSTER if v.country == "NG")
    cases = [
        w.Case(vantage, "chirp", "web", "chirp-web", w.START + timedelta(seconds=5 * n))
        for n in range(len(seen))
    ]
    sights = [
        read(w.measurement(case, make(case))) for case, make in zip(cases, seen, strict=True)
    ]
    found = [find(sight, reference(Told())) for sight in reversed(sights)]
    run = run_of(found, NOTHING_KNOWN, w.START)
    assert run is not None
    assert (served(run), refusal(run)) == told


def test_those_of_a_network_that_are_well_since_it_began_are_counted() -> None:
    struck = w.networks(("NG", 29460, (4, 2)))
    roster = (*(v for v in w.ROSTER if v.country != "NG"), *struck)
    cut = Event(1.0, w.sni_reset, vantages=tuple(v.id for v in struck if v.id != "ng-29460-3"))
    world = World((cut,), roster=roster)
    known = w.known_at(world, 21.0)
    found = {
        v.network: (v.leading, v.vantages, v.well)
        for v in judge(known, w.view(world, 21.0, known))
        if (v.service, v.feature, v.country) == ("chirp", "web", "NG") and v.network
    }
    assert found == {29460: (Cause.FILTERING, 3, 1), 29461: (Cause.FILTERING, 2, 0)}


def test_who_has_not_looked_since_it_began_is_not_known_to_be_well() -> None:
    one, two = w.networks(("NG", 29460, (2,)))
    failing = run("xx", one, first=16.0)
    assert spared([failing, run("oooo", two, first=1.5)], 29460, [failing]) == 1
    assert spared([failing, run("ooo", two, first=1.5)], 29460, [failing]) == 0
