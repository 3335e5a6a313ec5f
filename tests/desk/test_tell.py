"""An outcome in words."""

from __future__ import annotations

import io

from msgspec.structs import replace
from rich.console import Console

from probe.desk.outcome import Outcome, Tally, outcome
from probe.desk.tell import tell
from probe.desk.timeline import PACE, play
from probe.model import Cause
from probe.model.letters import commands
from tests.desk import small
from tests.interop import made as m


def told(held: Outcome, width: int = 200) -> str:
    out = io.StringIO()
    tell(held, Console(file=out, width=width))
    return out.getvalue()


def test_verdicts_and_statements_are_told() -> None:
    bogon = small.look(queries=[m.query("10.0.0.1"), m.query(m.SITE, engine="doh")])
    (last,) = play([bogon], PACE)
    text = told(outcome(last, 1, Tally()))
    assert "dns.injection.bogon" in text
    assert "Likely: measurements show www.example.com restricted in Italy on AS137" in text
    assert "the name resolves to a private address here" in text
    assert "1 measurements, 1 judgings, a round of 3600 s" in text


def test_the_strongest_evidence_and_what_the_probes_are_worth_are_told() -> None:
    bogon = small.look(queries=[m.query("10.0.0.1"), m.query(m.SITE, engine="doh")])
    (last,) = play([bogon], PACE)
    heading, row, *_ = told(outcome(last, 1, Tally())).splitlines()
    assert heading.split()[-4:] == ["sure", "worth", "evidence", "mechanisms"]
    assert "likely 0.94 1     pair.bogon +4.6 dns.injection.bogon" in row


def test_on_a_narrow_terminal_no_word_is_broken() -> None:
    bogon = small.look(queries=[m.query("10.0.0.1"), m.query(m.SITE, engine="doh")])
    (last,) = play([bogon], PACE)
    table = told(outcome(last, 1, Tally()), 80).split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 80
    for word in ("filtering", "likely", "evidence", "feature", "pair.bogon"):
        assert word in table
    assert "mechanisms" not in table


def test_nothing_is_told_as_such() -> None:
    assert "No measurement could be read." in told(Outcome())


def test_what_is_open_at_the_end_is_not_said_to_last_until_now() -> None:
    bogon = small.look(queries=[m.query("10.0.0.1"), m.query(m.SITE, engine="doh")])
    (last,) = play([bogon], PACE)
    text = told(outcome(last, 1, Tally()))
    assert (
        f"from {bogon.own.at:%Y-%m-%d %H:%M}, still open at {last.view.now:%Y-%m-%d %H:%M} UTC"
        in text
    )


def test_measurements_that_all_came_later_than_asked_could_be_read() -> None:
    held = Outcome(refused={"later_than_asked": 12})
    assert "Nothing was measured by then: 12 measurements are of later than --at." in told(held)


def test_what_is_not_judged_is_no_line_refused() -> None:
    (last,) = play([small.look()], PACE)
    held = outcome(last, 1, Tally())
    said = told(replace(held, refused={"repeated": 5, "bad_id": 2}))
    assert "UTC, 5 more not judged, 2 lines refused." in said


def test_a_terminal_obeys_nothing_that_was_measured() -> None:
    (last,) = play([small.look()], PACE)
    held = outcome(last, 1, Tally())
    odd = "\x1b]0;a\x1b\\\x9b2J\u202e\x00"
    shown = replace(held.verdicts[1], service=odd, leading=Cause.FILTERING)
    said = told(replace(held, verdicts=(shown,)))
    assert "\ufffd]0;a\ufffd\\\ufffd2J\ufffd\ufffd" in said
    assert not commands(said.replace("\n", ""))
