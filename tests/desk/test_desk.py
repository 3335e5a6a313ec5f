"""From files to an outcome."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec

from probe.desk import desk
from probe.desk.desk import Question
from probe.desk.ordering import Ordered
from probe.desk.outcome import Tally
from probe.model import Cause
from probe.transport import wire
from tests.desk import small
from tests.judge import worlds as w


def test_targets_are_found_with_and_without_a_last_slash() -> None:
    found = desk.targets((small.SERVICE,))
    assert found["https://web.chirp.com/"] == found["https://web.chirp.com"]
    assert found["https://web.chirp.com/"].feature == "web"


def test_files_come_to_an_outcome_and_progress_is_told(tmp_path: Path) -> None:
    file = tmp_path / "some.jsonl"
    file.write_bytes(wire.encode(small.measurements()) + b"{broken\n")
    question, tally = Question(paths=(file,)), Tally()
    passed: list[int] = []
    judged: list[int] = []
    with Ordered() as items:
        desk.collect(question, items, tally, w.START + timedelta(days=1), passed.append)
        found = desk.judge(question, items, tally, judged.append)
    assert sum(passed) == file.stat().st_size
    assert judged[-1] == found.measurements == len(small.measurements())
    assert (found.round_seconds, found.refused) == (5.0, {"malformed_json": 1})
    assert [incident.cause for incident in found.incidents] == [Cause.FILTERING]


def test_what_is_read_and_not_judged_is_counted_by_its_reason() -> None:
    made = small.measurements()
    ahead = [
        msgspec.structs.replace(one, at=one.at + timedelta(hours=2))
        for one in made
        if one.vantage == made[0].vantage
    ]
    others = [one for one in made if one.vantage != made[0].vantage]
    question, tally = Question(paths=()), Tally()
    with Ordered() as items:
        for one in (*others, *others, *ahead):
            items.add(one)
        found = desk.judge(question, items, tally, lambda _: None)
        early = Question(paths=(), at=w.START + timedelta(seconds=30))
        asked = desk.judge(early, items, Tally(), lambda _: None)
    assert found.measurements == len(others)
    assert found.refused == {"repeated": len(others), "clock_ahead": len(ahead)}
    assert len(list(tally.left_out())) == 2
    later = sum(one.at > early.at for one in (*others, *ahead) if early.at)
    assert asked.refused == {"repeated": len(others), "later_than_asked": later}


def test_the_height_of_an_incident_is_where_its_last_words_come_from() -> None:
    question = Question(paths=(), services=(small.SERVICE,), round=timedelta(seconds=5))
    with Ordered() as items:
        for one in small.measurements():
            items.add(one)
        name = desk.judge(question, items, Tally(), lambda _: None).incidents[0].id
        found = desk.height(question, items, name)
        assert desk.height(question, items, "no such") is None
    assert found is not None
    assert (found.incident.id, found.incident.updated) == (name, found.moment.view.now)
    assert (found.last.id, found.end >= found.moment.view.now) == (name, True)
