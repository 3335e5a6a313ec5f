"""Who answers for what: the root refers, registries refer, the authoritative answer."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from probe.lab import library
from probe.lab.kernel.hosts.zones import (
    REFERRAL_TTL_SECONDS,
    Knowledge,
    answer,
    knowledge,
    records,
)
from probe.lab.kernel.layout import plan

PLAN = plan(library.load("tr-2023-02-08"))
KNOWN = knowledge(PLAN)


def ask(server: str, name: str, kind: str = "A") -> dns.message.Message:
    return answer(dns.message.make_query(name, kind), KNOWN[server])


@pytest.mark.parametrize(
    ("server", "name", "next_server"),
    [
        ("ns-root", "twitter.com", "ns-generic"),
        ("ns-root", "one.home.tr", "ns-tr"),
        ("ns-generic", "twitter.com", "ns-authoritative"),
        ("ns-generic", "api.twitter.com", "ns-authoritative"),
    ],
)
def test_a_referral_leads_down_with_glue(server: str, name: str, next_server: str) -> None:
    reply = ask(server, name)
    address = next(host.v4 for host in PLAN.hosts if host.name == next_server)
    assert not reply.flags & dns.flags.AA
    assert not reply.answer
    assert str(reply.additional[0][0]) == address
    assert reply.authority[0].ttl == REFERRAL_TTL_SECONDS


@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_the_authoritative_server_answers_with_the_true_addresses(kind: str) -> None:
    reply = ask("ns-authoritative", "TWITTER.com", kind)
    assert reply.flags & dns.flags.AA
    assert str(reply.answer[0][0]) in PLAN.zone["twitter.com"]


def test_a_countrys_own_server_answers_for_its_names() -> None:
    assert str(ask("ns-tr", "two.home.tr").answer[0][0]) == PLAN.zone["two.home.tr"][0]


def test_a_name_without_v6_has_no_such_record_but_exists() -> None:
    reply = ask("ns-tr", "two.home.tr", "AAAA")
    assert reply.rcode() == dns.rcode.NOERROR
    assert not reply.answer


@pytest.mark.parametrize("server", sorted(KNOWN))
def test_a_name_that_nobody_holds_does_not_exist(server: str) -> None:
    assert ask(server, "nobody.invalid").rcode() == dns.rcode.NXDOMAIN


def test_every_name_of_the_zone_is_held_by_exactly_one_server() -> None:
    held = [name for known in KNOWN.values() for name in known.addresses]
    assert sorted(held) == sorted(PLAN.zone)


def test_other_kinds_of_records_are_not_there() -> None:
    assert records("a.example", dns.rdatatype.MX, ("11.1.1.1",), 5) == []
    assert answer(dns.message.make_query("a.b", "A"), Knowledge()).rcode() == dns.rcode.NXDOMAIN
