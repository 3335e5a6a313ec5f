"""Quiet weeks counted: what was said, how surely, and whether that is too much."""

from __future__ import annotations

import pytest

from probe.lab.score.calm import World
from probe.lab.score.quiet import Watched, follow, good, report, shards
from probe.model import Cause, Incident, State
from tests.lab.score.made import FILTERED, LOCAL, OUT, Moment, but, scenario, verdict

WORLD = World(services=4, countries=2, networks=1, rounds=3)


def watched(*held: tuple[Incident, ...]) -> Watched:
    moments = [
        Moment(
            at=60.0 * number,
            heard=10,
            verdicts=(verdict("web", "TR"), verdict("web", "US", Cause.FILTERING, 0.6)),
            incidents=incidents,
        )
        for number, incidents in enumerate(held)
    ]
    return follow(scenario(), moments, lambda _: None)


def test_each_incident_counts_once_in_its_strongest_state() -> None:
    doubt = but(FILTERED, state=State.SUSPECTED)
    found = report(
        WORLD, [watched((doubt,), (FILTERED, LOCAL), (but(doubt, closed=doubt.opened),))]
    )
    assert found.incidents == {"filtering": {"likely": 1}}
    assert found.private == {"confirmed": 1}
    assert (found.confirmed, found.filtering_confirmed) == (0, 0)
    assert found.statements == ("likely i1: Twitter is restricted.",)
    assert (found.measurements, found.cells, found.series) == (30, 6, 8)


def test_confirmed_ones_come_first() -> None:
    found = report(WORLD, [watched((FILTERED, OUT))])
    assert list(found.incidents) == ["service_outage", "filtering"]


def test_two_parts_that_say_the_same_say_it_once() -> None:
    one, other = watched((OUT,)), watched((but(OUT, state=State.LIKELY),))
    assert report(WORLD, [one, other]).incidents == {"service_outage": {"confirmed": 1}}


def test_an_incident_that_changes_its_cause_is_two_mistakes() -> None:
    found = report(WORLD, [watched((FILTERED,), (but(FILTERED, cause=Cause.THROTTLING),))])
    assert set(found.incidents) == {"filtering", "throttling"}


@pytest.mark.parametrize(
    ("held", "fine"),
    [
        ((), True),
        ((OUT,), True),
        ((OUT, but(OUT, id="i9")), False),
        ((but(FILTERED, state=State.CONFIRMED),), False),
        ((FILTERED, but(FILTERED, id="i9")), True),
        ((LOCAL, but(LOCAL, id="i9")), True),
    ],
)
def test_one_may_be_confirmed_but_not_as_filtering(
    held: tuple[Incident, ...], *, fine: bool
) -> None:
    assert good(report(WORLD, [watched(held)])) is fine


def test_what_is_kept_does_not_grow_with_the_rounds() -> None:
    short, long = watched((FILTERED,)), watched(*[(FILTERED,)] * 50)
    assert len(long.told) == len(short.told)
    assert long.reliability.leading.n.keys() == short.reliability.leading.n.keys()


def test_progress_is_told_each_round() -> None:
    told: list[int] = []
    held = [Moment(at=60.0 * n, verdicts=(), incidents=()) for n in range(3)]
    follow(scenario(), held, told.append)
    assert told == [1, 1, 1]


def test_a_shard_for_each_process_but_none_without_a_service() -> None:
    assert [len(s.scenario.services) for s in shards(WORLD, 5, 3)] == [2, 2]
    assert {s.seed for s in shards(WORLD, 5, 3)} == {5}


def test_no_two_parts_draw_alike() -> None:
    assert [s.lane for s in shards(WORLD, 5, 3)] == [0, 1]
