"""The DNS step: one question to one resolver, and every answer that comes.

Over UDP, that is; over a stream (`carried`) comes one. A second answer is the mark of an injected first one, so the socket stays open for a while after
the first; the chain does not wait for that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import msgspec

from probe.measure.carried import Carriage
from probe.measure.dial import Datagrams
from probe.measure.failure import (
    BOGON,
    DNS_REFUSED,
    MISBEHAVING,
    NO_ANSWER,
    REFUSED,
    SERVFAIL,
    TIMEOUT,
    StepError,
    of_rcode,
)
from probe.measure.instruments import Instruments
from probe.measure.message import Answer, Question, is_answer, read, write
from probe.measure.resolver import PRIVATE, Server
from probe.measure.stamp import UNSTAMPED, Stamps
from probe.measure.step import Mark, Timed, timed
from probe.model import DnsLookup, Failure, Fingerprint, Layer, Transport

UNANSWERED = {
    *(TIMEOUT, REFUSED, SERVFAIL, DNS_REFUSED, MISBEHAVING),
    *("network_unreachable", "host_unreachable", "network_down", "permission_denied"),
}
"""After these a stub resolver turns to the next server; after NXDOMAIN it does not."""

LONGEST_RAW = 4096
"""Bytes kept of an odd answer: more is no address's, and every round's would fill the spool."""

_MOST_LATE = 32  # addresses kept of second answers


class Lookup:
    """One question asked of one server. `answered` is set at the first answer or at failure."""

    def __init__(self, question: Question, server: Server, tools: Instruments, mark: Mark) -> None:
        self._question, self._server, self._tools, self._mark = question, server, tools, mark
        # 0 over HTTPS, as RFC 8484 (section 4.1) wants it.
        web = server.transport is Transport.HTTPS
        self._wire = write(0 if web else tools.random.getrandbits(16), question)
        self._came = b""
        """What came last that says it answers."""
        self.answered: asyncio.Future[DnsLookup] = asyncio.get_running_loop().create_future()

    async def run(self) -> DnsLookup:
        """Ask, say so through `answered`, listen on for second answers, give the whole."""
        try:
            if self._server.transport is Transport.UDP:
                return await self._by_datagram()
            return await self._by_stream()
        finally:
            self.answered.cancel()

    async def _by_datagram(self) -> DnsLookup:
        channel = _Channel(self._tools, self._server)
        limit = self._tools.limit(self._tools.settings.dns_timeout)
        try:
            done = await timed(self._ask(channel), limit, self._tools.clock)
            first = self._seen(done, stamps=channel.stamps)
            self.answered.set_result(first)
            if not self._came:
                return first
            # Also after one that could not be read: who forges may do it badly.
            late = await self._listen(channel, self._came)
            return msgspec.structs.replace(first, late=late) if late else first
        finally:
            channel.close()

    async def _by_stream(self) -> DnsLookup:
        """Ask where nobody can slip in a second answer: there is none to wait for."""
        carriage = Carriage(self._wire, self._server, self._tools)
        limit = self._tools.limit(self._tools.settings.dns_timeout)
        done = await timed(carriage.ask(self._question), limit, self._tools.clock)
        self._came = carriage.came
        seen = self._seen(done, None if done.value else carriage.layer)
        self.answered.set_result(seen)
        return seen

    async def _ask(self, channel: _Channel) -> Answer:
        await channel.open().send(self._wire)
        answer = await self._receive(channel)
        if not answer.cut:
            return answer
        channel.stamps = UNSTAMPED  # the way over TCP has none
        whole = msgspec.structs.replace(self._server, transport=Transport.TCP)
        carriage = Carriage(self._wire, whole, self._tools)
        try:
            return await carriage.ask(self._question)
        finally:
            self._came = carriage.came or self._came

    async def _receive(self, channel: _Channel) -> Answer:
        """Wait for a message that answers this question; what answers another is not ours."""
        while True:
            wire = await channel.open().receive()
            if is_answer(wire, self._wire[:2]):
                before, self._came = self._came, wire
                answer = read(wire, self._question)
                if answer is not None:
                    return answer
                self._came = before

    async def _listen(self, channel: _Channel, first: bytes) -> tuple[str, ...]:
        late: list[str] = []
        with contextlib.suppress(OSError):  # the time is up, or nothing more can come
            async with asyncio.timeout(self._tools.settings.late_answers):
                while len(late) < _MOST_LATE:
                    late.extend(await self._later(channel, first))
        return tuple(late[:_MOST_LATE])

    async def _later(self, channel: _Channel, first: bytes) -> tuple[str, ...]:
        try:
            answer = await self._receive(channel)
        except StepError:  # unreadable, but a readable one may still come
            return ()
        # The very same bytes are a duplicated packet, nobody's forgery.
        return () if answer.raw == first else answer.addresses

    def _seen(
        self, done: Timed[Answer], broke_at: Layer | None = None, stamps: Stamps = UNSTAMPED
    ) -> DnsLookup:
        answer = done.value
        took, timed_by = done.timing(stamps)
        failure = done.failure or (self._fault(answer) if answer else None)
        return DnsLookup(
            at=done.at,
            took=took,
            timed_by=timed_by,
            failure=failure,
            hop=self._mark.hop,
            test=self._mark.test,
            name=self._question.name,
            query=self._question.query,
            resolver=self._server.label,
            transport=self._server.transport,
            server_name=self._server.name if self._server.label != PRIVATE else "",
            failed_at=broke_at,
            rcode=answer.rcode if answer else None,
            answers=answer.addresses if answer else (),
            raw=self._came[:LONGEST_RAW] if failure else b"",
            fingerprint=self._known(answer),
        )

    def _known(self, answer: Answer | None) -> Fingerprint | None:
        told = (*answer.addresses, *answer.aliases) if answer else ()
        return self._tools.fingerprints.of_answers(told)

    def _fault(self, answer: Answer) -> Failure | None:
        if answer.rcode:
            return of_rcode(answer.rcode)
        if not answer.addresses:
            return Failure(name=NO_ANSWER)
        if any(map(self._tools.forbids, answer.addresses)):
            return Failure(name=BOGON)
        return None


class Asked(msgspec.Struct, frozen=True):
    """A lookup under way: what is known at once, and the task that will know the whole."""

    first: DnsLookup
    whole: asyncio.Task[DnsLookup]


async def ask(
    question: Question,
    servers: Sequence[Server],
    tools: Instruments,
    mark: Mark,
    listening: asyncio.TaskGroup,
) -> list[Asked]:
    """Ask the servers in turn until one answers; each attempt is a lookup of its own."""
    asked: list[Asked] = []
    for server in servers:
        lookup = Lookup(question, server, tools, mark)
        whole = listening.create_task(lookup.run())
        first = await lookup.answered
        asked.append(Asked(first, whole))
        if first.failure is None or first.failure.name not in UNANSWERED:
            break
    return asked


def usable(lookup: DnsLookup, tools: Instruments) -> tuple[str, ...]:
    """Leave out the answers that are never connected to."""
    return tuple(address for address in lookup.answers if not tools.forbids(address))


class _Channel:
    """Datagrams to one server, opened when first needed so that its failure is the step's."""

    def __init__(self, tools: Instruments, server: Server) -> None:
        self._tools, self._server = tools, server
        self._datagrams: Datagrams | None = None
        self.stamps = UNSTAMPED

    def open(self) -> Datagrams:
        if self._datagrams is None:
            self._datagrams = self._tools.dialer.datagrams(self._server.address, self._server.port)
            self.stamps = self._datagrams.stamps
        return self._datagrams

    def close(self) -> None:
        if self._datagrams is not None:
            self._datagrams.close()
