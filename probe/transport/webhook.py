"""What is told of incidents, to one receiver: in order, with back-off, until it says that it has it.

At least once: a delivery is forgotten only after a 2xx, so one that was cut off goes again, under
the same id. Nothing of a receiver but its name is ever logged: its URL may be its password.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import aiohttp

from probe import __version__
from probe.clock import Clock
from probe.config.load import ConfigError, secret, token
from probe.config.shape import Receiver, ReceiverKind
from probe.model import Delivery
from probe.transport import signature
from probe.transport.backoff import BASE_SECONDS, Chances, jittered, retry_after

ALERTS = "/api/v2/alerts"
HOPELESS = frozenset({400, 413, 415, 422})
"""Statuses that the same body gets however often it is sent; all others may pass."""

log = logging.getLogger(__name__)


class DeliveryError(Exception):
    """An attempt failed: in a sentence, and after how long to try again, if that was said."""

    def __init__(
        self, sentence: str, *, after: float | None = None, hopeless: bool = False
    ) -> None:
        super().__init__(sentence)
        self.after = after
        self.hopeless = hopeless


@dataclass
class Counts:
    """Of one receiver since the start, for the metrics."""

    ok: int = 0
    failed: int = 0
    """Attempts, not deliveries."""
    dropped: int = 0
    """Deliveries that will never arrive."""


@dataclass(frozen=True)
class Route:
    """One receiver, with all that was named in files read."""

    name: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    key: bytes = field(repr=False)
    """Empty: not signed."""
    trust: ssl.SSLContext | bool
    timeout: float


@dataclass(frozen=True)
class Desk:
    """Where a courier fetches; each call blocks and may raise OSError."""

    waiting: Callable[[], tuple[int, Delivery] | None]
    """The oldest that waits, and the number by which it is done."""
    done: Callable[[int], None]
    write: Callable[[Delivery, datetime], bytes]
    remind: Callable[[datetime], bytes | None]
    """What is to be said again of what is still open, if anything."""


@dataclass(frozen=True)
class Pace:
    """In seconds."""

    max_backoff: float
    give_up: float
    resend: float


class Courier:
    """The one sender to one receiver."""

    def __init__(
        self,
        route: Route,
        desk: Desk,
        pace: Pace,
        clock: Clock,
        counts: Counts,
        chances: Chances | None = None,
    ) -> None:
        self._route, self._desk, self._pace, self._clock = route, desk, pace, clock
        self.counts = counts
        self._chances = chances or Chances()
        self._failures = 0
        self._stuck: tuple[int, float] | None = None
        """The delivery that fails, and since when by the monotonic clock."""
        # Due at once: while this was away, the receiver may have forgotten.
        self._reminded = clock.monotonic() - pace.resend
        self._end, self._wake = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Deliver what waits, whenever nudged; after a failure wait out the back-off."""
        async with self._session() as session:
            while not self._end.is_set():
                self._wake.clear()
                try:
                    await self._round(session)
                except DeliveryError as error:
                    await self._chances.sleep(self._failed(error), self._end)
                else:
                    await self._chances.sleep(self._until_reminder(), self._wake)

    def nudge(self) -> None:
        """Say that something may wait."""
        self._wake.set()

    def end(self) -> None:
        """Let `run` return after the delivery under way."""
        self._end.set()
        self._wake.set()

    async def _round(self, session: aiohttp.ClientSession) -> None:
        with _desk():
            waiting = await asyncio.to_thread(self._desk.waiting)
        while waiting and not self._end.is_set():
            await self._deliver(session, *waiting)
            with _desk():
                waiting = await asyncio.to_thread(self._desk.waiting)
        if self._until_reminder() <= 0 and not self._end.is_set():
            await self._remind(session)

    async def _deliver(
        self, session: aiohttp.ClientSession, number: int, delivery: Delivery
    ) -> None:
        """Raise DeliveryError where it is to be tried again, after a wait."""
        body = self._desk.write(delivery, self._clock.now())
        try:
            await self._post(session, body, delivery.id)
        except DeliveryError as error:
            if not error.hopeless and not self._is_spent(number):
                raise
            await self._drop(number, delivery, error)
            if not error.hopeless:
                raise
            return
        with _desk():
            await asyncio.to_thread(self._desk.done, number)

    async def _remind(self, session: aiohttp.ClientSession) -> None:
        now = self._clock.now()
        with _desk():
            body = await asyncio.to_thread(self._desk.remind, now)
        if body:
            await self._post(session, body, f"reminder-{now.timestamp():.0f}")
        self._reminded = self._clock.monotonic()

    async def _post(self, session: aiohttp.ClientSession, body: bytes, name: str) -> None:
        route, now = self._route, self._clock.now()
        signed = signature.headers(name, now, body, route.key) if route.key else {}
        with _naming():
            async with session.post(
                route.url, data=body, headers={**route.headers, **signed}, allow_redirects=False
            ) as response:
                status, wait = response.status, response.headers.get("Retry-After", "")
        if not 200 <= status < 300:  # noqa: PLR2004
            after = retry_after(wait, now)
            sentence = f"the answer was HTTP {status}"
            raise DeliveryError(sentence, after=after, hopeless=status in HOPELESS)
        self._succeeded()

    async def _drop(self, number: int, delivery: Delivery, error: DeliveryError) -> None:
        with _desk():
            await asyncio.to_thread(self._desk.done, number)
        if error.hopeless:
            self.counts.failed += 1
        self.counts.dropped += 1
        log.error(
            "webhook %s: incident %s %s was dropped: %s",
            self._route.name,
            delivery.incident.id,
            delivery.event,
            error,
        )

    def _is_spent(self, number: int) -> bool:
        """Say whether a delivery has failed for too long."""
        now = self._clock.monotonic()
        if self._stuck is None or self._stuck[0] != number:
            self._stuck = (number, now)
        return now - self._stuck[1] >= self._pace.give_up

    def _succeeded(self) -> None:
        self.counts.ok += 1
        if self._failures:
            state = {"target": f"webhook {self._route.name}", "state": "well"}
            log.info("webhook %s: works again", self._route.name, extra=state)
        self._failures = 0

    def _failed(self, error: DeliveryError) -> float:
        """Count it, say it once, and give the seconds to wait."""
        self.counts.failed += 1
        if not self._failures:
            name = self._route.name
            state = {"target": f"webhook {name}", "state": "failing"}
            log.warning("webhook %s: fails, deliveries wait: %s", name, error, extra=state)
        self._failures += 1
        longest = self._pace.max_backoff
        if error.after is not None:
            return max(min(error.after, longest), BASE_SECONDS)
        return jittered(self._failures, self._chances.draw(), longest)

    def _until_reminder(self) -> float:
        return max(0.0, self._reminded + self._pace.resend - self._clock.monotonic())

    def _session(self) -> aiohttp.ClientSession:
        route = self._route
        connector = aiohttp.TCPConnector(
            limit=1, ssl=route.trust, resolver=aiohttp.ThreadedResolver()
        )
        timeout = aiohttp.ClientTimeout(total=route.timeout)
        return aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)


