"""Work over processes: every result, all the progress, and nothing left when it is broken off."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from contextlib import closing
from multiprocessing import connection
from pathlib import Path

import pytest

from probe.lab.score.fleet import Tick, cores, each


def doubled(number: int, tick: Tick) -> tuple[int, int]:
    tick(number)
    return 2 * number, os.getpid()


def broken(number: int, tick: Tick) -> int:
    tick(number)
    raise ValueError(f"no {number}")


def endless(number: int, _tick: Tick) -> int:
    if number:
        time.sleep(3600)
    return number


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_result_comes_home_and_all_progress_is_told(jobs: int) -> None:
    told: list[int] = []
    results = list(each(doubled, range(5), jobs, told.append))
    assert sorted(double for double, _ in results) == [0, 2, 4, 6, 8]
    assert sum(told) == 10
    assert ({pid for _, pid in results} == {os.getpid()}) is (jobs == 1)


def test_one_task_needs_no_other_process() -> None:
    assert list(each(doubled, [3], 8, lambda _: None)) == [(6, os.getpid())]
    assert list(each(doubled, [], 8, lambda _: None)) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_bug_is_loud(jobs: int) -> None:
    with pytest.raises(ValueError, match="no "):
        list(each(broken, [1, 2], jobs, lambda _: None))


def test_what_is_broken_off_leaves_no_process() -> None:
    before = set(multiprocessing.active_children())
    with closing(each(endless, [0, 1], 2, lambda _: None)) as results:
        assert next(results) == 0
        workers = set(multiprocessing.active_children()) - before
    # By what the kernel says: a list of children keeps the dead until the pool has reaped them.
    ends = {worker.sentinel for worker in workers}
    assert len(ends) == 2
    assert set(connection.wait(list(ends), 0)) == ends


ORPHANED = """
import os
from probe.lab.score.fleet import each
from tests.lab.score.test_fleet import slow

if __name__ == "__main__":
    for number in each(slow, [0, 0, 1, 1], 2, lambda _: None):
        print(number, flush=True)
"""


def slow(number: int, _tick: Tick) -> int:
    if number:
        time.sleep(3600)
    return os.getpid()


def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "orphaned.py"
    script.write_text(ORPHANED)
    with subprocess.Popen(  # noqa: S603 — our own
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        assert int(parent.stdout.readline()) != parent.pid
        parent.kill()
        # The workers hold the pipe as well: it ends when the last of them does, or never.
        parent.communicate(timeout=30)


def test_there_is_a_core() -> None:
    assert cores() >= 1
