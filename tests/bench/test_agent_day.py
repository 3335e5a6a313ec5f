"""Hours of an agent in virtual time leave nothing behind; what is left behind would be seen.

Half a minute of CPU.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from probe.agent.measuring import Measure
from probe.clock import Clock
from probe.config.shape import Measuring
from probe.model import Endpoint, Observation
from tests.bench.agent_day import AWAY_HOURS, SPOOL_BYTES, Count, grown, kept, lived, measuring
from tests.bench.elsewhere import Elsewhere

ROOT = Path(__file__).parents[2]
ENDPOINTS = 15
"""Enough to fill the bounded caches within WARM_HOURS."""
WARM_HOURS = 3
LEAST = 200
"""Fewer of a type come and go with what is under way."""
MOST_BLOCKS = 6.0
"""For each run: what bounded caches still take in between. A run that is kept is many times more."""


CHILD = """
import sys
import msgspec
from tests.bench.agent_day import lived
sys.stdout.buffer.write(msgspec.json.encode(lived(int(sys.argv[1]), int(sys.argv[2]))))
"""
"""In a process of its own: what other tests leave to be collected would be counted too."""


def test_once_the_caches_are_full_an_agent_grows_no_more() -> None:
    hours = AWAY_HOURS.stop + 1
    command = [sys.executable, "-c", CHILD, str(hours), str(ENDPOINTS)]
    told = subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout  # noqa: S603
    counts = msgspec.json.decode(told, type=list[Count])
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
    assert kept(first, second) > 3 * MOST_BLOCKS
