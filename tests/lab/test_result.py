"""News and results go over a pipe and to users as JSON."""

from __future__ import annotations

import msgspec
import pytest

from probe.lab import library, line
from probe.lab.result import NEWS, Done, Failed, Happened, News, Phase, RunResult, Tick

RESULT = RunResult(scenario="demo", on="kernel", expected=library.load("demo").expected)


@pytest.mark.parametrize(
    "news",
    [
        Phase(text="starting"),
        Happened(at=1.5, text="begins"),
        Tick(at=1, length=50, heard=3, of=4),
        Failed(reason="why", logs="there"),
        Done(result=RESULT),
    ],
    ids=lambda news: type(news).__name__,
)
def test_news_goes_there_and_back(news: News) -> None:
    assert NEWS.decode(line.encode(news)) == news


def test_the_result_has_the_fields_of_the_contract() -> None:
    fields = set(msgspec.json.decode(line.encode(RESULT)))
    assert {"verdicts", "incidents", "expected", "right", "seconds_to_right"} <= fields
