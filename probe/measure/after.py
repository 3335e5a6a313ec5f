"""The control afterwards: a harmless name at an address once nothing of an earlier cut can be left.

Where the service's name was cut and a harmless one right after it, either the address is lost or
the first name's blocking lingers (attribution.md, section 6). What tells them apart is to leave
the address alone for so long, and to ask for the harmless name before anything else.
"""

from __future__ import annotations

from collections.abc import Sequence

from probe.measure.chain import measure
from probe.measure.diagnose import NOT_REACHED, last_hop
from probe.measure.instruments import Instruments
from probe.measure.restraint import Doubt, Rest
from probe.measure.site import Site
from probe.measure.step import Mark
from probe.measure.trial import CUT, visit
from probe.model import (
    DifferentialTest,
    Endpoint,
    HttpExchange,
    Observation,
    TcpConnect,
    TlsHandshake,
)

HARMLESS = frozenset({DifferentialTest.NEUTRAL_NAME, DifferentialTest.HOST_SWAP})
LOST = CUT | NOT_REACHED

Seen = tuple[Observation, ...]


async def patiently(endpoint: Endpoint, tools: Instruments) -> Seen | None:
    """Measure one endpoint, with a control before it where one is due; None for a turn of rest."""
    before: Seen = ()
    if tools.aftermath.waits:
        turn = tools.aftermath.turn(endpoint.url, tools.clock.monotonic())
        if isinstance(turn, Rest):
            return None
        if turn is not None and tools.budget.take(tools.clock.monotonic()):
            before = await _control(turn, tools)
    seen = await measure(endpoint, tools)
    failed = [True for step in seen if step.failure is not None]  # hardly ever
    if failed or tools.aftermath.waits:
        earlier = tools.aftermath.doubted(endpoint.url)
        left = (doubt(seen) or _still(seen, earlier)) if failed else None
        tools.aftermath.note(endpoint.url, left, tools.clock.monotonic())
    return (*before, *seen) if before else seen


async def _control(where: Doubt, tools: Instruments) -> Seen:
    scheme = "https" if where.secure else "http"
    site = Site(scheme=scheme, host=where.name, port=where.port, target="/", literal=False)
    mark = Mark(test=DifferentialTest.AFTER)
    return await visit(where.address, site, tools.settings.neutral_name, tools, mark)


def doubt(seen: Sequence[Observation]) -> Doubt | None:
    """Find where the last hop's name was cut, and a harmless name after it was lost too. Pure."""
    last = last_hop(seen)
    cut = [s for s in last if isinstance(s, TlsHandshake | HttpExchange) and _failed(s, CUT)]
    ports = {s.address: s.port for s in last if isinstance(s, TcpConnect)}
    alike = {
        s.address
        for s in seen
        if s.test in HARMLESS
        and isinstance(s, TcpConnect | TlsHandshake | HttpExchange)
        and _failed(s, LOST)
    }
    for step in cut:
        if step.address in alike and step.address in ports:
            return Doubt(step.address, ports[step.address], *_named(step))
    return None


def _named(step: TlsHandshake | HttpExchange) -> tuple[str, bool]:
    """Give the name that was said, and whether within TLS."""
    if isinstance(step, TlsHandshake):
        return step.server_name, True
    return step.url.partition("://")[2].partition("/")[0], False


def _still(seen: Sequence[Observation], before: Doubt | None) -> Doubt | None:
    """Keep an earlier doubt while its address fails in any way: it may take no connection now."""
    steps = [s for s in last_hop(seen) if isinstance(s, TcpConnect | TlsHandshake | HttpExchange)]
    here = before is not None and any(
        s.address == before.address and _failed(s, LOST) for s in steps
    )
    return before if here else None


def _failed(step: Observation, names: frozenset[str]) -> bool:
    failure = step.failure
    return failure is not None and failure.name in names and failure.alert is None
