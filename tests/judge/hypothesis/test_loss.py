"""A way abroad that loses a part of everything is no filter, and a filter on a bad way is one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.control import Reference
from probe.judge.evidence import find
from probe.judge.hypothesis.episode import NOTHING_KNOWN, Run, run_of
from probe.judge.hypothesis.gate import SURE_EXCESS
from probe.judge.hypothesis.loss import excess
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.model import CONTROL, Cause, Observation, State, Verdict
from tests.judge import worlds as w
from tests.judge.hypothesis.made import measured
from tests.judge.worlds import Case, Event, World

SURE = frozenset({State.LIKELY, State.CONFIRMED})
TR = w.networks(("TR", 47330, (1, 1, 1)))


def losing(share: float, seed: int) -> w.Maker:
    """Every flow abroad dies so often by itself, and what is tried beside it passes."""

    def made(case: Case) -> tuple[Observation, ...]:
        lost = w.share(seed, case.vantage.id, case.endpoint, str(case.at)) < share
        return w.sni_drop(case) if case.foreign and lost else w.ok(case)

    return made


def filtering(world: World, rounds: Sequence[int]) -> list[Verdict]:
    """What is told of a country as a whole, at the ends of rounds."""
    told = [v for n in rounds for v in w.verdicts_at(world, n * w.ROUND + 1.0)]
    return [v for v in told if v.leading is Cause.FILTERING and not v.network and v.state in SURE]


@pytest.mark.parametrize("share", [0.15, 0.25, 0.4])
def test_a_trunk_that_is_half_dead_is_no_filter(share: float) -> None:
    for seed in range(3):
        half = Event(1.0, losing(share, seed), countries=("NG",), controls=True)
        assert filtering(World((half,)), range(1, 12)) == []


@pytest.mark.parametrize("share", [0.1, 0.25])
def test_a_filter_on_a_way_that_loses_much_is_told(share: float) -> None:
    bad = Event(-99.0, losing(share, 0), countries=("NG",), controls=True)
    wall = Event(1.0, w.sni_drop, countries=("NG",), features=("web",))
    told = filtering(World((bad, wall)), [6])
    assert {(v.service, v.feature, v.country) for v in told} == {("chirp", "web", "NG")}


def test_networks_of_several_countries_that_lose_all_alike_lost_no_route() -> None:
    """A cable is cut: what is seen of a service is seen of the controls."""
    cut = World((
        Event(1.0, partly_unplugged, countries=("NG", "IN", "CA"), controls=True),
    ))  # fmt: skip
    told = [v for n in range(3, 12) for v in w.verdicts_at(cut, n * w.ROUND + 1.0)]
    assert not [v for v in told if v.leading is Cause.DEPENDENCY_OUTAGE and v.state in SURE]


def partly_unplugged(case: Case) -> tuple[Observation, ...]:
    lost = w.share("cable", case.vantage.id, case.endpoint, str(case.at)) < 0.6
    return w.unplugged(case) if case.foreign and lost else w.ok(case)


# ── how much more ────────────────────────────────────────────────────────────────────────────


def controls(letters: str) -> tuple[Sight, ...]:
    """Of one vantage in each network, all alike."""
    made = [read(m) for vantage in TR for m in measured(letters, vantage)]
    target = msgspec.structs.replace(made[0].target, service=CONTROL, feature="foreign")
    return tuple(msgspec.structs.replace(sight, target=target) for sight in made)


def runs(letters: str, abroad: str) -> list[Run]:
    """Of each vantage; letters are of its rounds, oldest first."""
    footing = msgspec.structs.replace(NOTHING_KNOWN, abroad=controls(abroad))
    made = [
        [find(read(m), Reference()) for m in reversed(measured(letters, vantage))]
        for vantage in TR
    ]
    found = [run_of(each, footing, w.START) for each in made]
    return [run for run in found if run is not None]


letters = st.text("ox", min_size=5, max_size=5)


@given(letters, st.integers(0, 4))
def test_each_control_that_fails_speaks_against_it(abroad: str, at: int) -> None:
    worse = abroad[:at] + "x" + abroad[at + 1 :]
    held = runs("oxxxx", abroad)
    assert excess(runs("oxxxx", worse), len(held)) <= excess(held, len(held))


@given(letters, st.integers(1, 6))
def test_whoever_was_chosen_of_more_says_less(abroad: str, more: int) -> None:
    held = runs("oxxxx", abroad)
    assert excess(held, len(held) + more) < excess(held, len(held))


def test_nobody_says_nothing() -> None:
    assert excess((), 5) == 0.0


def test_where_no_control_is_known_the_way_is_an_ordinary_one() -> None:
    known = runs("xxxxx", "ooooo")
    unknown = [msgspec.structs.replace(run, abroad=()) for run in known]
    assert excess(known, 3) > excess(unknown, 3) > SURE_EXCESS
