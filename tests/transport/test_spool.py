"""The queue is bounded, ordered, and survives what may happen to its file and its process."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from probe.model import Measurement, Target, Vantage
from probe.transport import wire
from probe.transport.spool import ROW_OVERHEAD_BYTES, Spool, SpoolError

START = datetime(2026, 11, 21, tzinfo=UTC)
ROOM = 1024 * 1024


def measurement(number: int, software: str = "") -> Measurement:
    return Measurement(
        id=f"{number:016d}",
        at=START + timedelta(seconds=number),
        took=0.1,
        vantage=Vantage(id="de-1", country="DE", asn=3320),
        target=Target(service="twitter", feature="web", endpoint="front"),
        software=software,
    )


def database(spool: Spool) -> sqlite3.Connection:
    return spool._db  # noqa: SLF001 — to break what cannot be broken from outside


def held(spool: Spool) -> list[int]:
    lines = [line for _, line in spool.peek(10_000)]
    return [int(msgspec.json.decode(line, type=Measurement).id) for line in lines]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "spool.sqlite"


@pytest.fixture
def spool(path: Path) -> Iterator[Spool]:
    with closing(Spool(path, ROOM)) as spool:
        yield spool


def test_what_is_put_is_peeked_in_order_until_forgotten(spool: Spool) -> None:
    assert spool.oldest() is None
    assert spool.put(measurement(n) for n in range(5)) == 5
    rows = spool.peek(2)
    assert [line for _, line in rows] == [wire.line(measurement(n)) for n in range(2)]
    assert spool.peek(2) == rows
    spool.forget([row for row, _ in rows])
    assert (held(spool), spool.depth()) == ([2, 3, 4], 3)
    assert spool.oldest() == measurement(2).at


def test_it_is_there_after_reopening(spool: Spool, path: Path) -> None:
    spool.put([measurement(1), measurement(2)])
    size = spool.size()
    spool.close()
    with closing(Spool(path, ROOM)) as again:
        assert held(again) == [1, 2]
        assert (again.depth(), again.size(), again.oldest()) == (2, size, measurement(1).at)


def test_the_oldest_make_room_and_are_counted(path: Path) -> None:
    row = len(wire.line(measurement(0))) + ROW_OVERHEAD_BYTES
    with closing(Spool(path, 3 * row)) as spool:
        for number in range(5):
            spool.put([measurement(number)])
        assert (held(spool), spool.dropped, spool.size()) == ([2, 3, 4], 2, 3 * row)


def test_a_batch_larger_than_the_room_keeps_its_newest(path: Path) -> None:
    row = len(wire.line(measurement(0))) + ROW_OVERHEAD_BYTES
    with closing(Spool(path, 2 * row)) as spool:
        spool.put(measurement(n) for n in range(5))
        assert (held(spool), spool.dropped) == ([3, 4], 3)


def test_forgetting_what_was_dropped_meanwhile_counts_nothing_twice(path: Path) -> None:
    row = len(wire.line(measurement(0))) + ROW_OVERHEAD_BYTES
    with closing(Spool(path, 2 * row)) as spool:
        spool.put([measurement(0), measurement(1)])
        rows = [n for n, _ in spool.peek(2)]
        spool.put([measurement(2)])
        spool.forget(rows)
        assert (held(spool), spool.depth(), spool.size()) == ([2], 1, row)


def test_a_peek_can_begin_past_a_row(spool: Spool) -> None:
    spool.put(measurement(n) for n in range(3))
    (first, _), *rest = spool.peek(3)
    assert spool.peek(3, first) == rest
    assert spool.peek(3, rest[-1][0]) == []


def test_a_peek_is_no_larger_than_one_request_may_be(path: Path) -> None:
    big = [measurement(n, "x" * 3_000_000) for n in range(3)]
    with closing(Spool(path, 64 * ROOM)) as spool:
        spool.put(big)
        assert len(spool.peek(3)) == 2


def test_one_row_larger_than_a_request_still_comes_out(path: Path) -> None:
    with closing(Spool(path, 64 * ROOM)) as spool:
        spool.put([measurement(1, "x" * 9_000_000)])
        assert len(spool.peek(3)) == 1


def test_text_that_cannot_be_written_is_lost_alone(spool: Spool) -> None:
    assert spool.put([measurement(1, "\udcff"), measurement(2)]) == 1
    assert (held(spool), spool.lost) == ([2], 1)


@pytest.mark.parametrize("junk", [b"this is no database" * 100, b"\0" * 5000])
def test_a_corrupt_file_is_moved_aside_and_counted(path: Path, junk: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(junk)
    path.with_name("spool.sqlite.corrupt-1").write_bytes(b"an older one")
    with closing(Spool(path, ROOM)) as spool:
        assert (spool.corrupt, spool.depth()) == (1, 0)
        assert spool.put([measurement(1)]) == 1
    assert path.with_name("spool.sqlite.corrupt-2").read_bytes() == junk


def broken(path: Path) -> None:
    """Damage the pages behind the header of a closed spool."""
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x5a" * (len(data) - 4096)
    path.write_bytes(data)


def test_a_file_with_broken_pages_is_moved_aside(spool: Spool, path: Path) -> None:
    spool.put(measurement(n) for n in range(500))
    spool.close()
    broken(path)
    with closing(Spool(path, ROOM)) as again:
        assert (again.corrupt, again.depth()) == (1, 0)


@pytest.mark.parametrize("write", [True, False])
def test_a_file_that_breaks_while_open_is_replaced(path: Path, *, write: bool) -> None:
    with closing(Spool(path, ROOM)) as spool:
        spool.put(measurement(n) for n in range(500))
        database(spool).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database(spool).execute("PRAGMA cache_size = 0")
        database(spool).execute("PRAGMA shrink_memory")
        broken(path)
        if write:
            assert spool.put([measurement(1000)]) == 1
            assert held(spool) == [1000]
        else:
            with pytest.raises(SpoolError, match="malformed"):
                spool.peek(500)
            assert held(spool) == []
        assert spool.corrupt == 1


def test_a_full_disk_is_counted_and_nothing_held_is_lost(spool: Spool) -> None:
    spool.put([measurement(1)])
    [[pages]] = database(spool).execute("PRAGMA page_count")
    database(spool).execute(f"PRAGMA max_page_count = {pages}")
    assert spool.put(measurement(n) for n in range(2, 200)) == 0
    assert (spool.lost, held(spool), spool.depth()) == (198, [1], 1)
    database(spool).execute("PRAGMA max_page_count = 100000")
    assert spool.put([measurement(200)]) == 1


def test_a_second_process_is_told_that_the_spool_is_taken(spool: Spool, path: Path) -> None:
    spool.put([measurement(1)])
    with pytest.raises(SpoolError, match="in use by another process"):
        Spool(path, ROOM)
    assert held(spool) == [1]


def test_a_place_that_cannot_hold_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="file/spool"):
        Spool(tmp_path / "file" / "spool", ROOM)
    with pytest.raises(SpoolError, match="cannot be opened"):
        Spool(tmp_path, ROOM)


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_spool import Spool, measurement
spool = Spool(Path({path!r}), 1 << 24)
for number in range(10_000):
    spool.put([measurement(number)])
    os.write(1, b"%d\\n" % number)
"""


