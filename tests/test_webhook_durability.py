"""A correlator killed at any moment has told all that it concluded, or tells it at the next start."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from probe.clock import SystemClock
from probe.model import Cause, Delivery, Event, Incident, Scope, State
from probe.store import Store

ROOT = Path(__file__).parent.parent
CLOCK = SystemClock()
SERVICES = """
services:
  - id: twitter
    name: Twitter
    features:
      - id: web
        name: Web
        endpoints: [{id: front, url: "https://twitter.com/"}]
"""
CONFIG = """
agents: []
web: {listen: "127.0.0.1:0"}
judging: {every: 1s}
webhooks:
  max_backoff: 100ms
  receivers:
    - {name: hook, kind: json, url: "http://127.0.0.1:PORT/", secret: hush, timeout: 60s}
"""
SAVING = """
import sys
from tests.test_webhook_durability import delivery, incident
from probe.store import Store
store = Store(sys.argv[1])
for number in range(100_000):
    store.save((), [incident(number)], [delivery(number)])
    print(number, flush=True)
"""


def incident(number: int) -> Incident:
    now = CLOCK.now()
    return Incident(
        id=f"i-{number}", service="twitter", features=("web",), cause=Cause.SERVICE_OUTAGE,
        state=State.LIKELY, scope=Scope.GLOBAL, opened=now, updated=now,
    )  # fmt: skip


def delivery(number: int) -> Delivery:
    held = incident(number)
    name = f"msg_{number}"
    return Delivery(id=name, receiver="hook", event=Event.OPENED, at=held.opened, incident=held)


class Hook:
    """A receiver in one mood after the other; `heard` is set at each attempt."""

    def __init__(self) -> None:
        self.mood = "failing"
        self.asked: list[str] = []
        self.taken: list[str] = []
        self.heard = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        name = request.headers["webhook-id"]
        await request.read()
        self.asked.append(name)
        self.heard.set()
        if self.mood == "failing":
            return web.Response(status=503)
        if self.mood == "silent":
            await asyncio.Event().wait()
        self.taken.append(name)
        return web.Response()

    async def attempts(self, most: int) -> None:
        """Wait until it was asked so many times from now on."""
        until = len(self.asked) + most
        while len(self.asked) < until:
            self.heard.clear()
            await self.heard.wait()


@asynccontextmanager
async def serving(hook: Hook) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_post("/", hook.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as held:
        await web.SockSite(runner, held).start()
        try:
            yield held.getsockname()[1]
        finally:
            await runner.cleanup()


@contextmanager
def correlator(config: Path, end: signal.Signals) -> Iterator[None]:
    command = [sys.executable, "-m", "probe", "correlator", str(config)]
    process = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 — our own
    try:
        yield
    finally:
        os.kill(process.pid, end)
        code = process.wait(30)
    assert code == (0 if end is signal.SIGTERM else -end)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "services.yaml").write_text(SERVICES)
    with closing(Store(tmp_path / "correlator.sqlite")) as store:
        for number in range(3):
            store.save((), [incident(number)], [delivery(number)])
    return tmp_path / "correlator.yaml"


def configure(config: Path, port: int) -> None:
    config.write_text(CONFIG.replace("PORT", str(port)))


def until_nothing_waits(path: Path) -> None:
    with closing(Store(path)) as store:
        while store.waiting():
            pass


async def test_what_waited_at_a_kill_is_delivered_in_order_and_once(config: Path) -> None:
    hook = Hook()
    async with asyncio.timeout(90), serving(hook) as port:
        configure(config, port)
        with correlator(config, signal.SIGKILL):
            await hook.attempts(2)
        assert set(hook.asked) == {"msg_0"}
        hook.mood = "silent"
        with correlator(config, signal.SIGKILL):
            await hook.attempts(1)
        assert set(hook.asked) == {"msg_0"}
        hook.mood = "well"
        with correlator(config, signal.SIGTERM):
            await hook.attempts(3)
            await asyncio.to_thread(until_nothing_waits, config.parent / "correlator.sqlite")
    assert hook.taken == ["msg_0", "msg_1", "msg_2"]
    with closing(Store(config.parent / "correlator.sqlite")) as store:
        assert {told.incident.id for told in store.told()} == {"i-0", "i-1", "i-2"}


def test_killed_while_it_saves_it_has_both_the_incident_and_what_is_to_be_told_of_it(
    tmp_path: Path,
) -> None:
    path, acknowledged = tmp_path / "store.sqlite", list[int]()
    for _ in range(2):
        process = subprocess.Popen(  # noqa: S603 — our own
            [sys.executable, "-c", SAVING, str(path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert process.stdout
        with process.stdout as said:
            acknowledged += [int(said.readline()) for _ in range(30)]
            process.kill()
            process.wait(30)
            acknowledged += [int(line) for line in said if line.endswith(b"\n")]
    with closing(Store(path)) as store:
        incidents = {held.id for held in store.incidents()}
        told = {held.incident.id for held in store.told()}
        queued = store.waiting()["hook"]
    assert {f"i-{number}" for number in acknowledged} <= incidents
    assert incidents == told
    assert queued >= len(told)
