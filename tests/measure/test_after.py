"""A harmless name at an address that was left alone: on loopback, before a middlebox that remembers."""

import asyncio
import ssl
from dataclasses import replace
from datetime import datetime

import pytest

from probe.clock import SystemClock
from probe.config.shape import Seconds
from probe.measure.after import doubt, patiently
from probe.measure.instruments import Instruments
from probe.measure.restraint import CUTS_BEFORE_REST, Budget, Doubt
from probe.model import DifferentialTest, Endpoint, Observation, TlsHandshake
from tests.measure.world import World, page, reset, serving

AFTER = DifferentialTest.AFTER
WINDOW = 100.0


class Moved:
    """The system's clock, by as much ahead as a test says."""

    def __init__(self) -> None:
        self.ahead, self._own = 0.0, SystemClock()

    def now(self) -> datetime:
        return self._own.now()

    def monotonic(self) -> float:
        return self._own.monotonic() + self.ahead


class Middlebox:
    """Resets whoever says the name, and then everybody, for as long as it remembers."""

    def __init__(self, clock: Moved, harmless: ssl.SSLContext, seconds: float) -> None:
        self._clock, self._seconds, self._until = clock, seconds, 0.0
        self._passing = serving({b"example.com": harmless}, cut=reset)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await reader.read(65536)
        if b"site.test" in hello:
            self._until = self._clock.monotonic() + self._seconds
        reader.feed_data(hello)
        open_now = self._clock.monotonic() >= self._until
        await (self._passing if open_now else reset)(reader, writer)


async def turns(
    url: str, clock: Moved, tools: Instruments, count: int
) -> list[tuple[Observation, ...] | None]:
    """Take the endpoint's turns, a third of the window apart."""
    seen = []
    for _ in range(count):
        seen.append(await patiently(Endpoint(id="e", url=url), tools))
        clock.ahead += WINDOW / 3
    return seen


async def boxed(world: World, remembers: float) -> tuple[str, Moved, Instruments]:
    clock = Moved()
    await world.names()
    world.set(neutral_name="example.com", residual=Seconds(WINDOW), ipv6=False)
    box = Middlebox(clock, world.context("example.com"), remembers)
    port = await world.server(box)
    return f"https://site.test:{port}/", clock, replace(world.tools(), clock=clock)


def controls(seen: tuple[Observation, ...] | None) -> list[str]:
    """The failures of the control afterwards, step by step."""
    steps = [one for one in seen or () if one.test is AFTER]
    return [one.failure.name if one.failure else "" for one in steps]


async def test_what_lingers_is_waited_out_and_the_harmless_name_passes(world: World) -> None:
    url, clock, tools = await boxed(world, WINDOW * 0.9)
    seen = await turns(url, clock, tools, CUTS_BEFORE_REST + 4)
    rested = [one is None for one in seen]
    assert rested == [False] * CUTS_BEFORE_REST + [True, True, False, False]
    assert [controls(one) for one in seen[:-2]] == [[]] * (len(seen) - 2)
    last = seen[-2]
    assert last is not None
    assert controls(last) == ["", ""]
    assert last[0].test is AFTER, "before the name is said again"
    shaken = [one for one in last if isinstance(one, TlsHandshake)]
    assert [one.server_name for one in shaken] == ["example.com", "site.test", "example.com"]
    assert [bool(one.failure) for one in shaken] == [False, True, True]
    assert controls(seen[-1]) == []


async def test_what_is_lost_for_every_name_is_lost_afterwards_too(world: World) -> None:
    url, clock, tools = await boxed(world, 1e9)
    seen = await turns(url, clock, tools, CUTS_BEFORE_REST + 3)
    assert controls(seen[-1]) == ["", "connection_reset"]


async def test_a_box_that_forgets_at_once_leaves_no_doubt(world: World) -> None:
    url, clock, tools = await boxed(world, 0.0)
    seen = await turns(url, clock, tools, CUTS_BEFORE_REST + 4)
    assert None not in seen
    assert not [one for one in seen if controls(one)]


async def test_without_budget_there_is_no_control(world: World) -> None:
    url, clock, tools = await boxed(world, WINDOW * 0.9)
    seen = await turns(url, clock, tools, CUTS_BEFORE_REST)
    spent = replace(tools, budget=Budget(0))
    seen = await turns(url, clock, spent, 3)
    assert [one is None for one in seen] == [True, True, False]
    assert controls(seen[-1]) == []


async def test_plain_requests_are_controlled_by_a_harmless_host(world: World) -> None:
    clock, until = Moved(), [0.0]
    well = page("well")

    async def box(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"site.test" in head:
            until[0] = clock.monotonic() + WINDOW * 0.9
        reader.feed_data(head)
        await (well if clock.monotonic() >= until[0] else reset)(reader, writer)

    await world.names()
    world.set(neutral_name="example.com", residual=Seconds(WINDOW), ipv6=False)
    url = f"http://site.test:{await world.server(box)}/"
    tools = replace(world.tools(), clock=clock)
    seen = await turns(url, clock, tools, CUTS_BEFORE_REST + 3)
    assert controls(seen[-1]) == ["", ""]


@pytest.mark.parametrize("remembers", [0.0, WINDOW])
async def test_a_doubt_is_a_name_that_was_cut_and_a_harmless_one_after_it(
    world: World, remembers: float
) -> None:
    url, _, tools = await boxed(world, remembers)
    seen = await patiently(Endpoint(id="e", url=url), tools)
    assert seen is not None
    port = int(url.rpartition(":")[2].strip("/"))
    found = Doubt("127.0.0.1", port, "site.test", secure=True)
    assert doubt(seen) == (found if remembers else None)
    assert doubt([one for one in seen if one.test is None]) is None
