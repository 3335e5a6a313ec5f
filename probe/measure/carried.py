"""A DNS question over a stream: TCP (RFC 7766), TLS (RFC 7858), HTTPS (RFC 8484, of HTTP/1.1).

A connection carries one question. It is made and verified as the chain's own are, and nothing is
looked up to reach the resolver.
"""

from __future__ import annotations

import ssl
import struct

from probe.measure.answer import Answer as Reply
from probe.measure.dial import Stream
from probe.measure.failure import MISBEHAVING, REQUEST_FAILED, StepError
from probe.measure.instruments import Instruments
from probe.measure.message import Answer, Question, is_answer, read
from probe.measure.resolver import PORTS, Server
from probe.measure.tls import TlsStream
from probe.model import Layer, Transport

MEDIA_TYPE = "application/dns-message"
LONGEST = 65535
"""Bytes of a message."""

_CHUNK = 65536
_OK = 200


class Carriage:
    """One question on its way. `layer` says how far it has come."""

    def __init__(self, wire: bytes, server: Server, tools: Instruments) -> None:
        self._wire, self._server, self._tools = wire, server, tools
        self.layer = Layer.TCP
        self.came = b""
        """The message that came back, whatever it says."""

    async def ask(self, question: Question) -> Answer:
        """Ask, and read what comes back. Raises StepError, OSError, EOFError, HttpParserError."""
        stream = await self._tools.dialer.connect(self._server.address, self._server.port)
        try:
            self.came = wire = await self._carry(stream)
        finally:
            stream.close()
        self.layer = Layer.DNS
        answer = read(wire, question)
        if answer is None or not is_answer(wire, self._wire[:2]):
            over = self._server.transport.value.upper()
            raise StepError(MISBEHAVING, f"the answer over {over} is to another question")
        return answer

    async def _carry(self, stream: Stream) -> bytes:
        match self._server.transport:
            case Transport.HTTPS:
                return await self._posted(await self._shaken(stream, self._tools.verifying))
            case Transport.TLS:
                return await self._framed(await self._shaken(stream, self._tools.sealing()))
            case _:
                return await self._framed(stream)

    async def _shaken(self, stream: Stream, context: ssl.SSLContext) -> Stream:
        self.layer = Layer.TLS
        inside = TlsStream(stream, context, self._server.name or self._server.address)
        await inside.handshake()
        return inside

    async def _framed(self, stream: Stream) -> bytes:
        """A message after its length, of 16 bits."""
        self.layer = Layer.DNS
        await stream.write(struct.pack("!H", len(self._wire)) + self._wire)
        (length,) = struct.unpack("!H", await _exactly(stream, 2))
        return await _exactly(stream, length)

    async def _posted(self, stream: Stream) -> bytes:
        self.layer = Layer.HTTP
        await stream.write(_head(self._server, self._tools.user_agent, self._wire))
        reply = Reply("POST", LONGEST)
        try:
            while not reply.done:
                data = await stream.read(_CHUNK)
                if not data:
                    reply.end()
                reply.feed(data)
        finally:
            reply.close()
        return _message(reply)


def _head(server: Server, user_agent: str, wire: bytes) -> bytes:
    host = server.name or (f"[{server.address}]" if ":" in server.address else server.address)
    usual = server.port == PORTS[Transport.HTTPS]
    lines = (
        f"POST {server.path} HTTP/1.1",
        f"Host: {host if usual else f'{host}:{server.port}'}",
        f"User-Agent: {user_agent}",
        f"Accept: {MEDIA_TYPE}",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(wire)}",
        "Connection: close",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + wire


def _message(reply: Reply) -> bytes:
    """Take the message out. A redirect is followed nowhere: who sends it may be anybody."""
    kind = reply.header("content-type").partition(";")[0].strip().lower()
    if reply.status != _OK:
        raise StepError(REQUEST_FAILED, f"the resolver answers with status {reply.status}")
    if kind != MEDIA_TYPE:
        raise StepError(REQUEST_FAILED, f"the answer is no DNS message but {kind or 'nameless'}")
    if reply.truncated:
        raise StepError(REQUEST_FAILED, "the answer is longer than a DNS message")
    return bytes(reply.body)


async def _exactly(stream: Stream, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = await stream.read(length - len(data))
        if not more:
            raise EOFError("the resolver ended the connection")
        data += more
    return data
