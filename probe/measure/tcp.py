"""The TCP step: one connection to one address."""

from __future__ import annotations

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
    dialling = _refused() if tools.forbids(address) else tools.dialer.connect(address, port)
    done = await timed(dialling, limit, tools.clock)
    stream = done.value
    took, timed_by = (stream.stamps if stream else UNSTAMPED).connecting(done.took)
    seen = TcpConnect(
        at=done.at,
        took=took,
        failure=done.failure,
        hop=mark.hop,
        test=mark.test,
        timed_by=timed_by,
        address=address,
        port=port,
        source_port=stream.source_port if stream else 0,
    )
    return seen, stream


async def _refused() -> Stream:
    raise StepError(BOGON, "a private address is never connected to")
