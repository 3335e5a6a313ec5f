"""`probe up [CONFIG]`: agent, correlator and pages in one process."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from probe import origin
from probe.clock import Clock, SystemClock
from probe.config import load
from probe.config.load import ConfigError
from probe.config.shape import (
    AgentConfig,
    Catalogue,
    CorrelatorConfig,
    EnrolledAgent,
    Listening,
    QuickstartConfig,
    Seconds,
    Secret,
    Spooling,
    Storing,
    Uplinking,
)
from probe.model import Vantage
from probe.model.country import UNKNOWN

FLUSH = Seconds(1)
"""The way is short here: what is measured is sent at once."""
NOWHERE = UNKNOWN
"""The country in the file that comes with the program."""
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 — only read, to find our own
ROOT = Path(__file__).parent.parent
OURS = (ROOT / "configs" / "quickstart.yaml", ROOT.parent / "configs" / "quickstart.yaml")
"""Where the file that comes with the program is: installed, or in its source."""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = subparsers.add_parser(
        "up",
        help="agent, correlator and pages in one process: the quick start on one host",
        description="Probes from this machine and shows what it means on a page. One probe host "
        "sees one line: it cannot tell an outage from a block, and says so. Ctrl-C ends it.",
    )
    command.add_argument(
        "config",
        type=Path,
        nargs="?",
        help="quickstart.yaml; left out, the one that comes with it",
    )
    command.add_argument("--check", action="store_true", help="validate the files and stop")
    command.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    from probe.cli import logs  # noqa: PLC0415
    from probe.store import StoreError  # noqa: PLC0415
    from probe.transport.listen import ListenError  # noqa: PLC0415
    from probe.transport.spool import SpoolError  # noqa: PLC0415

    config, catalogue = read(arguments.config)
    if arguments.check:
        sys.stdout.write(f"good: {len(catalogue.services)} services\n")
        return 0
    logs.to_stderr(config.log)
    sys.stdout.write(placeholder(config.vantage))
    failed: list[str] = []
    try:
        asyncio.run(together(config, catalogue, SystemClock()))
    except* (ConfigError, ListenError, SpoolError, StoreError) as group:
        failed += map(str, leaves(group))
    for sentence in failed:
        sys.stderr.write(f"probe: {sentence}\n")
    return 2 if failed else 0


def placeholder(vantage: Vantage) -> str:
    """Say what to do where nobody has said yet in which country this machine stands."""
    if vantage.country != NOWHERE:
        return ""
    return (
        f"The page shows this machine in country {NOWHERE}, which stands for unknown: copy "
        "quickstart.yaml and services.yaml from configs/, write country and asn into the copy, "
        "and run `probe up quickstart.yaml`.\n"
    )


def leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Give the exceptions themselves, out of groups in groups."""
    return [
        leaf
        for held in group.exceptions
        for leaf in (leaves(held) if isinstance(held, BaseExceptionGroup) else [held])
    ]


def read(path: Path | None) -> tuple[QuickstartConfig, Catalogue]:
    """Read the file, or the one that comes with the program; raises ConfigError."""
    found = path or next((ours for ours in OURS if ours.exists()), OURS[-1])
    config = load.quickstart(found, origin.problems)
    if path is None:
        # What is measured belongs where the user stands, not into the program's own folder.
        config = msgspec.structs.replace(config, state=Path(config.state).name)
    _plainly(found, config.web)
    return config, load.catalogue(Path(config.services))


def _plainly(path: Path, web: Listening) -> None:
    """Raise ConfigError for what only daemons of their own can do."""
    if web.enable_lifecycle:
        raise ConfigError(f"{path}: web.enable_lifecycle: Ctrl-C ends `probe up`; leave it out")
    if web.config_file and load.web_config(Path(web.config_file)).tls_server_config.wanted:
        raise ConfigError(
            f"{web.config_file}: tls_server_config: `probe up` speaks plain HTTP to itself; "
            "use `probe agent` and `probe correlator`"
        )


@dataclass(frozen=True)
class Pair:
    """One quick start as the two configurations that it stands for."""

    quick: QuickstartConfig
    token: Secret

    def centre(self) -> CorrelatorConfig:
        quick = self.quick
        return CorrelatorConfig(
            agents=(EnrolledAgent(vantage=quick.vantage, token=self.token),),
            web=quick.web,
            store=Storing(path=str(Path(quick.state) / "correlator.sqlite")),
            judging=msgspec.structs.replace(quick.judging, round=quick.schedule.interval),
        )

    def agent(self, address: str) -> AgentConfig:
        quick = self.quick
        return AgentConfig(
            vantage=quick.vantage,
            schedule=quick.schedule,
            measuring=quick.measuring,
            spool=Spooling(path=str(Path(quick.state) / "spool.sqlite")),
            uplink=Uplinking(url=f"http://{reached(address)}", token=self.token, flush=FLUSH),
            web=Listening(),
        )


def reached(bound: str) -> str:
    """Give the address by which this machine reaches a listener of its own."""
    host, _, port = bound.rpartition(":")
    return f"{EVERYWHERE.get(host, host)}:{port}"


def tell(address: str) -> None:
    sys.stdout.write(f"The page is at http://{reached(address)}/ ; Ctrl-C ends it.\n")
    sys.stdout.flush()


async def together(
    config: QuickstartConfig,
    catalogue: Catalogue,
    clock: Clock,
    *,
    stop: asyncio.Event | None = None,
    opened: Callable[[str], None] = tell,
) -> None:
    """Run both until told to stop: first the agent ends and hands over, then the correlator."""
    from probe import agent, correlator  # noqa: PLC0415

    pair = Pair(config, Secret(secrets.token_urlsafe(32)))
    over = asyncio.Event()
    stop = stop or stopping()
    bound: asyncio.Future[correlator.Bound] = asyncio.get_running_loop().create_future()
    centre = correlator.Hooks(stop=over, bound=bound.set_result)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(correlator.run(pair.centre(), catalogue, clock, centre))
        address = (await bound).web[0]
        opened(address)
        try:
            await agent.run(pair.agent(address), catalogue, clock, agent.Hooks(stop=stop))
        finally:
            over.set()


def stopping() -> asyncio.Event:
    """Give an event that SIGTERM and SIGINT set."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
