"""Hands shaken over QUIC in a simulated world: under both names with a server of ours, and with the target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec

from probe.config.shape import Measuring
from probe.lab.simulated.act import Act
from probe.lab.simulated.ours import ADDRESS, CORE_SECONDS, HTTPS, Place, met
from probe.lab.simulated.presented import EPOCH, certificate, failure
from probe.lab.world import NEUTRAL_NAME
from probe.measure.failure import TIMEOUT
from probe.model import QuicHandshake

HANDSHAKE_SECONDS = 0.02
"""What it takes besides the way: it is computed by an interpreter."""


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    address: str
    name: str
    rtt: float


def tried(
    place: Place, begin: Callable[[], Sequence[Act]], settings: Measuring
) -> list[QuicHandshake]:
    """Make the test of a target that speaks it; `begin` begins a flow and gives the acts that hit it."""
    seen: list[QuicHandshake] = []
    rtt = 2 * (place.delay + CORE_SECONDS)
    control = Visit(address=ADDRESS, name=NEUTRAL_NAME, rtt=rtt)
    named = msgspec.structs.replace(control, name=place.host)
    target = Visit(address=place.address, name=place.host, rtt=place.rtt)
    for where in (control, named, target):
        if where is named and seen[0].failure:
            continue
        late = place.start + sum(step.took for step in seen)
        acts = met(begin(), named=where is not control, ours=where is not target)
        seen.append(_shaken(where, acts, msgspec.structs.replace(place, start=late), settings))
    return seen


def _shaken(where: Visit, acts: Sequence[Act], place: Place, settings: Measuring) -> QuicHandshake:
    name = TIMEOUT if _lost(where, acts) else ""
    way = where.rtt + 2 * sum(act.delay for act in acts)
    took = float(settings.tls_timeout) if name == TIMEOUT else 2 * way + HANDSHAKE_SECONDS
    return QuicHandshake(
        at=EPOCH + timedelta(seconds=place.start), took=took, failure=failure(name),
        hop=place.hop, test=place.test, address=where.address, port=HTTPS,
        server_name=where.name, version="" if name else "1", alpn="" if name else "h3",
        chain=() if name else (certificate(where.name),),
    )  # fmt: skip


def _lost(where: Visit, acts: Sequence[Act]) -> bool:
    return any(
        act.unspoken
        or (act.connect == TIMEOUT and not act.streams and act.family.covers(where.address))
        for act in acts
    )
