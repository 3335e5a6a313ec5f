"""One packet, one policy, what the flow remembers: what becomes of the packet; pure but for that memory."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from probe.lab.kernel.internet import forge, initial
from probe.lab.kernel.internet.hello import (
    LONGEST,
    Beginning,
    http_host,
    matches,
    name_in,
    server_name,
)
from probe.lab.kernel.internet.interference.policy import (
    DROP,
    PASS,
    Action,
    AddressDrop,
    AnyAct,
    Cut,
    Delay,
    Divert,
    DnsForgery,
    DnsSilence,
    HttpAnswer,
    NameDelay,
    NameDrop,
    NameFreeze,
    NamePolice,
    NameReset,
    QuicDrop,
    Sink,
    SynReset,
)
from probe.lab.kernel.internet.packet import Flag, Packet, Tcp, Udp, build, is_syn

DNS = 53
WEB = (80, 443)
ConnectionAct = (
    SynReset
    | Sink
    | Divert
    | NameReset
    | HttpAnswer
    | NameDrop
    | NameFreeze
    | NamePolice
    | NameDelay
)
NameAct = NameReset | HttpAnswer | NameDrop | NameFreeze | NamePolice | NameDelay
K = TypeVar("K")
V = TypeVar("V")
LEDGER = 4096
"""Most entries that a policy remembers across flows."""


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """A packet as one policy sees it."""

    packet: Packet
    outward: bool
    """It comes from a host inside; else it goes to one."""
    now: float

    @property
    def peer(self) -> bytes:
        return self.packet.target if self.outward else self.packet.source


class Memory(msgspec.Struct, kw_only=True):
    """What one policy remembers of one flow."""

    beginning: Beginning | None = None
    examined: bool = False
    """The client's name is known, or it will never say one."""
    caught: bool = False
    bytes: float = 0.0
    """Seen since it was caught, or, where there is a rate, the tokens left."""
    at: float = 0.0
    """When the tokens were counted."""


class Ledger(msgspec.Struct, kw_only=True):
    """What one policy remembers across flows; the oldest is forgotten first."""

    until: dict[tuple[bytes, bytes, int], float] = {}
    """Residual blocking by client, server and port."""
    diverted: dict[tuple[bytes, int], bytes] = {}
    """The true target of a diverted connection, by its client's address and port."""


def decide(act: AnyAct, sight: Sight, memory: Memory, ledger: Ledger) -> Action:
    """Say what becomes of the packet."""
    match act:
        case Cut() | Delay() | AddressDrop():
            return _by_address(act, sight)
        case DnsForgery() | DnsSilence():
            return _by_question(act, sight)
        case QuicDrop():
            return _quic_drop(act, sight, memory)
        case _:
            return _by_connection(act, sight, memory, ledger)


def _by_connection(  # noqa: PLR0911 — one for each act
    act: ConnectionAct, sight: Sight, memory: Memory, ledger: Ledger
) -> Action:
    tcp = sight.packet.segment
    if not isinstance(tcp, Tcp):
        return PASS
    match act:
        case SynReset():
            return _syn_reset(act, sight, tcp)
        case Sink():
            return _sink(act, sight, tcp)
        case Divert():
            return _divert(act, sight, tcp, ledger)
        case NameReset():
            return _name_reset(act, sight, tcp, memory, ledger)
        case HttpAnswer():
            return _http_answer(act, sight, tcp, memory)
        case NameDrop() | NameFreeze() | NamePolice() | NameDelay():
            return _after_name(act, sight, tcp, memory)


# ── by address ───────────────────────────────────────────────────────────────────────────────


def _hit(addresses: tuple[bytes, ...], address: bytes) -> bool:
    return not addresses or address in addresses


def _by_address(act: Cut | Delay | AddressDrop, sight: Sight) -> Action:
    match act:
        case Cut():
            return PASS if sight.peer in act.spared else DROP
        case Delay():
            return Action(delay=act.seconds) if _hit(act.addresses, sight.peer) else PASS
        case AddressDrop():
            return _address_drop(act, sight)


