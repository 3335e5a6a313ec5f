"""A socket in systemd's place watches real daemons: ready, reload, stop, and alive while they work."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

from probe import agent, correlator
from probe.agent.measuring import Measure
from probe.clock import Clock, SystemClock
from probe.config.shape import (
    AgentConfig,
    Catalogue,
    CorrelatorConfig,
    EnrolledAgent,
    Judging,
    Listening,
    Measuring,
    Schedule,
    Seconds,
    Secret,
    Spooling,
    Storing,
    Uplinking,
)
from probe.judge.docket import Docket
from probe.judge.view import View
from probe.model import Endpoint, Feature, Incident, Observation, Service, Vantage
from probe.supervisor import Supervisor

DEADLINE_SECONDS = 30
WATCHDOG_SECONDS = 0.4
SILENCE_SECONDS = 3 * WATCHDOG_SECONDS
HERE = Vantage(id="de-1", country="DE", asn=3320)
SITE = Endpoint(id="front", url="http://127.0.0.1:1/")
CATALOGUE = Catalogue(
    services=(
        Service(id="a", name="A", features=(Feature(id="web", name="Web", endpoints=(SITE,)),)),
    )
)
FILES = {
    "services.yaml": """\
services:
  - id: a
    name: A
    features: [{id: web, name: Web, endpoints: [{id: front, url: "http://127.0.0.1:1/"}]}]
""",
    "agent.yaml": """\
vantage: {id: de-1, country: DE, asn: 3320}
schedule: {interval: 200ms}
measuring: {allow_private: [127.0.0.0/8], second_resolver: "", neutral_name: ""}
uplink: {url: "http://127.0.0.1:1", token: abc, flush: 50ms}
web: {listen: ""}
""",
    "correlator.yaml": """\
agents: [{vantage: {id: de-1, country: DE, asn: 3320}, token: abc}]
web: {listen: "127.0.0.1:0"}
judging: {every: 50ms}
""",
}
STATUS = {
    "agent": "1 targets, ",
    "correlator": "1 agents, 1 services, 0 incidents open",
}


class Manager:
    """Takes what a service manager is told."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.socket.settimeout(DEADLINE_SECONDS)

    def told(self, *, within: float = DEADLINE_SECONDS) -> list[str]:
        """Give the next message, or nothing when none comes in time."""
        self.socket.settimeout(within)
        try:
            return self.socket.recv(4096).decode().split("\n")
        except (TimeoutError, BlockingIOError):
            return []

    def until(self, first: str) -> list[list[str]]:
        """Give the messages up to one that begins so."""
        found = [self.told()]
        while found[-1] and found[-1][0] != first:
            found.append(self.told())
        return found

    def drained(self) -> list[list[str]]:
        found = []
        while message := self.told(within=0):
            found.append(message)
        return found


@contextmanager
def managing(address: str) -> Iterator[Manager]:
    manager = Manager(address)
    try:
        yield manager
    finally:
        manager.socket.close()


@pytest.mark.parametrize("abstract", [True, False], ids=["abstract", "path"])
@pytest.mark.parametrize("command", ["agent", "correlator"])
def test_a_daemon_s_life_is_told_in_order(tmp_path: Path, command: str, *, abstract: bool) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    address = f"@worksforwhom-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with managing(address) as manager:
        environment = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "NOTIFY_SOCKET": address,
            "WATCHDOG_USEC": str(int(WATCHDOG_SECONDS * 1e6)),
        }
        arguments = [sys.executable, "-m", "probe", command, str(tmp_path / f"{command}.yaml")]
        with subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE) as daemon:  # noqa: S603 — our own program
            told = [manager.told()]
            told += manager.until("WATCHDOG=1")
            daemon.send_signal(signal.SIGHUP)
            told += manager.until("RELOADING=1")
            told += manager.until("READY=1")
            told += manager.until("WATCHDOG=1")
            daemon.send_signal(signal.SIGTERM)
            _, said = daemon.communicate(timeout=DEADLINE_SECONDS)
        told += manager.drained()
    assert daemon.returncode == 0, said.decode()
    life = [message for message in told if message[0] != "WATCHDOG=1"]
    assert [message[0] for message in life] == ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"]
    assert life[0][1].startswith(f"STATUS={STATUS[command]}")
    name, _, stamp = life[1][1].partition("=")
    assert (name, stamp.isdecimal(), len(life[1])) == ("MONOTONIC_USEC", True, 2)
    assert all(len(message) == 2 for message in told)


