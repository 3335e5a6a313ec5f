"""The internet's core: a frame in, frames out when they are due; no socket, no clock, no randomness.

It routes at layer 3 by host address, counts hops down, adds each host's delay and holds the
border where policies stand. A frame whose handling fails is forwarded all the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import msgspec

from probe.lab.kernel.internet.border import Border, Standing
from probe.lab.kernel.internet.interference.policy import PASS, ROUTERS, Action
from probe.lab.kernel.internet.packet import (
    ETHERNET,
    INJECTED_TTL,
    IPV4,
    IPV6,
    Icmp,
    Packet,
    build,
    ethernet,
)
from probe.lab.kernel.plan import Plan

IN_FLIGHT = 20_000
"""Most frames under way at once: past it they are lost, as in a full queue."""
SHORTEST = ETHERNET + 20
KINDS = (IPV4, IPV6)
BOX = 0.5
"""Where on a host's line, as a share of its delay, the box stands that interferes with it."""
COUNTRY_BYTES = {4: 2, 16: 4}
"""How many bytes of an address its country shares, by the length of the family's."""
TIME_EXCEEDED_V4, TIME_EXCEEDED_V6 = 11, 3
QUOTED = 28
"""Bytes of the offending packet that an ICMP error carries: header and ports."""


class Counters(msgspec.Struct, kw_only=True):
    received: int = 0
    forwarded: int = 0
    injected: int = 0
    unroutable: int = 0
    overflowed: int = 0
    """Frames lost because too many were in flight."""
    unsent: int = 0
    """Frames that the receiving end did not take."""
    faults: int = 0
    """Frames whose interference failed; they were forwarded all the same."""
    fault: str = ""
    """The last of them."""
    flows: int = 0
    in_flight: int = 0
    hits: dict[str, int] = {}
    """Packets interfered with, by the key of the event."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A host as the router sees it."""

    delay: float
    v4: bytes
    """The Ethernet header of an IPv4 frame to it."""
    v6: bytes


