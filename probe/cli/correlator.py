"""`probe correlator CONFIG`: the centre."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a quick `probe --help` loads none of this
    from probe.config.shape import Catalogue, CorrelatorConfig


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = subparsers.add_parser(
        "correlator",
        help="the centre: takes measurements in, judges, shows pages",
        description="Takes measurements in from enrolled agents, says what they mean, and "
        "serves the API, the pages and /metrics. SIGTERM ends it in order; SIGHUP reads the "
        "agents, the services and the certificate again.",
    )
    command.add_argument("config", type=Path, help="correlator.yaml")
    command.add_argument("--check", action="store_true", help="validate the files and stop")
    command.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415

    from probe import correlator  # noqa: PLC0415
    from probe.cli import logs  # noqa: PLC0415
    from probe.clock import SystemClock  # noqa: PLC0415
    from probe.correlator import post  # noqa: PLC0415
    from probe.correlator.listeners import Listeners  # noqa: PLC0415
    from probe.store import StoreError  # noqa: PLC0415
    from probe.supervisor import from_environment  # noqa: PLC0415
    from probe.transport.listen import ListenError  # noqa: PLC0415

    path: Path = arguments.config
    config, catalogue = read(path)
    if arguments.check:
        Listeners(config, SystemClock())
        post.routes(config)
        agents, services = len(config.agents), len(catalogue.services)
        sys.stdout.write(f"{path}: good: agents {agents}, services {services}\n")
        return 0
    logs.to_stderr(config.log)
    supervisor = from_environment(os.environ, os.getpid())
    hooks = correlator.Hooks(reload=lambda: read(path), supervisor=supervisor)
    try:
        asyncio.run(correlator.run(config, catalogue, SystemClock(), hooks))
    except (ListenError, StoreError) as error:
        sys.stderr.write(f"probe: {error}\n")
        return 2
    return 0


def read(path: Path) -> tuple[CorrelatorConfig, Catalogue]:
    """Read the configuration and its services; raises ConfigError."""
    from probe import origin  # noqa: PLC0415
    from probe.config import load  # noqa: PLC0415

    config = load.correlator(path, origin.problems)
    return config, load.catalogue(Path(config.services))
