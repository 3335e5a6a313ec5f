"""An outcome for people: a table of verdicts, and each incident's statement."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from probe.desk.outcome import Outcome, troubled
from probe.web.render import PublicIncident, PublicVerdict

MOST_ROWS = 60
COLOURS = {"ok": "green", "filtering": "red", "throttling": "red", "network_disruption": "red"}
HEADINGS = (
    "service",
    "feature",
    "country",
    "network",
    "leading",
    "state",
    "confidence",
    "mechanisms",
)


def tell(held: Outcome, console: Console) -> None:
    """Print verdicts of the end, and every incident in the order in which they opened."""
    shown = troubled(held.verdicts)
    if shown:
        console.print(_table(shown))
    if len(shown) > MOST_ROWS:
        console.print(f"… and {len(shown) - MOST_ROWS} more verdicts; --json has them all")
    for line in _incidents(held.incidents):
        console.print(line, soft_wrap=True, highlight=False)
    console.print(_basis(held), soft_wrap=True, highlight=False)


def _table(shown: list[PublicVerdict]) -> Table:
    table = Table(*(Column(name, overflow="fold") for name in HEADINGS), box=None, pad_edge=False)
    for v in shown[:MOST_ROWS]:
        colour = COLOURS.get(v.leading.value, "yellow")
        table.add_row(
            escape(v.service), escape(v.feature), v.country,
            f"AS{v.network}" if v.network else "all", f"[{colour}]{v.leading.value}[/{colour}]",
            v.state.value, f"{v.confidence:.2f}", ", ".join(v.mechanisms),
        )  # fmt: skip
    return table


def _incidents(incidents: Iterable[PublicIncident]) -> Iterable[str]:
    for held in incidents:
        until = f"{held.closed:%Y-%m-%d %H:%M}" if held.closed else "now"
        yield f"\n[bold]{escape(held.id)}[/bold]  {held.opened:%Y-%m-%d %H:%M} to {until} UTC"
        yield escape(held.statement)


def _basis(held: Outcome) -> str:
    if held.at is None:
        return "No measurement could be read."
    refused = sum(held.refused.values())
    also = f", {refused} lines refused" if refused else ""
    many = "" if held.incidents else " No incident."
    return (
        f"\n[dim]{held.measurements} measurements, {held.judgings} judgings, a round of "
        f"{held.round_seconds:g} s, to {held.at:%Y-%m-%d %H:%M:%S} UTC{also}.{many}[/dim]"
    )
