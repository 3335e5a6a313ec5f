"""The DNS process over loopback sockets: name servers answer, resolvers iterate, orders are obeyed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.asyncquery
import dns.message
import dns.rcode
import msgspec
import pytest

from probe.lab import line
from probe.lab.kernel.hosts import nameserver
from probe.lab.kernel.hosts.nameserver import (
    Duty,
    NameServing,
    Order,
    Resolving,
    Unheard,
    loses,
    serve,
)
from probe.lab.kernel.hosts.zones import Knowledge

HELD = Knowledge(addresses={"one.home.tr": ("31.1.250.10",)})


def bound(address: str, port: int = 0) -> socket.socket:
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind((address, port))
    return own


class Stage:
    """A name server on a loopback address of its own, and a resolver that starts there."""

    def __init__(self, lines: asyncio.StreamReader, port: int) -> None:
        self._lines = lines
        self.port = port

    async def ask(self, name: str) -> dns.message.Message:
        query = dns.message.make_query(name, "A")
        return await dns.asyncquery.udp(query, "127.0.0.1", timeout=5, port=self.port)

    async def order(self, order: msgspec.Struct) -> None:
        self._lines.feed_data(line.encode(order))
        await asyncio.sleep(0)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    upper = bound("127.0.0.2")
    nameserver_port = int(upper.getsockname()[1])
    lower, upstream = bound("127.0.0.1"), bound("127.0.0.1")
    port = int(lower.getsockname()[1])
    duty = Duty(
        nameservers=(NameServing(fd=upper.detach(), knowledge=HELD),),
        resolvers=(Resolving(fd=lower.detach(), upstream=upstream.detach(), root="127.0.0.2"),),
    )
    lines = asyncio.StreamReader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nameserver, "DNS_PORT", nameserver_port)
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(duty, lines))
            yield Stage(lines, port)
            lines.feed_eof()
        await asyncio.sleep(0)


async def test_a_resolver_finds_what_a_name_server_holds() -> None:
    async with stage() as lab:
        assert str((await lab.ask("one.home.tr")).answer[0][0]) == "31.1.250.10"
        assert (await lab.ask("two.home.tr")).rcode() == dns.rcode.NXDOMAIN


async def test_a_broken_resolver_fails_for_that_client_until_mended() -> None:
    async with stage() as lab:
        await lab.order(Order(broken=("127.0.0.1",)))
        assert (await lab.ask("one.home.tr")).rcode() == dns.rcode.SERVFAIL
        await lab.order(Order(broken=("31.9.9.9",)))
        assert (await lab.ask("one.home.tr")).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize(
    ("name", "sender", "share", "lost"),
    [
        ("one.home.tr", "31.1.1.1", 1.0, True),
        ("www.ONE.home.tr", "31.1.1.1", 1.0, True),
        ("two.home.tr", "31.1.1.1", 1.0, False),
        ("one.home.tr", "31.2.2.2", 1.0, False),
        ("one.home.tr", "31.1.1.1", 0.0, False),
    ],
)
def test_behind_encrypted_doors_names_are_lost_for_those_whom_their_servers_do_not_answer(
    name: str, sender: str, share: float, *, lost: bool
) -> None:
    silent = Unheard(names=("one.home.tr",), clients=("31.1.1.1",), share=share)
    assert loses(silent, dns.message.make_query(name, "A"), sender) is lost


async def test_many_questions_at_once_get_their_own_answers() -> None:
    async with stage() as lab, asyncio.TaskGroup() as group:
        names = [f"n{number}.home.tr" for number in range(20)] + ["one.home.tr"]
        asked = [group.create_task(lab.ask(name)) for name in names]
        replies = [await task for task in asked]
    assert [bool(reply.answer) for reply in replies] == [False] * 20 + [True]


async def test_rubbish_is_not_answered_and_does_no_harm() -> None:
    async with stage() as lab:
        with bound("127.0.0.1") as client:
            client.sendto(b"rubbish", ("127.0.0.1", lab.port))
        assert (await lab.ask("one.home.tr")).rcode() == dns.rcode.NOERROR
