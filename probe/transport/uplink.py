"""What waits in the spool to the correlator: batches of JSON Lines over HTTPS, with back-off.

At least once: rows are forgotten only after the correlator said that it has them, or will never
take them. Whatever goes wrong, the spool keeps the rest and probing goes on. A row that spoils
every batch it is in is stepped over, and given up once others have passed it often enough.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import aiohttp
import msgspec

from probe.clock import Clock
from probe.config.load import ConfigError
from probe.config.shape import Secret, Uplinking
from probe.transport import wire
from probe.transport.backoff import BASE_SECONDS, Chances, jittered, retry_after
from probe.transport.spool import Spool, SpoolError
from probe.transport.suspects import Suspects

PATH = "/api/v1/measurements"
TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=15)
MOST_ANSWER_BYTES = 4 * 1024 * 1024
GZIP_LEVEL = 1
"""Level 6 costs twice the time for a seventh less."""

log = logging.getLogger(__name__)

Row = tuple[int, bytes]

ERRORS = (
    "unreachable",
    "timeout",
    "certificate",
    "unauthorized",
    "busy",
    "too_large",
    "bad_answer",
    "refused",
    "spool",
)
"""What an attempt can end in, apart from success; the label values of the errors metric."""

SPOILT = frozenset({"refused", "bad_answer"})
"""Errors that one row of the batch may have caused."""

STATUSES = {401: "unauthorized", 403: "unauthorized", 413: "too_large", 429: "busy", 503: "busy"}


class Reply(msgspec.Struct, frozen=True):
    """The body of a 200."""

    accepted: int
    duplicate: int
    refused: tuple[wire.Refusal, ...] = ()


class UplinkError(Exception):
    """An attempt failed: by name, in a sentence, and after how long to try again, if that was said."""

    def __init__(self, name: str, sentence: str, after: float | None = None) -> None:
        super().__init__(sentence)
        self.name = name
        self.after = after


@dataclass
class Counts:
    """Since the start, for the metrics."""

    accepted: int = 0
    duplicate: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Records, by the correlator's reason."""
    errors: Counter[str] = field(default_factory=Counter)
    """Attempts, by one of ERRORS."""
    last_success: datetime | None = None


async def push(spool: Spool, settings: Uplinking, token: Secret, clock: Clock) -> None:
    """Send until cancelled. Raises ConfigError for an unreadable trust bundle."""
    await Uplink(spool, settings, token, clock).run()


class Uplink:
    """The one sender of a spool."""

    def __init__(
        self,
        spool: Spool,
        settings: Uplinking,
        token: Secret,
        clock: Clock,
        chances: Chances | None = None,
    ) -> None:
        """Raise ConfigError for an unreadable trust bundle."""
        self.counts = Counts()
        self._spool, self._settings, self._clock = spool, settings, clock
        self._chances = chances or Chances()
        self._url = address(settings.url)
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/x-ndjson",
        }
        if settings.compression == "gzip":
            self._headers["Content-Encoding"] = "gzip"
        self._trust = trust(settings)
        self._batch = settings.batch
        self._suspects = Suspects()
        self._failures = 0
        self._state = ""
        self._said: set[str] = set()
        self._end = asyncio.Event()

    async def run(self) -> None:
        """Send what waits, every `flush`; after a failure wait out the back-off. `end` ends it."""
        async with self._session() as session:
            while not self._end.is_set():
                wait = await self._round(session)
                await self._chances.sleep(wait, self._end)

    def end(self) -> None:
        """Let `run` return after the batch under way: cut off, it would have to go twice."""
        self._end.set()

    async def drain(self, seconds: float) -> None:
        """Send what waits, within a deadline and until the first failure; the rest stays."""
        try:
            async with asyncio.timeout(seconds), self._session() as session:
                while self._spool.depth():
                    await self._send(session)
        except (TimeoutError, UplinkError):
            return

    async def _round(self, session: aiohttp.ClientSession) -> float:
        """Send until nothing waits or something fails; say how long to wait."""
        try:
            while self._spool.depth() and not self._end.is_set():
                await self._send(session)
        except UplinkError as error:
            self._failed(error)
            return self._backoff() if error.after is None else max(error.after, BASE_SECONDS)
        return self._settings.flush

    async def _send(self, session: aiohttp.ClientSession) -> None:
        """Send one batch. Raises UplinkError; the batch then still waits."""
        rows = await self._next()
        if not rows:
            return
        try:
            reply = await self._posted(session, rows)
        except UplinkError as error:
            if error.name in SPOILT:
                numbers = [row for row, _ in rows]
                self._batch = self._suspects.failed(numbers, self._failures, self._batch)
            if error.name != "too_large":
                raise
            await self._shrink(rows, error)
            return
        self._count(reply)
        await self._forget(_done(rows, reply))
        self._succeeded()

    async def _next(self) -> list[Row]:
        with _spooling():
            rows = await asyncio.to_thread(self._spool.peek, self._batch, self._suspects.after)
            if not rows and self._suspects.after:
                self._suspects.again()
                rows = await asyncio.to_thread(self._spool.peek, self._batch)
        return rows

    async def _forget(self, done: Sequence[Row]) -> None:
        """Let go of what arrived, and of what was shown never to arrive."""
        rows = [row for row, _ in done]
        spoilt = self._suspects.passed(rows)
        for _ in spoilt:
            self._refused("unanswered", "a measurement is never answered well, and others are")
        with _spooling():
            await asyncio.to_thread(self._spool.forget, [*rows, *spoilt])

    async def _posted(self, session: aiohttp.ClientSession, rows: Sequence[Row]) -> Reply:
        body = await asyncio.to_thread(_body, rows, self._settings.compression)
        with _naming():
            async with session.post(
                self._url, data=body, headers=self._headers, allow_redirects=False
            ) as response:
                text = await _read(response)
        if response.status != 200:  # noqa: PLR2004
            after = retry_after(response.headers.get("Retry-After", ""), self._clock.now())
            raise _refusal(response.status, after, self._settings.max_backoff)
        return _reply(text, rows)

    async def _shrink(self, rows: Sequence[Row], error: UplinkError) -> None:
        """Halve the batch; one row that is too large alone will never pass, and goes."""
        self.counts.errors[error.name] += 1
        if len(rows) == 1:
            self._refused("too_large", "one measurement is larger than the correlator reads")
            with _spooling():
                await asyncio.to_thread(self._spool.forget, [rows[0][0]])
        self._batch = max(1, len(rows) // 2)

    def _count(self, reply: Reply) -> None:
        self.counts.accepted += reply.accepted
        self.counts.duplicate += reply.duplicate
        for refusal in reply.refused:
            if refusal.reason is not wire.Reason.TOO_MANY:
                self._refused(refusal.reason, refusal.detail)

    def _refused(self, reason: str, detail: str) -> None:
        self.counts.refused[reason] += 1
        if reason not in self._said:
            self._said.add(reason)
            log.warning(
                "the correlator refuses measurements (%s): %s; further ones are only counted",
                reason,
                detail,
            )

    def _succeeded(self) -> None:
        self.counts.last_success = self._clock.now()
        self._failures = 0
        self._batch = min(self._settings.batch, self._batch * 2)
        self._change("", "the uplink works")

    def _failed(self, error: UplinkError) -> None:
        self.counts.errors[error.name] += 1
        self._failures += 1
        self._change(error.name, f"the uplink fails, measurements wait in the spool: {error}")

    def _change(self, state: str, sentence: str) -> None:
        if state != self._state:
            self._state = state
            about = {"target": "uplink", "state": state or "well"}
            log.log(logging.WARNING if state else logging.INFO, "%s", sentence, extra=about)

    def _backoff(self) -> float:
        return jittered(self._failures, self._chances.draw(), self._settings.max_backoff)

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=1, ssl=self._trust, resolver=aiohttp.ThreadedResolver()
        )
        return aiohttp.ClientSession(connector=connector, timeout=TIMEOUT, trust_env=False)


