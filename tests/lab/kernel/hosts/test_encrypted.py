"""The lab's encrypted doors, over loopback: what our own chain and others' clients get there."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import dns.message
import dns.rrset
import pytest

from probe.lab.kernel.hosts import encrypted
from probe.lab.kernel.hosts.authority import Authority

NAME = "dns.open.test"


async def answer(query: dns.message.Message, sender: str) -> dns.message.Message:
    """Say where the question came from."""
    reply = dns.message.make_response(query)
    reply.answer.append(dns.rrset.from_text(query.question[0].name, 5, "IN", "A", sender))
    return reply


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def door(authority: Authority, *, https: bool) -> AsyncIterator[int]:
    own = socket.create_server(("127.0.0.1", 0))
    port = int(own.getsockname()[1])
    opened = encrypted.over_https if https else encrypted.over_tls
    certificate = str(authority.issue(NAME, "127.0.0.1"))
    server = await opened(own.detach(), encrypted.context(certificate), answer)
    try:
        yield port
    finally:
        server.close()


async def said(authority: Authority, port: int, data: bytes, name: str = NAME) -> bytes:
    context = ssl.create_default_context(cafile=str(authority.bundle))
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=name
    )
    writer.write(data)
    try:
        async with asyncio.timeout(5):
            return await reader.read(65536)
    finally:
        writer.transport.abort()


def question() -> bytes:
    return dns.message.make_query("site.test", "A").to_wire()


def posted(wire: bytes, path: str = encrypted.PATH, kind: str = encrypted.MEDIA_TYPE) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nContent-Type: {kind}\r\nContent-Length: {len(wire)}\r\n\r\n"
    return head.encode() + wire


@pytest.mark.parametrize("name", [NAME, "127.0.0.1"])
async def test_over_tls(authority: Authority, name: str) -> None:
    wire = question()
    async with door(authority, https=False) as port:
        got = await said(authority, port, struct.pack("!H", len(wire)) + wire, name)
    assert struct.unpack("!H", got[:2]) == (len(got) - 2,)
    assert "127.0.0.1" in dns.message.from_wire(got[2:]).answer[0].to_text()


async def test_over_https(authority: Authority) -> None:
    async with door(authority, https=True) as port:
        head, _, body = (await said(authority, port, posted(question()))).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: application/dns-message\r\n")
    assert dns.message.from_wire(body).answer


@pytest.mark.parametrize(
    "wrong",
    [
        posted(b"garbage"),
        posted(question(), path="/"),
        posted(question(), kind="text/plain"),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_what_is_no_question_is_refused(authority: Authority, wrong: bytes) -> None:
    async with door(authority, https=True) as port:
        assert (await said(authority, port, wrong)).startswith(b"HTTP/1.1 400")
    async with door(authority, https=False) as port:
        assert await said(authority, port, struct.pack("!H", 7) + b"garbage") == b""
