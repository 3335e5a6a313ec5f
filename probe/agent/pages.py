"""What machines ask of an agent: is it alive, is it ready, its metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from probe.agent.scrape import Scrapes
from probe.metrics.agent import Snapshot
from probe.transport.listen import listen, runner

MOST_BODY_BYTES = 1024
MOST_AT_ONCE = 256
"""Requests answered at once; a scraper needs one, and all scrapers share one rendering."""


class Shown(Protocol):
    """What the pages read of an agent."""

    def unready(self) -> str: ...

    def snapshot(self) -> Snapshot: ...


@asynccontextmanager
async def serving(address: str, shown: Shown) -> AsyncIterator[tuple[str, ...]]:
    """Listen while inside and give where; an empty address listens nowhere. Raises ListenError."""
    if not address:
        yield ()
        return
    app = web.Application(client_max_size=MOST_BODY_BYTES, middlewares=[bounded()])
    app.add_routes(Pages(shown).routes())
    server = runner(app)
    try:
        yield tuple(await listen(server, address))
    finally:
        await server.cleanup()


class Pages:
    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._scrapes = Scrapes(shown.snapshot)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/metrics", self._scrapes.answer),
            web.get("/-/healthy", self.healthy),
            web.get("/-/ready", self.ready),
        ]

    async def healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="healthy\n")

    async def ready(self, _: web.Request) -> web.Response:
        missing = self._shown.unready()
        return web.Response(status=503 if missing else 200, text=f"{missing or 'ready'}\n")


def bounded() -> Middleware:
    under_way = asyncio.Semaphore(MOST_AT_ONCE)

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if under_way.locked():
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"})
        async with under_way:
            return await handler(request)

    return admit
