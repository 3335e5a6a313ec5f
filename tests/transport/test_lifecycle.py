"""Reload and stop over HTTP: off unless allowed, POST alone, and the answer says how it went."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web
from aiohttp.typedefs import Handler

from probe.transport.lifecycle import Lifecycle
from probe.transport.listen import listen, runner

DEADLINE_SECONDS = 10


class Daemon:
    """Reads again as often as it is asked, and says what it is told to say."""

    def __init__(self, *, over_http: bool = True, reloads: bool = True) -> None:
        self.stop = asyncio.Event()
        self.lifecycle = Lifecycle(self.stop, over_http=over_http, reloads=reloads)
        self.outcomes: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self.arrived = asyncio.Semaphore(0)
        self.url = ""

    @web.middleware
    async def _noting(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.arrived.release()
        return await handler(request)

    async def work(self) -> None:
        while True:
            await self.lifecycle.asked()
            self.begun.set()
            await self.gate.wait()
            self.lifecycle.answered(self.outcomes.pop(0) if self.outcomes else "")

    async def ask(self, path: str, method: str = "POST", site: str = "") -> tuple[int, str]:
        headers = {"Sec-Fetch-Site": site} if site else {}
        async with (
            ClientSession() as client,
            client.request(method, self.url + path, headers=headers) as answer,
        ):
            return answer.status, await answer.text()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        app = web.Application(middlewares=[self._noting])
        app.add_routes(self.lifecycle.routes())
        server = runner(app)
        try:
            self.url = f"http://{(await listen(server, '127.0.0.1:0'))[0]}"
            async with asyncio.timeout(DEADLINE_SECONDS), asyncio.TaskGroup() as tasks:
                work = tasks.create_task(self.work())
                with self.lifecycle.signals():
                    yield
                work.cancel()
        finally:
            await server.cleanup()


@pytest.mark.parametrize("path", ["/-/reload", "/-/quit"])
async def test_it_is_off_unless_allowed(path: str) -> None:
    daemon = Daemon(over_http=False)
    async with daemon.running():
        status, text = await daemon.ask(path)
    assert (status, daemon.stop.is_set()) == (403, False)
    assert "enable_lifecycle: true" in text


@pytest.mark.parametrize("over_http", [True, False])
@pytest.mark.parametrize("path", ["/-/reload", "/-/quit"])
async def test_a_link_that_is_followed_does_nothing(path: str, *, over_http: bool) -> None:
    daemon = Daemon(over_http=over_http)
    async with daemon.running():
        assert (await daemon.ask(path, "GET"))[0] == 405
    assert not daemon.stop.is_set()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_s_page_does_nothing(site: str) -> None:
    daemon = Daemon()
    async with daemon.running():
        assert (await daemon.ask("/-/quit", site=site))[0] == 403
        assert (await daemon.ask("/-/reload", site="same-origin"))[0] == 200
    assert not daemon.stop.is_set()


async def test_a_reload_says_how_it_went() -> None:
    daemon = Daemon()
    daemon.outcomes = ["agent.yaml:3: uplink: is wrong", ""]
    async with daemon.running():
        assert await daemon.ask("/-/reload") == (500, "agent.yaml:3: uplink: is wrong\n")
        assert await daemon.ask("/-/reload") == (200, "reloaded\n")


async def test_who_asks_during_a_reload_is_told_of_the_next() -> None:
    """The file may have changed since the one under way read it."""
    daemon = Daemon()
    daemon.outcomes = ["the first", "the second"]
    daemon.gate.clear()
    async with daemon.running(), asyncio.TaskGroup() as tasks:
        first = tasks.create_task(daemon.ask("/-/reload"))
        await daemon.begun.wait()
        second = tasks.create_task(daemon.ask("/-/reload"))
        await daemon.arrived.acquire()
        await daemon.arrived.acquire()
        daemon.gate.set()
        assert (await first, await second) == ((500, "the first\n"), (500, "the second\n"))


async def test_quit_stops() -> None:
    daemon = Daemon()
    async with daemon.running():
        assert await daemon.ask("/-/quit") == (200, "stopping\n")
        assert daemon.stop.is_set()
        assert (await daemon.ask("/-/reload"))[0] == 500


async def test_who_waits_at_the_end_is_told() -> None:
    daemon = Daemon()
    daemon.gate.clear()
    async with asyncio.TaskGroup() as tasks, daemon.running():
        waiting = tasks.create_task(daemon.ask("/-/reload"))
        await daemon.begun.wait()
        with daemon.lifecycle.signals():
            pass
        assert await waiting == (500, "the program is stopping\n")
        daemon.gate.set()


async def test_signals_do_the_same_and_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    lifecycle = Lifecycle(None, over_http=False, reloads=True)
    async with asyncio.timeout(DEADLINE_SECONDS):
        with lifecycle.signals():
            os.kill(os.getpid(), signal.SIGHUP)
            await lifecycle.asked()
            os.kill(os.getpid(), signal.SIGTERM)
            await lifecycle.stop.wait()
    assert signal.getsignal(signal.SIGTERM) == before
