"""Encrypted resolvers on loopback: DNS over TLS and over HTTPS, well and in every way unwell."""

import asyncio
import struct
from collections.abc import Callable

import dns.message

from tests.measure.world import Answering, Handler, World, telling

NAME = "dns.test"
MEDIA_TYPE = "application/dns-message"


TRUTH = telling("1.1.1.1")


def framed(answering: Answering = TRUTH) -> Handler:
    """Answer each question after its length."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        data = await reader.readexactly(length)
        for answer in answering(dns.message.from_wire(data), data):
            writer.write(struct.pack("!H", len(answer)) + answer)
        await writer.drain()
        await reader.read()

    return handle


class Web:
    """DNS over HTTPS: keeps the heads it was sent; `made` writes what comes back."""

    def __init__(self, made: Callable[[bytes], bytes] | None = None) -> None:
        self.heads: list[str] = []
        self.questions: list[bytes] = []
        self._made = made or replied

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length: ")[2].split("\r\n")[0])
        data = await reader.readexactly(length)
        self.heads.append(head)
        self.questions.append(data)
        (answer,) = telling("1.1.1.1")(dns.message.from_wire(data), data)
        writer.write(self._made(answer))
        await writer.drain()
        await reader.read()


def replied(
    message: bytes, status: str = "200 OK", kind: str = MEDIA_TYPE, more: str = ""
) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(message)}\r\n{more}"
    return f"{head}\r\n".encode() + message


async def over_tls(world: World, handler: Handler | None = None, *names: str) -> str:
    """Start one, and give its name in a configuration."""
    port = await world.tls(handler or framed(), *(names or (NAME,)))
    return f"tls://{NAME}@127.0.0.1:{port}"


async def over_https(world: World, handler: Handler | None = None, *names: str) -> str:
    port = await world.tls(handler or Web(), *(names or (NAME,)))
    return f"https://{NAME}@127.0.0.1:{port}/dns-query"
