"""The loop's lateness is taken out of the times where the kernel noted it, and only there."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.clock import unix
from probe.measure import dial
from probe.measure.dial import SystemDialer
from probe.measure.http import Request, fetch
from probe.measure.instruments import Instruments
from probe.measure.site import parse
from probe.measure.stamp import (
    ESTABLISHED,
    INFO_BYTES,
    LINUX,
    STAMP_ARRIVALS,
    Stamps,
    arrival,
    in_order,
    round_trip,
)
from probe.measure.step import Mark
from probe.measure.tcp import connect
from probe.measure.tls import Peer, handshake
from probe.model import Endpoint, HttpExchange, Timer
from tests.measure.world import World, page, telling

needs_linux = pytest.mark.skipif(not LINUX, reason="only Linux stamps what arrives")
U32 = st.integers(0, 2**32 - 1)


def info(rtt: int = 30_000, retrans: int = 0, out_of_order: int = 0) -> bytes:
    made = bytearray(INFO_BYTES)
    for offset, value in ((68, rtt), (100, retrans), (224, out_of_order)):
        struct.pack_into("@I", made, offset, value)
    return bytes(made)


def note(at: float) -> list[tuple[int, int, bytes]]:
    whole, part = divmod(round(at * 1e9), 10**9)
    return [(1, STAMP_ARRIVALS, struct.pack("@ll", whole, part))]


def of(told: bytes) -> Stamps:
    return Stamps(lambda: told)


# ── what the kernel writes ───────────────────────────────────────────────────────────────────


@given(st.floats(0, 4e9))
def test_an_arrival_is_read_among_other_notes(at: float) -> None:
    found = arrival([(1, 29, bytes(16)), *note(at)])
    assert found == pytest.approx(at, abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from((1, 29, 35)), st.binary(max_size=9))))
def test_what_is_no_stamp_is_none(notes: list[tuple[int, int, bytes]]) -> None:
    assert arrival(notes) is None


@given(U32)
def test_a_round_trip_is_in_microseconds(rtt: int) -> None:
    assert round_trip(info(rtt)) == rtt / 1e6
    assert round_trip(info(rtt) + b"what newer kernels add") == rtt / 1e6
    assert round_trip(info(rtt, retrans=1)) == 0


@given(U32, U32)
def test_what_was_lost_or_sent_again_is_not_in_order(retrans: int, early: int) -> None:
    assert in_order(info(retrans=retrans, out_of_order=early)) is (not retrans and not early)


@given(st.integers(0, INFO_BYTES - 1))
def test_an_old_kernel_s_shorter_word_proves_no_order(length: int) -> None:
    assert not in_order(info()[:length])


# ── what is made of it ───────────────────────────────────────────────────────────────────────


@given(st.floats(1e-3, 1e3), st.floats(0, 1e3))
def test_a_step_is_told_without_what_the_loop_added(true: float, late: float) -> None:
    stamps = of(info())
    stamps.came(note(1e9), 1e9 + late)
    took, by = stamps.timing(true + late)
    assert by is Timer.KERNEL
    assert took == pytest.approx(true, abs=1e-5)


def test_of_reads_in_a_row_the_last_one_counts() -> None:
    stamps = of(info())
    stamps.came(note(10.0), 10.5)
    stamps.came(note(10.6), 10.7)
    assert stamps.late == pytest.approx(0.1)


def test_each_turn_that_began_late_counts() -> None:
    stamps = of(info())
    for _ in range(3):
        stamps.came(note(10.0), 10.1)
        stamps.went()
    assert stamps.late == pytest.approx(0.3)


def test_what_was_late_before_a_step_is_not_taken_out_of_it() -> None:
    stamps = of(info())
    stamps.came(note(10.0), 10.5)
    since = stamps.late
    stamps.went()
    stamps.came(note(11.0), 11.2)
    took, by = stamps.timing(1.0, since)
    assert by is Timer.KERNEL
    assert took == pytest.approx(0.8)


@pytest.mark.parametrize(
    "told",
    [info(retrans=1), info(out_of_order=1), b""],
    ids=["sent again", "out of order", "no tcp_info"],
)
def test_where_packets_were_lost_the_loop_s_time_holds(told: bytes) -> None:
    stamps = of(told)
    stamps.came(note(10.0), 10.5)
    assert stamps.timing(1.0) == (1.0, Timer.LOOP)
    assert stamps.connecting(1.0) == (1.0, Timer.LOOP)


def test_one_read_without_a_stamp_spoils_what_follows() -> None:
    stamps = of(info())
    stamps.came([], 10.0)
    stamps.came(note(10.0), 10.5)
    assert stamps.timing(1.0) == (1.0, Timer.LOOP)


@pytest.mark.parametrize("now", [9.0, 12.0], ids=["back", "forward"])
def test_a_clock_that_was_set_meanwhile_is_not_believed(now: float) -> None:
    stamps = of(info())
    stamps.came(note(10.0), now)
    assert stamps.timing(1.0) == (1.0, Timer.LOOP)


def connected(told: bytes) -> Stamps:
    stamps = of(ESTABLISHED + told[1:])
    assert stamps.made()
    return stamps


def test_a_connection_takes_one_round_trip() -> None:
    assert connected(info(rtt=30_000)).connecting(0.5) == (0.03, Timer.KERNEL)


@pytest.mark.parametrize("told", [b"", b"\x07" + bytes(227)], ids=["nothing", "closed"])
def test_a_connection_that_does_not_stand_is_not_said_to(told: bytes) -> None:
    assert not of(told).made()
    assert not Stamps().made()


@pytest.mark.parametrize("rtt", [0, 600_000], ids=["unknown", "longer than the whole"])
def test_a_round_trip_that_cannot_be_is_not_believed(rtt: int) -> None:
    assert connected(info(rtt=rtt)).connecting(0.5) == (0.5, Timer.LOOP)


def test_datagrams_need_no_order() -> None:
    stamps = Stamps()
    stamps.went()
    stamps.came(note(10.0), 10.25)
    assert stamps.timing(1.0) == (0.75, Timer.KERNEL)


def test_order_is_asked_for_once_after_what_came() -> None:
    asked: list[None] = []

    def told() -> bytes:
        asked.append(None)
        return info()

    stamps = Stamps(told)
    stamps.came(note(10.0), 10.1)
    for _ in range(3):
        stamps.timing(1.0)
    assert len(asked) == 1


# ── steps over a real kernel ─────────────────────────────────────────────────────────────────


async def visited(world: World, tools: Instruments) -> list[Timer]:
    """Connect, shake hands and ask; tell whose clock took each step's time."""
    port = await world.tls(page("hello"), "site.test")
    reached, stream = await connect("127.0.0.1", port, tools, Mark())
    assert stream
    peer = Peer("127.0.0.1", port, "site.test")
    shaken, inside = await handshake(stream, peer, tools, Mark())
    assert inside
    answer = await asked(inside, port, tools)
    stream.close()
    return [reached.timed_by, shaken.timed_by, answer.timed_by]


