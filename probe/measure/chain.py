"""The order of the steps for one endpoint: DNS, TCP, TLS, HTTP, and again for each redirect.

Every address is tried up to TLS; the first whose handshake succeeds answers the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from random import Random

import msgspec

from probe.config.shape import Seconds
from probe.measure.diagnose import diagnose, is_troubled
from probe.measure.dial import Stream
from probe.measure.dns import Asked, ask, usable
from probe.measure.failure import NO_ANSWER
from probe.measure.goal import Goal, Name, goal
from probe.measure.http import Next, Request, fetch
from probe.measure.instruments import Instruments, instruments
from probe.measure.message import Question
from probe.measure.site import Site
from probe.measure.step import Mark
from probe.measure.tcp import connect
from probe.measure.tls import Peer, handshake
from probe.model import DnsLookup, Endpoint, HttpExchange, Observation

__all__ = ["Instruments", "choose", "instruments", "look", "measure", "settle"]


FIRST = Mark()


async def measure(endpoint: Endpoint, tools: Instruments) -> tuple[Observation, ...]:
    """Measure one endpoint. Whatever the network does is in the observations, never raised.

    Raises BadUrlError for an endpoint whose URL is none.
    """
    last, seen = await _walked(endpoint, tools)
    background = tools.curious and _by_chance(tools)
    if background or is_troubled(seen):
        return (*seen, *await diagnose(last, seen, tools, background=background))
    return seen


def _by_chance(tools: Instruments) -> bool:
    return tools.random.random() < tools.settings.background


async def look(endpoint: Endpoint, tools: Instruments, seconds: float) -> tuple[Observation, ...]:
    """Measure the plain chain alone, all within `seconds`: no test, no wait for late answers.

    What runs out of time is a step that timed out. Raises BadUrlError as `measure` does.
    """
    brief = msgspec.structs.replace(tools.settings, late_answers=Seconds(0))
    until = tools.clock.monotonic() + seconds
    return (await _walked(endpoint, replace(tools, settings=brief, until=until)))[1]


async def _walked(endpoint: Endpoint, tools: Instruments) -> tuple[Goal, tuple[Observation, ...]]:
    wanted = goal(endpoint.url)
    if type(wanted) is Name:
        servers = (wanted.server,) if wanted.server else tools.resolver.servers()
        async with asyncio.TaskGroup() as listening:
            asked = await ask(wanted.question, servers, tools, FIRST, listening)
        return wanted, settle([one.whole.result() for one in asked])
    until = tools.clock.monotonic() + tools.patience
    request = Request(endpoint=endpoint, site=wanted, method=endpoint.method, until=until)
    if not wanted.literal:
        return await _followed(request, tools, [], 0)
    visit = _Visit(request, tools, FIRST)
    seen = await visit.run((wanted.host,))
    if visit.onward is None:  # nothing was looked up, so nothing listens on
        return wanted, tuple(seen)
    return await _followed(_onward(request, visit.onward), tools, seen, 1)


async def _followed(
    request: Request, tools: Instruments, before: Sequence[Observation], hop: int
) -> tuple[Site, tuple[Observation, ...]]:
    """Go on from this hop, with what was seen before it."""
    async with asyncio.TaskGroup() as listening:
        walk = _Walk(tools, listening)
        site = await walk.follow(request, hop)
    seen = [part.result() if isinstance(part, asyncio.Task) else part for part in walk.seen]
    return site, settle([*before, *seen])


def _onward(request: Request, onward: Next) -> Request:
    return msgspec.structs.replace(request, site=onward.site, method=onward.method, jar=onward.jar)


def settle(observations: Sequence[Observation]) -> tuple[Observation, ...]:
    """A name without addresses in one family is no failure where it has some in the other."""
    if not any(seen.failure and seen.failure.name == NO_ANSWER for seen in observations):
        return tuple(observations)
    named = {seen.hop for seen in observations if isinstance(seen, DnsLookup) and seen.answers}
    return tuple(
        msgspec.structs.replace(seen, failure=None, raw=b"")
        if isinstance(seen, DnsLookup)
        and seen.hop in named
        and seen.failure
        and seen.failure.name == NO_ANSWER
        else seen
        for seen in observations
    )


def choose(families: Iterable[Iterable[str]], most: int, random: Random) -> tuple[str, ...]:
    """Choose addresses in random order, the families in turn, none twice."""
    shuffled = [sorted(set(family), key=lambda _: random.random()) for family in families]
    random.shuffle(shuffled)
    turns = chain.from_iterable(zip_longest(*shuffled))
    return tuple(address for address in turns if address is not None)[:most]


Part = Observation | asyncio.Task[DnsLookup]
"""A lookup goes on listening while the chain goes on, so it is in the record as a task."""


class _Walk:
    """One endpoint's way through its redirects."""

    def __init__(self, tools: Instruments, listening: asyncio.TaskGroup) -> None:
        self._tools, self._listening = tools, listening
        self.seen: list[Part] = []

    async def follow(self, request: Request, first: int) -> Site:
        """Visit hop after hop, from the first on; give the last one's site."""
        for hop in range(first, self._tools.settings.max_redirects + 1):
            found, addresses = await self._resolve(request.site, Mark(hop))
            visit = _Visit(request, self._tools, Mark(hop))
            self.seen += [*(asked.whole for asked in found), *await visit.run(addresses)]
            if visit.onward is None:
                break
            request = _onward(request, visit.onward)
        return request.site

    async def _resolve(self, site: Site, mark: Mark) -> tuple[list[Asked], tuple[str, ...]]:
        if site.literal:
            return [], (site.host,)
        servers = self._tools.resolver.servers()
        async with asyncio.TaskGroup() as both:
            tasks = [
                both.create_task(
                    ask(Question(site.host, query), servers, self._tools, mark, self._listening)
                )
                for query in (("A", "AAAA") if self._tools.settings.ipv6 else ("A",))
            ]
        families = [
            [address for asked in task.result() for address in usable(asked.first, self._tools)]
            for task in tasks
        ]
        chosen = choose(families, self._tools.settings.max_addresses, self._tools.random)
        return [asked for task in tasks for asked in task.result()], chosen


