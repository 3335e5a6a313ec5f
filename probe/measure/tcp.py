"""The TCP step: one connection to one address."""

from __future__ import annotations

from probe.measure.bogon import is_bogon
from probe.measure.dial import Stream
from probe.measure.failure import BOGON, StepError
from probe.measure.instruments import Instruments
from probe.measure.stamp import UNSTAMPED
from probe.measure.step import Mark, timed
from probe.model import TcpConnect


async def connect(
    address: str, port: int, tools: Instruments, mark: Mark
) -> tuple[TcpConnect, Stream | None]:
    """Connect. The stream, which is then the caller's to close, is None when it failed."""
    limit = tools.limit(tools.settings.connect_timeout)
    done = await timed(_dial(address, port, tools), limit, tools.clock)
    took, timed_by = (done.value.stamps if done.value else UNSTAMPED).connecting(done.took)
    seen = TcpConnect(
        at=done.at,
        took=took,
        timed_by=timed_by,
        failure=done.failure,
        hop=mark.hop,
        test=mark.test,
        address=address,
        port=port,
        source_port=done.value.source_port if done.value else 0,
    )
    return seen, done.value


async def _dial(address: str, port: int, tools: Instruments) -> Stream:
    if is_bogon(address, tools.allowed):
        raise StepError(BOGON, "a private address is never connected to")
    return await tools.dialer.connect(address, port)