def test_kill_9_loses_nothing_that_was_put(path: Path) -> None:
    code = KILLED.format(tests=str(Path(__file__).parent), path=str(path))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(  # noqa: S603 — our own code above
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment
    ) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(50)]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.readlines()
    with closing(Spool(path, 1 << 24)) as spool:
        found = held(spool)
    assert spool.corrupt == 0
    assert found == list(range(len(found)))
    assert len(found) >= sum(line.endswith(b"\n") for line in said)


class Machine(RuleBasedStateMachine):
    """The spool beside a list that does the same."""

    def __init__(self) -> None:
        super().__init__()
        self.row = len(wire.line(measurement(0))) + ROW_OVERHEAD_BYTES
        self.spool = Spool(Path(":memory:"), 6 * self.row)
        self.model: list[int] = []
        self.number = self.dropped = 0

    @rule(count=st.integers(0, 8))
    def put(self, count: int) -> None:
        numbers = range(self.number, self.number + count)
        self.number += count
        assert self.spool.put(map(measurement, numbers)) == count
        self.model += numbers
        self.dropped += max(0, len(self.model) - 6)
        self.model = self.model[-6:]

    @rule(which=st.sets(st.integers(0, 5)))
    def forget(self, which: set[int]) -> None:
        rows = self.spool.peek(6)
        self.spool.forget([rows[i][0] for i in which if i < len(rows)])
        self.model = [n for i, n in enumerate(self.model) if i not in which]

    @invariant()
    def same(self) -> None:
        assert held(self.spool) == self.model
        assert self.spool.depth() == len(self.model)
        assert self.spool.size() == len(self.model) * self.row
        assert self.spool.dropped == self.dropped
        assert self.spool.oldest() == (measurement(self.model[0]).at if self.model else None)

    def teardown(self) -> None:
        self.spool.close()


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


def test_the_error_of_sqlite_without_a_known_sentence_is_given_as_it_is(spool: Spool) -> None:
    spool.close()
    with pytest.raises(SpoolError, match="closed database"):
        spool.peek(1)
