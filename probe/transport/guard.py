"""Who may ask a listener what: its users, its clients' certificates, how often; by its file.

Some paths need none of it, as they have tokens of their own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from probe.clock import Clock
from probe.config.web import RateLimit
from probe.transport.handshake import REQUIRED
from probe.transport.passwords import BusyError
from probe.transport.protection import InForce, Protection

CHALLENGE = 'Basic realm="worksforwhom", charset="UTF-8"'
Peer = Mapping[str, tuple[tuple[str, str], ...]]
"""What is read here of `SSLObject.getpeercert()`."""


@dataclass
class Bucket:
    """What may still be asked for: `burst` at once, one more every `interval`."""

    left: float
    filled: float
    """By the monotonic clock."""

    def take(self, limit: RateLimit, now: float) -> bool:
        earned = max(now - self.filled, 0.0) / limit.interval
        self.left, self.filled = min(limit.burst, self.left + earned), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Guard:
    """Stands before one listener."""

    def __init__(self, protection: Protection, clock: Clock, exempt: Container[str] = ()) -> None:
        """Take the routes' paths that anybody may ask for."""
        self._protection, self._clock, self._exempt = protection, clock, exempt
        self._limit = RateLimit()
        self._bucket = Bucket(0, 0)

    def middleware(self) -> Middleware:
        @web.middleware
        async def guarding(request: web.Request, handler: Handler) -> web.StreamResponse:
            now = self._protection.now
            refused = None if self._exempted(request) else await self._refused(request, now)
            headers = now.config.http_server_config.headers
            try:
                answer = refused or await handler(request)
            except web.HTTPException as raised:
                raised.headers.update(headers)
                raise
            answer.headers.update(headers)
            return answer

        return guarding

    def _exempted(self, request: web.Request) -> bool:
        resource = request.match_info.route.resource
        return resource is not None and resource.canonical in self._exempt

    async def _refused(self, request: web.Request, now: InForce) -> web.Response | None:
        if not self._admitted(now.config.rate_limit):
            return web.Response(status=429, text="too many requests; ask again in a while\n")
        missing = _certificate_missing(request, now)
        if missing:
            return web.Response(status=403, text=f"{missing}\n")
        if now.passwords is None:
            return None
        try:
            known = await now.passwords.right(request.headers.get("Authorization", ""))
        except BusyError:
            text = "too many passwords are being compared; ask again\n"
            return web.Response(status=503, text=text, headers={"Retry-After": "1"})
        text = "a user and a password are needed\n"
        challenge = {"WWW-Authenticate": CHALLENGE}
        return None if known else web.Response(status=401, text=text, headers=challenge)

    def _admitted(self, limit: RateLimit) -> bool:
        if not limit.interval:
            return True
        if limit != self._limit:
            self._limit = limit
            self._bucket = Bucket(limit.burst, self._clock.monotonic())
        return self._bucket.take(limit, self._clock.monotonic())


def _certificate_missing(request: web.Request, now: InForce) -> str:
    tls = now.config.tls_server_config
    if tls.client_auth_type != REQUIRED:
        return ""
    transport = request.transport
    peer = cast("Peer | None", transport and transport.get_extra_info("peercert"))
    if not peer:
        return "a client certificate is needed"
    wanted = {_plain(name) for name in tls.client_allowed_sans or ()}
    if tls.client_allowed_sans is not None and wanted.isdisjoint(names(peer)):
        return "this client certificate's names are not among those allowed"
    return ""


def names(peer: Peer) -> Iterator[str]:
    """Give the alternative names of a certificate that are DNS names, addresses or URIs."""
    for kind, name in peer.get("subjectAltName", ()):
        if kind in {"DNS", "email", "URI", "IP Address"}:
            yield _plain(name)


def _plain(name: str) -> str:
    """Write an address in one way only: OpenSSL and people write version 6 differently."""
    try:
        return str(ipaddress.ip_address(name.strip()))
    except ValueError:
        return name
