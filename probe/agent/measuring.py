"""How an agent measures: over the network, unless whoever starts it puts something else in."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from probe.clock import Clock
from probe.config.shape import Measuring
from probe.model import Endpoint, Observation

Seen = Awaitable[tuple[Observation, ...] | None]


class Measure(Protocol):
    def __call__(
        self, endpoint: Endpoint, within: float | None = None, *, rests: bool = True
    ) -> Seen:
        """Measure as the settings say; or the plain chain alone, all within so many seconds.

        None where its address is left alone this turn, for an earlier cut to wear off: only where
        it may rest, and never for who says within how many seconds.
        """
        ...


def over_the_network(settings: Measuring, clock: Clock) -> Measure:
    """Measure for real. Raises ConfigError for an unreadable trust bundle."""
    from probe.measure import after, chain  # noqa: PLC0415 — a test's own measuring needs none of it

    tools = chain.instruments(settings, clock)

    def measure(endpoint: Endpoint, within: float | None = None, *, rests: bool = True) -> Seen:
        if within is None:
            return (after.patiently if rests else chain.measure)(endpoint, tools)
        tools.aftermath.touch(endpoint.url, clock.monotonic())
        return chain.look(endpoint, tools, within)

    return measure
