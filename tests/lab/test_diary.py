"""The book of a run: what is new is told once; settled is right for a round, long enough after."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from probe.lab import library
from probe.lab.diary import Diary
from probe.model import Cause, Incident, Scope, State
from probe.web import render

AT = datetime(2021, 6, 5, tzinfo=UTC)
SCENARIO = library.load("ng-2021-06-05")
PACE = SCENARIO.kernel_round / SCENARIO.round
FILTERED = Incident(
    id="i1",
    service="twitter",
    features=("web",),
    cause=Cause.FILTERING,
    state=State.LIKELY,
    scope=Scope.COUNTRIES,
    countries=("NG",),
    mechanisms=("tls.sni_drop",),
    opened=AT,
    updated=AT,
    statement="Restricted.",
)


@pytest.fixture
def diary() -> Diary:
    return Diary(SCENARIO, PACE)


def test_a_statement_is_told_once_until_it_says_something_else(diary: Diary) -> None:
    (said,) = diary.note(11, (FILTERED,))
    assert said.right
    assert diary.note(12, (FILTERED,)) == ()
    recounted = msgspec.structs.replace(FILTERED, statement="Restricted, on 5 vantages.")
    assert diary.note(13, (recounted,)) == ()
    surer = msgspec.structs.replace(FILTERED, state=State.CONFIRMED)
    assert [news.incident for news in diary.note(14, (surer,))] == [surer]
    assert len(diary.note(15, (msgspec.structs.replace(surer, closed=AT),))) == 1


def test_seconds_are_real_and_rounds_are_rounds(diary: Diary) -> None:
    onset = SCENARIO.expected[0].onset * PACE
    diary.note(onset - 1, ())
    diary.note(onset + 5, (FILTERED,))
    result = diary.result("kernel")
    assert result.right
    assert result.seconds_to_right == pytest.approx(5)
    assert result.rounds_to_right == pytest.approx(1)


def test_it_is_settled_a_round_after_and_four_rounds_into_the_fault(diary: Diary) -> None:
    onset = SCENARIO.expected[0].onset * PACE
    diary.note(onset + 5, (FILTERED,))
    assert not diary.settled(onset + 19)
    assert diary.settled(onset + 20)


def test_a_late_answer_has_to_stand_for_a_round(diary: Diary) -> None:
    onset = SCENARIO.expected[0].onset * PACE
    diary.note(onset + 18, (FILTERED,))
    assert not diary.settled(onset + 22)
    assert diary.settled(onset + 23)


def test_nothing_said_is_not_settled_and_not_right(diary: Diary) -> None:
    diary.note(40, ())
    assert not diary.settled(49)
    assert not diary.result("kernel").right


def test_a_quiet_day_is_never_settled_before_its_end() -> None:
    quiet = Diary(library.load("quiet-day"), PACE)
    quiet.note(1, ())
    assert not quiet.settled(1000)
    assert quiet.result("kernel").right


def test_what_was_false_is_in_the_result(diary: Diary) -> None:
    diary.note(1, (FILTERED,))
    assert diary.result("kernel").false_seen == (render.incident(FILTERED),)
