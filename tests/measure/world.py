"""A small world on loopback: a resolver, servers that fail in every way, a CA of our own."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import msgspec
import trustme

from probe.clock import SystemClock
from probe.config.shape import Measuring, Seconds
from probe.measure.chain import measure
from probe.measure.instruments import Instruments, instruments
from probe.model import Endpoint, Observation

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Answering = Callable[[dns.message.Message, bytes], Sequence[bytes]]


def records(query: dns.message.Message, *addresses: str) -> dns.message.Message:
    """Answer with the addresses of the asked family."""
    answer = dns.message.make_response(query, recursion_available=True)
    asked = query.question[0]
    wanted = [a for a in addresses if (":" in a) == (asked.rdtype == dns.rdatatype.AAAA)]
    if wanted:
        answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", asked.rdtype, *wanted))
    return answer


def wire(message: dns.message.Message) -> bytes:
    """Write a message, its records in the order given."""
    return message.to_wire(max_size=65535, want_shuffle=False)


def telling(*addresses: str) -> Answering:
    return lambda query, _: [wire(records(query, *addresses))]


def refusing(rcode: int) -> Answering:
    def answer(query: dns.message.Message, _: bytes) -> Sequence[bytes]:
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.Rcode(rcode))
        return [reply.to_wire()]

    return answer


def silent(_query: dns.message.Message, _wire: bytes) -> Sequence[bytes]:
    return []


LOCAL = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")


def common_port() -> int:
    """Find a port that is free on every local address of these tests, TCP and UDP alike."""
    while True:
        with contextlib.ExitStack() as tried, contextlib.suppress(OSError):
            port = 0
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                for address in LOCAL:
                    made = tried.enter_context(socket.socket(socket.AF_INET, kind))
                    made.bind((address, port))
                    port = int(made.getsockname()[1])
            return port


class DnsServer(asyncio.DatagramProtocol):
    """Answers by a function of the question; counts what it was asked."""

    def __init__(self, answering: Answering) -> None:
        self.answering, self.by_stream = answering, answering
        self.asked: list[str] = []
        self.tcp: asyncio.Server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        self.port: int = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        self.asked.append(query.question[0].to_text())
        for answer in self.answering(query, data):
            self.transport.sendto(answer, addr)

    async def stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        data = await reader.readexactly(length)
        for answer in self.by_stream(dns.message.from_wire(data), data):
            writer.write(struct.pack("!H", len(answer)) + answer)
        await writer.drain()
        writer.close()


@dataclass
class World:
    """What a test asks for: servers, and a measurement of them."""

    authority: trustme.CA
    trust: Path
    exits: contextlib.AsyncExitStack
    settings: Measuring
    servers: list[asyncio.Server] = field(default_factory=list)

    async def resolver(self, answering: Answering) -> DnsServer:
        """Start a resolver; the first one is what measurements ask."""
        loop = asyncio.get_running_loop()
        transport, server = await loop.create_datagram_endpoint(
            lambda: DnsServer(answering), local_addr=("127.0.0.1", common_port())
        )
        self.exits.callback(transport.close)
        await self._listen(server.stream, port=server.port)
        server.tcp = self.servers[-1]
        if self.settings.resolver == "system":
            self.set(resolver=f"127.0.0.1:{server.port}")
        return server

    async def names(self, *addresses: str) -> DnsServer:
        return await self.resolver(telling(*(addresses or ("127.0.0.1",))))

    async def server(self, handler: Handler, *, address: str = "127.0.0.1", port: int = 0) -> int:
        return await self._listen(handler, address=address, port=port)

    async def tls(
        self,
        handler: Handler,
        *names: str,
        context: ssl.SSLContext | None = None,
        address: str = "127.0.0.1",
        port: int = 0,
    ) -> int:
        context = context or self.context(*(names or ("site.test",)))
        return await self._listen(handler, context=context, address=address, port=port)

    def context(self, *names: str, authority: trustme.CA | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (authority or self.authority).issue_cert(*names).configure_cert(context)
        return context

    def set(self, **values: object) -> None:
        self.settings = msgspec.structs.replace(self.settings, **values)

    def tools(self) -> Instruments:
        return replace(instruments(self.settings, SystemClock()), random=Random(1))  # noqa: S311 — dice for a test

    async def measure(self, url: str, **endpoint: object) -> tuple[Observation, ...]:
        wanted = msgspec.convert({"id": "e", "url": url, **endpoint}, Endpoint)
        return await measure(wanted, self.tools())

    async def _listen(
        self,
        handler: Handler,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
        context: ssl.SSLContext | None = None,
    ) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # The far side may be gone at any moment: that is what is being tested.
            try:
                with contextlib.suppress(OSError, EOFError):
                    await handler(reader, writer)
            finally:
                writer.transport.abort()

        server = await asyncio.start_server(serve, address, port or common_port(), ssl=context)
        self.servers.append(server)
        self.exits.callback(server.close)
        return int(server.sockets[0].getsockname()[1])


def answering(answer: bytes) -> Handler:
    """Give this answer to any request, then end."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
        await reader.read()

    return handle


def page(body: str, status: str = "200 OK", **headers: str) -> Handler:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return answering(("\r\n".join(lines) + "\r\n\r\n" + body).encode())


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the first bytes, then send a RST."""
    await reader.read(65536)
    linger(writer)


def linger(writer: asyncio.StreamWriter) -> None:
    made = writer.get_extra_info("socket")
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def finish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the first bytes, then send a FIN."""
    await reader.read(65536)
    writer.write_eof()
    await reader.read()


async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Read on and never answer."""
    await reader.read()
    while await reader.read():
        pass


def sending(data: bytes) -> Handler:
    """Read the first bytes, answer with these, then end."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(data)
        await writer.drain()
        writer.write_eof()
        await reader.read()

    return handle


def serving(contexts: Mapping[bytes, ssl.SSLContext], cut: Handler) -> Handler:
    """Shake hands under the names given, and do `cut` to every other: what a censor does."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await reader.read(65536)
        context = next((made for name, made in contexts.items() if name in hello), None)
        if context is None:
            reader.feed_data(hello)
            return await cut(reader, writer)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        connection = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(hello)
        with contextlib.suppress(ssl.SSLWantReadError):
            connection.do_handshake()
        writer.write(outgoing.read())
        await reader.read()
        return None

    return handle


QUICK: Mapping[str, object] = {
    "dns_timeout": Seconds(1),
    "connect_timeout": Seconds(1),
    "tls_timeout": Seconds(2),
    "http_timeout": Seconds(2),
    "late_answers": Seconds(0.05),
    "second_resolver": "",
    "neutral_name": "",
    "quic": False,
    "allow_private": ("127.0.0.0/8", "::1/128"),
}


@contextlib.asynccontextmanager
async def opened(authority: trustme.CA, folder: Path) -> AsyncIterator[World]:
    """Open a world, and close every server of it."""
    trust = folder / "roots.pem"
    authority.cert_pem.write_to_path(str(trust))
    settings = msgspec.structs.replace(Measuring(trust=str(trust)), **QUICK)
    async with contextlib.AsyncExitStack() as exits:
        yield World(authority, trust, exits, settings)
    # Handlers see their connections end before the loop is closed.
    for _ in range(20):
        await asyncio.sleep(0)
