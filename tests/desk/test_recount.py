"""An explanation in words."""

from __future__ import annotations

import io

from msgspec.structs import replace
from rich.console import Console

from probe.desk.recount import recount, text
from tests.desk.test_explain import filtered


def test_the_five_steps_are_told_in_order() -> None:
    told = "\n".join(text(filtered()))
    places = [told.index(f"\n{step}. ") for step in range(1, 6)]
    assert places == sorted(places)
    assert "→ tls.reset_name" in told
    assert "gate: what lets filtering be called" in told
    assert told.endswith(filtered().statement)


def test_it_is_printed_as_it_is() -> None:
    out = io.StringIO()
    recount(filtered(), Console(file=out, width=80))
    assert filtered().statement in out.getvalue()


def test_a_terminal_obeys_nothing_that_was_measured() -> None:
    out = io.StringIO()
    odd = replace(filtered(), grouped="\x1b[2J\u202e[bold]x")
    recount(odd, Console(file=out, width=80))
    assert "\ufffd[2J\ufffd[bold]x" in out.getvalue()


def test_which_judging_is_told_and_when_it_began_and_was_first_said() -> None:
    told = "\n".join(text(filtered()))
    assert (
        "the last judging that said anything new of it but its end; the list of incidents is of"
        in told
    )
    assert "began, as the measurements show (`opened` of the incident)" in told
    assert "opened (first said)" in told
