"""A docket judges as if it had heard everything at once."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge.docket import Docket
from probe.judge.hypothesis import judge
from probe.judge.view import View, window_start
from probe.model import Measurement
from tests.judge import worlds as w
from tests.judge.worlds import Event, World

MAKERS = (
    w.ok, w.server_error, w.app_error, w.rejection, w.geo_block, w.silence, w.expired, w.mitm,
    w.sni_reset, w.null_route, w.nxdomain, w.dns_timeout, w.forged, w.bogon, w.block_page,
    w.odd_page, w.delayed, w.cut_off,
)  # fmt: skip
SMALL = w.networks(
    ("TR", 100, (2, 1)), ("DE", 200, (1, 1)), ("US", 300, (1, 1)), ("JP", 400, (1, 1))
)
SERVICES = (w.service("chirp", ("web", "api")), w.service("other", ("web",)))
MOMENTS = (1.0, 6.0, 12.0, 13.0, 24.0)

events = st.builds(
    Event, at=st.sampled_from([-12.0, -3.0, 1.0, 7.0]), maker=st.sampled_from(MAKERS),
    until=st.sampled_from([5.0, 1e9]), services=st.sampled_from([("chirp",), ("chirp", "other")]),
    features=st.sampled_from([("web",), ("web", "api")]),
    countries=st.sampled_from([(), ("TR",), ("DE", "US")]),
    networks=st.sampled_from([(), (), (100,)]), controls=st.booleans(), sending=st.booleans(),
)  # fmt: skip
worlds = st.builds(
    World,
    events=st.lists(events, max_size=3).map(tuple),
    roster=st.just(SMALL),
    services=st.just(SERVICES),
    noise=st.sampled_from([0.0, 0.1]),
    seed=st.integers(0, 9),
)


def frame(world: World, now: float, known: list[Measurement]) -> View:
    view = w.view(world, now, known)
    # Half of what is measured is in no catalogue.
    return msgspec.structs.replace(view, services=world.services[:1])


@given(worlds, st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_it_says_what_would_be_said_of_everything_at_once(world: World, seed: int) -> None:
    dice, docket = Random(seed), Docket()  # noqa: S311 — a test plays dice
    pending = w.arrivals(world, MOMENTS[-1])
    known: list[Measurement] = []
    for now in MOMENTS:
        # What arrives late arrives late; some of it later still, out of order, and twice.
        fresh = [(sent, m) for sent, m in pending if sent <= now and dice.random() < 0.9]
        pending = [entry for entry in pending if entry not in fresh]
        known += [m for _, m in fresh]
        given_ = [m for _, m in fresh] + dice.sample(known, len(known) // 5)
        dice.shuffle(given_)
        docket.add(given_)
        view = frame(world, now, known)
        assert docket.judge(view) == judge(known, view)
        docket.forget(window_start(view) - dice.random() * view.round)


def test_it_holds_a_window_and_no_more() -> None:
    world = World(roster=SMALL, services=SERVICES)
    docket = Docket()
    docket.add(w.known_at(world, 60.0))
    everything = len(docket)
    docket.forget(w.START + timedelta(seconds=35))
    assert len(docket) == sum(
        m.at > w.START + timedelta(seconds=35) for m in w.known_at(world, 60.0)
    )
    assert len(docket) < everything
    docket.forget(w.START + timedelta(seconds=99))
    assert len(docket) == 0


def test_what_it_was_told_twice_it_heard_once() -> None:
    world = World(roster=SMALL, services=SERVICES)
    known = w.known_at(world, 6.0)
    once, twice = Docket(), Docket()
    once.add(known)
    twice.add([*known, *known])
    twice.add(reversed(known))
    view = frame(world, 6.0, known)
    assert len(once) == len(twice) == len(known)
    assert twice.judge(view) == once.judge(view)
