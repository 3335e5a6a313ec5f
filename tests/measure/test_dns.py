"""The DNS step: each way a resolver answers, made to happen."""

import asyncio
import contextlib
from collections.abc import Sequence

import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.measure.dns import ask
from probe.measure.failure import StepError
from probe.measure.message import Question, read
from probe.measure.resolver import Server
from probe.measure.step import Mark
from probe.model import DnsLookup
from tests.measure.test_dial import free_port
from tests.measure.world import World, finish, hang, records, refusing, silent, telling, wire

A = Question("site.test", "A")


async def look_up(world: World, *servers: Server, question: Question = A) -> list[DnsLookup]:
    tools = world.tools()
    async with asyncio.TaskGroup() as listening:
        asked = await ask(question, servers or tools.resolver.servers(), tools, Mark(), listening)
    return [one.whole.result() for one in asked]


def names(found: Sequence[DnsLookup]) -> list[str]:
    return [one.failure.name if one.failure else "" for one in found]


async def test_addresses_come_in_the_order_given(world: World) -> None:
    await world.names("1.2.3.4", "1.1.1.1", "2606:4700::1111")
    (found,) = await look_up(world)
    assert found.answers == ("1.2.3.4", "1.1.1.1")
    assert (found.failure, found.rcode, found.raw, found.late) == (None, 0, b"", ())
    assert (found.name, found.query, found.resolver) == ("site.test", "A", "private")
    (six,) = await look_up(world, question=Question("site.test", "AAAA"))
    assert six.answers == ("2606:4700::1111",)


@pytest.mark.parametrize(
    ("rcode", "name"),
    [
        (1, "dns_server_misbehaving"),
        (2, "dns_servfail_error"),
        (3, "dns_nxdomain_error"),
        (5, "dns_refused_error"),
    ],
)
async def test_a_refusal_keeps_rcode_and_answer(world: World, rcode: int, name: str) -> None:
    await world.resolver(refusing(rcode))
    (found,) = await look_up(world)
    assert names([found]) == [name]
    assert found.rcode == rcode
    assert dns.message.from_wire(found.raw).rcode() == rcode


async def test_no_address(world: World) -> None:
    await world.resolver(telling())
    assert names(await look_up(world)) == ["dns_no_answer"]


async def test_a_private_address_is_kept_and_named(world: World) -> None:
    await world.names("10.10.34.36", "1.1.1.1")
    (found,) = await look_up(world)
    assert names([found]) == ["dns_bogon_error"]
    assert found.answers == ("10.10.34.36", "1.1.1.1")
    assert found.raw


async def test_silence(world: World) -> None:
    world.set(dns_timeout=0.1)
    await world.resolver(silent)
    (found,) = await look_up(world)
    assert names([found]) == ["generic_timeout_error"]
    assert (found.rcode, found.raw) == (None, b"")


async def test_a_port_nobody_listens_on(world: World) -> None:
    await world.names()
    port = free_port()
    assert names(await look_up(world, Server("127.0.0.1", port))) == ["connection_refused"]


async def test_another_server_is_another_attempt(world: World) -> None:
    await world.resolver(refusing(2))
    good = await world.names("1.1.1.1")
    first, second = world.tools().resolver.servers()[0], Server("127.0.0.1", good.port)
    found = await look_up(world, first, second)
    assert names(found) == ["dns_servfail_error", ""]


async def test_nxdomain_is_an_answer(world: World) -> None:
    await world.resolver(refusing(3))
    good = await world.names("1.1.1.1")
    found = await look_up(world, *world.tools().resolver.servers(), Server("127.0.0.1", good.port))
    assert names(found) == ["dns_nxdomain_error"]
    assert good.asked == []


async def test_a_second_answer_is_heard_after_one_that_could_not_be_read(world: World) -> None:
    await world.resolver(
        lambda query, _: [wire(records(query, "93.46.8.89"))[:-2], wire(records(query, "1.1.1.1"))]
    )
    (found,) = await look_up(world)
    assert names([found]) == ["dns_server_misbehaving"]
    assert found.late == ("1.1.1.1",)


