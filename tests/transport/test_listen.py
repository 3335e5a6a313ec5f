"""Servers listen where they are told, and say in a sentence why they cannot."""

import asyncio
import socket
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from hypothesis import given
from hypothesis import strategies as st

from probe.transport.listen import (
    Inherited,
    ListenError,
    Tcp,
    datagrams,
    listen,
    parse,
    runner,
)
from tests.measure.world import common_port


async def hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


def application() -> web.Application:
    app = web.Application()
    app.router.add_get("/", hello)
    return app


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:80", Tcp("127.0.0.1", 80)),
        ("[::1]:8420", Tcp("::1", 8420)),
        (":8420", Tcp("", 8420)),
        ("localhost:0", Tcp("localhost", 0)),
        ("fd:7", Inherited(7)),
    ],
)
def test_the_three_forms_are_read(text: str, place: Tcp | Inherited) -> None:
    assert parse(text) == place


@pytest.mark.parametrize(
    "text", ["", "8420", "host:", "host:port", "::1:80", "host:65536", "fd:x"]
)
def test_any_other_form_is_refused_by_name(text: str) -> None:
    with pytest.raises(ListenError, match="write host:port"):
        parse(text)


@given(st.text())
def test_parsing_reads_or_refuses_and_does_nothing_else(text: str) -> None:
    try:
        place = parse(text)
    except ListenError:
        return
    assert isinstance(place, Tcp | Inherited)


async def test_a_free_port_is_bound_and_named() -> None:
    server = runner(application())
    try:
        (bound,) = await listen(server, "127.0.0.1:0")
        (second,) = await listen(server, "127.0.0.1:0")
        assert bound != second
        async with ClientSession() as client, client.get(f"http://{bound}/") as answer:
            assert await answer.text() == "hello"
    finally:
        await server.cleanup()


async def test_a_socket_handed_over_is_served() -> None:
    handed = socket.create_server(("127.0.0.1", 0))
    port = handed.getsockname()[1]
    server = runner(application())
    try:
        assert await listen(server, f"fd:{handed.detach()}") == [f"127.0.0.1:{port}"]
        async with ClientSession() as client, client.get(f"http://127.0.0.1:{port}/") as answer:
            assert answer.status == 200
    finally:
        await server.cleanup()


async def test_a_taken_port_is_a_sentence() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    server = runner(application())
    try:
        with pytest.raises(ListenError, match="taken by another program"):
            await listen(server, f"127.0.0.1:{taken.getsockname()[1]}")
    finally:
        await server.cleanup()
        taken.close()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("fd:999", "no such file descriptor"),
        ("192.0.2.1:0", "no such address"),
    ],
)
async def test_what_is_not_ours_is_a_sentence(address: str, reason: str) -> None:
    server = runner(application())
    try:
        with pytest.raises(ListenError, match=reason):
            await listen(server, address)
    finally:
        await server.cleanup()


async def test_a_file_handed_over_is_no_socket(tmp_path: Path) -> None:
    server = runner(application())
    with (tmp_path / "file").open("w") as file:
        with pytest.raises(ListenError, match="no socket"):
            await listen(server, f"fd:{file.fileno()}")
        await server.cleanup()


class Kept(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport


async def test_datagrams_of_both_families_may_have_one_port() -> None:
    four, six, late = Kept(), Kept(), Kept()
    free = common_port()
    await datagrams(six, "::1", free)
    await datagrams(four, "127.0.0.1", free)
    with pytest.raises(ListenError, match=rf"UDP 127.0.0.1:{free}: it is taken"):
        await datagrams(late, "127.0.0.1", free)
    for served in (four, six):
        served.transport.close()
    await asyncio.sleep(0)
