"""By which network this vantage leaves, as a reference server of ours sees it, and whether it should.

A VPN that is switched on makes every measurement another network's. The answer stays here: what
leaves is that the exit changed, never from where to where.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network

import msgspec

from probe.config.shape import Referring
from probe.measure.answer import Answer
from probe.measure.bogon import networks
from probe.measure.dial import Dialer, SystemDialer
from probe.measure.failure import CAUGHT

EVERY_SECONDS = 300.0
WITHIN_SECONDS = 10.0
MOST_BYTES = 4096
SAME = {4: 16, 6: 32}
"""Leading bits that an operator's line keeps when it is given a new address, as a rule."""

Network = IPv4Network | IPv6Network


class _Whence(msgspec.Struct):
    network: str


class Exit:
    """What the first answer said, or the configuration says, and whether that still holds."""

    def __init__(self, dialer: Dialer | None = None) -> None:
        self._dialer = dialer or SystemDialer()
        self._held: Referring | None = None
        self._home: tuple[Network, ...] = ()

    async def watch(
        self, reference: Callable[[], Referring | None], told: Callable[[bool], None]
    ) -> None:
        """Ask now and then, and tell whether the exit changed; no answer changes nothing."""
        while True:
            await self.look(reference(), told)
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self, reference: Referring | None, told: Callable[[bool], None]) -> None:
        if reference is None:
            told(False)  # noqa: FBT003 — its only word
            return
        found = await whence(reference, self._dialer)
        if found is not None:
            told(self._moved(reference, found))

    def _moved(self, reference: Referring, found: Network) -> bool:
        if reference != self._held:
            self._held, self._home = reference, networks(reference.networks)
        self._home = self._home or (found.supernet(new_prefix=SAME[found.version]),)
        return not any(_within(found, home) for home in self._home)


async def whence(reference: Referring, dialer: Dialer) -> Network | None:
    """Ask the server from which network we come; None where it cannot be asked."""
    host = f"[{reference.address}]" if ":" in reference.address else reference.address
    asked = f"GET /whoami HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            body = await _body(asked, reference, dialer)
        found = ip_network(msgspec.json.decode(body, type=_Whence).network)
    except (*CAUGHT, ValueError):
        return None
    return found if found.prefixlen >= SAME[found.version] else None


async def _body(asked: bytes, reference: Referring, dialer: Dialer) -> bytes:
    stream = await dialer.connect(reference.address, reference.plain_port)
    answer = Answer("GET", MOST_BYTES)
    try:
        await stream.write(asked)
        while not answer.done:
            data = await stream.read(MOST_BYTES)
            if not data:
                raise EOFError
            answer.feed(data)
    finally:
        stream.close()
        answer.close()
    return bytes(answer.body)


def _within(found: Network, home: Network) -> bool:
    match found, home:
        case (IPv4Network(), IPv4Network()):
            return found.subnet_of(home)
        case (IPv6Network(), IPv6Network()):
            return found.subnet_of(home)
        case _:
            return False
