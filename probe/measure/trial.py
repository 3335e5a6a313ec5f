"""The differential tests, each by itself: the control first, then what it is the control of."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from importlib.util import find_spec

import msgspec

from probe.measure.dial import Stream
from probe.measure.dns import ask, usable
from probe.measure.failure import EOF, FAILED_HANDSHAKE, RESET, TIMEOUT
from probe.measure.goal import Goal, Name
from probe.measure.http import Request, fetch
from probe.measure.instruments import Instruments
from probe.measure.message import Question
from probe.measure.path import path
from probe.measure.resolver import Server
from probe.measure.restraint import Place
from probe.measure.site import PORTS, Site
from probe.measure.step import Mark
from probe.measure.tcp import connect
from probe.measure.tls import Peer, handshake
from probe.model import (
    ENCRYPTED,
    DifferentialTest,
    DnsLookup,
    Endpoint,
    HttpExchange,
    Layer,
    Observation,
    TcpConnect,
    TlsHandshake,
)

GOODPUT_BYTES = 64 * 1024
"""Past what some let through of a flow before they freeze it (16 KB)."""
MOST_CERTIFICATES = 2
CUT = frozenset({RESET, EOF, TIMEOUT, FAILED_HANDSHAKE})
OTHER_PORT = {443: 80, 80: 443}
SPEAKING = "probe.measure.quic"
UDP = "udp"
"""What is left of a cut over TCP is not met there."""
SLOW_HANDS_SECONDS = 1.0
"""Hardly any two places are so far apart that hands are shaken over TCP and TLS as late as that."""

Seen = tuple[Observation, ...]
Last = Sequence[Observation]
Visit = Callable[[str], Awaitable[Seen]]
"""Go somewhere under this name."""


# ── at the target's own addresses ────────────────────────────────────────────────────────────


async def second_resolver(goal: Goal, last: Last, tools: Instruments, mark: Mark) -> Seen:
    """Ask elsewhere, and shake hands with the first address that the chain did not get.

    What came encrypted goes before what anybody on the path may have said.
    """
    known = {address for seen in last if isinstance(seen, DnsLookup) for address in seen.answers}
    question = goal.question if isinstance(goal, Name) else Question(goal.host, "A")
    reached: Seen = ()
    async with asyncio.TaskGroup() as listening:
        async with asyncio.TaskGroup() as asking:
            asks = [
                asking.create_task(ask(question, (server,), tools, mark, listening))
                for server in tools.second
            ]
        asked = [one for task in asks for one in task.result()]
        firsts = sorted(
            [one.first for one in asked], key=lambda one: one.transport not in ENCRYPTED
        )
        others = [a for first in firsts for a in usable(first, tools) if a not in known]
        if others and isinstance(goal, Site):
            reached = await _knock(others[0], goal, tools, mark)
    seen = tuple(one.whole.result() for one in asked)
    return (*seen, *reached, *await _beside(question, seen, tools, mark))


async def _beside(
    question: Question, asked: Sequence[DnsLookup], tools: Instruments, mark: Mark
) -> Seen:
    """Try what shares the way with an encrypted resolver that was not reached.

    Plain DNS at its address, where that was not asked already, and a harmless name at its port.
    """
    seen: Seen = ()
    plain = {server.address for server in tools.second if not server.encrypted}
    for server, lookup in zip(tools.second, asked, strict=True):
        cut = server.encrypted and lookup.failed_at in NOT_REACHED
        if not cut or tools.forbids(server.address):
            continue
        if server.address not in plain:
            plain.add(server.address)
            async with asyncio.TaskGroup() as listening:
                bare = (Server(server.address, label=server.label),)
                (again,) = await ask(question, bare, tools, mark, listening)
            seen = (*seen, again.whole.result())
        if server.name and lookup.failed_at is Layer.TLS and tools.settings.neutral_name:
            site = Site(
                scheme="https", host=server.name, port=server.port, target="/", literal=False
            )
            neutral = tools.settings.neutral_name
            seen = (*seen, *await _knock(server.address, site, tools, mark, neutral))
    return seen


NOT_REACHED = frozenset({Layer.TCP, Layer.TLS})


async def certificate(goal: Goal, last: Last, tools: Instruments, mark: Mark) -> Seen:
    """Shake hands at each address of a plain site: whoever has its certificate is it."""
    if isinstance(goal, Name):
        return ()
    secure = _at(goal, "https", PORTS["https"])
    tried = [seen.address for seen in last if isinstance(seen, TcpConnect)]
    seen: Seen = ()
    for address in dict.fromkeys(tried[:MOST_CERTIFICATES]):
        seen = (*seen, *await _knock(address, secure, tools, mark))
    return seen


async def second_address(goal: Goal, last: Last, tools: Instruments, mark: Mark) -> Seen:
    tried = {seen.address for seen in last if isinstance(seen, TcpConnect)}
    given = [a for seen in last if isinstance(seen, DnsLookup) for a in usable(seen, tools)]
    other = next((address for address in given if address not in tried), "")
    if not other or isinstance(goal, Name):
        return ()
    return await _knock(other, goal, tools, mark)


def slow_hands(seen: Last) -> str:
    """Give an address with which hands were shaken, but late; empty where there is none."""
    trips = {step.address: step.took for step in seen if isinstance(step, TcpConnect)}
    late = (
        step.address
        for step in seen
        if isinstance(step, TlsHandshake)
        and step.failure is None
        and step.took + trips.get(step.address, 0.0) >= SLOW_HANDS_SECONDS
    )
    return next(late, "")


async def neutral_name(goal: Goal, last: Last, tools: Instruments, mark: Mark) -> Seen:
    """Shake hands at the address that failed or was late, under a harmless name, with whomever."""
    if isinstance(goal, Name):  # it was never shaken hands with
        return ()
    cut = (
        seen.address
        for seen in last
        if isinstance(seen, TlsHandshake) and seen.failure and seen.failure.name in CUT
    )
    address = next(cut, slow_hands(last))
    return await _knock(address, goal, tools, mark, tools.settings.neutral_name)


async def other_port(goal: Goal, last: Last, tools: Instruments, mark: Mark) -> Seen:
    """Connect to the same address where the web's other port is: is it the address or the port."""
    other = None
    if isinstance(goal, Site) and goal.scheme in PORTS:
        other = OTHER_PORT.get(goal.port)
    address = next((seen.address for seen in last if isinstance(seen, TcpConnect)), "")
    if other is None or not address:
        return ()
    reached, stream = await connect(address, other, tools, mark)
    if stream is not None:
        stream.close()
    return (reached,)


