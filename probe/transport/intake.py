"""Measurements in: authenticate the agent, inflate under a cap, refuse what is wrong, alone.

An answer of 200 means that every accepted measurement is on the disk: it is sent only after
`commit` returned. What is refused is counted by its reason, and so is what was sent before.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from aiohttp import web

from probe.clock import Clock
from probe.config.shape import Limits
from probe.model import Measurement, Vantage
from probe.transport import wire
from probe.transport.enrolment import Enrolled, Terms, UnknownAgentError, authenticate, own
from probe.transport.inflate import Body, BrokenBodyError, Coding, LargeBodyError

PATH = "/api/v1/measurements"
BODY_SECONDS = 30.0
"""How long one body may take to arrive."""
AT_ONCE = 2
"""Requests of one agent under way at the same time."""
RETRY_SECONDS = 5
"""What an agent is told to wait while the store cannot take anything."""

log = logging.getLogger(__name__)

Commit = Callable[[Sequence[Measurement], datetime], int]
"""Make measurements durable and say how many were new; blocks, raises OSError where it cannot."""


@dataclass
class Counts:
    """What came in since the start, for the metrics."""

    accepted: int = 0
    duplicate: int = 0
    late: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Records, by wire.Reason."""
    answers: Counter[int] = field(default_factory=Counter)
    """Requests, by HTTP status."""


class Answer(msgspec.Struct, frozen=True):
    """The body of a 200."""

    accepted: int
    duplicate: int
    refused: tuple[wire.Refusal, ...]


class RefusedError(Exception):
    """The whole request is refused: an HTTP status and one sentence."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass
class Bucket:
    """What one agent may still ask for: refilled evenly, full at first."""

    tokens: float
    filled: float
    """By the monotonic clock."""
    under_way: int = 0

    def take(self, now: float, per_minute: int) -> float:
        """Take one request and give 0, or give the seconds until one may be taken."""
        earned = (now - self.filled) * per_minute / 60
        self.tokens, self.filled = min(per_minute, self.tokens + earned), now
        if self.tokens < 1:
            return (1 - self.tokens) * 60 / per_minute
        self.tokens -= 1
        return 0.0


class Intake:
    """`POST /api/v1/measurements`. `terms` may be replaced while it runs."""

    def __init__(self, terms: Terms, commit: Commit, clock: Clock) -> None:
        self.terms = terms
        self.counts = Counts()
        self._commit = commit
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.post(PATH, self.handle)]

    async def handle(self, request: web.Request) -> web.Response:
        try:
            answer = await self._taken(request)
        except RefusedError as refused:
            response = _json({"error": str(refused)}, refused.status, refused.headers)
            # What is left of the body is not worth reading.
            response.force_close()
        else:
            response = _json(answer, 200, {})
        self.counts.answers[response.status] += 1
        return response

    async def _taken(self, request: web.Request) -> Answer:
        agent = self._authenticated(request)
        bucket = self._admitted(agent.vantage.id)
        bucket.under_way += 1
        try:
            data = await _read(request, self.terms.limits)
            return await self._decided(data, agent.vantage)
        finally:
            bucket.under_way -= 1

    def _authenticated(self, request: web.Request) -> Enrolled:
        try:
            return authenticate(request.headers.get("Authorization", ""), self.terms.agents)
        except UnknownAgentError as error:
            raise RefusedError(401, str(error), WWW_Authenticate="Bearer") from None

    def _admitted(self, agent: str) -> Bucket:
        now, per_minute = self._clock.monotonic(), self.terms.limits.per_minute
        bucket = self._buckets.setdefault(agent, Bucket(per_minute, now))
        wait = 1.0 if bucket.under_way >= AT_ONCE else bucket.take(now, per_minute)
        if wait:
            raise RefusedError(
                429,
                f"more than {per_minute} requests a minute, or {AT_ONCE} at once; slow down",
                Retry_After=str(math.ceil(wait)),
            )
        return bucket

    async def _decided(self, data: bytes, vantage: Vantage) -> Answer:
        now = self._clock.now()
        try:
            batch, new = await asyncio.to_thread(self._kept, data, vantage, now)
        except OSError as error:
            log.error("intake: nothing was taken: %s", error)  # noqa: TRY400 — a sentence, no traceback
            raise RefusedError(
                503, "the store cannot take anything now", Retry_After=str(RETRY_SECONDS)
            ) from error
        answer = Answer(new, len(batch.accepted) - new, batch.refused)
        self._count(answer, batch, now)
        return answer

    def _kept(self, data: bytes, vantage: Vantage, now: datetime) -> tuple[wire.Batch, int]:
        """Decode and commit, in a thread: both would hold up the loop."""
        terms = self.terms
        lines = data.count(b"\n") + (not data.endswith(b"\n"))
        if lines > terms.limits.records:
            raise RefusedError(
                413, f"more than {terms.limits.records} records; send fewer at once"
            )
        batch = own(wire.decode(data, now=now, late=terms.oldest), vantage)
        if not batch.accepted and not _is_text(data):
            raise RefusedError(400, "the body is not UTF-8 text; send JSON Lines")
        return batch, self._commit(batch.accepted, now) if batch.accepted else 0

    def _count(self, answer: Answer, batch: wire.Batch, now: datetime) -> None:
        counts = self.counts
        counts.accepted += answer.accepted
        counts.duplicate += answer.duplicate
        counts.late += sum(m.at < now - self.terms.window for m in batch.accepted)
        counts.refused.update(str(refusal.reason) for refusal in batch.refused)


async def _read(request: web.Request, limits: Limits) -> bytes:
    """Read and inflate the body as it comes; raises RefusedError."""
    body = Body(_coding(request), compressed=limits.compressed, decompressed=limits.decompressed)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                body.feed(chunk)
        return body.finish()
    except LargeBodyError as error:
        raise RefusedError(413, str(error)) from error
    except BrokenBodyError as error:
        raise RefusedError(400, str(error)) from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise RefusedError(400, "the body ended before it was whole") from error
    except TimeoutError as error:
        raise RefusedError(408, f"the body took longer than {BODY_SECONDS:.0f} s") from error


def _coding(request: web.Request) -> Coding:
    sent = request.headers.get("Content-Encoding", Coding.IDENTITY).strip().lower()
    try:
        return Coding(sent)
    except ValueError:
        known = ", ".join(Coding)
        raise RefusedError(
            415, f"Content-Encoding is none of {known}", Accept_Encoding=known
        ) from None


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _json(body: Answer | dict[str, str], status: int, headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body),
        status=status,
        headers=headers,
        content_type="application/json",
    )
