"""What machines ask of a correlator: is it alive, is it ready, its metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from probe.metrics import correlator as metrics


@dataclass(frozen=True)
class Health:
    """`unready` says in a sentence what is still missing, or nothing when all is there."""

    unready: Callable[[], str]
    snapshot: Callable[[], metrics.Snapshot]
    config: Callable[[], str]
    """The configuration in use, fit to be seen."""

    def probes(self) -> list[web.RouteDef]:
        return [web.get("/-/healthy", self.healthy), web.get("/-/ready", self.ready)]

    def metrics(self) -> list[web.RouteDef]:
        return [web.get("/metrics", self.scraped), web.get("/config", self.configured)]

    async def healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="healthy\n")

    async def ready(self, _: web.Request) -> web.Response:
        missing = self.unready()
        return web.Response(status=503 if missing else 200, text=f"{missing or 'ready'}\n")

    async def scraped(self, _: web.Request) -> web.Response:
        # In a thread: a large world takes a tenth of a second to render.
        text = await asyncio.to_thread(metrics.exposition, self.snapshot())
        return web.Response(body=text, headers={"Content-Type": metrics.CONTENT_TYPE})

    async def configured(self, _: web.Request) -> web.Response:
        return web.Response(text=self.config(), content_type="application/yaml")