# ── at a server of ours ──────────────────────────────────────────────────────────────────────


async def own_address(goal: Goal, _: Last, tools: Instruments, mark: Mark) -> Seen:
    """Shake hands with a server of ours under both names: what hangs on a name follows it there."""
    own = tools.settings.reference
    if own is None or isinstance(goal, Name):
        return ()
    site = _at(goal, "https", own.port)

    def visit(name: str) -> Awaitable[Seen]:
        return _knock(own.address, site, tools, mark, name)

    return await _both_names(goal.host, (own.address, own.port), visit, tools)


async def host_swap(goal: Goal, last: Last, tools: Instruments, mark: Mark) -> Seen:
    """Ask for a harmless Host at the target's address, and for both at a server of ours."""
    address = next((seen.address for seen in last if isinstance(seen, HttpExchange)), "")
    if isinstance(goal, Name) or not address:
        return ()
    seen = await _get(address, goal, tools.settings.neutral_name, tools, mark)
    own = tools.settings.reference
    if own is None:
        return seen
    site = _at(goal, "http", own.plain_port)

    def visit(name: str) -> Awaitable[Seen]:
        return _get(own.address, site, name, tools, mark)

    return (*seen, *await _both_names(goal.host, (own.address, own.plain_port), visit, tools))


async def goodput(goal: Goal, _: Last, tools: Instruments, mark: Mark) -> Seen:
    """Fetch as much under both names from a server of ours: the pace that hangs on the name."""
    own, short = tools.settings.reference, tools.settings.max_body < GOODPUT_BYTES
    if own is None or short or isinstance(goal, Name):
        return ()
    site = msgspec.structs.replace(_at(goal, "https", own.port), target=f"/bytes/{GOODPUT_BYTES}")

    def visit(name: str) -> Awaitable[Seen]:
        return _get(own.address, site, name, tools, mark)

    return await _both_names(goal.host, (own.address, own.port), visit, tools)


