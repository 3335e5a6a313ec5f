"""The internet of the lab as its orchestrator holds it: started, told what interferes, counted, stopped."""

from __future__ import annotations

from pathlib import Path

import msgspec

from probe.lab.kernel.plan import Plan
from probe.lab.kernel.wiring import Wired
from probe.lab.scenario import Event


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    received: int = 0
    forwarded: int = 0
    injected: int = 0
    unroutable: int = 0
    overflowed: int = 0
    """Frames dropped because too many were in flight."""
    faults: int = 0
    """Frames whose handling failed; they were forwarded all the same."""
    flows: int = 0
    in_flight: int = 0
    hits: dict[str, int] = {}
    """Packets interfered with, by the key of the event."""


class Internet:
    """Calls are synchronous and answer within milliseconds; safe to make from a coroutine."""

    def apply(self, key: str, event: Event) -> None:
        """Let the event interfere from now on; raises interference.UnknownMechanism."""
        raise NotImplementedError

    def lift(self, key: str) -> None:
        raise NotImplementedError

    def counters(self) -> Counters:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError


def start(plan: Plan, wired: Wired, *, seed: int = 0, log: Path | None = None) -> Internet:
    """Start the router process (main thread, after wire); returns when it routes."""
    raise NotImplementedError
