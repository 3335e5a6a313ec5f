"""The protection of one listener: its file in force, and the newer one as soon as it is good."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from probe.clock import Clock
from probe.config import load
from probe.config.document import ConfigError
from probe.config.web import TlsServer, WebConfig, files
from probe.transport import handshake
from probe.transport.passwords import Passwords

LOOK_SECONDS = 1.0

log = logging.getLogger(__name__)

Stamp = tuple[tuple[int, int, int] | None, ...]
"""Of each file: when it was changed, its size, which file it is; None where there is none."""


@dataclass(frozen=True)
class InForce:
    """One good reading of the file."""

    config: WebConfig
    passwords: Passwords | None = None
    expires: datetime | None = None
    """When the certificate does."""


class Protection:
    """What protects one listener; without a file nothing does."""

    def __init__(self, file: str, now: datetime, *, lenient: bool = False) -> None:
        """Raise ConfigError for a file that is not good. `lenient` is `handshake.context`'s."""
        self.file, self.ok, self.now = file, True, InForce(WebConfig())
        self.tls: handshake.Turning | None = None
        self._lenient, self._begun, self._late = lenient, False, False
        self._parts: tuple[Path, ...] = ()
        self._seen: Stamp = ()
        if file:
            self._read(now)
            self._look_at_expiry(now)
        self._begun = True

    async def watching(self, clock: Clock) -> None:
        """Look at the files once a second, for as long as there are any."""
        while self.file:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.renew, clock.now())

    def renew(self, now: datetime) -> None:
        """Take the files up where they changed; what is not good is said once, and kept out."""
        if self.file and self._seen != tuple(map(_stat, (Path(self.file), *self._parts))):
            self._try(now)
        self._look_at_expiry(now)

    def _try(self, now: datetime) -> None:
        try:
            self._read(now)
        except ConfigError as error:
            self.ok = False
            log.error("web config: %s; the old one stays", error)  # noqa: TRY400
        else:
            self.ok = True
            log.info("web config: %s was read again", self.file)

    def _read(self, now: datetime) -> None:
        """Raise ConfigError, and keep all of the old, for what is not good.

        What a file looked like is noted before it is read: a change meanwhile is seen next time.
        """
        path = Path(self.file)
        self._seen = (_stat(path), *self._seen[1:])
        config = load.web_config(path)
        self._parts = files(config.tls_server_config)
        self._seen = (self._seen[0], *map(_stat, self._parts))
        try:
            self._adopt(config, now)
        except ConfigError as error:
            raise ConfigError(f"{self.file}: {error}") from None
        if config.http_server_config.http2:
            log.info("web config: %s: http2 is not spoken here, HTTP/1.1 is", self.file)

    def _adopt(self, config: WebConfig, now: datetime) -> None:
        users, tls = config.basic_auth_users, config.tls_server_config
        if self._begun and bool(self.tls) is not tls.wanted:
            raise ConfigError("tls_server_config: came or went; that needs a restart")
        passwords = Passwords(users) if users else None
        expires = self._turn(tls, now) if tls.wanted else None
        self.now, self._late = InForce(config, passwords, expires), False

    def _turn(self, tls: TlsServer, now: datetime) -> datetime:
        made, expires = handshake.context(tls, lenient=self._lenient), handshake.expiry(tls)
        if self.now.expires:
            handshake.no_worse(expires, self.now.expires, now)
        if self.tls is None:
            self.tls = handshake.turning(made)
        self.tls.current = made
        return expires

    def _look_at_expiry(self, now: datetime) -> None:
        expires = self.now.expires
        if expires and expires <= now and not self._late:
            self._late = True
            log.error(
                "web config: %s: the certificate expired at %s; renew it", self.file, expires
            )


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
