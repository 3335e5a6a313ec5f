"""What an agent would leave behind of every run is seen; a whole day is lived by the bench alone."""

from __future__ import annotations

from collections.abc import Callable

from probe.agent.measuring import Measure
from probe.clock import Clock
from probe.config.shape import Measuring
from probe.model import Endpoint, Observation
from tests.bench.agent_day import MOST_BLOCKS, kept, lived, measuring
from tests.bench.elsewhere import Elsewhere


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
