"""The double keeps the seam's contract, and carries a whole measurement without a kernel."""

import asyncio
from dataclasses import replace

import dns.message
import pytest

from probe.measure.chain import measure
from probe.measure.memory import MemoryDialer, MemoryStream
from probe.model import Endpoint, Expectation, HttpExchange
from tests.measure.world import World, records


async def test_a_stream_plays_its_script() -> None:
    stream = MemoryStream(script=[b"hello", ConnectionResetError(104, "reset")])
    assert await stream.read(2) == b"he"
    assert await stream.read(9) == b"llo"
    with pytest.raises(ConnectionResetError):
        await stream.read(9)
    assert await stream.read(9) == b""
    await stream.write(b"x")
    stream.close()
    assert (stream.written, stream.closed) == (b"x", True)


async def test_silence_lasts() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await MemoryStream(script=[None]).read(1)


async def test_an_address_without_a_script_refuses() -> None:
    with pytest.raises(ConnectionRefusedError):
        await MemoryDialer().connect("192.0.2.1", 80)


async def test_a_whole_measurement(world: World) -> None:
    query = dns.message.make_query("site.example", "A")
    dialer = MemoryDialer(
        answers={("9.9.9.9", 53): [records(query, "93.184.216.34").to_wire()]},
        streams={("93.184.216.34", 80): [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]},
    )
    world.set(resolver="9.9.9.9", ipv6=False, allow_private=())
    tools = replace(world.tools(), dialer=dialer)
    seen = await measure(Endpoint(id="e", url="http://site.example/"), tools)
    assert isinstance(seen[-1], HttpExchange)
    assert seen[-1].expectation is Expectation.MET
    assert all(opened.closed for opened in dialer.opened)
