"""What is asked of an agent: is it alive, is it ready, its metrics, its configuration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from probe.agent.ondemand import OnDemand, Probing
from probe.agent.scrape import Scrapes
from probe.clock import Clock
from probe.metrics.agent import Snapshot
from probe.transport.guard import Guard
from probe.transport.lifecycle import Lifecycle
from probe.transport.listen import listen, runner
from probe.transport.patience import Patience
from probe.transport.protection import Protection

MOST_BODY_BYTES = 1024
MOST_AT_ONCE = 256
"""Requests answered at once; a scraper needs one, and all scrapers share one rendering."""
SWEEP_SECONDS = 5.0


class Shown(Probing, Protocol):
    """What the pages read of an agent."""

    clock: Clock
    lifecycle: Lifecycle
    protection: Protection

    def configuration(self) -> str: ...

    def unready(self) -> str: ...

    def snapshot(self) -> Snapshot: ...


@asynccontextmanager
async def serving(address: str, shown: Shown) -> AsyncIterator[tuple[str, ...]]:
    """Listen while inside and give where; an empty address listens nowhere. Raises ListenError."""
    if not address:
        yield ()
        return
    patience, guard = Patience(), Guard(shown.protection, shown.clock)
    middlewares = [patience.middleware(), bounded(), guard.middleware()]
    app = web.Application(client_max_size=MOST_BODY_BYTES, middlewares=middlewares)
    app.add_routes([*Pages(shown).routes(), *shown.lifecycle.routes()])
    server = runner(app)
    try:
        bound = tuple(await listen(server, address, shown.protection.tls))
        async with asyncio.TaskGroup() as tending:
            watching = tending.create_task(shown.protection.watching(shown.clock))
            sweeping = tending.create_task(_sweeping(server, patience, shown.clock))
            yield bound
            watching.cancel()
            sweeping.cancel()
    finally:
        await server.cleanup()


class Pages:
    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._scrapes = Scrapes(shown.snapshot)
        self._ondemand = OnDemand(shown)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/metrics", self._scrapes.answer),
            web.get("/probe", self._ondemand.answer, allow_head=False),
            web.get("/-/healthy", self.healthy),
            web.get("/-/ready", self.ready),
            web.get("/config", self.configured),
        ]

    async def healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="healthy\n")

    async def ready(self, _: web.Request) -> web.Response:
        missing = self._shown.unready()
        return web.Response(status=503 if missing else 200, text=f"{missing or 'ready'}\n")

    async def configured(self, _: web.Request) -> web.Response:
        return web.Response(text=self._shown.configuration(), content_type="application/yaml")


async def _sweeping(server: web.AppRunner, patience: Patience, clock: Clock) -> None:
    """Close the connections that never get a request out."""
    while server.server is not None:
        await asyncio.sleep(SWEEP_SECONDS)
        patience.sweep(server.server, clock.monotonic())


def bounded() -> Middleware:
    under_way = asyncio.Semaphore(MOST_AT_ONCE)

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if under_way.locked():
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"})
        async with under_way:
            return await handler(request)

    return admit
