"""What the desk comes to, and what it refused."""

from __future__ import annotations

from probe.desk.outcome import MOST_SHOWN, Outcome, Tally, outcome, troubled
from probe.desk.reading import Refused
from probe.desk.timeline import PACE, play
from tests.desk import small


def test_refusals_are_counted_and_the_first_few_told() -> None:
    tally = Tally()
    for line in range(MOST_SHOWN + 3):
        tally.add(Refused("a.jsonl", line, "missing_field", "input is missing"))
    told = list(tally.sentences())
    assert told[0] == "a.jsonl:0: input is missing (missing_field)"
    assert told[-1] == "and 3 more lines refused as missing_field"
    assert len(told) == MOST_SHOWN + 1


def test_no_name_of_a_file_moves_the_cursor() -> None:
    tally = Tally()
    tally.add(Refused("\x1b[2J.jsonl", 1, "bad_id", "id is\u202e odd"))
    assert list(tally.sentences()) == ["\ufffd[2J.jsonl:1: id is\ufffd odd (bad_id)"]


def test_nothing_read_is_an_empty_outcome() -> None:
    assert outcome(None, 0, Tally()) == Outcome()


def test_verdicts_of_what_was_tested_are_shown() -> None:
    (last,) = play([small.look()], PACE)
    held = outcome(last, 1, Tally())
    assert [v.network for v in troubled(held.verdicts)] == [0, 137]
    assert held.at == last.view.now