async def asked(stream: dial.Stream, port: int, tools: Instruments) -> HttpExchange:
    url = f"https://site.test:{port}/"
    request = Request(endpoint=Endpoint(id="e", url=url), site=parse(url), method="GET")
    return (await fetch(stream, "127.0.0.1", request, tools, Mark()))[0]


@needs_linux
async def test_every_step_goes_by_the_kernel_s_stamps(world: World) -> None:
    assert await visited(world, world.tools()) == [Timer.KERNEL] * 3


@needs_linux
async def test_a_lookup_goes_by_the_kernel_s_stamps(world: World) -> None:
    await world.names("127.0.0.1")
    port = await world.server(page("x"))
    seen = await world.measure(f"http://site.test:{port}/")
    assert {step.timed_by for step in seen} == {Timer.KERNEL}


async def test_a_lookup_that_failed_goes_by_the_loop(world: World) -> None:
    await world.resolver(telling())
    world.set(resolver="127.0.0.1:1")
    (seen,) = await world.measure("dns:site.test")
    assert seen.failure
    assert seen.timed_by is Timer.LOOP


async def test_without_a_kernel_s_stamps_all_is_as_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dial, "_arrivals_are_stamped", lambda: False)
    monkeypatch.delattr(socket, "TCP_INFO")
    assert await visited(world, world.tools()) == [Timer.LOOP] * 3


@needs_linux
async def test_a_late_read_is_known_to_be_late(world: World) -> None:
    port = await world.server(page("hello"))
    stream = await SystemDialer(lambda: unix() + 5.0).connect("127.0.0.1", port)
    await stream.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await stream.read(100)
    assert 5.0 <= stream.stamps.late < 6.0
    stream.close()
