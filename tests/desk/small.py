"""A small stored world for the desk's tests: two countries see a service well, and one stops."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache

import msgspec

from probe.interop import ooni
from probe.model import Measurement, Paired, Service
from tests.interop import made as m
from tests.judge import worlds as w

ROUND = timedelta(seconds=w.ROUND)
SERVICE: Service = w.service("chirp", ("web",))
ROSTER = w.networks(("TR", 47330, (2, 1)), ("DE", 3320, (1, 1)), ("US", 7920, (1, 1)), ("JP", 2510, (1, 1)))  # fmt: skip
BLOCKED = w.Event(at=20, maker=w.sni_reset, countries=("TR",))


@lru_cache
def measurements(until: float = 60) -> tuple[Measurement, ...]:
    """Of a service that Türkiye's networks filter from second 20 on, by ids that the wire takes."""
    world = w.World(events=(BLOCKED,), roster=ROSTER, services=(SERVICE,))
    return wired(made for _, made in w.arrivals(world, until))


def wired(measurements: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """Give them ids that the wire takes."""
    return tuple(
        msgspec.structs.replace(made, id=made.id.replace(".", "-").lower())
        for made in measurements
    )


def look(**keys: object) -> Paired:
    """Read one record of OONI's, all well unless told."""
    return ooni.read(m.encoded(m.well(**keys)))
