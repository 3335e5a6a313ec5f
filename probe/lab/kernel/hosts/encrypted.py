"""The encrypted doors of a resolver of the lab: DNS over TLS, DNS over HTTPS of HTTP/1.1.

They serve agents of ours alone, a question a connection: what else may be sent there is not answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable

import dns.message

from probe.lab.kernel.hosts.resolver import parse

TLS_PORT, HTTPS_PORT = 853, 443
PATH = "/dns-query"
MEDIA_TYPE = "application/dns-message"
LONGEST = 65535
PATIENCE_SECONDS = 10.0

Answer = Callable[[dns.message.Message, str], Awaitable[dns.message.Message]]
"""From a query and its sender's address to the reply."""
Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Answer], Awaitable[None]]


def context(certificate: str) -> ssl.SSLContext:
    """Take key and chain from one PEM file."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


async def over_tls(fd: int, secure: ssl.SSLContext, answer: Answer) -> asyncio.Server:
    return await _open(fd, secure, _framed, answer)


async def over_https(fd: int, secure: ssl.SSLContext, answer: Answer) -> asyncio.Server:
    return await _open(fd, secure, _posted, answer)


async def _open(fd: int, secure: ssl.SSLContext, speak: Speak, answer: Answer) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await speak(reader, writer, answer)
        finally:
            writer.transport.abort()

    return await asyncio.start_server(serve, sock=socket.socket(fileno=fd), ssl=secure)


async def _framed(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer
) -> None:
    (length,) = struct.unpack("!H", await reader.readexactly(2))
    reply = await _reply(await reader.readexactly(length), writer, answer)
    if reply:
        await _send(struct.pack("!H", len(reply)) + reply, reader, writer)


async def _posted(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    told = {key.lower(): value.strip() for key, _, value in (one.partition(":") for one in lines)}
    right = first == f"POST {PATH} HTTP/1.1" and told.get("content-type") == MEDIA_TYPE
    length = int(told.get("content-length", "0"))
    reply = b""
    if right and length <= LONGEST:
        reply = await _reply(await reader.readexactly(length), writer, answer)
    await _send(_page(reply), reader, writer)


def _page(reply: bytes) -> bytes:
    status = "200 OK" if reply else "400 Bad Request"
    head = f"HTTP/1.1 {status}\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(reply)}"
    return f"{head}\r\nConnection: close\r\n\r\n".encode() + reply


async def _reply(wire: bytes, writer: asyncio.StreamWriter, answer: Answer) -> bytes:
    """Give the message that answers; nothing where that was no question."""
    query = parse(wire)
    sender = str(writer.get_extra_info("peername")[0])
    return (await answer(query, sender)).to_wire() if query is not None else b""


async def _send(data: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send, and leave the end to the other side: an end of ours could overtake what was sent."""
    writer.write(data)
    await writer.drain()
    await reader.read()
