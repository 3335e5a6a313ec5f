"""An outcome for people: a table of verdicts, and each incident's statement."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import chain

from rich.console import Console
from rich.markup import escape

from probe.desk.columns import fitted, laid
from probe.desk.outcome import Outcome, troubled
from probe.desk.sieve import Left
from probe.model import Cause
from probe.model.letters import tame
from probe.web.render import PublicIncident, PublicVerdict

MOST_ROWS = 60
MOST_RULES = 12
COLOURS = {"ok": "green", "filtering": "red", "throttling": "red", "network_disruption": "red"}
HEADINGS = (
    "service",
    "feature",
    "country",
    "network",
    "leading",
    "state",
    "sure",
    "worth",
    "evidence",
    "mechanisms",
)
LEADING = HEADINGS.index("leading")
EXPENDABLE = tuple(map(HEADINGS.index, ("mechanisms", "worth", "evidence", "sure")))
"""What a narrow terminal does without, the least important first."""


def tell(held: Outcome, console: Console) -> None:
    """Print verdicts of the end, and every incident in the order in which they opened."""
    shown = troubled(held.verdicts)
    if shown:
        for line in _table(shown[:MOST_ROWS], console.width):
            console.print(line, soft_wrap=True, highlight=False)
    if len(shown) > MOST_ROWS:
        console.print(f"… and {len(shown) - MOST_ROWS} more verdicts; --json has them all")
    for line in chain(_legend(shown[:MOST_ROWS]), _incidents(held)):
        console.print(line, soft_wrap=True, highlight=False)
    console.print(_basis(held), soft_wrap=True, highlight=False)


def _plain(text: str) -> str:
    """As it stands: neither the console nor the terminal finds anything to obey in it."""
    return escape(tame(text))


def _table(shown: list[PublicVerdict], width: int) -> Iterable[str]:
    rows = [_row(v) for v in shown]
    fit = fitted((HEADINGS, *rows), width, EXPENDABLE)
    yield from (f"[bold]{_line(line)}[/bold]" for line in laid(HEADINGS, fit))
    for v, row in zip(shown, rows, strict=True):
        colour = COLOURS.get(v.leading.value, "yellow")
        for line in laid(row, fit):
            at = fit.columns.index(LEADING)
            yield _line(line[:at], f"[{colour}]{line[at]}[/{colour}]", *line[at + 1 :])


def _line(plain: list[str], *more: str) -> str:
    """`more`: the leading cause in its colour, and what follows it."""
    return " ".join([*map(_plain, plain), *more[:1], *map(_plain, more[1:])]).rstrip()


def _row(v: PublicVerdict) -> tuple[str, ...]:
    return (
        v.service, v.feature, v.country, f"AS{v.network}" if v.network else "all",
        v.leading.value, v.state.value, f"{v.confidence:.2f}", f"{v.effective_networks:g}",
        _strongest(v), ", ".join(v.mechanisms),
    )  # fmt: skip


def _strongest(v: PublicVerdict) -> str:
    """The strongest rule and its nats; that nothing is wrong needs none."""
    if v.leading is Cause.OK or not v.strongest:
        return ""
    first = v.strongest[0]
    return first.rule if first.strength is None else f"{first.rule} {first.strength:+.1f}"


def _legend(shown: list[PublicVerdict]) -> Iterable[str]:
    """The rules of the table in words."""
    told = {v.strongest[0].rule: v.strongest[0].sentence for v in shown if _strongest(v)}
    if not told:
        return
    yield (
        "\n[dim]sure: the confidence; worth: how many independent networks the probes behind it count as; "
        "evidence: the strongest, with the nats that one such look adds to the leading cause.[/dim]"
    )
    for rule, sentence in list(told.items())[:MOST_RULES]:
        yield f"  {rule}: {_plain(sentence)}"
    if len(told) > MOST_RULES:
        yield f"  … and {len(told) - MOST_RULES} more rules; --json has them all"


def _incidents(held: Outcome) -> Iterable[str]:
    for told in held.incidents:
        yield f"\n[bold]{_plain(told.id)}[/bold]  {_lasted(told, held.at or told.updated)}"
        yield _plain(told.statement)


def _lasted(told: PublicIncident, end: datetime) -> str:
    """From when to when. The end of what was judged is seldom now."""
    if told.closed is None:
        return f"from {told.opened:%Y-%m-%d %H:%M}, still open at {end:%Y-%m-%d %H:%M} UTC"
    return f"{told.opened:%Y-%m-%d %H:%M} to {told.closed:%Y-%m-%d %H:%M} UTC"


def _basis(held: Outcome) -> str:
    left = sum(held.refused.get(reason, 0) for reason in Left)
    refused = sum(held.refused.values()) - left
    if held.at is None:
        later = held.refused.get(Left.LATER_THAN_ASKED, 0)
        if later:
            return f"Nothing was measured by then: {later} measurements are of later than --at."
        return "No measurement could be read."
    also = f", {left} more not judged" if left else ""
    also += f", {refused} lines refused" if refused else ""
    many = "" if held.incidents else " No incident."
    return (
        f"\n[dim]{held.measurements} measurements, {held.judgings} judgings, a round of "
        f"{held.round_seconds:g} s, to {held.at:%Y-%m-%d %H:%M:%S} UTC{also}.{many}[/dim]"
    )
