"""What a measurement shows beside how it ended: addresses lost on the way, where an answer stalled."""

from __future__ import annotations

import msgspec

from probe.model import DifferentialTest, HttpExchange, Measurement, TcpConnect, TlsHandshake

SLOW_SECONDS = 0.75
"""A good answer that takes less is never slow, whatever others take."""
CLOSED = frozenset({"connection_refused", "connection_reset"})
PROXIES = frozenset({"via", "x-cache"})
REACHING = (TcpConnect, TlsHandshake)


class Traits(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    lost: tuple[str, ...] = ()
    """Addresses of the name that were not reached, while another one answered."""
    stalled: int = 0
    """Bytes of the body that came before the answer stalled."""
    shut: bool = False
    """An address that had just taken a connection takes none any more, after it heard the name."""
    proxied: bool = False
    """An answer over plain HTTP that says it came through a proxy."""
    shaken: float = 0.0
    """Seconds until hands were shaken with the address that answered."""


NONE = Traits()


def traits(measurement: Measurement) -> Traits:
    steps = measurement.observations
    plain = [step for step in steps if step.test is None]
    asked = [step for step in plain if isinstance(step, HttpExchange)]
    last = asked[-1] if asked else None
    if last is None:
        return Traits(shut=_shut(measurement))
    if last.failure is not None:
        return Traits(stalled=last.length)
    reached = [step for step in plain if isinstance(step, REACHING) and step.hop == last.hop]
    return Traits(
        lost=tuple(dict.fromkeys(s.address for s in reached if _unreached(s))),
        proxied=last.url.startswith("http:") and _proxied(last),
        shaken=sum(s.took for s in reached if s.address == last.address and s.failure is None),
    )


def _unreached(step: TcpConnect | TlsHandshake) -> bool:
    return isinstance(step, TcpConnect) and step.failure is not None


def odd(seen: Traits, pace: float) -> Traits:
    """Keep only what tells something: most answers share NONE."""
    return seen if seen.lost or seen.proxied or pace >= SLOW_SECONDS else NONE


def _proxied(answer: HttpExchange) -> bool:
    return any(header.name.lower() in PROXIES for header in answer.headers)


def _shut(measurement: Measurement) -> bool:
    connects = [step for step in measurement.observations if isinstance(step, TcpConnect)]
    taken = {step.address for step in connects if step.test is None and step.failure is None}
    return any(
        step.test is DifferentialTest.NEUTRAL_NAME
        and step.address in taken
        and step.failure is not None
        and step.failure.name in CLOSED
        for step in connects
    )
