"""A play watched and scored: its rows, its beliefs, its delays, its false alarms."""

from __future__ import annotations

from probe.config.shape import Seconds
from probe.lab.scenario import Expected
from probe.lab.score.outcome import Detection, Played
from probe.lab.score.playing import Task, score, watch
from probe.model import Cause, Incident, Scope, State
from tests.lab.score.made import (
    DARK,
    FILTERED,
    FILTERING,
    GONE,
    LOCAL,
    OUT,
    OUTAGE,
    but,
    moments,
    scenario,
    verdict,
)

CELLS = (verdict("web", "TR", Cause.FILTERING), verdict("web", "US"))


def played(
    *expected: Expected, incidents: dict[float, tuple[Incident, ...]], at: tuple[int, ...] = ()
) -> Played:
    task = Task(scenario=scenario(*expected), seed=7, at=at or (60, 300, 900))
    return score(task, moments(incidents, CELLS))


def test_a_row_for_each_time() -> None:
    found = played(FILTERING, OUTAGE, incidents={180: (FILTERED,), 240: (FILTERED, OUT)})
    assert [(row.at, row.right) for row in found.rows] == [(60, False), (300, True), (900, True)]
    first, *_, last = found.rows
    assert (first.name, first.seed) == ("made", 7)
    assert first.expected == (Cause.FILTERING, Cause.SERVICE_OUTAGE)
    assert first.answered == (Cause.FILTERING,)
    assert first.said == ("filtering likely countries twitter media,web TR,AS47331,AS16135",)
    assert last.seconds_to_right == 120
    assert last.said == ()
    assert first.seconds_to_right is None


def test_the_side_is_right_when_every_incidents_is() -> None:
    found = played(FILTERING, OUTAGE, incidents={180: (FILTERED,)})
    assert [row.side_right for row in found.rows] == [False, False, False]
    assert played(FILTERING, incidents={180: (FILTERED,)}).rows[0].side_right


def test_where_nothing_is_expected_anything_said_at_any_time_is_wrong() -> None:
    assert all(row.right for row in played(incidents={60: (LOCAL,)}).rows)
    assert played(incidents={}).rows[0].seconds_to_right == 0
    wrong = played(incidents={600: (FILTERED,), 660: ()})
    assert [row.right for row in wrong.rows] == [False, False, False]
    assert wrong.rows[0].answered == (Cause.FILTERING,)
    assert wrong.unexpected == (Cause.FILTERING,)


def test_what_belongs_to_no_truth_is_kept() -> None:
    found = played(FILTERING, incidents={180: (FILTERED, but(OUT, service="tiktok"), LOCAL)})
    assert found.unexpected == (Cause.SERVICE_OUTAGE,)
    assert found.rows[-1].right


def test_a_wrong_answer_counts_as_that_and_a_rival_beside_the_answer_by_itself() -> None:
    rival = but(OUT, scope=Scope.COUNTRIES, countries=("TR",))
    assert played(FILTERING, incidents={180: (rival,)}).unexpected == ()
    assert played(FILTERING, incidents={180: (FILTERED, rival)}).unexpected == (rival.cause,)


def test_delays_are_counted_in_rounds_by_the_networks_of_the_country() -> None:
    doubt = but(FILTERED, state=State.SUSPECTED)
    found = played(FILTERING, OUTAGE, DARK, incidents={180: (doubt, GONE), 300: (FILTERED, GONE)})
    assert found.detections == (
        Detection(networks=2, rounds=3),
        Detection(networks=0, rounds=None),
        Detection(networks=3, rounds=1),
    )


def test_a_false_alarm_is_told_once_and_as_it_was_first() -> None:
    alarm = but(FILTERED, state=State.CONFIRMED, countries=("US",))
    found = played(FILTERING, incidents={60: (alarm,), 180: (but(alarm, statement="!"),)})
    assert [(a.at, a.statement) for a in found.false_filtering] == [(60, "Twitter is restricted.")]


def test_whatever_was_said_and_was_not_so_is_kept_as_it_was_at_its_surest() -> None:
    doubt = but(FILTERED, id="x", state=State.SUSPECTED, countries=("US",))
    likely = but(doubt, state=State.LIKELY, statement="Likely.")
    told: dict[float, tuple[Incident, ...]] = {
        60: (doubt,),
        120: (likely, FILTERED),
        180: (but(likely, statement="Again."), FILTERED),
    }
    found = played(FILTERING, incidents=told)
    assert [(m.at, m.state, m.statement) for m in found.misstated] == [
        (120, State.LIKELY, "Likely.")
    ]
    assert found.rows[-1].right
    assert not found.false_filtering


def test_beliefs_are_weighed_at_each_time_after_each_onset() -> None:
    late = but(OUTAGE, onset=Seconds(240))
    found = played(FILTERING, late, incidents={}, at=(60, 300))
    # At 180, 300, 420 and 540 s, two cells each; filtering is true of one of them.
    assert found.reliability.leading.total == 8
    assert found.reliability.leading.right.total() == 8
    assert found.reliability.cells == 4


def test_times_after_the_end_are_weighed_once_at_the_end() -> None:
    held = scenario(FILTERING)
    sights, found = watch(held, moments({}, CELLS)[:4], [60.0, 180.0, 5000.0])
    assert [sight.at for sight in sights] == [0, 60, 120, 180]
    assert found.leading.total == 4


def test_without_a_moment_nothing_is_right() -> None:
    for expected in ((), (FILTERING,)):
        found = score(Task(scenario=scenario(*expected), seed=0), [])
        assert not any(row.right or row.side_right for row in found.rows)


def test_closed_incidents_do_not_stand() -> None:
    over = but(FILTERED, closed=FILTERED.opened, scope=Scope.COUNTRIES)
    assert not played(FILTERING, incidents={180: (over,)}).rows[0].side_right
