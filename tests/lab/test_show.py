"""News on a terminal and off it; outcomes and stories in words."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import msgspec
import pytest
from rich.console import Console

from probe.lab import library
from probe.lab.agenda import describe
from probe.lab.result import Done, Failed, Happened, News, Phase, RunResult, Said, Tick
from probe.lab.show import follow, outcome, story
from probe.lab.truth import Answer
from probe.model import Cause, Incident, Scope, State
from probe.web import render

AT = datetime(2021, 6, 5, tzinfo=UTC)
INCIDENT = Incident(
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
    statement="Twitter is [restricted] in Nigeria.",
)
EXPECTED = library.load("ng-2021-06-05").expected
RESULT = RunResult(
    scenario="ng-2021-06-05",
    on="kernel",
    incidents=(render.incident(INCIDENT),),
    expected=EXPECTED,
    answers=(
        Answer(expected=EXPECTED[0], incident="i1", statement=INCIDENT.statement, seconds=78),
    ),
    right=True,
    seconds_to_right=6.5,
    rounds_to_right=1.3,
    measurements=42,
)
NEWS: list[News] = [
    Phase(text="starting"),
    Tick(at=1, length=50, heard=3, of=4),
    Happened(at=10, text="begins: something"),
    Said(at=12, incident=INCIDENT, right=True),
    Said(at=20, incident=msgspec.structs.replace(INCIDENT, closed=AT), right=False),
    Done(result=RESULT),
    Phase(text="never shown"),
]


@pytest.mark.parametrize("terminal", [True, False])
def test_news_is_shown_until_the_run_is_done(*, terminal: bool) -> None:
    out = io.StringIO()
    last = follow(NEWS, Console(file=out, force_terminal=terminal, width=200))
    assert isinstance(last, Done)
    for text in ("starting", "begins: something", "[restricted]", "likely", "closed"):
        assert text in out.getvalue()
    assert "never shown" not in out.getvalue()


def test_off_a_terminal_there_is_no_bar() -> None:
    out = io.StringIO()
    follow([Tick(at=1, length=50, heard=3, of=4)], Console(file=out))
    assert out.getvalue().strip() == ""


def test_a_failure_ends_it_and_no_end_is_told_as_such() -> None:
    console = Console(file=io.StringIO())
    assert follow([Failed(reason="why")], console) == Failed(reason="why")
    assert follow([], console) is None


def rendered(result: RunResult) -> str:
    out = io.StringIO()
    for text in outcome(result):
        Console(file=out, width=200).print(text)
    return out.getvalue()


def test_a_right_outcome_names_answer_and_time() -> None:
    text = rendered(RESULT)
    assert "expected filtering, countries NG twitter" in text
    assert "Twitter is [restricted] in Nigeria." in text
    assert "right 6.5 s after the onset (1.3 rounds, 42 measurements)" in text


def test_a_wrong_outcome_names_what_is_missing_and_what_is_false() -> None:
    wrong = msgspec.structs.replace(
        RESULT,
        incidents=(),
        answers=(Answer(expected=EXPECTED[0]),),
        right=False,
        seconds_to_right=None,
        false_seen=(INCIDENT,),
    )
    text = rendered(wrong)
    assert "not said, or not so" in text
    assert "false: Twitter is [restricted]" in text
    assert "not right" in text


def test_what_stood_in_the_end_and_answers_nothing_is_named_once() -> None:
    over = msgspec.structs.replace(RESULT, right=False, unanswering=(INCIDENT,))
    assert "answers no expectation as it stands: Twitter is [restricted]" in rendered(over)
    false = msgspec.structs.replace(over, false_seen=(INCIDENT,))
    assert "answers no expectation" not in rendered(false)


def test_a_quiet_outcome_expects_nothing() -> None:
    quiet = RunResult(scenario="quiet-day", on="kernel", right=True, seconds_to_right=0)
    assert "expected: that nothing is said" in rendered(quiet)


@pytest.mark.parametrize("name", library.names())
def test_a_story_names_world_timeline_and_truth(name: str) -> None:
    scenario = library.load(name)
    text = "\n".join(story(scenario))
    for network in scenario.networks:
        assert f"AS{network.asn} {network.name}" in text
    for event in scenario.timeline:
        assert describe(event) in text
    assert scenario.title in text
