"""A country that loses a part of everything is partly disrupted; one or two networks are not a country."""

from __future__ import annotations

import pytest

from probe.model import Cause, Observation, State, Verdict
from tests.judge import worlds as w
from tests.judge.worlds import Case, Event, World


def part(case: Case) -> tuple[Observation, ...]:
    """One flow of three abroad dies."""
    lost = w.share("part", case.vantage.id, case.endpoint, str(case.at)) < 1 / 3
    return w.unplugged(case) if case.foreign and lost else w.ok(case)


def country(world: World, name: str, at: float = 36.0) -> Verdict:
    """What is said of its connectivity as a whole."""
    (told,) = [
        v for v in w.verdicts_at(world, at) if (v.service, v.country, v.network) == ("", name, 0)
    ]
    return told


def losing(*countries: str, networks: tuple[int, ...] = ()) -> World:
    return World((Event(1.0, part, countries=countries, networks=networks, controls=True),))


def test_a_country_whose_networks_lose_a_part_of_everything_is_partly_disrupted() -> None:
    told = country(losing("NG"), "NG")
    assert (told.leading, told.state) == (Cause.NETWORK_DISRUPTION, State.SUSPECTED)
    assert {piece.rule for piece in told.evidence} == {"health.losing"}
    assert told.mechanisms == ()
    assert told.networks >= 3


def test_its_evidence_is_tries_that_failed() -> None:
    world = losing("NG")
    failed = {
        m.id for _, m in w.arrivals(world, 36.0) if any(step.failure for step in m.observations)
    }
    assert {piece.measurement for piece in country(world, "NG").evidence} <= failed


@pytest.mark.parametrize(
    ("world", "name"),
    [
        (losing("NG", networks=(29460, 29461)), "NG"),  # two of five
        (losing("TR"), "TR"),  # two is all it has
        (losing(), "NG"),  # everywhere: then it is the controls that fail
        (World(), "NG"),
    ],
)
def test_fewer_networks_and_every_country_at_once_are_none(world: World, name: str) -> None:
    assert country(world, name).leading is not Cause.NETWORK_DISRUPTION


def test_what_it_loses_begins_to_be_told_after_some_rounds_and_ends_soon() -> None:
    over = World((Event(1.0, part, until=40.0, countries=("NG",), controls=True),))
    told = [
        country(over, "NG", at).leading is Cause.NETWORK_DISRUPTION for at in (6.0, 36.0, 75.0)
    ]
    assert told == [False, True, False]


@pytest.mark.parametrize("hand", [w.tcp_reset, w.forged, w.bogon])
def test_what_somebody_writes_is_no_loss(hand: w.Maker) -> None:
    def made(case: Case) -> tuple[Observation, ...]:
        struck = w.share("hand", case.vantage.id, case.endpoint, str(case.at)) < 1 / 3
        return hand(case) if case.foreign and struck else w.ok(case)

    world = World((Event(1.0, made, countries=("NG",), controls=True),))
    assert "health.losing" not in {piece.rule for piece in country(world, "NG").evidence}


def test_a_cut_that_is_whole_is_told_as_one() -> None:
    cut = World((Event(1.0, w.cut_off, countries=("NG",), controls=True),))
    rules = {piece.rule for piece in country(cut, "NG").evidence}
    assert "health.losing" not in rules
