"""A server of QUIC on loopback for tests of measuring, and one that sends back what a test says."""

import asyncio
from collections.abc import Callable, Iterable
from typing import cast

from aioquic.quic.configuration import QuicConfiguration

from probe.clock import SystemClock
from probe.reference.quic import Speaker, configuration
from tests.measure.world import World, common_port

Address = tuple[str, int]
Sending = Callable[[bytes], Iterable[bytes]]
PATIENCE = 5.0


def for_names(world: World, *names: str) -> QuicConfiguration:
    pem = world.authority.issue_cert(*names).private_key_and_cert_chain_pem.bytes()
    return configuration(pem, pem, PATIENCE)


async def speaking(
    world: World, *names: str, wanted: QuicConfiguration | None = None, port: int = 0
) -> tuple[int, Speaker]:
    """Shake hands with the certificate for these names."""
    told = wanted or for_names(world, *names)
    transport, speaker = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Speaker(told, SystemClock(), PATIENCE),
        local_addr=("127.0.0.1", port or common_port()),
    )
    world.exits.callback(speaker.close)
    return int(transport.get_extra_info("sockname")[1]), speaker


class _Answering(asyncio.DatagramProtocol):
    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        for answer in self._sending(data):
            self._transport.sendto(answer, addr)


async def answering(world: World, sending: Sending, *, port: int = 0) -> int:
    """Answer each datagram with these."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Answering(sending), local_addr=("127.0.0.1", port or common_port())
    )
    world.exits.callback(transport.close)
    return int(transport.get_extra_info("sockname")[1])
