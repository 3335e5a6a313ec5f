"""`probe agent CONFIG`: the daemon of a probe host."""

from __future__ import annotations

import argparse
import asyncio
import mimetypes
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a quick `probe --help` loads none of this
    from probe.config.shape import AgentConfig, Catalogue


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = subparsers.add_parser(
        "agent",
        help="the daemon of a probe host: measures, keeps, sends",
        description="Measures every endpoint of the catalogue and the controls at a fixed rate, "
        "keeps what it saw until the correlator has it, and serves /metrics. SIGTERM ends it in "
        "order; SIGHUP reads the configuration again.",
    )
    command.add_argument("config", type=Path, help="agent.yaml")
    command.add_argument("--check", action="store_true", help="validate the files and stop")
    command.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    path: Path = arguments.config
    config, catalogue = read(path)
    if arguments.check:
        return check(path, config, catalogue)
    _import_aiohttp_lightly()
    from probe import agent  # noqa: PLC0415
    from probe.cli import logs  # noqa: PLC0415
    from probe.clock import SystemClock  # noqa: PLC0415
    from probe.supervisor import from_environment  # noqa: PLC0415
    from probe.transport.listen import ListenError  # noqa: PLC0415
    from probe.transport.spool import SpoolError  # noqa: PLC0415

    logs.to_stderr(config.log)
    supervisor = from_environment(os.environ, os.getpid())
    hooks = agent.Hooks(reload=lambda: read(path), supervisor=supervisor)
    try:
        _run(agent.run(config, catalogue, SystemClock(), hooks))
    except (ListenError, SpoolError) as error:
        sys.stderr.write(f"probe: {error}\n")
        return 2
    return 0


def read(path: Path) -> tuple[AgentConfig, Catalogue]:
    """Read the configuration and its services; raises ConfigError."""
    from probe.config import load  # noqa: PLC0415

    config = load.agent(path)
    return config, load.catalogue(Path(config.services))


def check(path: Path, config: AgentConfig, catalogue: Catalogue) -> int:
    """Try what reading alone does not, the trust bundles and TLS; raises ConfigError."""
    from probe.agent.measuring import over_the_network  # noqa: PLC0415
    from probe.agent.targets import targets  # noqa: PLC0415
    from probe.clock import SystemClock  # noqa: PLC0415
    from probe.config import fingerprint  # noqa: PLC0415
    from probe.config.load import ConfigError  # noqa: PLC0415
    from probe.model import CONTROL  # noqa: PLC0415
    from probe.transport.protection import Protection  # noqa: PLC0415
    from probe.transport.uplink import trust  # noqa: PLC0415

    Protection(config.web.config_file, SystemClock().now())
    try:
        over_the_network(config.measuring, SystemClock())
        trust(config.uplink)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    chosen = targets(catalogue, config.vantage.country)
    controls = sum(target.service == CONTROL for target in chosen)
    for line in fingerprint.load(config.measuring.fingerprints).refused:
        sys.stderr.write(f"probe: {line}; it is left out\n")
    sys.stdout.write(f"{path}: ok: {len(chosen) - controls} endpoints, {controls} controls\n")
    return 0


LIGHT = {
    # The system's roots are read for a context that stays unused: the uplink makes its own
    # (`probe.transport.uplink.trust`). 2 MB.
    "SSL_CERT_FILE": os.devnull,
    # The C++ runtime is there for a list of three callbacks. 1 MB.
    "FROZENLIST_NO_EXTENSIONS": "1",
}
"""What spares an agent memory while aiohttp is imported, in the environment."""


def _import_aiohttp_lightly() -> None:
    before = {name: os.environ.get(name) for name in LIGHT}
    mimetypes.knownfiles.clear()  # thousands of types, for files that no agent serves
    os.environ.update(LIGHT)
    import aiohttp  # noqa: F401, PLC0415

    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def _run(main: Coroutine[None, None, None]) -> None:
    """Run on uvloop where it is installed: it takes less of the time being measured."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415
    except ImportError:
        asyncio.run(main)
        return
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)
