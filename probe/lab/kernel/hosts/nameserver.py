"""The process of all DNS servers of a lab: name servers and resolvers, over sockets handed to it.

Its first line of standard input is a Duty; each later line is an Order that replaces the one
before. The sockets were opened in their namespaces by the orchestrator and inherited.
"""

from __future__ import annotations

import asyncio
import random
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import cast

import dns.message
import msgspec

from probe.lab import line
from probe.lab.kernel.hosts import encrypted
from probe.lab.kernel.hosts.encrypted import Answer
from probe.lab.kernel.hosts.resolver import Resolver, broken, parse
from probe.lab.kernel.hosts.zones import Knowledge, answer
from probe.lab.kernel.internet.hello import matches

UPSTREAM_PATIENCE_SECONDS = (0.3, 0.6)
DNS_PORT = 53


class NameServing(msgspec.Struct, frozen=True, kw_only=True):
    fd: int
    knowledge: Knowledge


class Resolving(msgspec.Struct, frozen=True, kw_only=True):
    fd: int
    upstream: int
    """The socket from which it asks others."""
    root: str
    tls: int = -1
    https: int = -1
    certificate: str = ""
    """Of what answers at those two; empty where nothing does."""


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is to be, for as long as it lives."""

    nameservers: tuple[NameServing, ...] = ()
    resolvers: tuple[Resolving, ...] = ()


class Unheard(msgspec.Struct, frozen=True, kw_only=True):
    """Names whose own servers answer nobody near these clients.

    A question of theirs in the clear is answered by the internet; of one behind an encrypted door
    it knows nothing.
    """

    names: tuple[str, ...]
    clients: tuple[str, ...]
    """Their addresses."""
    share: float = 1.0
    """Of the questions."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What holds from now on."""

    broken: tuple[str, ...] = ()
    """Clients (addresses) for whom every name fails."""
    unheard: tuple[Unheard, ...] = ()
    """At the encrypted doors."""


class Orders:
    """The order in force."""

    def __init__(self) -> None:
        self.now = Order()


async def serve(duty: Duty, lines: asyncio.StreamReader) -> None:
    """Answer until the lines end."""
    orders = Orders()
    with ExitStack() as transports:
        async with asyncio.TaskGroup() as group:
            for server in duty.nameservers:
                listening = await _listen(server.fd, group, _authority(server.knowledge))
                transports.callback(listening.close)
            for resolver in duty.resolvers:
                for opened in await _resolver(resolver, group, orders):
                    transports.callback(opened.close)
            while text := await lines.readline():
                orders.now = line.decode(text, Order)


def _authority(knowledge: Knowledge) -> Answer:
    async def reply(query: dns.message.Message, _sender: str) -> dns.message.Message:
        return answer(query, knowledge)

    return reply


async def _resolver(
    serving: Resolving, group: asyncio.TaskGroup, orders: Orders
) -> tuple[asyncio.BaseTransport | asyncio.Server, ...]:
    loop = asyncio.get_running_loop()
    asking, upstream = await loop.create_datagram_endpoint(
        Upstream, sock=socket.socket(fileno=serving.upstream)
    )
    resolver = Resolver(serving.root, upstream.ask, loop.time)

    async def reply(query: dns.message.Message, sender: str) -> dns.message.Message:
        return broken(query) if sender in orders.now.broken else await resolver.resolve(query)

    async def behind(query: dns.message.Message, sender: str) -> dns.message.Message:
        lost = any(loses(each, query, sender) for each in orders.now.unheard)
        return broken(query) if lost else await reply(query, sender)

    listening = await _listen(serving.fd, group, reply)
    if not serving.certificate:
        return asking, listening
    context = encrypted.context(serving.certificate)
    tls = await encrypted.over_tls(serving.tls, context, behind)
    return asking, listening, tls, await encrypted.over_https(serving.https, context, behind)


def loses(each: Unheard, query: dns.message.Message, sender: str) -> bool:
    asked = query.question[0].name.to_text(omit_final_dot=True).lower()
    concerned = sender in each.clients and matches(asked, each.names)
    return concerned and random.random() < each.share  # noqa: S311 — chance, no secret


async def _listen(fd: int, group: asyncio.TaskGroup, reply: Answer) -> asyncio.BaseTransport:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Listener(group, reply), sock=socket.socket(fileno=fd)
    )
    return transport


class Listener(asyncio.DatagramProtocol):
    def __init__(self, group: asyncio.TaskGroup, reply: Answer) -> None:
        self._group = group
        self._reply = reply
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = parse(data)
        if query is not None:
            self._group.create_task(self._answer(query, addr))

    async def _answer(self, query: dns.message.Message, sender: tuple[str, int]) -> None:
        reply = await self._reply(query, sender[0])
        if self._transport is not None:
            self._transport.sendto(reply.to_wire(), sender)


class Upstream(asyncio.DatagramProtocol):
    """The side on which a resolver asks: one socket, answers matched by id, sender and question."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[tuple[int, str], asyncio.Future[dns.message.Message]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = parse(data)
        waiting = self._waiting.get((reply.id, addr[0])) if reply else None
        if reply and waiting and not waiting.done():
            waiting.set_result(reply)

    async def ask(self, address: str, query: dns.message.Message) -> dns.message.Message | None:
        """Ask, and once more when nothing came in time; None when nothing came then either."""
        query.id = next(n for n in _ids() if (n, address) not in self._waiting)
        future: asyncio.Future[dns.message.Message] = asyncio.get_running_loop().create_future()
        self._waiting[query.id, address] = future
        try:
            for patience in UPSTREAM_PATIENCE_SECONDS:
                if self._transport is not None:
                    self._transport.sendto(query.to_wire(), (address, DNS_PORT))
                done, _ = await asyncio.wait([future], timeout=patience)
                if done:
                    return future.result()
            return None
        finally:
            del self._waiting[query.id, address]


def _ids() -> Iterator[int]:
    """Give ids in no order: two questions under way to one server must not share one."""
    while True:
        yield random.getrandbits(16)


async def stdin_lines() -> asyncio.StreamReader:
    lines = asyncio.StreamReader(limit=16 * 1024 * 1024)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    return lines


async def main() -> None:
    lines = await stdin_lines()
    await serve(line.decode(await lines.readline(), Duty), lines)


if __name__ == "__main__":
    asyncio.run(main())
