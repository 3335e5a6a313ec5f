"""The process of all HTTP and HTTPS servers of a lab, over sockets handed to it.

Its first line of standard input is a Duty; each later line is an Order that replaces the one
before. The sockets were opened in their namespaces by the orchestrator and inherited.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from random import Random

import msgspec

from probe.clock import SystemClock
from probe.lab import line
from probe.lab.answers import HOST_PAGE, PROXY_HEADERS, Reply
from probe.lab.kernel.hosts.answers import Client, Request, index, serve
from probe.lab.kernel.hosts.nameserver import stdin_lines
from probe.lab.scenario import Event
from probe.lab.world import Page

HEAD_LIMIT_BYTES = 64 * 1024
REQUEST_TIMEOUT_SECONDS = 10
SILENCE_SECONDS = 30
RECORD_BYTES = 4096


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """One listening socket of one origin."""

    fd: int
    certificate: str = ""
    """A PEM file with key and chain; empty for plain HTTP."""
    expired: str = ""
    """The same, run out."""
    host: str = ""
    proxy: bool = False
    """It answers for everybody, as a proxy that leaves its headers."""


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is to be, for as long as it lives."""

    servings: tuple[Serving, ...]
    spoken: tuple[Serving, ...] = ()
    """UDP sockets on which hands are shaken over QUIC."""
    notices: tuple[Serving, ...] = ()
    """Listening sockets on which every request is answered with a notice."""
    pages: tuple[Page, ...]
    clients: dict[str, Client]
    """Who stands behind an address."""
    fronts: dict[str, str] = {}
    """`service/feature` → the delivery network in front of it."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What holds from now on."""

    faults: tuple[Event, ...] = ()
    expired: tuple[str, ...] = ()
    """Hosts whose certificate has run out."""


class Origins:
    """All servers of one process, and the order in force."""

    def __init__(self, duty: Duty) -> None:
        self._pages = index(duty.pages)
        self._clients, self._fronts = duty.clients, duty.fronts
        self._dice = Random(0).random  # noqa: S311 — for partial faults
        self._contexts: list[tuple[str, ssl.SSLContext, str, str]] = []
        self.now = Order()

    async def listen(self, serving: Serving) -> asyncio.Server:
        return await asyncio.start_server(
            self._relay if serving.proxy else self._answer,
            sock=socket.socket(fileno=serving.fd),
            ssl=self._context(serving),
            limit=HEAD_LIMIT_BYTES,
            backlog=256,
        )

    async def notice(self, serving: Serving) -> asyncio.Server:
        return await asyncio.start_server(
            _notice, sock=socket.socket(fileno=serving.fd), ssl=self._context(serving)
        )

    def obey(self, order: Order) -> None:
        """Take the order; a new certificate shows in the next handshake."""
        changed = set(self.now.expired) ^ set(order.expired)
        for host, context, valid, expired in self._contexts:
            if host in changed:
                context.load_cert_chain(expired if host in order.expired else valid)
        self.now = order

    def _context(self, serving: Serving) -> ssl.SSLContext | None:
        if not serving.certificate:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(serving.certificate)
        context.set_alpn_protocols(["http/1.1"])
        if serving.expired:
            known = (serving.host, context, serving.certificate, serving.expired)
            self._contexts.append(known)
        return context

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._answer(reader, writer, PROXY_HEADERS)

    async def _answer(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        more: tuple[tuple[str, str], ...] = (),
    ) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_SECONDS):
                request = await _read(reader, str(writer.get_extra_info("peername")[0]))
            reply = serve(
                request, self._pages, self._clients, self.now.faults, self._dice(), self._fronts
            )
            await _send(writer, msgspec.structs.replace(reply, headers=(*reply.headers, *more)))
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            pass  # the client or the path broke off; that is what a lab is for
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader, client: str) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    _method, path, _version = head[0].split(" ", 2)
    fields = dict(line.partition(":")[::2] for line in head[1:] if line)
    named = {name.strip().lower(): value.strip() for name, value in fields.items()}
    await reader.readexactly(int(named.get("content-length", "0")))
    host = named.get("host", "").partition(":")[0].lower()
    return Request(host=host, path=path, client=client)


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> None:
    if reply.silent:
        await asyncio.sleep(SILENCE_SECONDS)
        return
    await asyncio.sleep(reply.linger)
    answer = encode(reply)
    for at in range(0, len(answer), RECORD_BYTES):  # a TLS record each, as real servers begin
        writer.write(answer[at : at + RECORD_BYTES])
    await writer.drain()


def encode(reply: Reply) -> bytes:
    body = reply.body.encode()
    lines = [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        f"Content-Type: {reply.kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in reply.headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _notice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_SECONDS):
            await reader.readuntil(b"\r\n\r\n")
        await _send(writer, Reply(body=HOST_PAGE))
    except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
        pass  # not a request: a notice is all there is here
    finally:
        writer.close()


async def _speak(serving: Serving) -> Callable[[], None]:
    """Shake hands over QUIC, and nothing more; give what ends it."""
    from probe.reference.quic import Speaker, configuration  # noqa: PLC0415 — where its extra is

    pem, patience = _read_pem(serving.certificate), float(REQUEST_TIMEOUT_SECONDS)
    speaker = Speaker(configuration(pem, pem, patience), SystemClock(), patience)
    own = socket.socket(fileno=serving.fd)
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: speaker, sock=own)
    return speaker.close


def _read_pem(path: str) -> bytes:
    return Path(path).read_bytes()


async def run(duty: Duty, lines: asyncio.StreamReader) -> None:
    """Serve until the lines end."""
    origins = Origins(duty)
    spoken = [await _speak(serving) for serving in duty.spoken]
    servers = [await origins.listen(serving) for serving in duty.servings]
    servers += [await origins.notice(serving) for serving in duty.notices]
    while text := await lines.readline():
        origins.obey(line.decode(text, Order))
    for end in spoken:
        end()
    for server in servers:
        server.close()
        await server.wait_closed()


async def main() -> None:
    lines = await stdin_lines()
    await run(line.decode(await lines.readline(), Duty), lines)


if __name__ == "__main__":
    asyncio.run(main())
