"""Many runs put together, and what is good enough."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.score.outcome import Alarm, Detection, Outcome, Played, Row
from probe.lab.score.reliability import Reliability
from probe.lab.score.summary import Report, good, pooled, quantile, report
from probe.model import Cause
from tests.lab.score.made import but

SAID = Outcome(
    expected=Cause.FILTERING,
    at=900,
    answered=(Cause.FILTERING,),
    shown=Cause.FILTERING,
    side_right=True,
    right=True,
)
UNSAID = Outcome(expected=Cause.FILTERING, at=900, missed=True)
ALARM = Alarm(name="made", seed=0, at=60, statement="Restricted.")


def run(*outcomes: Outcome, name: str = "made", seed: int = 0) -> Played:
    fine = all(one.right for one in outcomes)
    row = Row(name=name, seed=seed, at=900, side_right=fine, right=fine)
    return Played(name=name, seed=seed, rows=(row,), outcomes=outcomes, reliability=Reliability())


def runs(right: int, wrong: int) -> list[Played]:
    return [
        run(SAID if number < right else UNSAID, seed=number) for number in range(right + wrong)
    ]


def test_the_summary_counts_runs_and_incidents() -> None:
    found = report([run(SAID, UNSAID), run(SAID, seed=1)]).summary["900"]
    assert (found.n, found.side_right, found.right) == (2, 0.5, 0.5)
    assert (found.missed_filtering, found.insufficient) == (1, 1)


def test_runs_come_out_in_one_order_whatever_order_they_came_in() -> None:
    held = [run(SAID, name=name, seed=seed) for name in "ba" for seed in (1, 0)]
    assert report(held) == report(held[::-1])
    assert [(row.name, row.seed) for row in report(held).scenarios] == [
        ("a", 0), ("a", 1), ("b", 0), ("b", 1),
    ]  # fmt: skip


def test_the_confusion_matrix_has_what_nobody_expects_as_ok() -> None:
    wrong = but(SAID, shown=Cause.SERVICE_OUTAGE, right=False)
    quiet = run(name="quiet")
    noisy = but(run(SAID, name="noisy"), unexpected=(Cause.GEO_BLOCK,))
    early = but(SAID, at=60, shown=None)
    assert report([run(SAID, wrong, UNSAID, early), quiet, noisy]).confusion == {
        "filtering": {"filtering": 2, "insufficient": 1, "service_outage": 1},
        "ok": {"geo_block": 1, "ok": 1},
    }


@pytest.mark.parametrize(
    ("right", "wrong", "fine"), [(49, 1, True), (92, 8, False), (1, 0, True), (48, 2, False)]
)
def test_good_enough(right: int, wrong: int, *, fine: bool) -> None:
    # Here the side is right as often as the whole, so that the stricter threshold decides.
    assert good(report(runs(right, wrong))) is fine


@pytest.mark.parametrize(("right", "fine"), [(92, True), (91, False)])
def test_the_whole_may_be_wrong_more_often_than_the_side(right: int, *, fine: bool) -> None:
    held = report(runs(100, 0))
    last = but(held.summary["900"], right=right / 100)
    assert good(but(held, summary={"900": last})) is fine


def test_one_false_filtering_is_one_too_many() -> None:
    held = [*runs(99, 0), but(run(SAID, seed=99), false_filtering=(ALARM,))]
    assert report(held).summary["900"].false_filtering == 1
    assert report(held).false_filtering == (ALARM,)
    assert not good(report(held))


def test_it_is_the_last_time_that_decides() -> None:
    held = report(runs(1, 0))
    bad = but(held.summary["900"], right=0.0)
    assert good(but(held, summary={"60": bad, **held.summary}))
    assert not good(but(held, summary={"1000": bad, **held.summary}))
    assert not good(report([]))


def test_delays_by_the_number_of_networks() -> None:
    seen = tuple(
        Detection(networks=networks, rounds=rounds)
        for networks, rounds in ((0, 1.0), (1, None), (3, 2.0), (3, 4.0), (4, 1.0), (9, None))
    )
    found = report([but(run(SAID), detections=seen)]).delay
    assert list(found) == ["everywhere", "1", "3", "4+"]
    assert (found["1"].n, found["1"].never, found["1"].median) == (1, 1, None)
    assert (found["3"].median, found["3"].p95) == (2, 4)
    assert (found["4+"].median, found["4+"].p95, found["4+"].never) == (1, None, 1)


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_one_of_the_values_and_so_many_do_not_exceed_it(
    values: list[float], share: float
) -> None:
    found = quantile(values, share)
    assert found is not None
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


def test_never_is_no_number() -> None:
    assert quantile([], 0.5) is None
    assert quantile([1, math.inf], 0.5) == 1
    assert quantile([1, math.inf], 0.9) is None


def test_a_quiet_time_is_pooled_beside_the_scenarios_own_figure() -> None:
    own, calm = Reliability(), Reliability()
    own.leading.add(1.0, right=False)
    for _ in range(99):
        calm.leading.add(1.0, right=True)
    held = [but(run(SAID), reliability=own)]
    found = pooled(report(held), held, [calm])
    assert found.ece == pytest.approx(1)
    assert found.ece_pooled == pytest.approx(0.01)
    assert own.leading.total == 1


def test_it_has_the_agreed_form() -> None:
    plain = msgspec.to_builtins(report([run(SAID)], ["bad.yaml: it is empty"]))
    assert msgspec.convert(plain, Report) == report([run(SAID)], ["bad.yaml: it is empty"])
    assert {"scenarios", "summary", "brier", "ece"} <= set(plain)
    assert {
        "name", "seed", "at", "expected", "answered", "side_right", "right", "seconds_to_right",
    } <= set(plain["scenarios"][0])  # fmt: skip
    assert {
        "n", "side_right", "right", "false_filtering", "missed_filtering", "insufficient",
    } <= set(plain["summary"]["900"])  # fmt: skip
