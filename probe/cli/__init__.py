"""The command line: argv to one call; exit 0 done, 1 it ran and the answer is bad, 2 usage or configuration."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Protocol, cast

from probe import __version__
from probe.cli import output
from probe.config.load import ConfigError

COMMANDS = ("check", "agent", "correlator", "reference", "up", "judge", "export", "lab", "demo")
"""Each is a module here with `add(subparsers)`, in the order a newcomer meets them."""


class Command(Protocol):
    """What a command's module offers."""

    def add(self, subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        """Declare the command's arguments and set `func`."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    return output.held(lambda: _called(argv))


def _called(argv: Sequence[str] | None) -> int:
    given = sys.argv[1:] if argv is None else list(argv)
    named = [name for name in COMMANDS if given[:1] == [name]]
    # A daemon holds for its whole life what is imported: not what other commands need.
    arguments = parser(named or COMMANDS).parse_args(given)
    run = cast("Callable[[argparse.Namespace], int]", arguments.func)
    try:
        return run(arguments)
    except ConfigError as error:
        sys.stderr.write(f"probe: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="probe",
        description="Is it the service, is it my country, or is it me? "
        "Agents in many countries measure, one correlator says what it means.",
    )
    top.add_argument("--version", action="version", version=f"probe {__version__}")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in names:
        cast("Command", import_module(f"probe.cli.{name}")).add(subparsers)
    return top
