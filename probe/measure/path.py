"""How far packets get: connections to an address, each with one router more that it may pass.

A network that drops an address ends its packets where every way out still is the same; a service's
own firewall ends them at its door (mechanisms.json: ip.nullroute, server.geoblock_low_layer).
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from ipaddress import ip_network

import msgspec

from probe.config.shape import Referring
from probe.measure.failure import TIMEOUT, classify
from probe.measure.goal import Goal, Name
from probe.measure.instruments import Instruments
from probe.measure.step import Mark, timed
from probe.model import SHARED, UNNAMED, Observation, TcpConnect

ABREAST = 4
"""Distances tried at once. So many in a row that stay silent are the end: single routers that never
answer are common."""
MOST_HOPS = 32
HOP_SECONDS = 0.9
"""Less than the kernel waits before it repeats a SYN (RFC 6298: one second)."""


class Hop(msgspec.Struct, frozen=True):
    """One connection of a trace, and the address of the router where it ended."""

    step: TcpConnect
    router: str = ""

    @property
    def silent(self) -> bool:
        return self.step.failure is not None and self.step.failure.name == TIMEOUT


async def path(
    goal: Goal, last: Sequence[Observation], tools: Instruments, mark: Mark
) -> tuple[TcpConnect, ...]:
    """Trace the way to a server of ours, then to the first address that was not reached."""
    own = tools.settings.reference
    if own is None or isinstance(goal, Name):
        return ()
    lost = next((s for s in last if isinstance(s, TcpConnect) and _beside(s, own)), None)
    if lost is None or tools.forbids(lost.address):
        return ()
    control = await _trace(own.address, own.port, tools, mark)
    return told(control, await _trace(lost.address, lost.port, tools, mark))


def _beside(step: TcpConnect, own: Referring) -> bool:
    """Whether it failed, in the family in which there is a control."""
    return step.failure is not None and (":" in step.address) is (":" in own.address)


async def _trace(address: str, port: int, tools: Instruments, mark: Mark) -> list[Hop]:
    """Go on until the peer is reached, or nobody answers any more."""
    hops: list[Hop] = []
    for first in range(1, MOST_HOPS, ABREAST):
        async with asyncio.TaskGroup() as abreast:
            tasks = [
                abreast.create_task(_expire(address, port, ttl, tools, mark))
                for ttl in range(first, first + ABREAST)
            ]
        found = [task.result() for task in tasks]
        hops += found
        if any(not hop.router and not hop.silent for hop in found) or all(h.silent for h in found):
            break
    return hops


async def _expire(address: str, port: int, ttl: int, tools: Instruments, mark: Mark) -> Hop:
    asked = tools.dialer.expire(address, port, ttl)
    done = await timed(asked, tools.limit(HOP_SECONDS), tools.clock)
    ended = classify(OSError(errno.EHOSTUNREACH, "")) if done.value else None
    step = TcpConnect(
        at=done.at, took=done.took, failure=done.failure or ended, hop=mark.hop, test=mark.test,
        address=address, port=port, ttl=ttl,
    )  # fmt: skip
    return Hop(step, done.value or "")


# ── what is told of it ───────────────────────────────────────────────────────────────────────


def told(control: Sequence[Hop], target: Sequence[Hop]) -> tuple[TcpConnect, ...]:
    """Put both traces in the record, the control first.

    Routers near the vantage would tell where it stands: the only ones that are named, by their
    network, are those at the target's own door.
    """
    common = {(hop.step.ttl, hop.router) for hop in control if hop.router}
    common &= {(hop.step.ttl, hop.router) for hop in target}
    names = [*(UNNAMED for _ in control), *map(_named, target)]
    return tuple(
        msgspec.structs.replace(
            hop.step, router=SHARED if (hop.step.ttl, hop.router) in common else name
        )
        if hop.router
        else hop.step
        for hop, name in zip((*control, *target), names, strict=True)
    )


def _named(hop: Hop) -> str:
    home = network(hop.step.address)
    return home if hop.router and network(hop.router) == home else UNNAMED


def network(address: str) -> str:
    """The least that is announced: /24, and /48 of IPv6."""
    plain = address.partition("%")[0]
    return str(ip_network(f"{plain}/{48 if ':' in plain else 24}", strict=False))