def route(receiver: Receiver) -> Route:
    """Read the receiver's files and secrets; raises ConfigError."""
    headers = {"Content-Type": "application/json", "User-Agent": f"worksforwhom/{__version__}"}
    if receiver.token or receiver.token_file:
        headers["Authorization"] = f"Bearer {token(receiver)}"
    return Route(
        name=receiver.name,
        url=address(receiver),
        headers=headers,
        key=_key(receiver),
        trust=_trust(receiver),
        timeout=receiver.timeout,
    )


def address(receiver: Receiver) -> str:
    """Give where to post: of an Alertmanager, the base alone is enough."""
    match receiver.kind:
        case ReceiverKind.JSON:
            return str(receiver.url)
        case ReceiverKind.ALERTMANAGER:
            base = str(receiver.url).rstrip("/")
            return base if base.endswith(ALERTS) else base + ALERTS


def _key(receiver: Receiver) -> bytes:
    if not (receiver.secret or receiver.secret_file):
        return b""
    try:
        return signature.key(secret(receiver))
    except signature.KeyFormatError as error:
        raise ConfigError(f"webhooks: the secret of receiver {receiver.name} {error}") from None


def _trust(receiver: Receiver) -> ssl.SSLContext | bool:
    if urlsplit(receiver.url).scheme != "https":
        return True
    try:
        return ssl.create_default_context(cafile=receiver.trust or None)
    except OSError as error:
        problem = error.strerror or "is no PEM bundle"
        raise ConfigError(
            f"webhooks: trust of receiver {receiver.name}: {receiver.trust} cannot be read: {problem}"
        ) from None


@contextmanager
def _desk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DeliveryError(str(error)) from None


@contextmanager
def _naming() -> Iterator[None]:
    """Give errors words of our own: a library's may have the URL in them."""
    try:
        yield
    except TimeoutError:
        raise DeliveryError("there was no answer in time") from None
    except aiohttp.ClientSSLError:
        raise DeliveryError("its certificate is not trusted") from None
    except aiohttp.ClientConnectorError as error:
        reason = error.os_error.strerror or "no connection"
        raise DeliveryError(f"it cannot be reached: {reason}") from None
    except (aiohttp.ClientError, OSError) as error:
        raise DeliveryError(f"the connection broke: {type(error).__name__}") from None
