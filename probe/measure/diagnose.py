"""Which differential tests a failure calls for, by a table, and running them.

Each splits two rival causes that look the same in the plain chain. None is run without a failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from probe.config.shape import Measuring
from probe.measure.dns import ask, usable
from probe.measure.failure import (
    BOGON,
    DNS_REFUSED,
    EOF,
    FAILED_HANDSHAKE,
    INVALID_CERTIFICATE,
    INVALID_HOSTNAME,
    MISBEHAVING,
    NO_ANSWER,
    NXDOMAIN,
    REFUSED,
    RESET,
    SERVFAIL,
    TIMEOUT,
    UNKNOWN_AUTHORITY,
)
from probe.measure.goal import Goal, Name
from probe.measure.instruments import Instruments
from probe.measure.message import Question
from probe.measure.site import Site
from probe.measure.step import Mark
from probe.measure.tcp import connect
from probe.measure.tls import Peer, handshake
from probe.model import DifferentialTest, DnsLookup, Observation, TcpConnect, TlsHandshake

NAME_FAILED = frozenset(
    {NXDOMAIN, NO_ANSWER, DNS_REFUSED, SERVFAIL, MISBEHAVING, TIMEOUT, REFUSED}
)
NOT_REACHED = frozenset({TIMEOUT, REFUSED, RESET, "host_unreachable"})
CERTIFICATE_REFUSED = frozenset({UNKNOWN_AUTHORITY, INVALID_HOSTNAME, INVALID_CERTIFICATE})
CUT_SHORT = frozenset({RESET, EOF, TIMEOUT, FAILED_HANDSHAKE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """These failures of this layer call for that test."""

    test: DifferentialTest
    layer: type[DnsLookup | TcpConnect | TlsHandshake]
    failures: frozenset[str]
    every: bool
    """Only when the layer failed at every address, or for every question."""


TRIGGERS = (
    Trigger(
        test=DifferentialTest.SECOND_RESOLVER, layer=DnsLookup, failures=NAME_FAILED, every=True
    ),
    Trigger(
        test=DifferentialTest.SECOND_RESOLVER,
        layer=DnsLookup,
        failures=frozenset({BOGON}),
        every=False,
    ),
    Trigger(
        test=DifferentialTest.SECOND_RESOLVER, layer=TcpConnect, failures=NOT_REACHED, every=True
    ),
    Trigger(
        test=DifferentialTest.SECOND_RESOLVER,
        layer=TlsHandshake,
        failures=CERTIFICATE_REFUSED,
        every=False,
    ),
    Trigger(
        test=DifferentialTest.NEUTRAL_NAME, layer=TlsHandshake, failures=CUT_SHORT, every=False
    ),
)
"""In the order of the tests' cost."""


def next_tests(
    observations: Sequence[Observation], settings: Measuring
) -> tuple[DifferentialTest, ...]:
    """Choose by what failed on the last hop; each test once, cheapest first. Pure."""
    last = _last_hop(observations)
    called = {trigger.test for trigger in TRIGGERS if _fires(trigger, last)}
    named = any(isinstance(seen, DnsLookup) for seen in last)
    possible = {
        DifferentialTest.SECOND_RESOLVER: bool(settings.second_resolver) and named,
        DifferentialTest.NEUTRAL_NAME: bool(settings.neutral_name),
    }
    return tuple(test for test in DifferentialTest if test in called and possible[test])


async def diagnose(
    goal: Goal, observations: Sequence[Observation], tools: Instruments
) -> tuple[Observation, ...]:
    """Run what `next_tests` chooses for the last hop, whose goal this is."""
    last = _last_hop(observations)
    seen: list[Observation] = []
    for test in next_tests(observations, tools.settings):
        mark = Mark(hop=last[0].hop, test=test)
        seen.extend(await RUNNERS[test](goal, last, tools, mark))
    return tuple(seen)


def _last_hop(observations: Sequence[Observation]) -> tuple[Observation, ...]:
    plain = [seen for seen in observations if seen.test is None]
    hop = max((seen.hop for seen in plain), default=0)
    return tuple(seen for seen in plain if seen.hop == hop)


def _fires(trigger: Trigger, observations: Sequence[Observation]) -> bool:
    layer = [seen.failure for seen in observations if isinstance(seen, trigger.layer)]
    if trigger.every and not all(layer):
        return False
    return any(failure and failure.name in trigger.failures for failure in layer)


# ── running them ─────────────────────────────────────────────────────────────────────────────


async def _second_resolver(
    goal: Goal, last: Sequence[Observation], tools: Instruments, mark: Mark
) -> tuple[Observation, ...]:
    """Ask elsewhere, and shake hands with the first address that the chain did not get."""
    if tools.second is None:
        return ()
    known = {address for seen in last if isinstance(seen, DnsLookup) for address in seen.answers}
    reached: tuple[Observation, ...] = ()
    async with asyncio.TaskGroup() as listening:
        question = goal.question if isinstance(goal, Name) else Question(goal.host, "A")
        (asked,) = await ask(question, (tools.second,), tools, mark, listening)
        others = [address for address in usable(asked.first, tools) if address not in known]
        if others and isinstance(goal, Site):
            reached = await _knock(others[0], goal, tools, mark)
    return (asked.whole.result(), *reached)


async def _neutral_name(
    goal: Goal, last: Sequence[Observation], tools: Instruments, mark: Mark
) -> tuple[Observation, ...]:
    """Shake hands at the address that failed, under a harmless name, whatever the certificate."""
    address = next(
        seen.address
        for seen in last
        if isinstance(seen, TlsHandshake) and seen.failure and seen.failure.name in CUT_SHORT
    )
    if isinstance(goal, Name):  # it was never shaken hands with
        return ()
    return await _knock(address, goal, tools, mark, tools.settings.neutral_name)


async def _knock(
    address: str, site: Site, tools: Instruments, mark: Mark, other_name: str = ""
) -> tuple[Observation, ...]:
    """TCP, and TLS where the site has it; under another name no certificate is held wrong."""
    reached, stream = await connect(address, site.port, tools, mark)
    if stream is None:
        return (reached,)
    try:
        if site.scheme != "https":
            return (reached,)
        peer = Peer(address, site.port, other_name or site.host)
        shaken, _ = await handshake(stream, peer, tools, mark, verify=not other_name)
        return (reached, shaken)
    finally:
        stream.close()


Runner = Callable[
    [Goal, Sequence[Observation], Instruments, Mark], Awaitable[tuple[Observation, ...]]
]
RUNNERS: dict[DifferentialTest, Runner] = {
    DifferentialTest.SECOND_RESOLVER: _second_resolver,
    DifferentialTest.NEUTRAL_NAME: _neutral_name,
}
