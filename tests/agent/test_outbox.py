"""What is measured is handed on together, in order, and no more of it waits than may."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from probe.agent.outbox import AT_ONCE, MOST, Outbox
from probe.model import Measurement, Target, Vantage

START = datetime(2026, 11, 29, tzinfo=UTC)


class Kept:
    """A spool that only remembers what it was given, and how much at once."""

    def __init__(self) -> None:
        self.batches: list[list[Measurement]] = []

    def put(self, measurements: Sequence[Measurement]) -> int:
        self.batches.append(list(measurements))
        return len(measurements)


def numbered(count: int) -> list[Measurement]:
    return [
        Measurement(
            id=f"{number:016d}",
            at=START,
            took=0.1,
            vantage=Vantage(id="tr-1", country="TR", asn=1),
            target=Target(service="a", feature="web", endpoint="home"),
        )
        for number in range(count)
    ]


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(outbox.run())
        yield
        task.cancel()


def stopped() -> asyncio.Event:
    """With it nothing waits for more."""
    stop = asyncio.Event()
    stop.set()
    return stop


async def test_what_is_added_is_kept_in_order_and_in_handfuls() -> None:
    kept, some = Kept(), numbered(AT_ONCE + 3)
    outbox = Outbox(kept, stopped())
    for each in some:
        outbox.add(each)
    async with running(outbox):
        await outbox.empty()
    assert [len(batch) for batch in kept.batches] == [AT_ONCE, 3]
    assert [each for batch in kept.batches for each in batch] == some


async def test_one_more_than_may_wait_is_dropped_and_counted() -> None:
    kept, some = Kept(), numbered(MOST + 2)
    outbox = Outbox(kept, stopped())
    for each in some:
        outbox.add(each)
    assert outbox.dropped == 2
    async with running(outbox):
        await outbox.empty()
    assert [each for batch in kept.batches for each in batch] == some[:MOST]


async def test_what_comes_shortly_after_goes_along() -> None:
    kept, (first, second) = Kept(), numbered(2)
    outbox = Outbox(kept, asyncio.Event())
    async with running(outbox):
        outbox.add(first)
        await asyncio.sleep(0)
        outbox.add(second)
        await outbox.empty()
    assert kept.batches == [[first, second]]


async def test_what_comes_later_is_kept_as_well() -> None:
    kept, (first, second) = Kept(), numbered(2)
    outbox = Outbox(kept, stopped())
    await outbox.empty()
    async with running(outbox):
        outbox.add(first)
        await outbox.empty()
        outbox.add(second)
        await outbox.empty()
    assert kept.batches == [[first], [second]]
