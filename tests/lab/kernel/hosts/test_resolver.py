"""Iterating from the root, caching for as long as the TTL says, failing when nobody answers."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import pytest

from probe.lab import library
from probe.lab.kernel.hosts.resolver import Resolver, broken, parse
from probe.lab.kernel.hosts.zones import ANSWER_TTL_SECONDS, answer, knowledge
from probe.lab.kernel.layout import ROOT, plan

PLAN = plan(library.load("tr-2023-02-08"))


class Upstream:
    """Every name server of the world, and whether it can be reached."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cut: set[str] = set()
        self.time = 0.0
        known = knowledge(PLAN)
        self._known = {h.v4: known[h.name] for h in PLAN.hosts if h.name in known}
        self._names = {h.v4: h.name for h in PLAN.hosts}

    async def ask(self, address: str, query: dns.message.Message) -> dns.message.Message | None:
        name = self._names[address]
        self.asked.append(name)
        return None if name in self.cut else answer(query, self._known[address])

    def now(self) -> float:
        return self.time


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def resolver(upstream: Upstream) -> Resolver:
    return Resolver(ROOT, upstream.ask, upstream.now)


async def resolve(resolver: Resolver, name: str, kind: str = "A") -> dns.message.Message:
    return await resolver.resolve(dns.message.make_query(name, kind))


async def test_it_goes_from_the_root_down(resolver: Resolver, upstream: Upstream) -> None:
    reply = await resolve(resolver, "twitter.com")
    assert upstream.asked == ["ns-root", "ns-generic", "ns-authoritative"]
    assert str(reply.answer[0][0]) == PLAN.zone["twitter.com"][0]
    assert reply.flags & dns.flags.RA


async def test_an_answer_is_kept_for_its_ttl_and_no_longer(
    resolver: Resolver, upstream: Upstream
) -> None:
    await resolve(resolver, "twitter.com")
    upstream.asked.clear()
    upstream.time = ANSWER_TTL_SECONDS - 1
    reply = await resolve(resolver, "twitter.com")
    assert upstream.asked == []
    assert reply.answer[0].ttl == 1
    upstream.time = ANSWER_TTL_SECONDS + 1
    await resolve(resolver, "twitter.com")
    assert upstream.asked == ["ns-authoritative"]


async def test_that_a_name_does_not_exist_is_kept_too(
    resolver: Resolver, upstream: Upstream
) -> None:
    assert (await resolve(resolver, "nobody.tr")).rcode() == dns.rcode.NXDOMAIN
    upstream.asked.clear()
    assert (await resolve(resolver, "nobody.tr")).rcode() == dns.rcode.NXDOMAIN
    assert upstream.asked == []


async def test_v4_and_v6_are_two_questions(resolver: Resolver) -> None:
    four, six = [await resolve(resolver, "twitter.com", kind) for kind in ("A", "AAAA")]
    assert (str(four.answer[0][0]), str(six.answer[0][0])) == PLAN.zone["twitter.com"]


async def test_silence_above_is_servfail_and_is_not_kept(
    resolver: Resolver, upstream: Upstream
) -> None:
    upstream.cut = {"ns-authoritative"}
    assert (await resolve(resolver, "twitter.com")).rcode() == dns.rcode.SERVFAIL
    upstream.cut = set()
    assert (await resolve(resolver, "twitter.com")).rcode() == dns.rcode.NOERROR


async def test_a_country_cut_off_still_finds_its_own_names(
    resolver: Resolver, upstream: Upstream
) -> None:
    await resolve(resolver, "one.home.tr")
    upstream.cut = {"ns-root", "ns-generic", "ns-authoritative"}
    upstream.time = 3600.0
    assert (await resolve(resolver, "two.home.tr")).rcode() == dns.rcode.NOERROR
    assert (await resolve(resolver, "twitter.com")).rcode() == dns.rcode.SERVFAIL


async def test_referrals_that_go_in_circles_end_in_servfail() -> None:
    known = knowledge(PLAN)["ns-root"]

    async def ask(_address: str, query: dns.message.Message) -> dns.message.Message:
        return answer(query, known)

    reply = await resolve(Resolver(ROOT, ask, lambda: 0.0), "twitter.com")
    assert reply.rcode() == dns.rcode.SERVFAIL


def test_a_broken_resolver_says_servfail_to_everything() -> None:
    assert broken(dns.message.make_query("one.home.tr", "A")).rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("wire", [b"", b"\0" * 11, b"\xff" * 40, b"\0" * 12])
def test_what_is_no_question_is_no_message(wire: bytes) -> None:
    assert parse(wire) is None


def test_a_question_is_read() -> None:
    query = dns.message.make_query("twitter.com", "A")
    assert parse(query.to_wire()) == query
