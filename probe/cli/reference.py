"""`probe reference CONFIG`: a server of ours that differential tests are held against."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = subparsers.add_parser(
        "reference",
        help="a small server of ours that agents hold their tests against",
        description="Speaks TLS under any name, sends a body of the size that is asked for, and "
        "tells callers where they come from. It keeps nothing of them. For a host on a network "
        "that filters nothing; SIGTERM ends it in order.",
    )
    command.add_argument("config", type=Path, help="reference.yaml")
    command.add_argument("--check", action="store_true", help="validate the file and stop")
    command.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415

    from probe import reference  # noqa: PLC0415
    from probe.cli import logs  # noqa: PLC0415
    from probe.clock import SystemClock  # noqa: PLC0415
    from probe.config import load  # noqa: PLC0415
    from probe.reference.root import Reference  # noqa: PLC0415
    from probe.supervisor import from_environment  # noqa: PLC0415
    from probe.transport.listen import ListenError  # noqa: PLC0415

    path: Path = arguments.config
    config = load.reference(path)
    hooks = reference.Hooks(supervisor=from_environment(os.environ, os.getpid()))
    if arguments.check:
        Reference(config, SystemClock(), hooks)
        names = ", ".join(config.names) or "any name"
        sys.stdout.write(f"{path}: good: TLS for {names}\n")
        return 0
    logs.to_stderr(config.log)
    try:
        asyncio.run(reference.run(config, SystemClock(), hooks))
    except ListenError as error:
        sys.stderr.write(f"probe: {error}\n")
        return 2
    return 0