def _address_drop(act: AddressDrop, sight: Sight) -> Action:
    segment = sight.packet.segment
    spared = act.datagrams and not isinstance(segment, Udp)
    if spared or not _hit(act.addresses, sight.peer) or not _at(act.ports, sight):
        return PASS
    if act.syn_only and not (isinstance(segment, Tcp) and is_syn(segment)):
        return PASS
    if act.data_only and not (isinstance(segment, Tcp) and segment.data and sight.outward):
        return PASS
    if act.unreachable and sight.outward:
        return Action(forward=False, inject=(forge.prohibited(sight.packet),))
    return DROP


def _at(ports: tuple[int, ...], sight: Sight) -> bool:
    segment = sight.packet.segment
    if not ports or not isinstance(segment, Tcp | Udp):
        return not ports
    return (segment.port if sight.outward else segment.source_port) in ports


def _syn_reset(act: SynReset, sight: Sight, tcp: Tcp) -> Action:
    if not (sight.outward and is_syn(tcp) and _hit(act.addresses, sight.peer)):
        return PASS
    return Action(forward=False, inject=(forge.reset_sender(sight.packet, tcp),))


def _sink(act: Sink, sight: Sight, tcp: Tcp) -> Action:
    if not (sight.outward and tcp.port in WEB and _hit(act.addresses, sight.peer)):
        return PASS
    taken = (forge.accept(sight.packet, tcp),) if is_syn(tcp) else ()
    return Action(forward=False, inject=taken)


def _divert(act: Divert, sight: Sight, tcp: Tcp, ledger: Ledger) -> Action:
    packet = sight.packet
    to = _end(act, packet.target if sight.outward else packet.source)
    if sight.outward and tcp.port == act.port and _hit(act.addresses, packet.target):
        if to is None:
            return DROP
        _remember(ledger.diverted, (packet.source, tcp.source_port), packet.target)
        inner = msgspec.structs.replace(tcp, port=act.to_port or tcp.port)
        return Action(rewritten=build(msgspec.structs.replace(packet, target=to, segment=inner)))
    if not sight.outward and tcp.source_port == (act.to_port or act.port) and packet.source == to:
        true = ledger.diverted.get((packet.target, tcp.port), packet.source)
        inner = msgspec.structs.replace(tcp, source_port=act.port)
        return Action(rewritten=build(msgspec.structs.replace(packet, source=true, segment=inner)))
    return PASS


def _end(act: Divert, asked: bytes) -> bytes | None:
    """Where a diverted connection ends."""
    return next((a for a in act.to if len(a) == len(asked)), None) if act.to else asked


def _remember(entries: dict[K, V], key: K, value: V) -> None:
    entries.pop(key, None)
    entries[key] = value
    if len(entries) > LEDGER:
        del entries[next(iter(entries))]


# ── by question ──────────────────────────────────────────────────────────────────────────────


def _by_question(act: DnsForgery | DnsSilence, sight: Sight) -> Action:
    segment = sight.packet.segment
    if not isinstance(segment, Tcp | Udp):
        return PASS
    if (segment.port if sight.outward else segment.source_port) != DNS:
        return PASS
    if isinstance(act, DnsSilence) and not act.names:
        return DROP
    spared = isinstance(act, DnsForgery) and not _hit(act.servers, sight.peer)
    if spared or not sight.outward or isinstance(segment, Tcp):
        return PASS
    return _question(act, sight, segment)


def _question(act: DnsForgery | DnsSilence, sight: Sight, udp: Udp) -> Action:
    query = forge.question(udp.data)
    if query is None or not matches(forge.asked(query), act.names):
        return PASS
    if isinstance(act, DnsSilence):
        return DROP
    sets = (act.answers[query.id % len(act.answers)],) if act.pool else act.answers
    forged = tuple(
        forge.udp_reply(sight.packet, udp, forge.answer(query, act.rcode, addresses))
        for addresses in sets
    )
    return Action(forward=not act.swallow, inject=forged)


# ── by name ──────────────────────────────────────────────────────────────────────────────────


