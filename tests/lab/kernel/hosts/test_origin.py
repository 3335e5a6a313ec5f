"""The origin process over loopback sockets: pages by host, faults by order, notices, certificates."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from probe.clock import SystemClock
from probe.config.shape import Measuring, Seconds
from probe.lab import library, line
from probe.lab.answers import Reply
from probe.lab.kernel.hosts.answers import Client
from probe.lab.kernel.hosts.authority import Authority
from probe.lab.kernel.hosts.origin import Duty, Order, Serving, encode, run
from probe.lab.scenario import Event, Form
from probe.lab.world import pages
from probe.measure.instruments import instruments
from probe.measure.quic import shake
from probe.measure.step import Mark
from probe.measure.tls import Peer

SCENARIO = library.load("tr-2023-02-08")
REQUEST = b"GET / HTTP/1.1\r\nHost: twitter.com\r\n\r\n"


def listening() -> socket.socket:
    own = socket.socket()
    own.bind(("127.0.0.1", 0))
    own.listen()
    return own


class Stage:
    """One origin with TLS and without, and a notice host, each on a port."""

    def __init__(self, tmp_path: Path) -> None:
        self.authority = Authority(tmp_path)
        self.lines = asyncio.StreamReader()
        self._sockets = [listening() for _ in range(3)]
        self._spoken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._spoken.bind(("127.0.0.1", 0))
        self.spoken = int(self._spoken.getsockname()[1])
        self.secure, self.plain, self.notice = [s.getsockname()[1] for s in self._sockets]

    def duty(self) -> Duty:
        secure, plain, notice = [own.detach() for own in self._sockets]
        serving = Serving(
            fd=secure,
            host="twitter.com",
            certificate=str(self.authority.issue("twitter.com")),
            expired=str(self.authority.issue("twitter.com", expired=True)),
        )
        return Duty(
            servings=(serving, Serving(fd=plain, host="twitter.com")),
            spoken=(Serving(fd=self._spoken.detach(), certificate=serving.certificate),),
            notices=(Serving(fd=notice),),
            pages=pages(SCENARIO),
            clients={"127.0.0.1": Client(country="TR", asn=47331, vantage="tr-as47331-1")},
        )

    async def get(self, port: int, request: bytes = REQUEST, *, tls: bool = False) -> bytes:
        context = ssl.create_default_context(cafile=str(self.authority.bundle)) if tls else None
        name = "twitter.com" if tls else None
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=name
        )
        try:
            writer.write(request)
            async with asyncio.timeout(5):
                return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()

    async def order(self, order: msgspec.Struct) -> None:
        self.lines.feed_data(line.encode(order))
        await asyncio.sleep(0)
        await asyncio.sleep(0)


@asynccontextmanager
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    lab = Stage(tmp_path)
    async with asyncio.TaskGroup() as group:
        group.create_task(run(lab.duty(), lab.lines))
        await lab.get(lab.notice)  # the last that is opened
        yield lab
        lab.lines.feed_eof()
    await asyncio.sleep(0)


def fault(**more: object) -> Event:
    values = {"at": Seconds(0), "mechanism": "server.outage_global", "services": ("twitter",)}
    return Event(**(values | more))  # type: ignore[arg-type]


async def test_a_page_is_served_with_and_without_tls(tmp_path: Path) -> None:
    async with stage(tmp_path) as lab:
        for answer in (await lab.get(lab.secure, tls=True), await lab.get(lab.plain)):
            head, body = answer.split(b"\r\n\r\n", 1)
            assert head.startswith(b"HTTP/1.1 200 OK")
            assert f"Content-Length: {len(body)}".encode() in head


async def test_hands_are_shaken_over_quic(tmp_path: Path) -> None:
    async with stage(tmp_path) as lab:
        trust = Measuring(trust=str(lab.authority.bundle), allow_private=("127.0.0.0/8",))
        tools = instruments(trust, SystemClock())
        seen = await shake(Peer("127.0.0.1", lab.spoken, "twitter.com"), tools, Mark())
    assert (seen.failure, seen.chain[0].names) == (None, ("twitter.com",))


async def test_orders_begin_and_end_a_fault(tmp_path: Path) -> None:
    async with stage(tmp_path) as lab:
        await lab.order(Order(faults=(fault(form=Form.HTTP_5XX, countries=("TR",)),)))
        assert (await lab.get(lab.plain)).startswith(b"HTTP/1.1 503 Service Unavailable")
        await lab.order(Order(faults=(fault(form=Form.HTTP_5XX, countries=("US",)),)))
        assert (await lab.get(lab.plain)).startswith(b"HTTP/1.1 200 OK")


async def test_an_expired_certificate_shows_and_goes(tmp_path: Path) -> None:
    async with stage(tmp_path) as lab:
        await lab.order(Order(expired=("twitter.com",)))
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            await lab.get(lab.secure, tls=True)
        await lab.order(Order())
        assert (await lab.get(lab.secure, tls=True)).startswith(b"HTTP/1.1 200 OK")


async def test_the_notice_host_answers_everything_with_a_notice(tmp_path: Path) -> None:
    async with stage(tmp_path) as lab:
        assert b"restricted" in await lab.get(lab.notice, b"GET /x HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize(
    "request_", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
)
async def test_a_broken_request_is_hung_up_on(tmp_path: Path, request_: bytes) -> None:
    async with stage(tmp_path) as lab:
        assert await lab.get(lab.plain, request_) == b""
        assert (await lab.get(lab.plain)).startswith(b"HTTP/1.1 200 OK")


def test_an_answer_says_its_length_and_closes() -> None:
    data = encode(Reply(status=451, body="ü", headers=(("Server", "s"),)))
    assert data.startswith(b"HTTP/1.1 451 ")
    assert b"Content-Length: 2\r\nConnection: close\r\nServer: s\r\n\r\n" in data
