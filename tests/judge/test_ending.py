"""An end is said as exactly as it was seen, and no more so."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from probe.judge.ending import UNSEEN, ended
from probe.model import Cause
from tests.judge import worlds as w
from tests.judge.said import incident
from tests.judge.worlds import World

VIEW = w.view(World(), 0.0, [])


def told(closed: datetime, gone: datetime | None = None, words: str = "It fails.") -> str:
    over = msgspec.structs.replace(incident(Cause.FILTERING), closed=closed, gone=gone)
    return ended(over, words, VIEW)


def later(rounds: float) -> datetime:
    return w.START + rounds * VIEW.round


def test_an_end_that_was_seen_has_its_time() -> None:
    assert told(w.START) == "Ended at 12:00 UTC. Said until then: It fails."
    assert told(w.START, later(VIEW.rounds)) == "Ended at 12:00 UTC. Said until then: It fails."


def test_of_a_time_in_which_nobody_looked_only_its_limits_are_said() -> None:
    gone = w.START + timedelta(minutes=16)
    assert told(w.START, gone) == "Ended between 12:00 and 12:16 UTC. Said until then: It fails."


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "Ended between 12:00 UTC and 12:00 UTC on 2 March."),
        (1, "Ended between 12:00 UTC on 2 March and 12:00 UTC on 3 March."),
    ],
)
def test_days_are_said_where_they_are_others(days: int, said: str) -> None:
    closed = w.START + timedelta(days=days)
    assert told(closed, closed + timedelta(days=1)).startswith(said)


def test_limits_of_one_later_day_name_it_once() -> None:
    closed = w.START + timedelta(days=1)
    said = told(closed, closed + timedelta(hours=2))
    assert said.startswith("Ended between 12:00 and 14:00 UTC on 2 March. ")


def test_what_nobody_could_tell_of_since_was_last_seen() -> None:
    said = told(w.START, words=f"It fails.{UNSEEN}")
    assert (
        said
        == "Last seen at 12:00 UTC; no probe there could tell of it since. Said until then: It fails."
    )
