"""When to try again: full jitter below a doubling ceiling, or what Retry-After asks for."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

BASE_SECONDS = 1.0
MOST_DOUBLINGS = 20


async def nap(seconds: float, end: asyncio.Event) -> None:
    """Wait, or until the end comes."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await end.wait()


@dataclass(frozen=True)
class Chances:
    """What a test puts in place of chance and of waiting."""

    draw: Callable[[], float] = random.random
    sleep: Callable[[float, asyncio.Event], Awaitable[None]] = nap


def jittered(failures: int, drawn: float, longest: float) -> float:
    """Give seconds; with full jitter, those that failed together do not come back together."""
    return drawn * min(longest, BASE_SECONDS * 2.0 ** min(failures, MOST_DOUBLINGS))


def retry_after(text: str, now: datetime) -> float | None:
    """Read Retry-After (RFC 9110, 10.2.3): seconds, or a date."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None
