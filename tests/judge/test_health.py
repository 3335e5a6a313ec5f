from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.health import Condition, spoilt, telling
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.judge.tracks import Tracks
from probe.model import CONTROL, Health, Measurement, Observation, Reach, Tally
from tests.judge import worlds as w
from tests.judge.examined import examined
from tests.judge.worlds import Event, World

TR = w.ROSTER[0].id


def condition(event: Event | None, now: float = 12.0) -> Condition:
    world = World(
        (event,) if event else (), roster=w.ROSTER[:4], services=(w.service("chirp", ("web",)),)
    )
    known = w.known_at(world, now)
    return examined(map(read, known), w.view(world, now, known))[TR].condition


@pytest.mark.parametrize(
    ("maker", "expected"),
    [
        (w.ok, Condition.WELL),
        (w.no_resolver, Condition.BROKEN),
        (w.unplugged, Condition.DARK),
        (w.cut_off, Condition.CUT),
    ],
)
def test_controls_tell_how_a_vantage_is(maker: w.Maker, expected: Condition) -> None:
    assert condition(Event(-20.0, maker, vantages=(TR,), controls=True)) is expected


def test_two_rounds_without_a_word_are_silence() -> None:
    killed = Event(0.0, w.ok, vantages=(TR,), controls=True, sending=False)
    assert condition(killed, now=9.0) is not Condition.SILENT
    assert condition(killed, now=13.0) is Condition.SILENT


def test_a_vantage_never_heard_is_unknown_not_silent() -> None:
    world = World(roster=w.ROSTER[:2])
    assert {h.condition for h in examined([], w.view(world, 0.0, [])).values()} == {
        Condition.UNKNOWN
    }


def said(health: Health) -> Measurement:
    case = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)
    return msgspec.structs.replace(w.measurement(case, w.ok(case)), health=health)


@pytest.mark.parametrize(
    ("health", "expected", "bad"),
    [
        (Health(domestic=Tally(ok=1, of=1), foreign=Tally(ok=2, of=3)), Condition.WELL, False),
        (Health(domestic=Tally(ok=1, of=1), foreign=Tally(ok=0, of=3)), Condition.CUT, True),
        (Health(domestic=Tally(ok=0, of=1), foreign=Tally(ok=0, of=3)), Condition.DARK, True),
        (Health(reason="resolver"), Condition.BROKEN, True),
        (Health(), Condition.UNKNOWN, False),
    ],
)
def test_without_control_measurements_the_vantages_own_tally_speaks(
    health: Health,
    expected: Condition,
    bad: bool,  # noqa: FBT001 — a column of the table
) -> None:
    measurement = said(health)
    frame = w.view(World(roster=w.ROSTER[:1]), 1.0, [measurement])
    assert examined([read(measurement)], frame)[TR].condition is expected
    assert spoilt(measurement) is bad


def test_a_passing_control_vouches_for_its_own_time_and_a_tally_for_the_round_before() -> None:
    measurement = said(Health(foreign=Tally(ok=2, of=2)))
    frame = w.view(World(roster=w.ROSTER[:1]), 1.0, [measurement])
    assert examined([read(measurement)], frame)[TR].well_at == w.START - timedelta(seconds=w.ROUND)


def by_turns(case: w.Case) -> tuple[Observation, ...]:
    """Fails and passes from one round to the next, but for foreign controls."""
    number = int((case.at - w.START).total_seconds() // w.ROUND)
    foreign = case.service == CONTROL and case.feature == Reach.FOREIGN
    return w.unplugged(case) if foreign or number % 2 else w.ok(case)


@pytest.mark.parametrize(("maker", "wavers"), [(w.cut_off, False), (by_turns, True)])
def test_a_cut_lets_nothing_pass_by_turns(maker: w.Maker, wavers: bool) -> None:  # noqa: FBT001 — a column of the table
    event = Event(0.0, maker, vantages=(TR,), controls=True)
    world = World((event,), roster=w.ROSTER[:4], services=(w.service("chirp"),))
    known = w.known_at(world, 22.0)
    health = examined(map(read, known), w.view(world, 22.0, known))[TR]
    assert health.condition is not Condition.WELL
    assert health.wavers is wavers


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.sampled_from("ab")), min_size=1))
def test_who_has_a_newest_that_vouches_is_asked_for_no_other(
    looks: list[tuple[int, bool, str]],
) -> None:
    """`looks`: second, whether its controls passed before, endpoint."""
    seen = [_look(n, *look) for n, look in enumerate(looks)]
    tracks = Tracks()
    tracks.hear(seen)
    newest = max(seen, key=lambda s: (s.at, s.id))
    assert tracks.newest == {TR: newest}
    told = telling(tracks.newest, tracks.controls(), tracks.series)
    vouching = [s for s in seen if s.health.foreign.ok]
    assert newest in told
    assert len(told) <= 2
    assert max((s.at for s in told if s.health.foreign.ok), default=None) == max(
        (s.at for s in vouching), default=None
    )


def _look(number: int, at: int, well: bool, endpoint: str) -> Sight:  # noqa: FBT001 — drawn
    case = w.Case(w.ROSTER[0], "chirp", "web", endpoint, w.START + timedelta(seconds=at))
    made = msgspec.structs.replace(
        w.measurement(case, w.ok(case)),
        id=f"{number:03}",
        health=Health(foreign=Tally(ok=int(well), of=2)),
    )
    return read(made)
