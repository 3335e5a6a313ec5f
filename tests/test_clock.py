"""The real clock: UTC, and seconds that never go back."""

from __future__ import annotations

from datetime import UTC

from probe.clock import SystemClock


def test_the_wall_clock_is_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_monotonic_seconds_never_go_back() -> None:
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)
