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


def cancelling() -> int:
    task = asyncio.current_task()
    assert task
    return task.cancelling()


async def test_a_deadline_that_passed_leaves_the_task_as_it_was() -> None:
    done = await timed(asyncio.Event().wait(), 0, Ticking())
    assert done.failure
    assert cancelling() == 0
    assert (await timed(value(), 1, Ticking())).value == 7


async def test_the_deadline_of_the_whole_goes_before_a_step_s_own() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await timed(asyncio.Event().wait(), 60, Ticking())
    assert cancelling() == 0


async def test_a_step_that_ends_at_its_deadline_otherwise_ends_otherwise() -> None:
    async def stubborn() -> int:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionResetError(104, "reset") from None
        return 0

    done = await timed(stubborn(), 0, Ticking())
    assert done.failure
    assert done.failure.name == "connection_reset"
    assert cancelling() == 0
    await asyncio.sleep(0)


async def test_a_cancellation_from_outside_is_no_deadline() -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(timed(asyncio.Event().wait(), 60, Ticking()))
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()