async def test_a_second_answer_is_kept_apart(world: World) -> None:
    await world.resolver(
        lambda query, _: [
            wire(records(query, "93.46.8.89")),
            wire(records(query, "1.1.1.1", "1.0.0.1")),
        ]
    )
    (found,) = await look_up(world)
    assert found.answers == ("93.46.8.89",)
    assert found.late == ("1.1.1.1", "1.0.0.1")


async def test_an_unreadable_second_answer_hides_no_third(world: World) -> None:
    def forged(query: dns.message.Message, _: bytes) -> Sequence[bytes]:
        real = wire(records(query, "1.1.1.1"))
        return [wire(records(query, "93.46.8.89")), real[:-3], real]

    await world.resolver(forged)
    (found,) = await look_up(world)
    assert (found.answers, found.late) == (("93.46.8.89",), ("1.1.1.1",))


async def test_a_duplicated_packet_is_nobody_s_forgery(world: World) -> None:
    await world.resolver(lambda query, _: [records(query, "1.1.1.1").to_wire()] * 2)
    (found,) = await look_up(world)
    assert (found.answers, found.late) == (("1.1.1.1",), ())


async def test_the_chain_does_not_wait_for_second_answers(world: World) -> None:
    world.set(late_answers=60.0)
    await world.names("1.1.1.1")
    tools = world.tools()
    async with asyncio.timeout(5), asyncio.TaskGroup() as listening:
        (asked,) = await ask(A, tools.resolver.servers(), tools, Mark(), listening)
        assert asked.first.answers == ("1.1.1.1",)
        assert not asked.whole.done()
        asked.whole.cancel()


async def test_what_answers_another_question_is_passed_over(world: World) -> None:
    def answer(query: dns.message.Message, question: bytes) -> Sequence[bytes]:
        right = records(query, "1.1.1.1").to_wire()
        wrong_id = bytes([right[0] ^ 1]) + right[1:]
        other = dns.message.make_query("other.test", "A")
        other.id = query.id
        return [b"", b"x", wrong_id, question, records(other, "6.6.6.6").to_wire(), right]

    await world.resolver(answer)
    (found,) = await look_up(world)
    assert (found.answers, found.late) == (("1.1.1.1",), ())


async def test_an_unreadable_answer_is_the_server_s_fault(world: World) -> None:
    await world.resolver(lambda query, _: [records(query, "1.1.1.1").to_wire()[:-3]])
    assert names(await look_up(world)) == ["dns_server_misbehaving"]


def cut(query: dns.message.Message, _: bytes) -> Sequence[bytes]:
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.TC
    return [answer.to_wire()]


async def test_an_answer_too_long_for_a_datagram_is_asked_for_by_tcp(world: World) -> None:
    server = await world.resolver(cut)
    many = tuple(f"1.1.{n // 250}.{n % 250}" for n in range(200))
    server.by_stream = telling(*many)
    (found,) = await look_up(world)
    assert found.failure is None
    assert found.answers == many[:32]


async def test_tcp_that_ends_too_early(world: World) -> None:
    server = await world.resolver(cut)
    server.by_stream = silent
    assert names(await look_up(world)) == ["eof_error"]


async def test_tcp_that_answers_another_question(world: World) -> None:
    server = await world.resolver(cut)
    other = dns.message.make_query("other.test", "A")
    server.by_stream = lambda *_: [records(other, "6.6.6.6").to_wire()]
    assert names(await look_up(world)) == ["dns_server_misbehaving"]


async def test_tcp_that_hangs_or_is_cut(world: World) -> None:
    world.set(dns_timeout=1.0)
    for handler, name in ((hang, "generic_timeout_error"), (finish, "eof_error")):
        server = await world.resolver(cut)
        server.tcp.close()
        await world.server(handler, port=server.port)
        assert names(await look_up(world, Server("127.0.0.1", server.port))) == [name]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    question = dns.message.make_query("site.test", "A").to_wire()
    for message in (data, question[:12] + data, question[:2] + b"\x81\x80" + question[4:] + data):
        with contextlib.suppress(StepError):
            answer = read(message, A)
            assert answer is None or answer.raw == message
