"""Connections that never get a request out (slow-loris), or never take an answer in, are closed."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

IDLE_SECONDS = 75.0
"""How long a connection may stay without a request being handled; keep-alive's time, too."""


class Patience:
    """Knows which connections have a request being handled; the body's time is the handler's."""

    def __init__(self) -> None:
        self._busy: set[web.RequestHandler] = set()
        self._idle_since: dict[web.RequestHandler, float] = {}

    def middleware(self) -> Middleware:
        @web.middleware
        async def marking(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._busy.add(request.protocol)
            try:
                return await handler(request)
            finally:
                self._busy.discard(request.protocol)
                self._idle_since.pop(request.protocol, None)

        return marking

    def sweep(self, server: web.Server, now: float) -> int:
        """Close what has been idle too long, by the monotonic clock, and say how many."""
        idle = [c for c in server.connections if c not in self._busy]
        self._idle_since = {c: self._idle_since.get(c, now) for c in idle}
        spent = [c for c, since in self._idle_since.items() if now - since > IDLE_SECONDS]
        for connection in spent:
            connection.force_close()
        return len(spent)
