"""`probe lab`: scenarios listed, shown, run end to end beside the truth, and scored."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from probe.cli import score

if TYPE_CHECKING:  # a quick `probe --help` loads none of this
    from collections.abc import Generator

    from probe.lab.result import Done, News


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    lab = subparsers.add_parser("lab", help="scenarios: list, show, run one beside the truth")
    commands = lab.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="the scenarios that come with it")
    listing.set_defaults(func=list_scenarios)
    showing = commands.add_parser("show", help="one scenario's story, world and timeline")
    showing.add_argument("scenario", help="a name from the list, or a YAML file")
    showing.set_defaults(func=show)
    _add_run(commands)
    score.add(commands)


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    running = commands.add_parser(
        "run", help="one scenario end to end; exit 0 when what is said is what is true"
    )
    running.add_argument("scenario", help="a name from the list, or a YAML file")
    running.add_argument(
        "--on",
        choices=["kernel", "simulated"],
        default="kernel",
        help="real packets (the default), or virtual time: nothing is sent and nobody waits",
    )
    running.add_argument(
        "--seed", type=int, metavar="N", help="of the simulated lab's noise and times (default 0)"
    )
    running.add_argument("--json", action="store_true", help="the whole outcome as JSON")
    running.add_argument(
        "--record", type=Path, metavar="FILE",
        help="keep the measurements as JSON Lines, compressed where FILE ends in .xz or .gz",
    )  # fmt: skip
    running.add_argument(
        "--disturbed",
        action="store_true",
        help="kill one agent and break another's resolver beforehand; what is true stays true",
    )
    running.add_argument(
        "--full", action="store_true", help="play to the end, also when all is right before"
    )
    running.add_argument(
        "--targets",
        type=Path,
        metavar="FILE",
        help="write there, for a file_sd of Prometheus, where agents and correlator are scraped",
    )
    running.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="`webhooks` for the correlator, and a web `config_file` for what --targets names",
    )
    running.add_argument(
        "--keep-logs", type=Path, metavar="DIR", help="keep configurations, stores and logs there"
    )
    running.set_defaults(func=run)


def list_scenarios(_arguments: argparse.Namespace) -> int:
    from probe.lab import library  # noqa: PLC0415

    for name in library.names():
        sys.stdout.write(f"{name:24} {library.load(name).title}\n")
    return 0


def show(arguments: argparse.Namespace) -> int:
    from probe.lab import library  # noqa: PLC0415
    from probe.lab.show import story  # noqa: PLC0415
    from probe.lab.simulated.run import unplayable  # noqa: PLC0415

    shown = library.load(arguments.scenario, also=unplayable)
    sys.stdout.write("\n".join(story(shown)) + "\n")
    return 0


def run(arguments: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from probe.lab.result import Done  # noqa: PLC0415
    from probe.lab.show import follow  # noqa: PLC0415

    strange = _strange(arguments)
    if strange:
        other = "simulated" if arguments.on == "kernel" else "kernel"
        sys.stderr.write(f"probe lab run: {strange} goes with --on {other}; leave it out\n")
        return 2
    playing = _simulated if arguments.on == "simulated" else _kernel
    with closing(playing(arguments)) as news:
        last = follow(news, Console(stderr=True))
    if not isinstance(last, Done):
        reason = f"{last.reason}; logs: {last.logs}" if last else "it ended without a result"
        sys.stderr.write(f"probe lab run: {reason}\n")
        return 1
    return _report(last, as_json=arguments.json)


def _strange(arguments: argparse.Namespace) -> str:
    """Name an option that the chosen kind of lab does not have; empty where there is none."""
    if arguments.on == "kernel":
        return "" if arguments.seed is None else "--seed"
    for name in ("targets", "settings", "keep_logs"):
        if getattr(arguments, name) is not None:
            return f"--{name.replace('_', '-')}"
    return ""


def _simulated(arguments: argparse.Namespace) -> Generator[News, None, None]:
    from probe.lab.simulated import run as simulated  # noqa: PLC0415

    options = simulated.Options(
        seed=arguments.seed or 0, disturbed=arguments.disturbed, record=arguments.record
    )
    return simulated.run(arguments.scenario, options)


def _kernel(arguments: argparse.Namespace) -> Generator[News, None, None]:
    from probe.lab.kernel import run as kernel  # noqa: PLC0415

    options = kernel.Options(
        disturbed=arguments.disturbed,
        full=arguments.full,
        record=arguments.record,
        logs=arguments.keep_logs,
        targets=arguments.targets,
        settings=arguments.settings,
    )
    return kernel.run(arguments.scenario, options)


def _report(done: Done, *, as_json: bool) -> int:
    from rich.console import Console  # noqa: PLC0415

    from probe.lab import line  # noqa: PLC0415
    from probe.lab.show import outcome  # noqa: PLC0415

    if as_json:
        sys.stdout.write(line.encode(done.result).decode())
    else:
        for text in outcome(done.result):
            Console().print(text, soft_wrap=True, highlight=False)
    if done.result.logs:
        sys.stderr.write(f"logs: {done.result.logs}\n")
    return 0 if done.result.right else 1
