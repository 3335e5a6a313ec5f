"""The two clocks a composition root reads, as one object; everything else takes time as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import Protocol


class Clock(Protocol):
    """Wall time says when, monotonic time says how long: NTP steps must not make durations."""

    def now(self) -> datetime:
        """Read the wall clock, UTC."""
        ...

    def monotonic(self) -> float:
        """Read seconds that never go back; only differences mean anything."""
        ...


unix = time.time  # noqa: TID251 — the one reader of the wall clock
"""Read the system's wall clock in seconds, which is what the kernel stamps arrivals by."""


class SystemClock:
    """The readers themselves: a measurement asks some twenty times."""

    now = staticmethod(partial(datetime.now, UTC))  # noqa: TID251 — the one reader of the wall clock
    monotonic = staticmethod(time.monotonic)
