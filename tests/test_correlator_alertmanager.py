"""Debian's own Alertmanager under a whole correlator: an incident fires, changes, and resolves."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientError, ClientSession, web

from probe.clock import SystemClock
from probe.config.shape import (
    Catalogue,
    CorrelatorConfig,
    Judging,
    Listening,
    Receiver,
    ReceiverKind,
    Seconds,
    Secret,
    Storing,
    Webhooks,
)
from probe.correlator import Conclusions, Hooks, run
from probe.judge.docket import Docket
from probe.judge.view import View
from probe.model import Cause, Change, Incident, Scope, State

BINARY = shutil.which("prometheus-alertmanager")
pytestmark = pytest.mark.skipif(
    BINARY is None, reason="prometheus-alertmanager is not installed (apt install …)"
)
CLOCK = SystemClock()
ROUTES = """
route:
  receiver: page
  group_by: [alertname, incident]
  group_wait: 50ms
  group_interval: 200ms
  repeat_interval: 1h
receivers:
  - name: page
    webhook_configs: [{url: "http://127.0.0.1:PORT/", send_resolved: true}]
"""


class Fired(msgspec.Struct, rename="camel"):
    """An alert as Alertmanager's own API gives it."""

    labels: dict[str, str]
    annotations: dict[str, str]
    generator_url: str = msgspec.field(name="generatorURL")


class Told(msgspec.Struct):
    status: str
    labels: dict[str, str]


class Page(msgspec.Struct):
    """A notification of Alertmanager's."""

    alerts: list[Told]


@dataclass
class World:
    """What the judge holds true, and whom Alertmanager wakes."""

    incidents: tuple[Incident, ...] = ()
    told_of: set[tuple[str, str]] = field(default_factory=set)
    """Status and severity of the alerts it was notified of."""
    paged: asyncio.Event = field(default_factory=asyncio.Event)

    def judge(self, _: Docket, __: Sequence[Incident], ___: View) -> Conclusions:
        return (), self.incidents

    async def page(self, request: web.Request) -> web.Response:
        page = msgspec.json.decode(await request.read(), type=Page)
        self.told_of |= {(alert.status, alert.labels["severity"]) for alert in page.alerts}
        self.paged.set()
        return web.Response()

    async def told(self, status: str, severity: str) -> None:
        while (status, severity) not in self.told_of:
            self.paged.clear()
            await self.paged.wait()


def incident(**changes: object) -> Incident:
    now = CLOCK.now()
    plain = Incident(
        id="20221228T210000-twitter-filtering-tr", service="twitter", features=("web",),
        cause=Cause.FILTERING, state=State.LIKELY, scope=Scope.COUNTRIES, countries=("TR",),
        opened=now - timedelta(minutes=3), updated=now, confidence=0.9, vantages=4,
        statement="Likely: Twitter is filtered in Türkiye.",
        history=(Change(at=now, what="opened", statement=""),),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def after(held: Incident, what: str, **changes: object) -> Incident:
    line = Change(at=CLOCK.now(), what=what, statement="")
    return msgspec.structs.replace(held, history=(*held.history, line), **changes)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


@contextmanager
def alertmanager(folder: Path, pages: int) -> Iterator[str]:
    """Run the real one on loopback, alone, and give its base."""
    assert BINARY
    (folder / "alertmanager.yml").write_text(ROUTES.replace("PORT", str(pages)))
    port = free_port()
    command = [
        BINARY,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 — Debian's own
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


@asynccontextmanager
async def paged(world: World) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_post("/", world.page)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def config(folder: Path, base: str) -> CorrelatorConfig:
    pager = Receiver(name="pager", kind=ReceiverKind.ALERTMANAGER, url=Secret(base))
    return CorrelatorConfig(
        agents=(),
        web=Listening(listen="127.0.0.1:0"),
        store=Storing(path=str(folder / "store.sqlite")),
        judging=Judging(every=Seconds(0.05)),
        webhooks=Webhooks(
            external_url="https://status.example",
            receivers=(pager,),
            # Four times that without word, and Alertmanager would hold it resolved.
            resend=Seconds(0.75),
            max_backoff=Seconds(0.2),
        ),
    )


@asynccontextmanager
async def correlating(world: World, settings: CorrelatorConfig) -> AsyncIterator[None]:
    stop = asyncio.Event()
    hooks = Hooks(judge=world.judge, stop=stop)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(settings, Catalogue(services=()), CLOCK, hooks))
        yield
        stop.set()


async def active(client: ClientSession, base: str) -> list[Fired]:
    """Ask what fires; while it still starts, nothing does."""
    try:
        async with client.get(f"{base}/api/v2/alerts") as answer:
            return msgspec.json.decode(await answer.read(), type=list[Fired])
    except (ClientError, msgspec.DecodeError):
        return []


async def until(
    client: ClientSession, base: str, done: Callable[[list[Fired]], bool]
) -> list[Fired]:
    """Ask again and again: it is another program, there is no event of ours to wait for."""
    while True:
        fired = await active(client, base)
        if done(fired):
            return fired
        await asyncio.sleep(0.02)


async def test_opened_fires_a_change_replaces_and_closed_resolves(tmp_path: Path) -> None:
    world, first = World(), incident()
    async with asyncio.timeout(60), ClientSession() as client, paged(world) as pages:
        with alertmanager(tmp_path, pages) as base:
            async with correlating(world, config(tmp_path, base)):
                world.incidents = (first,)
                (fired,) = await until(client, base, lambda held: len(held) == 1)
                assert fired.labels == {
                    "alertname": "WorksForWhomIncident",
                    "incident": first.id,
                    "service": "twitter",
                    "cause": "filtering",
                    "scope": "countries",
                    "country": "TR",
                    "severity": "warning",
                }
                assert fired.annotations["summary"] == first.statement
                assert fired.generator_url == f"https://status.example/incidents/{first.id}"
                await world.told("firing", "warning")
                sure = after(first, "updated", state=State.CONFIRMED)
                world.incidents = (sure,)
                await world.told("firing", "critical")
                await world.told("resolved", "warning")
                assert [a.labels["severity"] for a in await active(client, base)] == ["critical"]
                world.incidents = (after(sure, "closed", closed=CLOCK.now()),)
                await world.told("resolved", "critical")
                assert await active(client, base) == []


async def test_what_is_open_outlasts_what_alertmanager_remembers(tmp_path: Path) -> None:
    world, first = World(), incident()
    world.incidents = (first,)
    async with asyncio.timeout(60), ClientSession() as client, paged(world) as pages:
        with alertmanager(tmp_path, pages) as base:
            async with correlating(world, config(tmp_path, base)):
                (told,) = await until(client, base, lambda held: len(held) == 1)
                # Its end was set 3 s ahead when it was told: only reminders move it on.
                for _ in range(45):
                    await asyncio.sleep(0.1)
                    assert [a.labels for a in await active(client, base)] == [told.labels]
            # Nobody reminds it any more.
            await until(client, base, lambda held: not held)
