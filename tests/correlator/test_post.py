"""What waits in the store goes to each receiver, whatever becomes of the others."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from probe.clock import SystemClock
from probe.config.load import ConfigError
from probe.config.shape import CorrelatorConfig, Receiver, Seconds, Secret, Webhooks
from probe.correlator.announce import by_receiver, news
from probe.correlator.post import Post, reminded, routes, written
from probe.model import Incident
from probe.store import Store
from tests.correlator.news import HOOK, NOW, PAGER, changed, incident


class Said(msgspec.Struct):
    type: str


@dataclass
class World:
    """A receiver at `/well`, one at `/ill` that fails, one at `/slow` that never answers."""

    base: str = ""
    taken: list[str] = field(default_factory=list)
    tried: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def well(self, request: web.Request) -> web.Response:
        self.taken.append(msgspec.json.decode(await request.read(), type=Said).type)
        self.news.set()
        return web.Response()

    async def ill(self, _: web.Request) -> web.Response:
        self.tried += 1
        return web.Response(status=500)

    async def slow(self, _: web.Request) -> web.Response:
        self.tried += 1
        self.news.set()
        await asyncio.Event().wait()
        return web.Response()

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not done():
                self.news.clear()
                await self.news.wait()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    app = web.Application()
    for path, handler in (("/well", made.well), ("/ill", made.ill), ("/slow", made.slow)):
        app.router.add_post(path, handler)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "store.sqlite")) as store:
        yield store


def hook(world: World, name: str) -> Receiver:
    return msgspec.structs.replace(HOOK, name=name, url=Secret(f"{world.base}/{name}"))


def config(*receivers: Receiver) -> CorrelatorConfig:
    return CorrelatorConfig(agents=(), webhooks=Webhooks(receivers=receivers))


def conclude(store: Store, settings: CorrelatorConfig, held: Incident) -> None:
    told = news(settings.webhooks.receivers, by_receiver(store.told()), [held], held.updated)
    store.save((), (held,), told)


@asynccontextmanager
async def delivering(post: Post) -> AsyncIterator[None]:
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(post.delivering())
        yield
        post.close()


async def test_one_that_fails_holds_up_itself_alone(store: Store, world: World) -> None:
    settings = config(hook(world, "ill"), hook(world, "slow"), hook(world, "well"))
    post = Post(store, SystemClock(), settings)
    first = incident()
    conclude(store, settings, first)
    async with delivering(post):
        await world.until(lambda: bool(world.taken))
        conclude(store, settings, changed(first, 1, updated=NOW + timedelta(minutes=1)))
        post.posted({})
        await world.until(lambda: len(world.taken) == 2)
    assert world.taken == ["incident.opened", "incident.updated"]
    assert store.waiting() == {"ill": 2, "slow": 2}
    assert post.counts()["well"].ok == 2
    assert (post.counts()["ill"].ok, post.counts()["slow"].ok) == (0, 0)


async def test_what_waits_at_the_end_waits_for_the_next_start(store: Store, world: World) -> None:
    settings = config(hook(world, "slow"))
    conclude(store, settings, incident())
    async with delivering(Post(store, SystemClock(), settings)):
        await world.until(lambda: world.tried == 1)
    moved = config(msgspec.structs.replace(hook(world, "well"), name="slow"))
    async with delivering(Post(store, SystemClock(), moved)):
        await world.until(lambda: bool(world.taken))
    assert world.taken == ["incident.opened"]
    assert store.waiting() == {}


async def test_receivers_are_replaced_while_it_runs(store: Store, world: World) -> None:
    settings = config(hook(world, "ill"))
    post = Post(store, SystemClock(), settings)
    async with delivering(post):
        renewed = config(hook(world, "well"))
        post.renew(renewed.webhooks, routes(renewed))
        conclude(store, renewed, incident())
        while not world.taken:
            post.posted({})
            await asyncio.sleep(0)
    assert set(post.counts()) == {"well"}


async def test_nobody_to_tell(store: Store) -> None:
    post = Post(store, SystemClock(), config())
    async with delivering(post):
        assert post.counts() == {}


async def test_what_made_room_is_counted_and_said(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    post = Post(store, SystemClock(), config(HOOK, PAGER))
    post.posted({"hook": 3, "pager": 0})
    assert {name: counts.dropped for name, counts in post.counts().items()} == {
        "hook": 3,
        "pager": 0,
    }
    assert "webhook hook: too much waits; the oldest 3 were dropped" in caplog.text
    assert "pager" not in caplog.text


def test_each_kind_reads_its_own(store: Store) -> None:
    settings = Webhooks(external_url="https://status.example", resend=Seconds(30))
    everybody = config(HOOK, msgspec.structs.replace(PAGER, at_least=HOOK.at_least))
    conclude(store, everybody, incident())
    (told, _) = store.told()
    assert written(HOOK.kind, settings, told, NOW).startswith(b'{"type":"incident.opened"')
    alerts = written(PAGER.kind, settings, told, NOW)
    assert alerts.startswith(b'[{"labels":{"alertname":"WorksForWhomIncident"')
    assert b'"endsAt":"2022-12-28T21:02:00Z"' in alerts
    assert reminded(store, HOOK, settings, NOW) is None
    assert reminded(store, PAGER, settings, NOW) == alerts


async def test_a_receiver_that_cannot_be_read_is_refused_at_the_start(store: Store) -> None:
    lost = msgspec.structs.replace(HOOK, secret=Secret(""), secret_file="/no/such")
    with pytest.raises(ConfigError, match="/no/such cannot be read"):
        Post(store, SystemClock(), config(lost))
