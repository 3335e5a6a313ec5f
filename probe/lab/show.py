"""News of a run on a terminal: a live line where there is a terminal, plain lines where there is none."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from probe.lab.agenda import describe
from probe.lab.result import Done, Failed, Happened, News, Phase, RunResult, Said, Tick
from probe.lab.scenario import Expected, Scenario


def follow(news: Iterable[News], console: Console) -> Done | Failed | None:
    """Show news until the run is done or has failed; return that."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[heard]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        bar = progress.add_task("getting ready", total=None, heard="")
        for item in news:
            match item:
                case Tick(at=at, length=length, heard=heard, of=of):
                    progress.update(
                        bar,
                        description=f"{at:5.1f} s",
                        completed=at,
                        total=length,
                        heard=f"{heard} of {of} agents heard",
                    )
                case Done() | Failed():
                    return item
                case Phase() | Happened() | Said():
                    console.print(sentence(item), soft_wrap=True, highlight=False)
    return None


def sentence(news: Phase | Happened | Said) -> str:
    match news:
        case Phase(text=text):
            return f"[dim]{escape(text)}[/dim]"
        case Happened(at=at, text=text):
            return f"{at:6.1f} s  [yellow]{escape(text)}[/yellow]"
        case Said(at=at, incident=incident, right=right):
            word = "closed" if incident.closed else incident.state
            mark = "[green]✓[/green]" if right else "[dim]…[/dim]"
            return f"{at:6.1f} s  {mark} [bold]{word}[/bold]  {escape(incident.statement)}"


def outcome(result: RunResult) -> Iterable[str]:
    """Tell what was expected, what was answered, and how long it took."""
    for answer in result.answers:
        mark = "[green]✓[/green]" if answer.incident else "[red]✗[/red]"
        yield f"{mark} expected {escape(_expectation(answer.expected))}"
        yield f"    {escape(answer.statement or 'not said, or not so')}"
    if not result.expected:
        yield "expected: that nothing is said"
    for incident in result.false_seen:
        yield f"[red]✗ false:[/red] {escape(incident.statement)}"
    told = {incident.id for incident in result.false_seen}
    for incident in result.unanswering:
        if incident.id not in told:
            yield f"[red]✗ answers no expectation as it stands:[/red] {escape(incident.statement)}"
    yield _verdict(result)


def _verdict(result: RunResult) -> str:
    count = f"{result.measurements} measurements"
    if not result.right:
        return f"[red]not right[/red] ({count})"
    if result.seconds_to_right is None or not result.expected:
        return f"[green]right[/green] ({count})"
    rounds = f"{result.rounds_to_right:.1f} rounds" if result.rounds_to_right is not None else ""
    return (
        f"[green]right[/green] {result.seconds_to_right:.1f} s after the onset ({rounds}, {count})"
    )


def story(scenario: Scenario) -> Iterable[str]:
    """Tell a scenario: what happened, in which world, and what must be said of it."""
    yield f"{scenario.name}: {scenario.title}"
    yield scenario.story.strip()
    yield from (f"source: {source}" for source in scenario.sources)
    yield f"{scenario.length / 60:.0f} minutes, in rounds of {scenario.round:.0f} s"
    yield "networks:"
    for network in scenario.networks:
        hosts = f"{network.vantages} probe host{'s' if network.vantages > 1 else ''}"
        yield f"  {network.country} AS{network.asn} {network.name}, {network.kind}, {hosts}"
    for service in scenario.services:
        yield f"{service.name}: {', '.join(feature.id for feature in service.features)}"
    yield "timeline:"
    for event in scenario.timeline:
        until = f" until {event.until:.0f} s" if event.until is not None else ""
        yield f"  {event.at:.0f} s{until}: {describe(event)}"
    yield "expected:" if scenario.expected else "expected: that nothing is said"
    for entry in scenario.expected:
        yield f"  from {entry.onset:.0f} s: {_expectation(entry)}, at least {entry.at_least}"


def _expectation(entry: Expected) -> str:
    where = ", ".join([*entry.countries, *(f"AS{number}" for number in entry.networks)])
    what = ", ".join(filter(None, [entry.service, *entry.features]))
    return " ".join(filter(None, [f"{entry.cause}, {entry.scope}", where, what]))
