from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from probe.judge.tracks import Key, Tracks
from probe.model import Measurement
from tests.judge import worlds as w

KEY = (w.ROSTER[0].id, "chirp", "web", "chirp-web")


def measured(at: float, maker: w.Maker = w.ok) -> Measurement:
    case = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START + timedelta(seconds=at))
    return w.measurement(case, maker(case))


def within(tracks: Tracks, first: float, last: float) -> dict[Key, list[float]]:
    window = (w.START + timedelta(seconds=first), w.START + timedelta(seconds=last))
    return {
        key: [(sight.at - w.START).total_seconds() for sight in stretch.sights]
        for key, stretch in tracks.within(*window)
    }


@given(st.permutations([0.0, 1.0, 2.0, 2.0, 3.0, 4.0]))
def test_any_order_and_twice_is_one_order_and_once(times: list[float]) -> None:
    tracks = Tracks()
    tracks.add(measured(at) for at in times)
    assert len(tracks) == 5
    assert within(tracks, -1, 9) == {KEY: [0.0, 1.0, 2.0, 3.0, 4.0]}
    assert within(tracks, 1, 3) == {KEY: [2.0, 3.0]}
    assert within(tracks, 7, 9) == {}


def test_what_is_forgotten_is_gone_and_its_id_with_it() -> None:
    tracks = Tracks()
    tracks.add(map(measured, (0.0, 1.0, 2.0)))
    tracks.forget(w.START + timedelta(seconds=2))
    assert len(tracks) == 1
    assert within(tracks, -1, 9) == {KEY: [2.0]}
    tracks.forget(w.START + timedelta(seconds=3))
    assert within(tracks, -1, 9) == {}


def test_a_track_is_plain_where_it_holds_whole_answers_alone() -> None:
    tracks = Tracks()
    tracks.add([measured(0.0, w.sni_reset), *map(measured, (1.0, 2.0))])
    (mixed,) = (
        s for _, s in tracks.within(w.START - timedelta(seconds=9), w.START + timedelta(9))
    )
    assert [finding is None for finding in mixed.findings] == [True, False, False]
    assert not mixed.plain
    ((_, later),) = tracks.within(w.START, w.START + timedelta(seconds=9))
    assert later.plain
    tracks.forget(w.START + timedelta(seconds=1))
    ((_, rest),) = tracks.within(w.START, w.START + timedelta(seconds=9))
    assert rest.plain


def test_a_track_is_steady_while_any_sight_says_what_all_do() -> None:
    tracks = Tracks()
    tracks.add(map(measured, (1.0, 2.0)))
    everything = (w.START - timedelta(seconds=9), w.START + timedelta(seconds=9))
    ((_, calm),) = tracks.within(*everything)
    assert calm.steady
    assert calm.telling == calm.sights[:1]
    tracks.add([measured(0.0, w.sni_reset)])
    ((_, mixed),) = tracks.within(*everything)
    assert not mixed.steady
    assert mixed.telling == mixed.sights
    tracks.forget(w.START + timedelta(seconds=1))
    ((_, rest),) = tracks.within(*everything)
    assert rest.steady
