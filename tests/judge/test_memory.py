from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from probe.judge.hypothesis import judge
from probe.judge.memory import holds, remember, word
from probe.judge.reading import read
from probe.judge.view import Memory
from probe.model import CONTROL, Cause, Header, HttpExchange, Measurement, State, Verdict
from tests.judge import worlds as w
from tests.judge.worlds import Event, World


def test_controls_of_well_networks_teach_what_is_usual_there() -> None:
    world = World(noise=0.0)
    known = w.known_at(world, 20.0)
    view = w.view(world, 20.0, known)
    memory = remember(known, judge(known, view), view)
    controls = [m for m in known if m.target.service == CONTROL]
    assert sum(u.of for hours in memory.usual.values() for u in hours.values()) == len(controls)
    assert all(u.failed == 0 for hours in memory.usual.values() for u in hours.values())


def test_a_network_in_trouble_teaches_nothing() -> None:
    cut = Event(0.0, w.unplugged, countries=("NG",), controls=True)
    world = World((cut,))
    known = w.known_at(world, 20.0)
    view = w.view(world, 20.0, known)
    memory = remember([m for m in known if m.at > w.START], judge(known, view), view)
    assert not {29460, 29461, 29462} & set(memory.usual)


def test_a_standing_filter_is_remembered_and_a_calm_world_leaves_no_beliefs() -> None:
    filtered = World((Event(0.0, w.sni_reset, countries=("TR",)),))
    known = w.known_at(filtered, 20.0)
    view = w.view(filtered, 20.0, known)
    held = remember(known, judge(known, view), view).beliefs
    assert {country for _, _, country in held} == {"TR"}
    assert held["chirp", "web", "TR"][-1].support[Cause.FILTERING] > 0.9
    calm = w.known_at(World(), 20.0)
    assert remember(calm, judge(calm, view), w.view(World(), 20.0, calm)).beliefs == {}


def _from(m: Measurement, ray: str) -> Measurement:
    steps = tuple(
        msgspec.structs.replace(s, headers=(Header(name="cf-ray", value=ray),))
        if isinstance(s, HttpExchange)
        else s
        for s in m.observations
    )
    return msgspec.structs.replace(m, observations=steps)


def test_the_latest_site_of_a_network_is_remembered_in_whatever_order_it_comes() -> None:
    world = World()
    known = [m for m in w.known_at(world, 9.0) if m.vantage.asn == 3320]
    marked = [
        _from(m, "1-FRA" if m.at < w.START + timedelta(seconds=4) else "2-AMS") for m in known
    ]
    view = w.view(world, 9.0, known)
    for order in (marked, marked[::-1]):
        assert remember(order, (), view).sites == {(3320, "cloudflare"): "AMS"}
    assert Memory().sites == {}


def _held(memory: Memory, measurement: Measurement) -> bool:
    told = word(measurement)
    return holds(memory, told.vantage, told.software, told.site)


def test_what_a_memory_holds_is_no_news_but_what_went_and_came_back_is_looked_at() -> None:
    world = World()
    known = [m for m in w.known_at(world, 9.0) if m.vantage.asn == 3320]
    view = w.view(world, 9.0, known)
    middle = w.START + timedelta(seconds=4)
    away, home = (
        [_from(m, f"1-{place if m.at < middle else 'FRA'}") for m in known]
        for place in ("AMS", "FRA")
    )
    held = remember(home, (), view)
    later = msgspec.structs.replace(view, memory=held)
    assert all(_held(held, m) for m in home)
    assert not all(_held(held, m) for m in away)
    for told in (home, away, away[::-1]):
        found = remember(told, (), later)
        assert (found.sites, found.builds) == (held.sites, held.builds)
    newer = [msgspec.structs.replace(m, software="worksforwhom 99") for m in home]
    assert set(remember(newer, (), later).builds.values()) == {"worksforwhom 99"}


def test_when_a_trouble_began_outlives_the_window() -> None:
    filtered = World((Event(0.0, w.sni_reset, countries=("TR",)),))
    memory = Memory()
    for at in (10.0, 30.0, 60.0):
        known = w.known_at(filtered, at)
        view = msgspec.structs.replace(w.view(filtered, at, known), memory=memory)
        memory = remember(known, judge(known, view), view)
    assert memory.begun["chirp", "web", 47330] <= w.START + timedelta(seconds=10)
    assert {asn for _, _, asn in memory.begun} == {47330, 47331}


def test_a_word_is_the_same_whether_it_is_read_again_or_not() -> None:
    world = World((Event(0.0, w.unplugged, countries=("NG",), controls=True),))
    for made in w.known_at(world, 5.0):
        assert msgspec.structs.asdict(word(made, read(made))) == msgspec.structs.asdict(word(made))


def troubled(cause: Cause, seconds: float, vantages: int = 1) -> Verdict:
    return Verdict(
        service="chirp", feature="web", country="TR", network=47330, at=w.START, leading=cause,
        state=State.SUSPECTED, confidence=0.9, support=dict.fromkeys(Cause, 0.1), vantages=vantages,
        since=w.START + timedelta(seconds=seconds),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verdicts", "begun"),
    [
        ([troubled(Cause.FILTERING, 9.0)], 9.0),
        ([troubled(Cause.FILTERING, 9.0), troubled(Cause.FILTERING, 30.0)], 9.0),
        # What one vantage had by itself before is none of it, if the window shows the beginning.
        ([troubled(Cause.LOCAL_FAULT, 1.0), troubled(Cause.FILTERING, 29.0)], 29.0),
        ([troubled(Cause.LOCAL_FAULT, 1.0), troubled(Cause.FILTERING, 19.0)], 1.0),
        (
            [
                troubled(Cause.LOCAL_FAULT, 1.0),
                troubled(Cause.OK, 9.0),
                troubled(Cause.FILTERING, 19.0),
            ],
            19.0,
        ),
        # It goes on while its vantages have trouble of their own, or cannot look.
        ([troubled(Cause.FILTERING, 9.0), troubled(Cause.LOCAL_FAULT, 20.0)], 9.0),
        ([troubled(Cause.FILTERING, 9.0), troubled(Cause.NETWORK_DISRUPTION, 2.0, 0)], 9.0),
        ([troubled(Cause.FILTERING, 9.0), troubled(Cause.OK, 9.0)], None),
        ([troubled(Cause.LOCAL_FAULT, 1.0)], None),
    ],
)
def test_a_trouble_begins_where_others_share_it_and_ends_where_it_is_well(
    verdicts: list[Verdict], begun: float | None
) -> None:
    memory = Memory()
    for verdict in verdicts:
        view = msgspec.structs.replace(w.view(World(), 40.0, []), memory=memory)
        memory = remember([], [verdict], view)
    expected = {} if begun is None else {
        ("chirp", "web", 47330): w.START + timedelta(seconds=begun)
    }  # fmt: skip
    assert memory.begun == expected
