"""The kernel's network through the seam: errors keep their errno."""

import asyncio
import gc
import socket
import sys

import pytest

from probe.measure.dial import SystemDialer
from tests.measure.world import World, hang, linger, page


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


async def test_bytes_go_both_ways_until_the_peer_s_end(world: World) -> None:
    port = await world.server(page("hello"))
    stream = await SystemDialer().connect("127.0.0.1", port)
    await stream.write(b"GET / HTTP/1.1\r\n\r\n")
    got = b""
    while data := await stream.read(7):
        got += data
    assert got.endswith(b"hello")
    assert stream.source_port not in {0, port}
    stream.close()
    stream.close()


async def test_each_connection_has_a_source_port_of_its_own(world: World) -> None:
    port = await world.server(hang)
    streams = [await SystemDialer().connect("127.0.0.1", port) for _ in range(3)]
    assert len({stream.source_port for stream in streams}) == 3
    for stream in streams:
        stream.close()


async def test_a_connection_leaves_nothing_for_the_collector(world: World) -> None:
    """The agent hardly ever looks for cycles, so none may hold its sockets."""
    port = await world.server(page("hello"))
    gc.collect()
    gc.disable()
    try:
        stream = await SystemDialer().connect("127.0.0.1", port)
        await stream.write(b"GET / HTTP/1.1\r\n\r\n")
        await stream.read(7)
        stream.stamps.timing(1.0)
        stream.close()
        kernel = stream.kernel  # type: ignore[attr-defined]
        del stream
        assert sys.getrefcount(kernel) == 2  # this name and the question itself
    finally:
        gc.enable()


async def test_a_refusal_has_its_errno() -> None:
    with pytest.raises(ConnectionRefusedError) as caught:
        await SystemDialer().connect("127.0.0.1", free_port())
    assert caught.value.errno == 111


async def test_a_reset_has_its_errno(world: World) -> None:
    async def cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        linger(writer)

    stream = await SystemDialer().connect("127.0.0.1", await world.server(cut))
    with pytest.raises(ConnectionResetError) as caught:
        await stream.read(10)
    assert caught.value.errno == 104
    stream.close()


async def test_closing_sends_a_reset(world: World) -> None:
    ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def watch(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
            ended.set_result("FIN")
        except ConnectionResetError:
            ended.set_result("RST")

    stream = await SystemDialer().connect("127.0.0.1", await world.server(watch))
    stream.close()
    async with asyncio.timeout(5):
        assert await ended == "RST"


async def test_a_port_nobody_listens_on_refuses_datagrams() -> None:
    datagrams = SystemDialer().datagrams("127.0.0.1", free_port(socket.SOCK_DGRAM))
    await datagrams.send(b"x")
    with pytest.raises(ConnectionRefusedError):
        await datagrams.receive()
    datagrams.close()


async def test_no_descriptor_is_left_after_a_failed_or_cancelled_connect(world: World) -> None:
    port = await world.server(hang)
    dialer = SystemDialer()
    with pytest.raises(OSError, match="111"):
        await dialer.connect("127.0.0.1", free_port())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await dialer.connect("127.0.0.1", port)
    with pytest.raises(PermissionError):
        dialer.datagrams("255.255.255.255", 53)
    with pytest.raises(OSError, match="illegal"):
        dialer.datagrams("not an address", 53)


async def test_ipv6(world: World) -> None:
    try:
        port = await world.server(page("six"), address="::1")
    except OSError:
        pytest.skip("this host has no IPv6 on loopback")
    stream = await SystemDialer().connect("::1", port)
    await stream.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await stream.read(8) == b"HTTP/1.1"
    stream.close()
