"""Hours of an agent in virtual time leave nothing behind; what is left behind would be seen.

Half a minute of CPU.
"""

from __future__ import annotations

from collections.abc import Callable

from probe.agent.measuring import Measure
from probe.clock import Clock
from probe.config.shape import Measuring
from probe.model import Endpoint, Observation
from tests.bench.agent_day import AWAY_HOURS, SPOOL_BYTES, grown, kept, lived, measuring
from tests.bench.elsewhere import Elsewhere

ENDPOINTS = 15
"""Enough to fill the bounded caches within WARM_HOURS."""
WARM_HOURS = 3
LEAST = 200
"""Fewer of a type come and go with what is under way."""
MOST_BLOCKS = 2.0
"""For each run; one DnsLookup alone is more."""


def test_once_the_caches_are_full_an_agent_grows_no_more() -> None:
    hours = AWAY_HOURS.stop + 1
    counts = lived(hours, ENDPOINTS)
    warm, last = counts[WARM_HOURS - 1], counts[-1]
    assert last.runs > ENDPOINTS * 60 * hours * 0.9
    assert kept(warm, last) < MOST_BLOCKS
    assert grown(warm, last, LEAST) == {}
    waiting = counts[AWAY_HOURS.stop - 1]
    assert counts[AWAY_HOURS.start].sent == waiting.sent
    assert SPOOL_BYTES >= waiting.spool_bytes > 100_000
    assert last.sent >= last.runs - ENDPOINTS


def test_what_is_kept_of_every_run_is_seen() -> None:
    held: list[tuple[Observation, ...]] = []

    def keeping(net: Elsewhere) -> Callable[[Measuring, Clock], Measure]:
        make = measuring(net)

        def made(settings: Measuring, clock: Clock) -> Measure:
            measure = make(settings, clock)

            async def also(
                endpoint: Endpoint, within: float | None = None, *, rests: bool = True
            ) -> tuple[Observation, ...] | None:
                seen = await measure(endpoint, within, rests=rests)
                held.append(seen or ())
                return seen

            return also

        return made

    first, second = lived(2, 3, making=keeping)
    assert kept(first, second) > 10 * MOST_BLOCKS
