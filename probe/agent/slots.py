"""How many targets may be measured at once: who only waits for a slow peer holds up nobody. Pure."""

from __future__ import annotations

from collections.abc import Iterable

SLOW_SECONDS = 1.0
"""What has lasted longer waits, as far as the processor and the line are concerned."""
MOST_FOLD = 4
"""So many times what the operator allows may be open, were all of them slow: each is a socket."""


def room(allowed: int, began: Iterable[float], now: float) -> int:
    """Count how many may be under way where `allowed` may be at work, given when those began."""
    slow = sum([now - at > SLOW_SECONDS for at in began])
    return min(allowed + slow, MOST_FOLD * allowed)