class Router:
    """`receive` and `due` are its whole life; `now` is monotonic seconds."""

    def __init__(self, plan: Plan, mac: Callable[[int], str], gateway: str, seed: int = 0) -> None:
        self.counters = Counters()
        self.lines = tuple(
            Line(
                delay=host.delay,
                v4=ethernet(mac(index), gateway, IPV4),
                v6=ethernet(mac(index), gateway, IPV6),
            )
            for index, host in enumerate(plan.hosts)
        )
        self.places = {
            ip_address(address).packed: index
            for index, host in enumerate(plan.hosts)
            for address in host.addresses
        }
        self.border = Border(self.places, seed)
        self._queue: list[tuple[float, int, int, bytes]] = []
        self._order = 0

    def receive(self, place: int, frame: bytes, now: float) -> None:
        """Take a frame that the host of that index sent."""
        if len(frame) < SHORTEST or frame[12:14] not in KINDS:
            return
        target, ttl = self.places.get(_target(frame[ETHERNET:])), _ttl(frame)
        self.counters.received += 1
        if ttl <= 1:
            self._time_exceeded(place, frame, 1, now)
        elif target is None:
            self.counters.unroutable += 1
        elif watching := self.border.watches(place, target):
            self._interfere(watching, place, frame, now)
        else:
            self._pass_on(place, target, frame, now)

    def _interfere(
        self, watching: tuple[Standing, ...], place: int, frame: bytes, now: float
    ) -> None:
        action, ttl = self._look(watching, frame, now), _ttl(frame)
        if ttl <= (ROUTERS if action.forward else action.behind):
            self._time_exceeded(place, frame, ttl, now)
            return
        for packet in action.inject:  # before the frame itself: what is forged comes first
            self._inject(place, packet, now)
        if action.rewritten:
            frame = frame[:ETHERNET] + action.rewritten
        target = self.places.get(_target(frame[ETHERNET:]))
        if action.forward and target is not None:
            self._forward(place, target, frame, now + action.delay)

    def _look(self, watching: tuple[Standing, ...], frame: bytes, now: float) -> Action:
        try:
            return self.border.look(watching, frame[ETHERNET:], now)
        except Exception as error:  # noqa: BLE001 — fail open, whatever the frame holds
            self.counters.faults += 1
            self.counters.fault = repr(error)
            return PASS

    def _pass_on(self, place: int, target: int, frame: bytes, now: float) -> None:
        if (ttl := _ttl(frame)) <= ROUTERS:
            self._time_exceeded(place, frame, ttl, now)
        else:
            self._forward(place, target, frame, now)

    def _forward(self, place: int, target: int, frame: bytes, now: float) -> None:
        line = self.lines[target]
        hop = _hop_v4(line.v4, frame) if frame[12:14] == IPV4 else _hop_v6(line.v6, frame)
        self._push(now + self.lines[place].delay + line.delay, target, hop)
        self.counters.forwarded += 1

    def _push(self, at: float, target: int, frame: bytes) -> None:
        if len(self._queue) >= IN_FLIGHT:
            self.counters.overflowed += 1
            return
        self._order += 1
        heapq.heappush(self._queue, (at, self._order, target, frame))

    def _inject(self, place: int, packet: bytes, now: float) -> None:
        """Send a packet of our own, from the box on the line of the host of that index."""
        target = self.places.get(_target(packet))
        if target is None:
            return
        line = self.lines[target]
        way = (
            2 * BOX * line.delay if target == place else BOX * self.lines[place].delay + line.delay
        )
        header = line.v4 if _is_v4(packet) else line.v6
        self._push(now + way, target, header + packet)
        self.counters.injected += 1

    def _time_exceeded(self, place: int, frame: bytes, hop: int, now: float) -> None:
        """Say that a frame ended at the router so far from who sent it: traceroute shows them all."""
        quoted = frame[ETHERNET : ETHERNET + QUOTED + 20]
        if frame[12:14] == IPV4:
            sender, target, kind = frame[26:30], frame[30:34], TIME_EXCEEDED_V4
        else:
            sender, target, kind = frame[22:38], frame[38:54], TIME_EXCEEDED_V6
        error = Icmp(kind=kind, code=0, data=b"\0\0\0\0" + quoted)
        source = _router(sender, target, hop)
        answer = Packet(source=source, target=sender, ttl=INJECTED_TTL, segment=error)
        self._inject(place, build(answer), now)

    def due(self, now: float) -> Iterator[tuple[int, bytes]]:
        """Give out what is due: the index of the host it goes to, and the frame."""
        queue = self._queue
        while queue and queue[0][0] <= now:
            _, _, target, frame = heapq.heappop(queue)
            yield target, frame

    def next_due(self) -> float | None:
        """When the next frame is due; None while nothing is under way."""
        return self._queue[0][0] if self._queue else None

    def census(self) -> Counters:
        self.counters.in_flight = len(self._queue)
        self.counters.flows = len(self.border)
        self.counters.hits = self.border.hits
        return self.counters


def _router(sender: bytes, target: bytes, hop: int) -> bytes:
    """Give its address: in the sender's operator's network, in the country's, in the target's own."""
    country = sender[: COUNTRY_BYTES[len(sender)]]
    ways = (sender[:-1], country + bytes(len(sender) - len(country) - 1), target[:-1])
    return ways[hop - 1] + bytes((255 - hop,))


def _ttl(frame: bytes) -> int:
    return frame[22] if frame[12:14] == IPV4 else frame[21]


def _is_v4(packet: bytes) -> bool:
    return packet[0] >> 4 == 4  # noqa: PLR2004


def _target(packet: bytes) -> bytes:
    return packet[16:20] if _is_v4(packet) else packet[24:40]


def _hop_v4(header: bytes, frame: bytes) -> bytes:
    """Count down the TTL at byte 22, its weight onto the checksum at bytes 24 and 25 (RFC 1141)."""
    checksum = (frame[24] << 8 | frame[25]) + (ROUTERS << 8)
    checksum = (checksum & 0xFFFF) + (checksum >> 16)
    hop = bytes((frame[22] - ROUTERS, frame[23], checksum >> 8, checksum & 255))
    return b"".join((header, frame[14:22], hop, frame[26:]))


def _hop_v6(header: bytes, frame: bytes) -> bytes:
    return b"".join((header, frame[14:21], bytes((frame[21] - ROUTERS,)), frame[22:]))
