"""The tables name what was wrong, and show text of others as text."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console, RenderableType

from probe.lab.score.calm import World
from probe.lab.score.outcome import Alarm, Detection, Misstatement, Played, Row
from probe.lab.score.quiet import Watched
from probe.lab.score.quiet import report as quiet_report
from probe.lab.score.reliability import Reliability
from probe.lab.score.summary import report
from probe.lab.score.table import columns, quiet_tables, tables
from probe.model import Cause, State
from tests.lab.score.made import FILTERED, but

TOLD = [state for state in State if state is not State.INSUFFICIENT]


def shown(parts: Iterable[RenderableType]) -> str:
    out = io.StringIO()
    console = Console(file=out, width=200)
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, str))
    return out.getvalue()


def run(name: str, *, right: bool) -> Played:
    row = Row(
        name=name,
        seed=0,
        at=900,
        expected=(Cause.FILTERING,),
        side_right=right,
        right=right,
        seconds_to_right=120 if right else None,
        said=() if right else ("geo_block likely [red]",),
    )
    return Played(
        name=name,
        seed=0,
        rows=(row,),
        outcomes=(),
        detections=(Detection(networks=3, rounds=2),),
        reliability=Reliability(),
    )


def test_a_good_score() -> None:
    text = shown(tables(report([run("one", right=True)])))
    assert "1/1" in text
    assert "120" in text
    assert "100.0%" in text
    assert "was not right" not in text


def test_what_was_wrong_is_told_in_its_own_words() -> None:
    alarm = Alarm(name="two", seed=3, at=60, statement="Blocked [bold]here[/bold].")
    bad = but(run("two", right=False), false_filtering=(alarm,))
    text = shown(tables(report([run("one", right=True), bad], ["bad.yaml: it is [empty]"])))
    assert "geo_block likely [red]" in text
    assert "two, seed 3, 60 s: Blocked [bold]here[/bold]." in text
    assert "bad.yaml: it is [empty]" in text


def test_what_was_said_falsely_for_a_while_is_counted_by_how_sure_it_was() -> None:
    wrong = Misstatement(
        name="one", seed=0, at=60, cause=Cause.GEO_BLOCK, state=State.SUSPECTED, statement="…"
    )
    assert "where it was not so" not in shown(tables(report([run("one", right=True)])))
    text = shown(tables(report([but(run("one", right=True), misstated=(wrong, wrong))])))
    (line,) = [line for line in text.splitlines() if "geo_block" in line]
    counted = [int(cell) for cell in line.strip("│ ").split("│")[1:]]
    assert dict(zip(TOLD, counted, strict=True))[State.SUSPECTED] == sum(counted) == 2


def test_columns_follow_the_rows_and_nothing_comes_last() -> None:
    held = report([])
    table = {"filtering": {"ok": 1, "insufficient": 2}, "ok": {"ok": 1, "geo_block": 1}}
    assert columns(but(held, confusion=table)) == ["ok", "geo_block", "insufficient"]
    assert columns(held) == []


def test_a_quiet_week() -> None:
    seen = Watched(told={"a": FILTERED}, reliability=Reliability())
    text = shown(quiet_tables(quiet_report(World(), [seen])))
    assert "likely i1: Twitter is restricted." in text
    assert "1000 series, 10080 rounds" in text