def address(url: str) -> str:
    """Give the intake's URL: a base alone stands for the path that a correlator serves."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + PATH


def trust(settings: Uplinking) -> ssl.SSLContext | bool:
    if urlsplit(settings.url).scheme != "https":
        return True
    try:
        return ssl.create_default_context(cafile=settings.trust or None)
    except OSError as error:
        problem = error.strerror or "is no PEM bundle"
        raise ConfigError(f"uplink.trust: {settings.trust} cannot be read: {problem}") from None


def _body(rows: Sequence[Row], compression: str) -> bytes:
    body = b"".join(line + b"\n" for _, line in rows)
    return gzip.compress(body, GZIP_LEVEL) if compression == "gzip" else body


async def _read(response: aiohttp.ClientResponse) -> bytes:
    parts = bytearray()
    async for part in response.content.iter_any():
        parts += part
        if len(parts) > MOST_ANSWER_BYTES:
            raise UplinkError("bad_answer", "the correlator's answer has no end")
    return bytes(parts)


def _reply(text: bytes, rows: Sequence[Row]) -> Reply:
    try:
        reply = msgspec.json.decode(text, type=Reply)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UplinkError(
            "bad_answer", "the answer is not a correlator's; is the URL right?"
        ) from None
    kept = len(_done(rows, reply))
    said = reply.accepted + reply.duplicate + len(_counted(reply))
    if said != kept or not kept:
        raise UplinkError(
            "bad_answer", f"the correlator speaks of {said} records instead of {kept}"
        )
    return reply


def _counted(reply: Reply) -> list[wire.Refusal]:
    return [refusal for refusal in reply.refused if refusal.reason is not wire.Reason.TOO_MANY]


def _done(rows: Sequence[Row], reply: Reply) -> Sequence[Row]:
    """Leave out what was not read at all, from the first line past the correlator's limit on."""
    lines = [r.line for r in reply.refused if r.reason is wire.Reason.TOO_MANY]
    return rows[: min(lines) - 1] if lines else rows


def _refusal(status: int, after: float | None, longest: float) -> UplinkError:
    name = STATUSES.get(status, "refused")
    sentences = {
        "unauthorized": "the correlator does not know the token",
        "busy": "the correlator asks to wait",
        "too_large": "the batch is too large for the correlator",
    }
    sentence = f"{sentences.get(name, 'the correlator answered')} (HTTP {status})"
    return UplinkError(name, sentence, min(after, longest) if after is not None else None)


@contextmanager
def _spooling() -> Iterator[None]:
    try:
        yield
    except SpoolError as error:
        raise UplinkError("spool", str(error)) from None


@contextmanager
def _naming() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise UplinkError("timeout", "the correlator did not answer in time") from None
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
        sentence = f"the correlator's certificate is not trusted: {error.strerror or error}"
        raise UplinkError("certificate", sentence) from None
    except (aiohttp.ClientError, OSError) as error:
        raise UplinkError("unreachable", f"the correlator cannot be reached: {error}") from None
