"""Traces as the path test makes them: routers answer up to where packets end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from probe.lab.simulated import ours
from probe.lab.simulated.act import ROUTERS, Act
from probe.lab.simulated.presented import failure, moment
from probe.measure.failure import HOST_UNREACHABLE, TIMEOUT
from probe.measure.path import ABREAST, HOP_SECONDS, network
from probe.model import SHARED, UNNAMED, DifferentialTest, TcpConnect


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """A way to an address, and what becomes of connections there."""

    address: str
    port: int
    hop: int
    rtt: float
    start: float
    failure: str
    """How a connection fails that may go all the way; empty where it opens."""
    behind: int = 0
    """How many routers it passes before it fails."""


def tried(
    place: ours.Place,
    port: int,
    begin: Callable[[], Sequence[Act]],
    fails: Callable[[Sequence[Act]], str],
) -> list[TcpConnect]:
    """Make both traces; `begin` begins a flow and gives the acts that hit it."""
    cut = _cutting(ours.met(begin(), named=False, ours=True), ours.ADDRESS)
    first = Trace(
        address=ours.ADDRESS, port=ours.HTTPS, hop=place.hop, start=place.start,
        rtt=2 * (place.delay + ours.CORE_SECONDS), failure=cut.connect, behind=cut.behind,
    )  # fmt: skip
    acts = begin()
    behind = next((act.behind for act in acts if act.connect), 1)
    second = Trace(
        address=place.address, port=port, hop=place.hop, start=place.start, rtt=place.rtt,
        failure=fails(acts), behind=behind,
    )  # fmt: skip
    return _traced(first, second)


def _cutting(acts: Sequence[Act], address: str) -> Act:
    return next((a for a in acts if a.connect and a.family.covers(address)), Act())


def _traced(control: Trace, target: Trace) -> list[TcpConnect]:
    """Make both: each goes on until the peer answers, or nobody does."""
    shared = min(_passed(control), _passed(target), ROUTERS - 1)
    return [step for trace in (control, target) for step in _steps(trace, shared)]


def _passed(trace: Trace) -> int:
    return trace.behind if trace.failure else ROUTERS


def _steps(trace: Trace, shared: int) -> list[TcpConnect]:
    silent = trace.failure == TIMEOUT
    tries = (_passed(trace) // ABREAST + 1 + silent) * ABREAST
    return [_step(trace, ttl, shared) for ttl in range(1, tries + 1)]


def _step(trace: Trace, ttl: int, shared: int) -> TcpConnect:
    ended = ttl <= _passed(trace)
    name = HOST_UNREACHABLE if ended else trace.failure
    batch = (ttl - 1) // ABREAST
    return TcpConnect(
        at=moment(trace.start + batch * trace.rtt),
        took=HOP_SECONDS if name == TIMEOUT else trace.rtt * min(ttl, ROUTERS) / ROUTERS,
        failure=failure(name), hop=trace.hop, test=DifferentialTest.PATH, address=trace.address,
        port=trace.port, ttl=ttl, router=_router(trace.address, ttl, shared) if ended else "",
    )  # fmt: skip


def _router(address: str, ttl: int, shared: int) -> str:
    if ttl <= shared:
        return SHARED
    return UNNAMED if address == ours.ADDRESS else network(address)
