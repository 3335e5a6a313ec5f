"""A stage is shared by many plays, and changes none of them."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from probe.lab.scenario import Noise, Scenario
from probe.lab.simulated.act import Act
from probe.lab.simulated.presented import EPOCH
from probe.lab.simulated.seat import Seat
from probe.lab.simulated.stage import Stage
from probe.lab.simulated.stream import Stream
from probe.measure.failure import RESET
from probe.model import Health, TlsHandshake
from tests.lab.simulated.worlds import event, scenario

BUSY = Noise(lone=0.05, bursts=40)
STORY = scenario(
    event("tls.sni_rst", at=60, share=0.5, countries=("TR",)),
    event("dns.injection.forged_public", at=120, countries=("DE",)),
    noise=BUSY,
)


def played(told: Scenario, seed: int, stage: Stage | None = None) -> bytes:
    seen = Stream(told, seed, stage).arrivals(0, 300)
    return msgspec.json.encode([(when, made) for when, _, made in seen])


@pytest.mark.parametrize("seed", [0, 1])
def test_what_was_played_on_a_stage_before_changes_nothing(seed: int) -> None:
    stage = Stage(STORY)
    for before in (2, 1, 0):
        played(STORY, before, stage)
    assert played(STORY, seed, stage) == played(STORY, seed)


def seat(stage: Stage, vantage: str, name: str = "web.chirp") -> Seat:
    return next(
        s for s in stage.seats if (s.prober.vantage.id, s.target.endpoint) == (vantage, name)
    )


def steps(stage: Stage, vantage: str, stretch: int = 0, name: str = "web.chirp") -> object:
    """What is seen there in the first variant."""
    made = stage.way(seat(stage, vantage, name), stretch).plain(0)
    return made.stamp(EPOCH, "a", Health()).observations


def test_seats_that_are_alike_share_their_courses_and_others_do_not() -> None:
    stage = Stage(scenario())
    one = steps(stage, "tr-as47331-1")
    assert steps(stage, "tr-as47331-2") == one
    assert steps(stage, "tr-as16135-1") == one  # the same delay, the same resolver's name
    assert steps(stage, "de-as3320-1") != one  # it has IPv6
    assert steps(stage, "tr-as47331-1", name="api.chirp") != one


def test_a_copy_is_its_own_vantages_whoever_was_walked_for_first() -> None:
    stage = Stage(scenario())
    for vantage in ("tr-as47331-1", "tr-as16135-1"):
        here = seat(stage, vantage)
        made = stage.way(here, 0).plain(0).stamp(EPOCH, "a", Health())
        assert (made.vantage, made.target) == (here.prober.vantage, here.target)


def test_a_stretch_that_changes_nothing_for_a_seat_is_walked_once() -> None:
    stage = Stage(STORY)
    assert steps(stage, "gb-as2856-1", stretch=0) == steps(stage, "gb-as2856-1", stretch=2)
    assert steps(stage, "de-as3320-1", stretch=0) != steps(stage, "de-as3320-1", stretch=2)


def test_a_noise_is_met_by_the_course_that_it_names() -> None:
    stage = Stage(scenario())
    way = stage.way(seat(stage, "gb-as2856-1"), 0)
    made = way.noisy(0, Act(shake=RESET), 7)
    seen = made.stamp(EPOCH, "a", Health()).observations
    assert any(isinstance(s, TlsHandshake) and s.failure for s in seen)
    assert made is way.noisy(0, Act(shake=RESET), 7)
    assert made.course != way.plain(0).course


def test_of_partial_acts_only_the_flows_that_there_were_matter() -> None:
    stage = Stage(STORY)
    here = seat(stage, "tr-as47331-1")
    way = stage.way(here, 1)
    dice = Random(1)  # noqa: S311 — chance, no secret
    made = [way.partly(0, dice) for _ in range(400)]
    hit = sum(any(s.failure for s in one.stamp(EPOCH, "a", Health()).observations) for one in made)
    assert 150 < hit < 250
    assert len({id(one) for one in made}) < 40  # of 256 masks
