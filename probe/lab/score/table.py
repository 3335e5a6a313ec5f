"""A score as tables on a terminal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from probe.lab.score.outcome import Row
from probe.lab.score.quiet import QuietReport
from probe.lab.score.summary import NOTHING, Report, quantile
from probe.model import State


def tables(found: Report) -> Iterator[RenderableType]:
    """Give them from the details to what they come to."""
    yield _scenarios(found.scenarios)
    yield from _wrong(found.scenarios)
    yield _confusion(found)
    yield _delays(found)
    yield _summary(found)
    yield from _misstated(found)
    yield from _alarms(found)
    pooled = (
        f", with the quiet ones {found.ece_pooled:.3f}" if found.ece_pooled is not None else ""
    )
    yield (
        f"Brier {found.brier:.3f}; ECE {found.ece:.3f} over {found.cells} cells{pooled}, "
        f"{found.ece_told:.3f} where something is said or true, {found.ece_filtering:.3f} of "
        f"filtering alone; {found.untested} cells that nobody could look at"
    )


def quiet_tables(found: QuietReport) -> Iterator[RenderableType]:
    yield _false("incidents that should not be, by the surest state they reached", found.incidents)
    yield from map(escape, found.statements)
    local = ", ".join(f"{number} {state}" for state, number in found.private.items()) or "none"
    yield f"faults of one vantage, blamed on it: {local}"
    yield (
        f"{found.series} series, {found.rounds} rounds, {found.measurements} measurements; "
        f"{found.confirmed} confirmed, {found.filtering_confirmed} of them as filtering; "
        f"ECE {found.ece:.4f} over {found.cells} cells, {found.ece_told:.3f} where something is said"
    )


def _false(title: str, counted: Mapping[str, Mapping[str, int]]) -> Table:
    """Cause → surest state → incidents."""
    table = Table(title=title)
    states = [state.value for state in State if state is not State.INSUFFICIENT]
    for column in ("cause", *states):
        table.add_column(column, justify="right")
    for cause, held in counted.items():
        table.add_row(cause, *(str(held.get(state, 0)) for state in states))
    return table


def _misstated(found: Report) -> Iterator[Table]:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for one in found.misstated:
        counted[one.cause.value][one.state.value] += 1
    if counted:
        yield _false("said at any time where it was not so, by the surest state", counted)


def _scenarios(rows: Sequence[Row]) -> Table:
    times = sorted({row.at for row in rows})
    table = Table(title="right, of all seeds")
    table.add_column("scenario")
    for at in times:
        table.add_column(f"{at} s", justify="right")
    table.add_column("side", justify="right")
    table.add_column("seconds", justify="right")
    for name in dict.fromkeys(row.name for row in rows):
        own = [row for row in rows if row.name == name]
        last = [row for row in own if row.at == times[-1]]
        cells = [_share([row.right for row in own if row.at == at]) for at in times]
        table.add_row(name, *cells, _share([row.side_right for row in last]), _seconds(last))
    return table


def _share(right: Sequence[bool]) -> str:
    colour = "green" if all(right) else "yellow" if any(right) else "red"
    return f"[{colour}]{sum(right)}/{len(right)}[/{colour}]"


def _seconds(rows: Sequence[Row]) -> str:
    """Give the median; a row that is not right took for ever."""
    known = [float("inf") if r.seconds_to_right is None else r.seconds_to_right for r in rows]
    median = quantile(known, 0.5)
    return "–" if median is None else f"{median:.0f}"


def _wrong(rows: Sequence[Row]) -> Iterator[Table]:
    last = max((row.at for row in rows), default=0)
    wrong = [row for row in rows if row.at == last and not row.right]
    if not wrong:
        return
    table = Table(title=f"what was said {last} s after the onset where it was not right")
    for column in ("scenario", "seed", "expected", "said"):
        table.add_column(column, overflow="fold")
    for row in wrong:
        said = escape("\n".join(row.said)) or "nothing"
        table.add_row(row.name, str(row.seed), ", ".join(row.expected) or "nothing", said)
    yield table


def _confusion(found: Report) -> Table:
    answers = columns(found)
    table = Table(title="expected ↓ answered →, incidents at the last time")
    table.add_column("", no_wrap=True)
    for answer in answers:
        table.add_column(answer.replace("_", " "), justify="right")
    for expected, held in found.confusion.items():
        cells = (
            f"[{'green' if answer == expected else 'red'}]{held[answer]}[/]"
            if answer in held
            else ""
            for answer in answers
        )
        table.add_row(expected.replace("_", " "), *cells)
    return table


def columns(found: Report) -> list[str]:
    """Give the answers of the confusion matrix in the order of the expected ones, nothing last."""
    held = {answer for answers in found.confusion.values() for answer in answers}
    known = [cause for cause in found.confusion if cause in held]
    return [*known, *sorted(held - {*known, NOTHING}), *sorted(held & {NOTHING})]


def _delays(found: Report) -> Table:
    table = Table(title="rounds from the onset to the first right answer, at least likely")
    for column in ("networks", "incidents", "median", "95 of 100", "never"):
        table.add_column(column, justify="right")
    for networks, delay in found.delay.items():
        figures = ("–" if v is None else f"{v:.1f}" for v in (delay.median, delay.p95))
        table.add_row(networks, str(delay.n), *figures, str(delay.never))
    return table


def _summary(found: Report) -> Table:
    table = Table(title="summary")
    for column in ("after", "n", "side right", "right", "false filtering", "missed", "nothing"):
        table.add_column(column, justify="right")
    for at, held in found.summary.items():
        table.add_row(
            f"{at} s",
            str(held.n),
            f"{held.side_right:.1%}",
            f"{held.right:.1%}",
            f"[{'red' if held.false_filtering else 'green'}]{held.false_filtering}[/]",
            str(held.missed_filtering),
            str(held.insufficient),
        )
    return table


def _alarms(found: Report) -> Iterator[str]:
    for alarm in found.false_filtering:
        yield (
            f"[red]falsely confirmed as filtering:[/red] {alarm.name}, seed {alarm.seed}, "
            f"{alarm.at:.0f} s: {escape(alarm.statement)}"
        )
    for reason in found.refused:
        yield f"[red]refused:[/red] {escape(reason)}"
