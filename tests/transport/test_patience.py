"""A connection that drips its headers is closed; one at work is left alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest_asyncio
from aiohttp import web

from probe.transport.listen import listen, runner
from probe.transport.patience import IDLE_SECONDS, Patience


@dataclass
class Served:
    patience: Patience
    server: web.Server
    port: int
    asked: asyncio.Event
    go_on: asyncio.Event


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    asked, go_on, patience = asyncio.Event(), asyncio.Event(), Patience()

    async def slow(_: web.Request) -> web.Response:
        asked.set()
        await go_on.wait()
        return web.Response(text="done")

    app = web.Application(middlewares=[patience.middleware()])
    app.router.add_get("/", slow)
    serving = runner(app)
    (bound,) = await listen(serving, "127.0.0.1:0")
    assert serving.server is not None
    yield Served(patience, serving.server, int(bound.rpartition(":")[2]), asked, go_on)
    await serving.cleanup()


async def test_dripping_headers_are_given_up(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX-Drip:")
    await writer.drain()
    while not served.server.connections:  # noqa: ASYNC110 — until the loop has accepted it
        await asyncio.sleep(0)
    assert served.patience.sweep(served.server, 0.0) == 0
    assert served.patience.sweep(served.server, IDLE_SECONDS) == 0
    assert served.patience.sweep(served.server, IDLE_SECONDS + 1) == 1
    with suppress(ConnectionResetError):
        assert await reader.read() == b""
    assert reader.at_eof() or reader.exception()
    writer.close()


async def test_a_request_at_work_is_left_alone(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await served.asked.wait()
    served.patience.sweep(served.server, 0.0)
    assert served.patience.sweep(served.server, 10 * IDLE_SECONDS) == 0
    served.go_on.set()
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    writer.close()
    await writer.wait_closed()
