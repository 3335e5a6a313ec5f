"""Measurements that wait to be sent: a bounded queue in a SQLite file that outlives kill -9.

WAL with synchronous NORMAL: what `put` returned from is in the kernel's hands, so no death of
the process loses it. Only a power cut may take the last seconds; FULL would cost a disk flush
at every put for that. The file is locked for one process: two agents must not share a spool.

Every call blocks; the composition root makes them from a thread.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from probe.model import Measurement
from probe.transport import wire

SCHEMA = (
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA journal_size_limit = 4194304",
    # The kernel caches the file already; 256 KiB here keep a small host small.
    "PRAGMA cache_size = -256",
    # AUTOINCREMENT: a row id never comes back, so a late `forget` cannot hit a newer row.
    "CREATE TABLE IF NOT EXISTS spool (n INTEGER PRIMARY KEY AUTOINCREMENT, at REAL, line BLOB)",
)
ROW_OVERHEAD_BYTES = 40
PEEK_BYTES = 8 * 1024 * 1024
"""Most bytes of one `peek`, whatever the number of rows: a batch must fit the intake's limit."""
CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
SUFFIXES = ("", "-wal", "-shm")


class SpoolError(OSError):
    """The file cannot be used; its text is one sentence for the operator."""


class Spool:
    """Counters only grow and may be read from any thread at any time."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        """Raise SpoolError where nothing can be kept at `path`."""
        self.path = path
        self.max_bytes = max_bytes
        self.dropped = 0
        """Oldest ones that made room."""
        self.lost = 0
        """New ones that could not be written: the disk is full or failing."""
        self.corrupt = 0
        """Files moved aside."""
        self.writable = True
        """Whether the last `put` kept what it was given."""
        self._lock = threading.Lock()
        self._rows = self._bytes = 0
        self._lengths: dict[int, int] = {}
        """Of the rows last looked at, which are the next to be forgotten: by their numbers."""
        self._oldest: datetime | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._open()
            except sqlite3.DatabaseError as error:
                self._set_aside_if_corrupt(error)
        except (OSError, sqlite3.Error) as error:
            raise SpoolError(f"spool {path}: {_sentence(error)}") from None

    def put(self, measurements: Iterable[Measurement]) -> int:
        """Keep them and say how many; the others are counted in `lost`."""
        lines = [*self._written(measurements)]
        with self._lock:
            try:
                self._insert_mending(lines)
            except (OSError, sqlite3.Error):
                self.lost += len(lines)
                self.writable = False
                return 0
        self.writable = True
        return len(lines)

    def peek(self, most: int, after: int = 0) -> list[tuple[int, bytes]]:
        """Give the oldest rows past the row `after`, oldest first. Raises SpoolError."""
        rows: list[tuple[int, bytes]] = []
        size = 0
        self._lengths.clear()
        with self._lock, self._reporting():
            found = self._db.execute(
                "SELECT n, line FROM spool WHERE n > ? ORDER BY n LIMIT ?", (after, most)
            )
            for row, line in found:
                size += len(line)
                if rows and size > PEEK_BYTES:
                    break
                rows.append((row, line))
                self._lengths[row] = len(line)
        return rows

    def forget(self, rows: Sequence[int]) -> None:
        """Delete rows that need not be sent again. Raises SpoolError; they then stay."""
        with self._lock, self._reporting():
            with self._db:
                gone = sum(self._delete(first, last) for first, last in _runs(rows))
            lengths = [self._lengths.pop(row, 0) for row in rows]
            if gone == len(rows) and all(lengths):
                self._count(-gone, -sum(lengths) - gone * ROW_OVERHEAD_BYTES)
            else:  # some had been dropped to make room, or were never looked at
                self._recount()

    def depth(self) -> int:
        return self._rows

    def size(self) -> int:
        """Give the bytes held, as `max_bytes` counts them."""
        return self._bytes

    def oldest(self) -> datetime | None:
        return self._oldest

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _open(self) -> None:
        # The lock on the file belongs to this process, so another writer is no passing thing.
        self._db = sqlite3.connect(self.path, timeout=1, check_same_thread=False)
        for statement in SCHEMA:
            self._db.execute(statement)
        [[state]] = self._db.execute("PRAGMA quick_check(1)")
        if state != "ok":
            raise _malformed()
        self._recount()

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Mend what can be mended and report the rest; what was asked for is not done."""
        try:
            try:
                yield
            except sqlite3.DatabaseError as error:
                self._set_aside_if_corrupt(error)
                raise
        except (OSError, sqlite3.Error) as error:
            raise SpoolError(f"spool {self.path}: {_sentence(error)}") from None

    def _insert_mending(self, lines: Sequence[tuple[float, bytes]]) -> None:
        try:
            self._insert(lines)
        except sqlite3.DatabaseError as error:
            self._set_aside_if_corrupt(error)
            self._insert(lines)

    def _set_aside_if_corrupt(self, error: sqlite3.Error) -> None:
        if _code(error) not in CORRUPT:
            raise error
        self._set_aside()

    def _set_aside(self) -> None:
        """Keep the broken file for whoever wants to look, and begin a new one."""
        self._db.close()
        self.corrupt += 1
        number = 1
        while (name := self.path.with_name(f"{self.path.name}.corrupt-{number}")).exists():
            number += 1
        for suffix in SUFFIXES:
            with suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").rename(f"{name}{suffix}")
        self._open()

    def _written(self, measurements: Iterable[Measurement]) -> Iterator[tuple[float, bytes]]:
        for measurement in measurements:
            try:
                yield measurement.at.timestamp(), wire.line(measurement)
            except UnicodeEncodeError:
                self.lost += 1

    def _delete(self, first: int, last: int) -> int:
        return self._db.execute(
            "DELETE FROM spool WHERE n BETWEEN ? AND ?", (first, last)
        ).rowcount

    def _insert(self, lines: Sequence[tuple[float, bytes]]) -> None:
        added = sum(len(line) + ROW_OVERHEAD_BYTES for _, line in lines)
        with self._db:
            self._db.executemany("INSERT INTO spool (at, line) VALUES (?, ?)", lines)
            dropped, freed = self._make_room(self._bytes + added - self.max_bytes)
        self.dropped += dropped
        self._count(len(lines) - dropped, added - freed)

    def _make_room(self, excess: int) -> tuple[int, int]:
        """Delete the oldest until `excess` bytes are free; say how many rows and bytes went."""
        last = count = freed = 0
        if excess > 0:
            rows = self._db.execute("SELECT n, length(line) FROM spool ORDER BY n")
            while freed < excess and (found := rows.fetchone()):
                last, count, freed = found[0], count + 1, freed + found[1] + ROW_OVERHEAD_BYTES
            self._db.execute("DELETE FROM spool WHERE n <= ?", (last,))
        return count, freed

    def _recount(self) -> None:
        [[rows, size]] = self._db.execute("SELECT count(*), total(length(line)) FROM spool")
        self._rows = self._bytes = 0
        self._lengths.clear()
        self._count(rows, int(size) + rows * ROW_OVERHEAD_BYTES)

    def _count(self, rows: int, size: int) -> None:
        self._rows += rows
        self._bytes += size
        first = self._db.execute("SELECT at FROM spool ORDER BY n LIMIT 1").fetchone()
        self._oldest = datetime.fromtimestamp(first[0], UTC) if first else None


def _runs(rows: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Give the first and the last of each run of rows that follow one another."""
    ordered = sorted(set(rows))
    if ordered and ordered[-1] - ordered[0] == len(ordered) - 1:  # nearly always
        yield ordered[0], ordered[-1]
        return
    for _, run in groupby(enumerate(ordered), lambda pair: pair[1] - pair[0]):
        [*numbers] = (row for _, row in run)
        yield numbers[0], numbers[-1]


def _malformed() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _code(error: sqlite3.Error) -> int:
    """Give SQLite's primary code; 0 for an error that the module itself raised."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


SENTENCES = {
    sqlite3.SQLITE_BUSY: "is in use by another process; give each agent its own",
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_READONLY: "cannot be written: it is read-only",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; is it a file, in a folder that may be written to?",
}


def _sentence(error: OSError | sqlite3.Error) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return SENTENCES.get(_code(error), str(error))