def _says(act: NameAct, sight: Sight, tcp: Tcp, memory: Memory, *, tls: bool, http: bool) -> bool:
    """Whether the client's stream, with this packet, has just said one of the names."""
    if memory.examined or not sight.outward:
        return False
    if memory.beginning is None:
        memory.beginning = Beginning(tcp.seq + 1 if is_syn(tcp) else None)
    if not tcp.data:
        return False
    memory.beginning.feed(tcp.seq, tcp.data)
    stream = memory.beginning.bytes
    name = (tls and server_name(stream)) or (http and http_host(stream)) or ""
    memory.examined = bool(name) or len(stream) > LONGEST - 2000 or _is_other(stream)
    return bool(name) and matches(
        name, act.names, within=isinstance(act, NameReset) and act.within
    )


def _is_other(stream: bytes) -> bool:
    """Neither TLS nor a request in words: no name will come."""
    return bool(stream) and stream[0] != 22 and not stream[:1].isupper()  # noqa: PLR2004 — a handshake record


def _name_reset(act: NameReset, sight: Sight, tcp: Tcp, memory: Memory, ledger: Ledger) -> Action:
    packet = sight.packet
    triple = (packet.source, packet.target, tcp.port)
    if is_syn(tcp) and ledger.until.get(triple, 0.0) > sight.now:
        return Action(forward=False, inject=(forge.reset_sender(packet, tcp),))
    if memory.caught:
        return DROP
    if not _says(act, sight, tcp, memory, tls=act.tls, http=act.http):
        return PASS
    memory.caught = True
    if act.residual:
        _remember(ledger.until, triple, sight.now + act.residual)
    return Action(
        forward=False, inject=(forge.reset_sender(packet, tcp), forge.reset_target(packet, tcp))
    )


def _http_answer(act: HttpAnswer, sight: Sight, tcp: Tcp, memory: Memory) -> Action:
    packet = sight.packet
    if memory.caught:
        finished = sight.outward and tcp.flags & Flag.FIN
        return Action(forward=False, inject=(forge.acknowledge(packet, tcp),) if finished else ())
    if not _says(act, sight, tcp, memory, tls=False, http=True):
        return PASS
    memory.caught = True
    answer = (*forge.page(packet, tcp, act.response), forge.reset_target(packet, tcp))
    return Action(forward=False, inject=answer)


def _after_name(
    act: NameDrop | NameFreeze | NamePolice | NameDelay, sight: Sight, tcp: Tcp, memory: Memory
) -> Action:
    if not memory.caught:
        memory.caught = _says(act, sight, tcp, memory, tls=True, http=False)
        if isinstance(act, NamePolice):
            memory.bytes, memory.at = act.burst, sight.now
    if not memory.caught:
        return PASS
    match act:
        case NameDrop():
            return DROP
        case NameFreeze():
            memory.bytes += 0 if sight.outward else len(tcp.data)
            return DROP if memory.bytes > act.budget and not sight.outward else PASS
        case NamePolice():
            return _police(act, sight, tcp, memory)
        case NameDelay():
            return Action(delay=act.seconds)


def _quic_drop(act: QuicDrop, sight: Sight, memory: Memory) -> Action:
    udp = sight.packet.segment
    if not isinstance(udp, Udp):
        return PASS
    if not memory.caught and sight.outward:
        if memory.beginning is None:
            memory.beginning = Beginning(0)
        for offset, piece in initial.pieces(udp.data):
            memory.beginning.feed(offset, piece)
        name = name_in(memory.beginning.bytes)
        memory.caught = bool(name) and matches(name or "", act.names)
    return DROP if memory.caught else PASS


def _police(act: NamePolice, sight: Sight, tcp: Tcp, memory: Memory) -> Action:
    """A token bucket."""
    grown = memory.bytes + (sight.now - memory.at) * act.rate
    memory.bytes, memory.at = min(act.burst, grown), sight.now
    if len(tcp.data) > memory.bytes:
        return DROP
    memory.bytes -= len(tcp.data)
    return PASS
