"""Both ways of waiting: ready, given up, used again."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from probe.measure.readiness import READ, WRITE, ByEpoll, ByLoop, Readiness, readiness


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    here.setblocking(False)  # noqa: FBT003 — its only form
    with here, there:
        yield here, there


@pytest.fixture(params=[ByEpoll, ByLoop])
async def ready(request: pytest.FixtureRequest) -> Readiness:
    made: Readiness = request.param(asyncio.get_running_loop())
    return made


Pair = tuple[socket.socket, socket.socket]


async def test_the_system_s_own_way_is_taken() -> None:
    assert isinstance(readiness(asyncio.get_running_loop()), ByEpoll)


async def test_a_socket_is_waited_for_again_and_again(ready: Readiness, pair: Pair) -> None:
    here, there = pair
    await ready.wait(here.fileno(), WRITE, first=True)
    for text in (b"one", b"two"):
        asyncio.get_running_loop().call_soon(there.send, text)
        await ready.wait(here.fileno(), READ, first=False)
        assert here.recv(10) == text


async def test_a_wait_given_up_leaves_nothing_behind(ready: Readiness, pair: Pair) -> None:
    here, there = pair
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await ready.wait(here.fileno(), READ, first=True)
    there.send(b"late")
    await asyncio.sleep(0)
    await ready.wait(here.fileno(), READ, first=False)
    assert here.recv(10) == b"late"


async def test_the_other_end_s_close_is_readable(ready: Readiness, pair: Pair) -> None:
    here, there = pair
    there.close()
    await ready.wait(here.fileno(), READ, first=True)
    assert here.recv(10) == b""


async def test_a_descriptor_is_used_again_after_its_close(ready: Readiness) -> None:
    numbers = set()
    for _ in range(3):
        here, there = socket.socketpair()
        with here, there:
            numbers.add(here.fileno())
            there.send(b"x")
            await ready.wait(here.fileno(), READ, first=True)
    assert len(numbers) == 1
