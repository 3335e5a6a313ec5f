"""`probe lab score` and `probe lab quiet`: how good the judge is, in figures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from probe.model.country import CODES

if TYPE_CHECKING:  # a quick `probe --help` loads none of this
    from rich.console import RenderableType

    from probe.lab.score.calm import World
    from probe.lab.score.quiet import Watched

THRESHOLDS = (
    "Exit 0 when no incident was falsely confirmed as filtering and, at the last time, the side "
    "is right in at least 98 % of the runs and cause, scope and places in at least 92 %; else 1. "
    "A file that is no scenario is refused alone and named; the exit is then 2."
)
LONGEST = 366
WIDE = 160
"""Columns of a file or a pipe, where no terminal says how many there are."""
CALM = (
    "A made world in which nothing happens but the bursty noise of ordinary networks. Exit 0 when "
    "at most 1 incident was confirmed, and none as filtering; else 1."
)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    scoring = commands.add_parser(
        "score",
        help="scenarios under many seeds: expected, answered, how sure and how soon",
        description=f"Plays scenarios on the simulated lab and scores what is said. {THRESHOLDS}",
    )
    scoring.add_argument(
        "scenarios", nargs="*", metavar="FILE|DIR|NAME", help="the whole library by default"
    )
    scoring.add_argument(
        "--at", type=_times, default=(60, 300, 900), help="seconds after the onset (60,300,900)"
    )
    scoring.add_argument("--seeds", type=_count, default=10, help="plays of each scenario (10)")
    scoring.add_argument(
        "--with-quiet", type=_span, metavar="HOURS", help="pool the ECE with so long a quiet time"
    )
    _common(scoring)
    scoring.set_defaults(func=score)
    calm = commands.add_parser("quiet", help="false alarms of quiet weeks", description=CALM)
    calm.add_argument("--services", type=_count, default=20, help="20 by default")
    calm.add_argument("--countries", type=_countries, default=50, help="50 by default")
    calm.add_argument("--networks", type=_count, default=3, help="of each country (3)")
    calm.add_argument("--days", type=_span, default=7.0, help="virtual days (7)")
    calm.add_argument("--seed", type=int, default=0, help="of the noise (0)")
    _common(calm)
    calm.set_defaults(func=quiet)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=_count, help="processes (one for each core)")
    parser.add_argument("--json", action="store_true", help="the whole outcome as JSON")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write JSON and pictures there")


def _times(text: str) -> tuple[int, ...]:
    return tuple(sorted({_count(part) for part in text.split(",")}))


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 1 or more")
    return number


def _countries(text: str) -> int:
    if (number := _count(text)) > len(CODES):
        raise argparse.ArgumentTypeError(
            f"{text} is more than the {len(CODES)} countries there are"
        )
    return number


def _span(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= LONGEST:  # also refuses what is no number
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0, to {LONGEST}")
    return number


def score(arguments: argparse.Namespace) -> int:
    from probe.cli.bar import bar  # noqa: PLC0415
    from probe.lab.score import batch, files, fleet, simulated, summary  # noqa: PLC0415
    from probe.lab.score.calm import World  # noqa: PLC0415
    from probe.lab.score.chosen import chosen  # noqa: PLC0415
    from probe.lab.score.table import tables  # noqa: PLC0415

    scenarios, refused = chosen(arguments.scenarios)
    for reason in refused:
        sys.stderr.write(f"probe: {reason}\n")
    if not scenarios:
        return 2
    jobs = arguments.jobs or fleet.cores()
    todo = batch.lots(scenarios, arguments.seeds, arguments.at, jobs)
    with bar("playing", sum(len(lot.seeds) for lot in todo)) as tick:
        played = [one for held in fleet.each(simulated.play, todo, jobs, tick) for one in held]
    found = summary.report(played, refused)
    if arguments.with_quiet is not None:
        calm = _watched(World(rounds=_rounds(arguments.with_quiet / 24)), 0, jobs)
        found = summary.pooled(found, played, [seen.reliability for seen in calm])
    _tell(files.text(found), tables(found), as_json=arguments.json)
    if arguments.out is not None:
        files.save_score(arguments.out, found)
    if refused:
        sys.stderr.write(f"probe: {len(refused)} of {len(refused) + len(scenarios)} refused\n")
        return 2
    return 0 if summary.good(found) else 1


def quiet(arguments: argparse.Namespace) -> int:
    from probe.lab.score import files, fleet  # noqa: PLC0415
    from probe.lab.score import quiet as calm  # noqa: PLC0415
    from probe.lab.score.calm import World  # noqa: PLC0415
    from probe.lab.score.table import quiet_tables  # noqa: PLC0415

    world = World(
        services=arguments.services,
        countries=arguments.countries,
        networks=arguments.networks,
        rounds=_rounds(arguments.days),
    )
    jobs = arguments.jobs or fleet.cores()
    found = calm.report(world, _watched(world, arguments.seed, jobs))
    _tell(files.text(found), quiet_tables(found), as_json=arguments.json)
    if arguments.out is not None:
        files.save_quiet(arguments.out, found)
    return 0 if calm.good(found) else 1


def _rounds(days: float) -> int:
    return max(1, round(days * 1440))


def _watched(world: World, seed: int, jobs: int) -> list[Watched]:
    from probe.cli.bar import bar  # noqa: PLC0415
    from probe.lab.score import fleet, quiet, simulated  # noqa: PLC0415

    todo = quiet.shards(world, seed, jobs)
    with bar("watching", world.rounds * len(todo)) as tick:
        return list(fleet.each(simulated.watch, todo, jobs, tick))


def _tell(text: str, shown: Iterable[RenderableType], *, as_json: bool) -> None:
    from rich.console import Console  # noqa: PLC0415

    if as_json:
        sys.stdout.write(text)
        return
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    for part in shown:
        console.print(part, highlight=False, soft_wrap=isinstance(part, str))