class _Visit:
    """One hop: all addresses at once, and one request at the first that shakes hands."""

    __slots__ = ("_claimed", "_mark", "_request", "_tools", "onward")

    def __init__(self, request: Request, tools: Instruments, mark: Mark) -> None:
        self._request, self._tools, self._mark = request, tools, mark
        self._claimed = False
        self.onward: Next | None = None

    def run(self, addresses: Sequence[str]) -> Awaitable[list[Observation]]:
        return self._reach(addresses[0]) if len(addresses) == 1 else self._reach_all(addresses)

    async def _reach_all(self, addresses: Sequence[str]) -> list[Observation]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._reach(address)) for address in addresses]
        seen = [one for task in tasks for one in task.result()]
        return sorted(seen, key=lambda one: isinstance(one, HttpExchange))  # the answer comes last

    async def _reach(self, address: str) -> list[Observation]:
        site = self._request.site
        reached, stream = await connect(address, site.port, self._tools, self._mark)
        seen: list[Observation] = [reached]
        if stream is None:
            return seen
        try:
            asking: Stream | None = stream if site.scheme != "tcp" else None
            if site.scheme == "https":
                peer = Peer(address, site.port, site.host)
                shaken, asking = await handshake(stream, peer, self._tools, self._mark)
                seen.append(shaken)
            if asking is not None and not self._claimed:
                self._claimed = True
                exchange, self.onward = await fetch(
                    asking, address, self._request, self._tools, self._mark
                )
                seen.append(exchange)
            return seen
        finally:
            stream.close()
