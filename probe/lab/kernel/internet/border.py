"""Where policies stand: which of them see a packet, what their flows remember, what they answer together.

Flows expire, and their number is bounded. Which flows are hit, where a policy hits a share of
them, follows from the seed and the client's address and port, so a run can be repeated.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from hashlib import blake2b

import msgspec

from probe.lab.kernel.internet.interference.decide import Ledger, Memory, Sight, decide
from probe.lab.kernel.internet.interference.policy import PASS, Action, Policy
from probe.lab.kernel.internet.packet import Packet, Tcp, Udp, is_syn, parse

FLOWS = 10_000
IDLE = 120.0
"""Seconds after which a flow is forgotten."""

Endpoint = tuple[bytes, int]
FlowKey = tuple[bool, Endpoint, Endpoint]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A policy in force."""

    key: str
    """The event's."""
    number: int
    """Unique over the life of the border."""
    policy: Policy
    clients: frozenset[bytes]
    ledger: Ledger


class Flow(msgspec.Struct, kw_only=True):
    seen: float
    memories: dict[int, Memory | None]
    """By the policy's number; None where its share passes this flow by."""


class Border:
    def __init__(self, places: Mapping[bytes, int], seed: int) -> None:
        self._places = places
        self._seed = seed
        self._standing: list[Standing] = []
        self._between: dict[tuple[int, int], tuple[Standing, ...]] = {}
        self._flows: OrderedDict[FlowKey, Flow] = OrderedDict()
        self._number = 0
        self.hits: dict[str, int] = {}

    def __len__(self) -> int:
        """How many flows are remembered."""
        return len(self._flows)

    def apply(self, key: str, policies: Iterable[Policy]) -> None:
        """Put the event's policies in force, in place of what stood under that key."""
        self.lift(key)
        self.hits.setdefault(key, 0)
        for policy in policies:
            self._number += 1
            standing = Standing(
                key=key,
                number=self._number,
                policy=policy,
                clients=frozenset(policy.clients),
                ledger=Ledger(),
            )
            self._standing.append(standing)

    def lift(self, key: str) -> None:
        """Take them out of force; a key that nothing stands under is nothing to complain of."""
        self._standing = [standing for standing in self._standing if standing.key != key]
        self._between.clear()

    def watches(self, place: int, target: int) -> tuple[Standing, ...]:
        """List the policies that see what passes between two hosts."""
        try:
            return self._between[place, target]
        except KeyError:
            found = tuple(s for s in self._standing if self._concerns(s, place, target))
            self._between[place, target] = found
            return found

    def _concerns(self, standing: Standing, place: int, target: int) -> bool:
        return any(self._places.get(address) in (place, target) for address in standing.clients)

    def look(self, watching: Iterable[Standing], data: bytes, now: float) -> Action:
        """Let the policies see a packet; the first that does more than delay has the last word."""
        packet = parse(data)
        if packet is None:
            return PASS
        flow, delay = self._flow(packet, now), 0.0
        for standing in watching:
            action = self._one(standing, packet, flow, now)
            if action is PASS:
                continue
            self.hits[standing.key] += 1
            delay += action.delay
            if not action.forward or action.inject or action.rewritten:
                behind = standing.policy.behind
                return msgspec.structs.replace(action, delay=delay, behind=behind)
        return Action(delay=delay) if delay else PASS

    def _one(self, standing: Standing, packet: Packet, flow: Flow, now: float) -> Action:
        outward = packet.source in standing.clients
        if standing.number not in flow.memories:
            hit = self._rolls(standing, _endpoints(packet)[0 if outward else 1])
            flow.memories[standing.number] = Memory() if hit else None
        memory = flow.memories[standing.number]
        if memory is None:
            return PASS
        sight = Sight(packet=packet, outward=outward, now=now)
        return decide(standing.policy.act, sight, memory, standing.ledger)

    def _rolls(self, standing: Standing, client: Endpoint) -> bool:
        if standing.policy.share >= 1:
            return True
        seed = f"{self._seed} {standing.number} {client}".encode()
        roll = int.from_bytes(blake2b(seed, digest_size=4).digest(), "big")
        return roll < standing.policy.share * 2**32

    def _flow(self, packet: Packet, now: float) -> Flow:
        ends = _endpoints(packet)
        key = (isinstance(packet.segment, Tcp), min(ends), max(ends))
        flow = self._flows.get(key)
        if flow is None or _begins(packet):  # a port used again is another flow
            flow = self._flows[key] = Flow(seen=now, memories={})
        flow.seen = now
        self._flows.move_to_end(key)
        self._forget(now)
        return flow

    def _forget(self, now: float) -> None:
        oldest = next(iter(self._flows))
        while len(self._flows) > FLOWS or self._flows[oldest].seen < now - IDLE:
            del self._flows[oldest]
            oldest = next(iter(self._flows))


def _endpoints(packet: Packet) -> tuple[Endpoint, Endpoint]:
    segment = packet.segment
    ports = (segment.source_port, segment.port) if isinstance(segment, Tcp | Udp) else (0, 0)
    return (packet.source, ports[0]), (packet.target, ports[1])


def _begins(packet: Packet) -> bool:
    tcp = packet.segment
    return isinstance(tcp, Tcp) and is_syn(tcp)
