"""Which resolver really answers, by a name whose own server answers with the address that asked.

What is configured may forward to another, in another network or country. Of that address only so
much is told as is an operator's: the resolver may be the vantage itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address, ip_network

from probe.agent.exit import SAME
from probe.model import DnsLookup, Endpoint, Observation

EVERY_SECONDS = 300.0
WITHIN_SECONDS = 10.0

Look = Callable[[Endpoint, float], Awaitable[Sequence[Observation]]]
"""Measure an endpoint within so many seconds; nothing of it is kept."""


async def watch(name: Callable[[], str], look: Look, told: Callable[[str], None]) -> None:
    """Ask now and then, and tell the network; no answer changes nothing."""
    while True:
        await ask(name(), look, told)
        await asyncio.sleep(EVERY_SECONDS)


async def ask(name: str, look: Look, told: Callable[[str], None]) -> None:
    """Ask once; without a name there is nobody to ask, and nothing is known."""
    if not name:
        told("")
        return
    seen = await look(Endpoint(id="whoami", url=f"dns:{name}"), WITHIN_SECONDS)
    found = network(seen)
    if found:
        told(found)


def network(seen: Sequence[Observation]) -> str:
    """Read the resolver's network of an answer (CIDR); empty where there is none to be told."""
    answered = (a for step in seen if isinstance(step, DnsLookup) for a in step.answers)
    address = next(answered, "")
    try:
        held = ip_address(address)
    except ValueError:
        return ""
    if not held.is_global:
        return ""
    return str(ip_network((held, SAME[held.version]), strict=False))
