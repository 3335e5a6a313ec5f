from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.evidence import plain
from probe.judge.reading import read
from probe.judge.sight import SHOWN, Glance, Sight
from probe.judge.told import Told
from probe.judge.tracks import Track, Tracks, Witnesses
from probe.judge.traits import SLOW_SECONDS
from probe.judge.trials import UNTRIED
from probe.model import Health, Measurement, Observation
from tests.judge import worlds as w


def measured(at: float, maker: w.Maker = w.ok, number: int = 0) -> Measurement:
    vantage = w.ROSTER[number]
    case = w.Case(vantage, "chirp", "web", "chirp-web", w.START + timedelta(seconds=at))
    return w.measurement(case, maker(case))


def within(tracks: Tracks, first: float, last: float) -> Tracks:
    return tracks.within(w.START + timedelta(seconds=first), w.START + timedelta(seconds=last))


def times(tracks: Tracks) -> list[list[float]]:
    return [[(sight.at - w.START).total_seconds() for sight in held.sights] for held in tracks]


def witnesses(tracks: Tracks) -> Witnesses:
    return tracks.features["chirp", "web"]["chirp-web"]


def only(tracks: Tracks) -> Track:
    (track,) = tracks
    return track


@given(st.permutations([0.0, 1.0, 2.0, 2.0, 3.0, 4.0]))
def test_any_order_and_twice_is_one_order_and_once(given_: list[float]) -> None:
    tracks = Tracks()
    tracks.add(measured(at) for at in given_)
    assert len(tracks) == 5
    assert within(tracks, -1, 9) is tracks
    assert times(tracks) == [[0.0, 1.0, 2.0, 3.0, 4.0]]
    assert times(within(tracks, 1, 3)) == [[2.0, 3.0]]
    assert within(tracks, 7, 9).features == {}


def test_what_is_forgotten_is_gone_and_its_id_with_it() -> None:
    tracks = Tracks()
    tracks.add(map(measured, (0.0, 1.0, 2.0)))
    tracks.forget(w.START + timedelta(seconds=1))
    assert len(tracks) == 1
    assert times(tracks) == [[2.0]]
    tracks.forget(w.START + timedelta(seconds=2))
    assert len(tracks) == 0
    assert tracks.features == {}


def test_what_is_more_than_a_whole_answer_is_counted() -> None:
    tracks = Tracks()
    tracks.add([measured(0.0, w.sni_reset), *map(measured, (1.0, 2.0))])
    assert only(tracks).odd == 1
    assert only(within(tracks, 0, 9)).odd == 0
    tracks.forget(w.START)
    assert only(tracks).odd == 0


def test_a_track_is_steady_while_any_sight_says_what_all_do() -> None:
    tracks = Tracks()
    tracks.add(map(measured, (1.0, 2.0)))
    assert only(tracks).steady
    assert only(tracks).telling == only(tracks).sights[:1]
    tracks.add([measured(0.0, w.sni_reset)])
    assert not only(tracks).steady
    assert only(tracks).telling == only(tracks).sights
    tracks.forget(w.START)
    assert only(tracks).steady


def moved(case: w.Case) -> tuple[Observation, ...]:
    """A whole answer from another address."""
    return w.ok(replace(case, pinned="11.9.9.9"))


odd = st.sampled_from([w.ok, w.ok, w.ok, w.sni_reset, moved, w.forged])


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), odd), max_size=20, unique_by=lambda m: m[:2]),
    st.integers(-1, 10),
    st.integers(-1, 10),
)  # fmt: skip
def test_what_is_counted_is_what_all_of_them_say(
    every: list[tuple[int, int, w.Maker]], gone: int, first: int
) -> None:
    tracks = Tracks()
    tracks.add(measured(at, maker, number) for number, at, maker in every)
    tracks.forget(w.START + timedelta(seconds=gone))
    for held in (tracks, within(tracks, first, 8)):
        if not held.features:
            continue
        told, seen = witnesses(held).told, [s for track in held for s in track.sights]
        said = {what: {*places} for what, places in Told(seen)}
        assert {what: {*places} for what, places in told} == said
        assert told.slow == sum(s.pace >= SLOW_SECONDS for s in seen)
        assert set(told.more) == {s for s in seen if s.doubled or s.trials is not UNTRIED}


BASE = read(measured(0.0))
OTHERS: list[dict[str, object]] = [
    {}, {"pace": 0.8}, {"doubled": ("11.9.9.9",)}, {"answers": ("11.9.9.9",)}, {"valid": ("11.9.9.9",)},
    {"site": ("fastly", "AMS")}, {"health": Health(reason="resolver_broken")}, {"vantage": w.ROSTER[1]},
]  # fmt: skip


@pytest.mark.parametrize("kind", [Glance, Sight])
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_sights_share_spares_a_look_and_changes_nothing(
    kind: Callable[..., Sight], other: dict[str, object], place: int
) -> None:
    track = Track()
    for at in range(3):
        when = {"id": str(at), "at": w.START + timedelta(seconds=at)}
        told = {name: getattr(BASE, name) for name in SHOWN} | when
        track.hear(kind(**(told | other)) if at == place else Glance(**told))
    odd = [sight for sight in track.sights if not plain(sight)]
    said = {(s.answers, s.valid, s.site, s.vantage, s.doubled) for s in track.sights}
    assert track.odd == len(odd)
    assert track.steady == (not odd and len(said) == 1)
