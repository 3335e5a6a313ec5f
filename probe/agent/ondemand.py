"""/probe: one endpoint measured now, for people whose Prometheus is set up for blackbox_exporter.

It measures nothing that this agent does not measure anyway, and is bounded so that nobody can make
it hammer anything: each endpoint once a second at most, a few at once, so many a second in all, and
each host as often as rounds and callers together may.
What it saw is told to the caller alone: it is not counted, not kept and sent to nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from aiohttp import web

from probe.agent import asked
from probe.agent.asked import Asked, RefusedError
from probe.agent.figures import figures, hops
from probe.agent.scrape import negotiated
from probe.clock import Clock
from probe.metrics import ondemand as metrics
from probe.model import Endpoint, Observation, Target

MOST_AT_ONCE = 8
PER_SECOND = 20.0
BURST = 40.0
SHARED_SECONDS = 1.0
"""A result serves all who ask for the same this long; who asks otherwise is told to wait."""
BUSY = "too many probes are asked for; an endpoint is probed once a second at most, for all"

SPARED = "this host is visited as often in a minute as schedule.per_host allows; ask again later"
SPARED_SECONDS = 10


class Probing(Protocol):
    """What is needed of an agent."""

    clock: Clock

    @property
    def endpoints(self) -> Mapping[Target, Endpoint]: ...

    def may_visit(self, endpoint: Endpoint) -> bool:
        """Tell whether its host may be visited now, and count the visit if so."""
        ...

    async def look(self, endpoint: Endpoint, within: float) -> tuple[Observation, ...]: ...


@dataclass(frozen=True, slots=True)
class Result:
    seen: metrics.Seen
    observations: tuple[Observation, ...]


@dataclass
class Budget:
    """A bucket of tokens that fills by itself."""

    at: float
    left: float = BURST

    def take(self, now: float) -> bool:
        self.left = min(BURST, self.left + (now - self.at) * PER_SECOND)
        self.at = now
        enough = self.left >= 1
        self.left -= enough
        return enough


@dataclass
class Turn:
    """One endpoint's: nobody probes it while another does."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    key: tuple[str, float] | None = None
    result: Result | None = None


class OnDemand:
    def __init__(self, probing: Probing, *, shared_seconds: float = SHARED_SECONDS) -> None:
        self._probing, self._shared_seconds = probing, shared_seconds
        self._turns: dict[Target, Turn] = {}
        self._budget = Budget(probing.clock.monotonic())
        self._under_way = 0

    async def answer(self, request: web.Request) -> web.Response:
        header = request.headers.get(asked.SCRAPE_TIMEOUT, "")
        try:
            wanted = asked.read(request.query, header, self._probing.endpoints)
            result = await self._result(wanted)
        except RefusedError as refused:
            after = {"Retry-After": str(refused.retry_after)} if refused.retry_after else {}
            return web.Response(status=refused.status, text=f"{refused}\n", headers=after)
        form = negotiated(request).form
        text, kind = metrics.exposition(result.seen, form).decode(), form.value
        if wanted.debug:
            text, kind = transcript(wanted, result), "text/plain; charset=utf-8"
        headers = {"Content-Type": kind, "X-Content-Type-Options": "nosniff"}
        return web.Response(body=text.encode(), headers=headers)

    async def _result(self, wanted: Asked) -> Result:
        until = self._probing.clock.monotonic() + wanted.within
        async with self._turn(wanted) as turn:
            key = (wanted.module, wanted.within)
            if turn.result is None:
                turn.key, turn.result = key, await self._probed(wanted, until)
                loop = asyncio.get_running_loop()
                loop.call_later(self._shared_seconds, self._forget, wanted.target)
            elif turn.key != key:
                raise RefusedError(429, BUSY, retry_after=1)
            return turn.result

    @asynccontextmanager
    async def _turn(self, wanted: Asked) -> AsyncIterator[Turn]:
        turn = self._turns.setdefault(wanted.target, Turn())
        try:
            async with asyncio.timeout(wanted.within):
                await turn.lock.acquire()
        except TimeoutError:
            raise RefusedError(429, BUSY, retry_after=1) from None
        try:
            yield turn
        finally:
            turn.lock.release()

    async def _probed(self, wanted: Asked, until: float) -> Result:
        clock = self._probing.clock
        at, now = clock.now(), clock.monotonic()
        if self._under_way >= MOST_AT_ONCE or not self._budget.take(now):
            raise RefusedError(429, BUSY, retry_after=1)
        if not self._probing.may_visit(wanted.endpoint):
            raise RefusedError(429, SPARED, retry_after=SPARED_SECONDS)
        self._under_way += 1
        try:
            observations = await self._probing.look(wanted.endpoint, max(0.0, until - now))
        finally:
            self._under_way -= 1
        walked = hops(observations)
        seen = metrics.Seen(
            run=figures(observations, at),
            timeout=wanted.within,
            address=walked[0].address,
            answer=walked[-1].answer,
            shake=walked[-1].shake,
        )
        return Result(seen, observations)

    def _forget(self, target: Target) -> None:
        self._turns.pop(target, None)


def transcript(wanted: Asked, result: Result) -> str:
    """Write what `debug=true` gives: blackbox_exporter's headings, our own steps under them."""
    steps = b"\n".join(map(msgspec.json.encode, result.observations)).decode()
    endpoint = wanted.endpoint
    listed = "200-299" if endpoint.status == asked.TWO_HUNDREDS else endpoint.status or "below 400"
    return (
        f"Logs for the probe:\n{steps}\n\n\n"
        f"Metrics that would have been returned:\n"
        f"{metrics.exposition(result.seen).decode()}\n\n\n"
        f"Module configuration:\n"
        f"module: {wanted.module} ({asked.MODULES[wanted.module]})\n"
        f"target: {asked.name(wanted.target)}\n"
        f"url: {endpoint.url}\nmethod: {endpoint.method}\nstatus: {listed}\n"
        f"expect: {endpoint.expect!r}\nforbid: {list(endpoint.forbid)!r}\n"
        f"min_bytes: {endpoint.min_bytes}\ntimeout_seconds: {wanted.within:g}\n"
    )
