"""Work spread over processes, with its progress in one count.

Processes are spawned, not forked: a terminal's progress bar is a thread, and forking beside a
thread may copy a lock that nobody will ever release.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from typing import TypeVar

from probe.garbage import collect_rarely

T = TypeVar("T")
R = TypeVar("R")
Tick = Callable[[int], None]
"""Told how much more has been done."""
Work = Callable[[T, Tick], R]
"""A function of a module, so that another process finds it."""

POLL_SECONDS = 0.25
GARBAGE = (100_000, 20, 100)
"""When a worker looks for cycles: more seldom even than who runs for weeks (probe.garbage)."""


def cores() -> int:
    """Count those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def each(work: Work[T, R], tasks: Sequence[T], jobs: int, tick: Tick) -> Generator[R, None, None]:
    """Give the results as they come, in no order; `tick` hears of what the workers report."""
    jobs = min(jobs, len(tasks))
    if jobs <= 1:
        yield from (work(task, tick) for task in tasks)
        return
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    done: Synchronized[int] = context.Value("q", 0)
    with ProcessPoolExecutor(jobs, context, _begin, (done,)) as pool:
        try:
            yield from _results(pool, work, tasks, done, tick)
        except BaseException:
            # Ctrl-C, a reader that went away, a bug: nothing goes on for nobody.
            pool.shutdown(wait=False, cancel_futures=True)
            _end(set(multiprocessing.active_children()) - before)
            raise


def _end(children: Collection[BaseProcess]) -> None:
    """Return when they are dead; the pool's own thread reaps them.

    Who joins what another thread reaps is told nothing, and may go on before it is off the list.
    """
    for child in children:
        child.terminate()
    for child in children:
        connection.wait([child.sentinel])


def _results(
    pool: ProcessPoolExecutor,
    work: Work[T, R],
    tasks: Sequence[T],
    done: Synchronized[int],
    tick: Tick,
) -> Iterator[R]:
    pending = {pool.submit(_run, work, task) for task in tasks}
    told = 0
    while pending:
        ready, pending = wait(pending, POLL_SECONDS, FIRST_COMPLETED)
        now = done.value  # read once: a worker may count on in between
        tick(now - told)
        told = now
        yield from (future.result() for future in ready)


class _Count:
    """The worker's end of the common count."""

    done: Synchronized[int] | None = None


def _begin(done: Synchronized[int]) -> None:
    """Make a worker ready; Ctrl-C ends it without a word, for the terminal tells all of us."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _Count.done = done
    collect_rarely(GARBAGE)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_outlive_not, args=(parent.sentinel,), daemon=True).start()


def _outlive_not(parent: int) -> None:
    """End with the parent, however it ended: a killed one cannot tell its workers."""
    connection.wait([parent])
    os._exit(1)


def _run(work: Work[T, R], task: T) -> R:
    return work(task, _tick)


def _tick(count: int) -> None:
    if _Count.done is not None:
        with _Count.done.get_lock():
            _Count.done.value += count
