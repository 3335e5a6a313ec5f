"""An iterating resolver of the lab: from the root down by referrals, with a cache that honours TTLs.

It holds no socket and reads no clock: `ask` and `now` are handed in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import msgspec

from probe.lab.kernel.hosts.zones import ANSWER_TTL_SECONDS, records

MAX_REFERRALS = 8

Question = tuple[str, dns.rdatatype.RdataType]
Ask = Callable[[str, dns.message.Message], Awaitable[dns.message.Message | None]]
"""Put a query to the server at an address; None when no answer came in time."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A cached answer: the addresses, or that there is none."""

    expires: float
    rcode: dns.rcode.Rcode
    addresses: tuple[str, ...] = ()


class Delegation(msgspec.Struct, frozen=True, kw_only=True):
    expires: float
    address: str


class Resolver:
    """Answers are cached by question, delegations by zone."""

    def __init__(self, root: str, ask: Ask, now: Callable[[], float]) -> None:
        self._ask = ask
        self._now = now
        self._root = root
        self._known: dict[Question, Known] = {}
        self._zones: dict[str, Delegation] = {}

    async def resolve(self, query: dns.message.Message) -> dns.message.Message:
        """Answer a client's query; SERVFAIL where no server above answered."""
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        known = self._cached((name, question.rdtype))
        if known is None:
            known = await self._iterate((name, question.rdtype))
        reply = dns.message.make_response(query, recursion_available=True)
        if known is None:
            reply.set_rcode(dns.rcode.SERVFAIL)
            return reply
        reply.set_rcode(known.rcode)
        left = max(1, int(known.expires - self._now()))
        reply.answer = records(name, question.rdtype, known.addresses, left)
        return reply

    def _cached(self, question: Question) -> Known | None:
        known = self._known.get(question)
        return known if known and known.expires > self._now() else None

    async def _iterate(self, question: Question) -> Known | None:
        server = self._nearest(question[0])
        for _ in range(MAX_REFERRALS):
            reply = await self._ask(server, dns.message.make_query(*question, flags=0))
            if reply is None:
                return None
            lower = self._referred(reply)
            if not lower:
                return self._learn(question, reply)
            server = lower
        return None

    def _nearest(self, name: str) -> str:
        labels = name.split(".")
        for start in range(len(labels)):
            cut = self._zones.get(".".join(labels[start:]))
            if cut and cut.expires > self._now():
                return cut.address
        return self._root

    def _referred(self, reply: dns.message.Message) -> str:
        """Return the address of the server the reply refers to, and remember the delegation."""
        if reply.flags & dns.flags.AA or not reply.authority:
            return ""
        zone = reply.authority[0].name.to_text(omit_final_dot=True).lower()
        glue = [(r.ttl, str(rd)) for r in reply.additional for rd in r]
        if not glue:
            return ""
        ttl, address = glue[0]
        self._zones[zone] = Delegation(expires=self._now() + ttl, address=address)
        return address

    def _learn(self, question: Question, reply: dns.message.Message) -> Known:
        wanted = [rrset for rrset in reply.answer if rrset.rdtype == question[1]]
        ttl = min((rrset.ttl for rrset in wanted), default=ANSWER_TTL_SECONDS)
        known = Known(
            expires=self._now() + ttl,
            rcode=reply.rcode(),
            addresses=tuple(str(record) for rrset in wanted for record in rrset),
        )
        self._known[question] = known
        return known


def broken(query: dns.message.Message) -> dns.message.Message:
    """What a client hears whose resolver is out of order (`local.resolver_broken`)."""
    reply = dns.message.make_response(query, recursion_available=True)
    reply.set_rcode(dns.rcode.SERVFAIL)
    return reply


def parse(wire: bytes) -> dns.message.Message | None:
    """Read a message with exactly one question; None for anything else."""
    try:
        message = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return None
    return message if len(message.question) == 1 else None
