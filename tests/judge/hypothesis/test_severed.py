"""What is said of those that are lost, and of those that are not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from probe.judge.health import Condition, Health
from probe.judge.hypothesis.severed import SENTENCES, Loss, evidence, verdict
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.judge.view import View
from probe.model import CONTROL, Cause, Reach, State
from tests.judge import worlds as w

(WHO,) = w.networks(("TR", 47330, (1,)))
VIEW = View(now=w.START + timedelta(seconds=30), round=timedelta(seconds=5))


def tried(number: int, maker: w.Maker) -> Sight:
    at = w.START + timedelta(seconds=number)
    case = w.Case(WHO, CONTROL, Reach.FOREIGN.value, "foreign-0", at)
    return read(w.measurement(case, maker(case)))


def health(condition: Condition, *abroad: Sight) -> Health:
    return Health(
        vantage=WHO, condition=condition, controls=abroad[-1:], abroad=abroad, shown=True
    )


@pytest.mark.parametrize("condition", Condition)
def test_each_condition_has_its_sentence(condition: Condition) -> None:
    piece = evidence(health(condition, tried(1, w.ok)))
    assert (piece.rule, piece.sentence) == (f"health.{condition.value}", SENTENCES[condition])


def test_who_loses_a_part_shows_the_newest_try_that_failed() -> None:
    tries = [tried(1, w.unplugged), tried(2, w.unplugged), tried(3, w.ok)]
    assert evidence(health(Condition.LOSING, *tries)).measurement == tries[1].id


def test_a_loss_is_a_disruption_as_sure_as_it_is_and_what_is_none_is_not() -> None:
    held = health(Condition.CUT, tried(1, w.unplugged))
    loss = Loss(lost=(held,), support=0.9, state=State.LIKELY, rounds=4)
    told = verdict(("TR", 0), [held], loss, VIEW)
    assert (told.leading, told.state, told.rounds) == (
        Cause.NETWORK_DISRUPTION, State.LIKELY, 4,
    )  # fmt: skip
    assert told.mechanisms == ("ip.shutdown_stealth",)
    well = health(Condition.WELL, tried(1, w.ok))
    assert verdict(("TR", 0), [well], None, VIEW).leading is Cause.OK


def test_what_loses_a_part_is_no_shutdown() -> None:
    held = health(Condition.LOSING, tried(1, w.unplugged))
    loss = Loss(lost=(held,), support=0.8, state=State.SUSPECTED, rounds=4)
    assert verdict(("TR", 0), [held], loss, VIEW).mechanisms == ()