async def quic(goal: Goal, last: Last, tools: Instruments, mark: Mark) -> Seen:
    """Shake hands over UDP under both names with a server of ours, and then with the target.

    Nothing where this machine has nothing that speaks it.
    """
    address = next((seen.address for seen in last if isinstance(seen, TcpConnect)), "")
    meant = isinstance(goal, Site) and goal.scheme == "https" and bool(address)
    if isinstance(goal, Name) or not meant or not find_spec("aioquic"):
        return ()
    if SPEAKING not in sys.modules:  # it loads for so long that others would measure it
        await asyncio.to_thread(import_module, SPEAKING)
    from probe.measure.quic import shake  # noqa: PLC0415 — heavy, and where its extra is installed

    async def visit(name: str) -> Seen:
        peer = Peer(place[0], place[1], name)
        return (await shake(peer, tools, mark, verify=False),)

    own, tried = tools.settings.reference, Seen()
    if own is not None and tools.settings.neutral_name:
        place = (own.address, own.port)
        tried = await _both_names(goal.host, (f"{UDP} {own.address}", own.port), visit, tools)
    return (*tried, await shake(Peer(address, goal.port, goal.host), tools, mark))


async def _both_names(host: str, place: Place, visit: Visit, tools: Instruments) -> Seen:
    """Go there under a harmless name, and if that went well under the target's.

    Not at all while blocking may be left there from an earlier visit.
    """
    if not tools.residue.enter(place, tools.clock.monotonic()):
        return ()
    tried: Seen = ()
    try:
        control = await visit(tools.settings.neutral_name)
        if not any(step.failure for step in control):
            tried = await visit(host)
        return (*control, *tried)
    finally:
        tools.residue.leave(place, host, tools.clock.monotonic(), cut=_cut(tried))


def _cut(seen: Seen) -> bool:
    """Tell whether a visit did not end well; an alert or a refused certificate is the server's."""
    return any(
        s.failure is not None and s.failure.name in CUT and not s.failure.alert for s in seen
    )


# ── steps ────────────────────────────────────────────────────────────────────────────────────


def _at(site: Site, scheme: str, port: int) -> Site:
    return msgspec.structs.replace(site, scheme=scheme, port=port)


async def _knock(
    address: str, site: Site, tools: Instruments, mark: Mark, other_name: str = ""
) -> Seen:
    """TCP, and TLS where the site has it; under a name given no certificate is held wrong."""
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


async def visit(address: str, site: Site, name: str, tools: Instruments, mark: Mark) -> Seen:
    """Go as far as a name can be cut: to the handshake, or over plain HTTP to the answer."""
    if site.scheme == "https":
        return await _knock(address, site, tools, mark, name)
    return await _get(address, site, name, tools, mark)


async def _get(address: str, site: Site, name: str, tools: Instruments, mark: Mark) -> Seen:
    """Ask for the site's page under this name, in TLS where the site has it."""
    named = msgspec.structs.replace(site, host=name)
    reached, stream = await connect(address, site.port, tools, mark)
    if stream is None:
        return (reached,)
    try:
        if site.scheme != "https":
            return (reached, await _fetched(stream, address, named, tools, mark))
        peer = Peer(address, site.port, name)
        shaken, inside = await handshake(stream, peer, tools, mark, verify=False)
        if inside is None:
            return (reached, shaken)
        return (reached, shaken, await _fetched(inside, address, named, tools, mark))
    finally:
        stream.close()


async def _fetched(
    stream: Stream, address: str, site: Site, tools: Instruments, mark: Mark
) -> HttpExchange:
    request = Request(endpoint=Endpoint(id="test", url=site.url), site=site, method="GET")
    return (await fetch(stream, address, request, tools, mark))[0]


Runner = Callable[[Goal, Last, Instruments, Mark], Awaitable[Seen]]
RUNNERS: dict[DifferentialTest, Runner] = {
    DifferentialTest.SECOND_RESOLVER: second_resolver,
    DifferentialTest.CERTIFICATE: certificate,
    DifferentialTest.SECOND_ADDRESS: second_address,
    DifferentialTest.NEUTRAL_NAME: neutral_name,
    DifferentialTest.OWN_ADDRESS: own_address,
    DifferentialTest.HOST_SWAP: host_swap,
    DifferentialTest.OTHER_PORT: other_port,
    DifferentialTest.PATH: path,
    DifferentialTest.GOODPUT: goodput,
    DifferentialTest.QUIC: quic,
}
