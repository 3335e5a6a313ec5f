"""A daemon's reload and stop: asked by a signal, or over HTTP where the operator allows it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

RELOAD, QUIT = "/-/reload", "/-/quit"
DISABLED = "reload and quit over HTTP are off; set `web: {enable_lifecycle: true}`\n"
FOREIGN = "another site's page sent this\n"
OWN_SITES = frozenset({"", "none", "same-origin"})


class Lifecycle:
    """Knows who waits for a reload; whoever reloads takes `asked` and gives `answered`."""

    def __init__(self, stop: asyncio.Event | None, *, over_http: bool, reloads: bool) -> None:
        """Take a stop of the caller's own; without it SIGTERM and SIGINT stop."""
        self.stop = stop or asyncio.Event()
        self._signalled = stop is None
        self._over_http, self._reloads = over_http, reloads
        self._hangup = asyncio.Event()
        self._coming: list[asyncio.Future[str]] = []
        self._served: list[asyncio.Future[str]] = []

    def hangup(self) -> None:
        self._hangup.set()

    async def asked(self) -> None:
        """Wait until a reload is asked for; whoever asks from now on gets the one after."""
        await self._hangup.wait()
        self._hangup.clear()
        self._served, self._coming = self._coming, []

    def answered(self, error: str) -> None:
        """Tell those who asked how it went: nothing, or what is wrong."""
        for waiting in self._served:
            if not waiting.done():
                waiting.set_result(error)
        self._served = []

    @contextmanager
    def signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        handlers = {signal.SIGHUP: self.hangup} if self._reloads else {}
        if self._signalled:
            handlers |= {signal.SIGTERM: self.stop.set, signal.SIGINT: self.stop.set}
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)
            self._served += self._coming
            self.answered("the program is stopping")

    # ── over HTTP ────────────────────────────────────────────────────────────────────────────

    def routes(self) -> list[web.RouteDef]:
        return [web.post(RELOAD, self.reload), web.post(QUIT, self.quit)]

    async def reload(self, request: web.Request) -> web.Response:
        refused = self._refused(request)
        if refused or not self._reloads or self.stop.is_set():
            return refused or web.Response(status=500, text="there is nothing to read again now\n")
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._coming.append(answer)
        self._hangup.set()
        error = await answer
        return web.Response(status=500 if error else 200, text=f"{error or 'reloaded'}\n")

    async def quit(self, request: web.Request) -> web.Response:
        refused = self._refused(request)
        if refused is None:
            self.stop.set()
        return refused or web.Response(text="stopping\n")

    def _refused(self, request: web.Request) -> web.Response | None:
        if not self._over_http:
            return web.Response(status=403, text=DISABLED)
        if request.headers.get("Sec-Fetch-Site", "") not in OWN_SITES:
            # A browser sends a password it remembers along, whoever's page asks it to.
            return web.Response(status=403, text=FOREIGN)
        return None
