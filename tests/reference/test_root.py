"""A real reference server on loopback: what it gives, what it refuses, what it keeps to itself."""

import asyncio
import contextlib
import json
import logging
import ssl
from collections.abc import Callable

import pytest
from aiohttp import ClientSession

from probe.config.shape import ReferenceLimits, Seconds, Size
from probe.supervisor import Supervisor
from tests.reference.served import Served, opened

SMALL = ReferenceLimits(
    per_address=3, per_minute=50, bytes_per_minute=Size(200_000), timeout=Seconds(1)
)


GONE = (ConnectionResetError, asyncio.IncompleteReadError)


def blind() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def fetched(port: int, path: str, name: str = "") -> tuple[int, bytes]:
    """Ask, in TLS under a name where one is given; give the status and the body."""
    tls = {"ssl": blind(), "server_hostname": name} if name else {}
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **tls)  # type: ignore[arg-type]
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {name or 'a.test'}\r\n\r\n".encode())
        whole = await reader.read(-1)
    finally:
        writer.transport.abort()
    top, _, body = whole.partition(b"\r\n\r\n")
    return int(top.split(b" ")[1]), body


async def metrics(served: Served) -> str:
    async with (
        ClientSession() as session,
        session.get(f"http://127.0.0.1:{served.metrics}/metrics") as response,
    ):
        return await response.text()


async def test_a_body_of_any_size_comes_under_any_name_and_without_tls() -> None:
    async with opened() as served:
        assert await fetched(served.secure, "/bytes/0", "x.test") == (200, b"")
        for name in ("x.test", "www.y.test", ""):
            port = served.secure if name else served.plain
            status, body = await fetched(port, "/bytes/150001", name)
            assert (status, len(body)) == (200, 150_001)
        told = await metrics(served)
    assert "worksforwhom_reference_body_bytes_total 450003.0" in told
    assert 'worksforwhom_reference_answers_total{status="200"} 4.0' in told


async def test_a_name_that_is_not_ascii_ends_in_an_alert_and_in_no_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = blind().wrap_bio(incoming, outgoing, server_hostname="aaaa.test")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    hello = outgoing.read().replace(b"aaaa.test", b"\xff\xfeaa.test")
    async with opened() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.secure)
        writer.write(hello)
        assert (await reader.read())[:1] == b"\x15"
        writer.transport.abort()
        assert (await fetched(served.secure, "/bytes/9", "x.test"))[0] == 200
    assert "Traceback" not in capfd.readouterr().err


async def test_a_caller_learns_its_address_and_nobody_else_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened() as served:
        _, body = await fetched(served.secure, "/whoami", "x.test")
        told = await metrics(served)
    assert json.loads(body)["address"] == "127.0.0.1"
    assert "127.0.0.1" not in told + caplog.text


async def test_only_its_names_are_served() -> None:
    async with opened(names=("ours.test",)) as served:
        assert (await fetched(served.secure, "/", "www.ours.test"))[0] == 200
        with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized"):
            await fetched(served.secure, "/", "other.test")
        assert (await fetched(served.plain, "/"))[0] == 421


async def test_whoever_asks_for_too_much_is_told_so() -> None:
    async with opened(SMALL) as served:
        assert (await fetched(served.plain, "/bytes/2000000"))[0] == 413
        assert (await fetched(served.plain, "/bytes/150000"))[0] == 200
        assert (await fetched(served.plain, "/bytes/150000"))[0] == 429
        assert (await fetched(served.plain, "/bytes/10"))[0] == 200
        assert 'refused_total{reason="bytes"} 1.0' in await metrics(served)


async def test_more_at_once_than_one_may_have_are_turned_away() -> None:
    async with opened(SMALL) as served:
        idle = [await asyncio.open_connection("127.0.0.1", served.plain) for _ in range(3)]
        reader, writer = await asyncio.open_connection("127.0.0.1", served.plain)
        with pytest.raises(GONE):
            await reader.readexactly(1)
        for _, one in [*idle, (reader, writer)]:
            one.transport.abort()
        assert 'refused_total{reason="crowded"} 1.0' in await metrics(served)


async def test_who_says_nothing_or_no_end_is_hung_up_on() -> None:
    async with opened(SMALL) as served:
        mute, talker = [
            await asyncio.open_connection("127.0.0.1", served.secure) for _ in range(2)
        ]
        reader, endless = await asyncio.open_connection("127.0.0.1", served.plain)
        endless.write(b"GET / HTTP/1.1\r\nX: " + b"a" * 10_000)
        with pytest.raises(GONE):
            await reader.readexactly(1)
        talker[1].write(b"no TLS at all, whatever this is\r\n\r\n")
        assert b"HTTP" not in await talker[0].read(-1)
        async with asyncio.timeout(5):
            with pytest.raises(GONE):
                await mute[0].readexactly(1)
        for one in (mute[1], talker[1], endless):
            one.transport.abort()
        assert "worksforwhom_reference_broken_total 3.0" in await metrics(served)


async def test_a_handshake_alone_breaks_nothing() -> None:
    async with opened() as served:
        _, writer = await asyncio.open_connection(
            "127.0.0.1", served.secure, ssl=blind(), server_hostname="x.test"
        )
        writer.transport.abort()
        assert (await fetched(served.plain, "/"))[0] == 200
        told = await metrics(served)
    assert "worksforwhom_reference_broken_total 0.0" in told


class Told(Supervisor):
    """Keeps what a service manager would be told."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def ready(self, status: str) -> None:
        self.words.append(f"ready: {status}")

    def stopping(self) -> None:
        self.words.append("stopping")

    def alive(self, now: float, status: Callable[[], str]) -> float:  # noqa: ARG002 — as it is
        self.words.append(f"alive: {status()}")
        return 0.01


async def test_the_service_manager_is_told_and_its_watchdog_fed() -> None:
    told = Told()
    async with opened(supervisor=told) as served:
        assert (await fetched(served.plain, "/"))[0] == 200
    assert told.words[0] == "ready: 0 connections open, 0 let in"
    assert told.words[1].startswith("alive: ")
    assert told.words[-1] == "stopping"