def still(_: Measuring, __: Clock) -> Measure:
    async def measure(
        endpoint: Endpoint,
        within: float | None = None,
        *,
        rests: bool = True,  # noqa: ARG001 — the protocol's
    ) -> tuple[Observation, ...]:
        assert (endpoint, within) == (SITE, None)
        return ()

    return measure


def test_a_scheduler_that_hangs_stops_feeding(tmp_path: Path) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def draw() -> float:
        if hangs.is_set():
            goes_on.wait(DEADLINE_SECONDS)
        return 0.0

    config = AgentConfig(
        vantage=HERE,
        schedule=Schedule(interval=Seconds(0.05)),
        spool=Spooling(path=str(tmp_path / "spool")),
        uplink=Uplinking(url="http://127.0.0.1:1", token=Secret("abc")),
        web=Listening(),
    )

    async def work() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        stopping.set_result(lambda: loop.call_soon_threadsafe(stop.set))
        hooks = agent.Hooks(
            measure=still,
            stop=stop,
            draw=draw,
            supervisor=Supervisor(manager.address, WATCHDOG_SECONDS),
        )
        await agent.run(config, CATALOGUE, SystemClock(), hooks)

    stopping: Future[Callable[[], object]] = Future()
    with managing(str(tmp_path / "notify")) as manager:
        daemon = threading.Thread(target=lambda: asyncio.run(work()))
        daemon.start()
        assert manager.told()[0] == "READY=1"
        assert [manager.told()[0] for _ in range(3)] == ["WATCHDOG=1"] * 3
        hangs.set()
        while manager.told(within=SILENCE_SECONDS):
            pass
        goes_on.set()
        assert manager.told()[0] == "WATCHDOG=1"
        stopping.result()()
        daemon.join(DEADLINE_SECONDS)
        assert not daemon.is_alive()
        assert manager.drained()[-1][0] == "STOPPING=1"


async def test_a_judge_that_hangs_stops_feeding_though_the_pages_answer(tmp_path: Path) -> None:
    goes_on = threading.Event()

    def judge(_: Docket, __: Sequence[Incident], ___: View) -> correlator.Conclusions:
        goes_on.wait(DEADLINE_SECONDS)
        return (), ()

    config = CorrelatorConfig(
        agents=(EnrolledAgent(vantage=HERE, token=Secret("abc")),),
        web=Listening(listen="127.0.0.1:0"),
        store=Storing(path=str(tmp_path / "store")),
        judging=Judging(every=Seconds(300)),
    )
    stop = asyncio.Event()
    bound: asyncio.Future[correlator.Bound] = asyncio.get_running_loop().create_future()
    with managing(str(tmp_path / "notify")) as manager:
        hooks = correlator.Hooks(
            judge=judge,
            stop=stop,
            bound=bound.set_result,
            supervisor=Supervisor(manager.address, WATCHDOG_SECONDS),
        )
        async with asyncio.timeout(DEADLINE_SECONDS), asyncio.TaskGroup() as tasks:
            tasks.create_task(correlator.run(config, CATALOGUE, SystemClock(), hooks))
            address = (await bound).web[0]
            assert (await asyncio.to_thread(manager.told))[0] == "READY=1"
            assert await asyncio.to_thread(manager.told, within=SILENCE_SECONDS) == []
            async with ClientSession() as client, client.get(f"http://{address}/-/healthy") as it:
                assert it.status == 200
            goes_on.set()
            # Between two judgings five minutes apart, too.
            for _ in range(3):
                assert (await asyncio.to_thread(manager.told))[0] == "WATCHDOG=1"
            stop.set()
        assert manager.drained()[-1][0] == "STOPPING=1"
