"""The centre's listeners: opened, protected each by its own file, swept, closed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from aiohttp import web

from probe.clock import Clock
from probe.config.load import ConfigError
from probe.config.shape import CorrelatorConfig, Tls
from probe.config.web import TlsServer
from probe.transport import certificate, handshake, intake
from probe.transport.guard import Guard
from probe.transport.listen import listen, runner
from probe.transport.patience import Patience
from probe.transport.protection import Protection
from probe.web import discovery
from probe.web.answer import safe

EXEMPT = frozenset({intake.PATH, discovery.PATH})
"""They have tokens of their own: agents and Prometheus know no user of web.config_file."""

log = logging.getLogger(__name__)


class Listeners:
    """`web`, which has everything, `pages`, for the public alone, and `metrics`, for machines."""

    def __init__(self, config: CorrelatorConfig, clock: Clock) -> None:
        """Raise ConfigError for certificates and files that are not good."""
        now = clock.now()
        self._clock = clock
        self.protections = {
            # Some of its paths need no client certificate: only the request tells.
            "web": Protection(config.web.config_file, now, lenient=True),
            "pages": Protection(config.pages.config_file, now),
            "metrics": Protection(config.metrics.config_file, now),
        }
        if config.tls and self.protections["web"].tls:
            raise ConfigError(f"{config.web.config_file}: tls_server_config: `tls` gives one, too")
        self._tls = certificate.context(config.tls) if config.tls else None
        self._expires = _expiry(config.tls, now) if config.tls else None
        self._patience = Patience()
        self._servers: list[web.AppRunner] = []

    async def open(
        self, name: str, address: str, routes: Sequence[web.RouteDef]
    ) -> tuple[str, ...]:
        """Listen and say where; an empty address listens nowhere. Raises ListenError."""
        if not address:
            return ()
        protection = self.protections[name]
        guard = Guard(protection, self._clock, EXEMPT)
        middlewares = [self._patience.middleware(), guard.middleware(), safe]
        app = web.Application(middlewares=middlewares)
        app.add_routes(routes)
        server = runner(app)
        self._servers.append(server)
        tls = self._tls if name == "web" and self._tls else protection.tls
        return tuple(await listen(server, address, tls))

    def renew(self, tls: Tls | None) -> None:
        """Load the certificate of `tls` again, where there is one; raises ConfigError."""
        if self._tls and tls:
            now, expires = self._clock.now(), _until(tls)
            try:
                handshake.no_worse(expires, self._expires or now, now)
            except ConfigError as error:
                raise ConfigError(f"tls: {tls.certificate}: {error}") from None
            certificate.load(self._tls, tls)
            self._expires = _expiry(tls, now)

    def watched(self) -> Iterator[Protection]:
        return (protection for protection in self.protections.values() if protection.file)

    def good(self) -> Mapping[str, bool]:
        """Say of each listener that has a file whether its last reading was good."""
        return {name: held.ok for name, held in self.protections.items() if held.file}

    def expiries(self) -> Mapping[str, datetime]:
        """Give the end of the certificate that each listener shows, of those that speak TLS."""
        named = {name: held.now.expires for name, held in self.protections.items()}
        ends = {**named, "web": self._expires or named["web"]}
        return {name: at for name, at in ends.items() if at}

    def sweep(self) -> None:
        """Close the connections that never get a request out."""
        for server in self._servers:
            if server.server is not None:
                self._patience.sweep(server.server, self._clock.monotonic())

    async def close(self) -> None:
        for server in self._servers:
            await server.cleanup()


def _until(tls: Tls) -> datetime:
    return handshake.expiry(TlsServer(cert_file=tls.certificate))


def _expiry(tls: Tls, now: datetime) -> datetime:
    expires = _until(tls)
    if expires <= now:
        log.error("tls: %s: the certificate expired at %s; renew it", tls.certificate, expires)
    return expires
