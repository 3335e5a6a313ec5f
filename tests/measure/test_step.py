"""A step gives a value or a failure, timed by the monotonic clock."""

import asyncio
from datetime import UTC, datetime

import pytest

from probe.measure.step import timed

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


class Ticking:
    """Each reading is one second later; the wall clock stands still, as NTP may make it."""

    def __init__(self) -> None:
        self.read = 0.0

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        self.read += 1
        return self.read


async def value() -> int:
    return 7


async def raise_(error: BaseException) -> int:
    raise error


async def test_success_has_a_value_and_no_failure() -> None:
    done = await timed(value(), 1, Ticking())
    assert (done.value, done.failure, done.at, done.took) == (7, None, NOW, 1.0)


async def test_failure_has_no_value() -> None:
    done = await timed(raise_(ConnectionResetError(104, "reset")), 1, Ticking())
    assert done.value is None
    assert done.failure
    assert done.failure.name == "connection_reset"


async def test_our_deadline_carries_no_errno() -> None:
    done = await timed(asyncio.Event().wait(), 0, Ticking())
    assert done.failure
    assert (done.failure.name, done.failure.errno) == ("generic_timeout_error", None)


async def test_a_bug_is_no_observation() -> None:
    with pytest.raises(KeyError):
        await timed(raise_(KeyError("bug")), 1, Ticking())


async def test_cancellation_goes_through() -> None:
    with pytest.raises(asyncio.CancelledError):
        await timed(raise_(asyncio.CancelledError()), 1, Ticking())
