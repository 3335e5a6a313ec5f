"""`probe judge`: verdicts and incidents from stored measurements, ours and OONI's, mixed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from probe.config.load import catalogue
from probe.model.letters import tame

if TYPE_CHECKING:  # a quick `probe --help` loads none of this
    from probe.desk.desk import Question
    from probe.desk.ordering import Ordered
    from probe.desk.outcome import Tally


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "judge",
        help="verdicts offline, from stored measurements: ours or OONI's, mixed",
        description="Judge measurements as they would have been judged when they were made. "
        "A file holds JSON Lines of ours, as `probe lab run --record` and the agents write them, "
        "or OONI's web_connectivity; compressed too (.gz, .xz, .bz2, and .zst where Python or "
        "backports.zstd reads it), and - for standard input. "
        "Exit 0 when something was judged, 1 when nothing could be.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="everything, as JSON")
    parser.add_argument(
        "--explain", metavar="INCIDENT", help="every step from measurement to sentence"
    )
    parser.add_argument("--catalogue", type=Path, metavar="FILE", help="the services, by name")
    parser.add_argument(
        "--origins", type=Path, metavar="FILE",
        help="a MaxMind-format database of networks, such as GeoLite2-ASN.mmdb",
    )  # fmt: skip
    parser.add_argument(
        "--at",
        type=_time,
        metavar="TIME",
        help="judge as if it were then, also where nothing more came, such as 2026-03-01T12:00:00Z; in UTC where it names no zone",
    )
    parser.add_argument(
        "--round", type=_seconds, metavar="SECONDS",
        help="between two looks of one probe host (default: told by the data)",
    )  # fmt: skip
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    from probe.desk.desk import Question, doubted  # noqa: PLC0415 — `probe --help` stays quick
    from probe.desk.ordering import Ordered  # noqa: PLC0415
    from probe.desk.outcome import Tally  # noqa: PLC0415
    from probe.origin import Origins  # noqa: PLC0415

    services = catalogue(arguments.catalogue).services if arguments.catalogue else ()
    question = Question(
        paths=tuple(arguments.files), services=services, round=arguments.round, at=arguments.at,
        origins=Origins(arguments.origins) if arguments.origins else None,
    )  # fmt: skip
    tally = Tally()
    with Ordered() as items:
        _collect(question, items, tally)
        for sentence in (*tally.sentences(), *doubted(question, items)):
            sys.stderr.write(f"probe judge: {sentence}\n")
        if arguments.explain:
            return _explain(question, items, arguments.explain, as_json=arguments.json)
        return _judge(question, items, tally, as_json=arguments.json)


def _collect(question: Question, items: Ordered, tally: Tally) -> None:
    from probe.clock import SystemClock  # noqa: PLC0415
    from probe.desk import desk, lines  # noqa: PLC0415

    sizes = [lines.size(path) for path in question.paths]
    total = sum(size or 0 for size in sizes) if None not in sizes else None
    with _progress("reading", total) as (on, _):
        desk.collect(question, items, tally, SystemClock().now(), on)


def _judge(question: Question, items: Ordered, tally: Tally, *, as_json: bool) -> int:
    from rich.console import Console  # noqa: PLC0415

    from probe.desk import desk  # noqa: PLC0415
    from probe.desk.tell import tell  # noqa: PLC0415
    from probe.lab import line  # noqa: PLC0415

    with _progress("judging", items.count) as (_, to):
        found = desk.judge(question, items, tally, to)
    for sentence in tally.left_out():
        sys.stderr.write(f"probe judge: {sentence}\n")
    if as_json:
        sys.stdout.write(line.encode(found).decode())
    else:
        tell(found, Console())
    return 0 if found.measurements else 1


def _explain(question: Question, items: Ordered, name: str, *, as_json: bool) -> int:
    from rich.console import Console  # noqa: PLC0415

    from probe.desk.explain import explain  # noqa: PLC0415
    from probe.desk.recount import recount  # noqa: PLC0415
    from probe.lab import line  # noqa: PLC0415

    found = explain(question, items, name)
    if found is None:
        sys.stderr.write(
            f"probe judge: no incident is named {tame(name)}; without --explain they are all listed\n"
        )
        return 2
    if as_json:
        sys.stdout.write(line.encode(found).decode())
    else:
        recount(found, Console())
    return 0


Step = Callable[[int], None]


@contextmanager
def _progress(what: str, total: int | None) -> Iterator[tuple[Step, Step]]:
    """Two ways to move one bar: on by so many, or to a place."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(what, total=total)
        yield (
            lambda count: progress.update(bar, advance=count),
            lambda place: progress.update(bar, completed=place),
        )


def _time(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # the first and the last day may be of no year
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time; 2026-03-01T12:00:00Z would be one"
        ) from error


def _seconds(text: str) -> timedelta:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 86400:  # noqa: PLR2004 — a second to a day
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1 to 86400")
    return timedelta(seconds=value)
