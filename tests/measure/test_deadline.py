"""Deadlines of a loop: each at its time, whatever else begins and ends, and nothing left of them."""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from probe.measure import deadline
from probe.measure.deadline import Deadline

GRAIN = 0.002


async def waiting(seconds: float, work: float) -> tuple[bool, float]:
    """Work for so long under a deadline; tell whether that came first, and how late."""
    loop = asyncio.get_running_loop()
    began, limit = loop.time(), Deadline(seconds)
    try:
        await asyncio.sleep(work)
    except asyncio.CancelledError:
        if not limit.over():
            raise
        return True, loop.time() - began - seconds
    finally:
        limit.end()
    return False, 0.0


class Leaping(asyncio.SelectorEventLoop):
    """A loop that waits for nothing but moves its clock: hours pass at once, in their order."""

    leapt = 0.0

    def time(self) -> float:
        return self.leapt

    def _run_once(self) -> None:
        timers = self._scheduled  # type: ignore[attr-defined]
        if timers and not self._ready:  # type: ignore[attr-defined]
            self.leapt = max(self.leapt, timers[0].when())
        super()._run_once()  # type: ignore[misc]


async def together(steps: Sequence[tuple[int, int, int]]) -> list[tuple[bool, float]]:
    async def later(start: int, seconds: int, work: int) -> tuple[bool, float]:
        await asyncio.sleep(start)
        return await waiting(seconds, work)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(later(*step)) for step in steps]
    return [task.result() for task in tasks]


STEPS = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from([0, 1, 5, 10]), st.integers(0, 20)), max_size=20
)


@settings(deadline=None)
@given(STEPS)
def test_a_deadline_comes_exactly_where_the_work_lasts_longer(
    steps: list[tuple[int, int, int]],
) -> None:
    with asyncio.Runner(loop_factory=Leaping) as runner:
        seen = runner.run(together(steps))
    for (_, seconds, work), (passed, late) in zip(steps, seen, strict=True):
        assert passed or work <= seconds
        assert not passed or (seconds <= work and late <= GRAIN)


async def test_one_timer_does_for_all_that_last_equally_long() -> None:
    loop = asyncio.get_running_loop()
    set_at: list[float] = []
    later = loop.call_later
    loop.call_later = lambda seconds, *rest, **more: (  # type: ignore[method-assign]
        set_at.append(seconds),  # type: ignore[func-returns-value]
        later(seconds, *rest, **more),
    )[1]
    for _ in range(100):
        Deadline(7777.0).end()
    assert set_at.count(7777.0) == 1


def test_nothing_is_left_where_nothing_waits() -> None:
    with asyncio.Runner(loop_factory=Leaping) as runner:
        runner.run(together([(0, 5, 1), (0, 5, 9), (3, 1, 0)]))
        runner.run(asyncio.sleep(60))
    loop, lines = deadline._Latest.held  # noqa: SLF001 — what nobody else sees
    assert isinstance(loop, Leaping)
    assert not lines
