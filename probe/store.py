"""Append facts, save conclusions, answer named queries: SQLite, and the only SQL beside the spool's.

What `append` and `save` returned from is on the disk: a process killed right after has lost
nothing, and a measurement sent twice is held once. Every call blocks; the composition roots make
them from a thread. One connection writes, another reads, so that a long look back by the judge
does not hold up the intake.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

import msgspec

from probe.model import Delivery, Incident, Measurement, Verdict

SCHEMA_VERSION = 1
SCHEMA = (
    """CREATE TABLE measurements (
        id TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL, received INTEGER NOT NULL,
        service TEXT NOT NULL, feature TEXT NOT NULL, country TEXT NOT NULL,
        asn INTEGER NOT NULL, vantage TEXT NOT NULL, record BLOB NOT NULL)""",
    "CREATE INDEX measurements_by_time ON measurements (at)",
    "CREATE TABLE heard (vantage TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL)",
    """CREATE TABLE verdicts (
        service TEXT NOT NULL, feature TEXT NOT NULL, country TEXT NOT NULL,
        network INTEGER NOT NULL, at INTEGER NOT NULL, record BLOB NOT NULL,
        PRIMARY KEY (service, feature, country, network))""",
    """CREATE TABLE incidents (
        id TEXT NOT NULL PRIMARY KEY, opened INTEGER NOT NULL, closed INTEGER,
        record BLOB NOT NULL)""",
    "CREATE INDEX incidents_by_time ON incidents (opened)",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
OUTBOX = (
    # AUTOINCREMENT: a row id never comes back, so a late `delivered` cannot hit a newer row.
    """CREATE TABLE IF NOT EXISTS outbox (
        n INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT NOT NULL, record BLOB NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS outbox_by_receiver ON outbox (receiver, n)",
    """CREATE TABLE IF NOT EXISTS told (
        receiver TEXT NOT NULL, incident TEXT NOT NULL, closed INTEGER, record BLOB NOT NULL,
        PRIMARY KEY (receiver, incident))""",
    "CREATE TABLE IF NOT EXISTS memory (one INTEGER PRIMARY KEY CHECK (one = 1), record BLOB NOT NULL)",
)
"""Tables that a release before them does not miss: the schema's version stays."""
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # An acknowledged measurement must outlive a power cut too, not only a kill.
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 5000",
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PRUNE_ROWS = 5000
"""Deleted in one transaction, so that pruning never holds the writer for long."""
READ_ROWS = 5000
"""Read at once by who reads all that is new."""
ASK_ROWS = 500
"""Ids in one query; SQLite's limit on variables is 999 in old builds."""
RECEIVERS = "SELECT receiver FROM outbox UNION SELECT receiver FROM told"
EXCESS = """DELETE FROM outbox WHERE n IN
    (SELECT n FROM outbox WHERE receiver = ? ORDER BY n DESC LIMIT -1 OFFSET ?)"""

T = TypeVar("T")


class StoreError(OSError):
    """The file cannot be used; its text is one sentence for the operator."""


class Store:
    """One SQLite file. Raises StoreError where it cannot be opened, read or written."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        with self._spoken():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = _connected(self.path)
            try:
                _prepared(self._writer, self.path)
                self._reader = _connected(self.path)
            except BaseException:
                self._writer.close()
                raise

    def close(self) -> None:
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    # ── facts ────────────────────────────────────────────────────────────────────────────────

    def append(self, measurements: Iterable[Measurement], received: datetime) -> int:
        """Commit what is not held yet and say how many that were."""
        rows = [_row(measurement, received) for measurement in measurements]
        with self._transaction() as writer:
            before = writer.total_changes
            writer.executemany(
                "INSERT INTO measurements VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING",
                rows,
            )
            new = writer.total_changes - before
            writer.executemany(
                """INSERT INTO heard VALUES (?, ?)
                ON CONFLICT (vantage) DO UPDATE SET at = max(at, excluded.at)""",
                [(row[7], row[1]) for row in rows],
            )
        return new

    def since(self, at: datetime) -> tuple[Measurement, ...]:
        """Give the measurements probed at `at` or later, in the order of probing."""
        query = "SELECT record FROM measurements WHERE at >= ? ORDER BY at, id"
        return self._records(Measurement, query, (_micros(at),))

    def received(self, row: int, since: datetime) -> tuple[int, list[bytes]]:
        """Give the next of those probed at a time or later, in order of arrival, and their last row.

        `row`: the last that is known already, 0 for none; it comes back where there is no more.
        Each as it is written, one measurement in JSON: who reads them all looks at little of it.
        """
        query = """SELECT rowid, record FROM measurements WHERE rowid > ? AND at >= ?
            ORDER BY rowid LIMIT ?"""
        rows = self._rows(query, (row or self._row_before(since), _micros(since), READ_ROWS))
        last = int(rows[-1][0]) if rows else row
        return last, [cast("bytes", record) for _, record in rows]

    def _row_before(self, at: datetime) -> int:
        """By the index of times: else all that was ever received would be looked through."""
        query = "SELECT coalesce(min(rowid), 1) - 1 FROM measurements WHERE at >= ?"
        return int(self._rows(query, (_micros(at),))[0][0])

    def measurements(self, ids: Sequence[str]) -> tuple[Measurement, ...]:
        """Give those of the measurements that are still held, in the order asked for."""
        found: dict[str, Measurement] = {}
        for start in range(0, len(ids), ASK_ROWS):
            some = ids[start : start + ASK_ROWS]
            # Only question marks are put into the text.
            query = f"SELECT record FROM measurements WHERE id IN ({','.join('?' * len(some))})"  # noqa: S608
            found.update((m.id, m) for m in self._records(Measurement, query, tuple(some)))
        return tuple(found[name] for name in dict.fromkeys(ids) if name in found)

    def heard(self) -> dict[str, datetime]:
        """Say when each vantage probed last, by vantage id."""
        rows = self._rows("SELECT vantage, at FROM heard", ())
        return {str(vantage): _time(int(at)) for vantage, at in rows}

    def prune(self, before: datetime) -> int:
        """Delete the measurements probed before a time and say how many; verdicts stay.

        The last received is left: SQLite would give its row to the next, and whoever reads on
        from there would miss that one.
        """
        query = """DELETE FROM measurements WHERE rowid IN
            (SELECT rowid FROM measurements WHERE at < ?
            AND rowid < (SELECT max(rowid) FROM measurements) LIMIT ?)"""
        gone = 0
        while True:
            with self._transaction() as writer:
                some = writer.execute(query, (_micros(before), PRUNE_ROWS)).rowcount
            gone += some
            if some < PRUNE_ROWS:
                return gone

    # ── conclusions ──────────────────────────────────────────────────────────────────────────

    def save(
        self,
        verdicts: Iterable[Verdict],
        incidents: Iterable[Incident],
        deliveries: Sequence[Delivery] = (),
        memory: bytes = b"",
    ) -> None:
        """Replace the current verdicts and the judge's memory; add and renew incidents by their ids.

        What is to be told of them is kept in the same transaction: a process killed at any time
        has told all of what it has concluded, or will.
        """
        with self._transaction() as writer:
            _queue(writer, deliveries)
            if memory:
                writer.execute("INSERT OR REPLACE INTO memory VALUES (1, ?)", (memory,))
            writer.execute("DELETE FROM verdicts")
            writer.executemany(
                "INSERT OR REPLACE INTO verdicts VALUES (?,?,?,?,?,?)",
                [
                    (
                        v.service,
                        v.feature,
                        v.country,
                        v.network,
                        _micros(v.at),
                        msgspec.json.encode(v),
                    )
                    for v in verdicts
                ],
            )
            writer.executemany(
                "INSERT OR REPLACE INTO incidents VALUES (?,?,?,?)",
                [
                    (
                        i.id,
                        _micros(i.opened),
                        _micros(i.closed) if i.closed else None,
                        msgspec.json.encode(i),
                    )
                    for i in incidents
                ],
            )

    def memory(self) -> bytes:
        """Give what the judge left to its later self, as it was saved; empty where nothing was."""
        rows = self._rows("SELECT record FROM memory", ())
        return next((bytes(cast("bytes", record)) for (record,) in rows), b"")

    def verdicts(self) -> tuple[Verdict, ...]:
        query = "SELECT record FROM verdicts ORDER BY service, feature, country, network"
        return self._records(Verdict, query, ())

    def incidents(self, closed_since: datetime | None = None) -> tuple[Incident, ...]:
        """Give all open incidents and those closed since a time (None: ever), newest first."""
        query = """SELECT record FROM incidents WHERE closed IS NULL OR closed >= ?
            ORDER BY closed IS NOT NULL, opened DESC, id"""
        return self._records(Incident, query, (_micros(closed_since or EPOCH),))

    def incident(self, name: str) -> Incident | None:
        found = self._records(Incident, "SELECT record FROM incidents WHERE id = ?", (name,))
        return found[0] if found else None

    # ── what is to be told ───────────────────────────────────────────────────────────────────

    def next_delivery(self, receiver: str) -> tuple[int, Delivery] | None:
        """Give the oldest that waits for a receiver, and the number by which it is `delivered`."""
        query = "SELECT n, record FROM outbox WHERE receiver = ? ORDER BY n LIMIT 1"
        for number, record in self._rows(query, (receiver,)):
            return int(number), msgspec.json.decode(cast("bytes", record), type=Delivery)
        return None

    def delivered(self, number: int) -> None:
        with self._transaction() as writer:
            writer.execute("DELETE FROM outbox WHERE n = ?", (number,))

    def waiting(self) -> dict[str, int]:
        """Count what waits for each receiver; one for whom nothing waits is not there."""
        query = "SELECT receiver, count(*) FROM outbox GROUP BY receiver"
        return {str(receiver): int(count) for receiver, count in self._rows(query, ())}

    def told(self) -> tuple[Delivery, ...]:
        """Give the last that each receiver was told, or is about to be, of each incident."""
        return self._records(Delivery, "SELECT record FROM told ORDER BY receiver, incident", ())

    def trim(self, receivers: Sequence[str], most: int, before: datetime) -> dict[str, int]:
        """Drop the oldest past `most` for one receiver, and say how many of each receiver.

        What is of none of the receivers, and what was told of incidents closed before a time,
        goes without a word.
        """
        with self._transaction() as writer:
            names = [str(row[0]) for row in writer.execute(RECEIVERS)]
            for name in set(names) - set(receivers):
                writer.execute("DELETE FROM outbox WHERE receiver = ?", (name,))
                writer.execute("DELETE FROM told WHERE receiver = ?", (name,))
            writer.execute("DELETE FROM told WHERE closed < ?", (_micros(before),))
            return {name: writer.execute(EXCESS, (name, most)).rowcount for name in receivers}

    # ── the file ─────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._spoken(), self._writing, self._writer:
            self._writer.execute("BEGIN IMMEDIATE")
            yield self._writer

    def _rows(
        self, query: str, values: tuple[str | int, ...]
    ) -> list[tuple[str | int | bytes, ...]]:
        with self._spoken(), self._reading:
            return self._reader.execute(query, values).fetchall()

    def _records(self, kind: type[T], query: str, values: tuple[str | int, ...]) -> tuple[T, ...]:
        decoder = msgspec.json.Decoder(kind)
        return tuple(decoder.decode(cast("bytes", row[0])) for row in self._rows(query, values))

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"the store {self.path}: {error}") from error
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"the store {self.path}: {error.strerror}") from error


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        for pragma in PRAGMAS:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepared(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in a new file; refuse a file that a newer release has made."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"the store {path} is of schema {version}, made by a newer release; this one "
                f"reads schema {SCHEMA_VERSION}: upgrade, or name another file in store.path"
            )
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if version == 0 and tables:
            raise StoreError(
                f"the store {path} is some other program's database; name another file in store.path"
            )
        for statement in (*(SCHEMA if version == 0 else ()), *OUTBOX):
            connection.execute(statement)


def _queue(writer: sqlite3.Connection, deliveries: Sequence[Delivery]) -> None:
    for delivery in deliveries:
        record, incident = msgspec.json.encode(delivery), delivery.incident
        writer.execute(
            "INSERT INTO outbox (receiver, record) VALUES (?, ?)", (delivery.receiver, record)
        )
        closed = _micros(incident.closed) if incident.closed else None
        writer.execute(
            "INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)",
            (delivery.receiver, incident.id, closed, record),
        )


def _row(
    measurement: Measurement, received: datetime
) -> tuple[str, int, int, str, str, str, int, str, bytes]:
    vantage, target = measurement.vantage, measurement.target
    return (
        measurement.id,
        _micros(measurement.at),
        _micros(received),
        target.service,
        target.feature,
        vantage.country,
        vantage.asn,
        vantage.id,
        msgspec.json.encode(measurement),
    )


def _micros(at: datetime) -> int:
    """Whole microseconds since 1970: exact, where a float would round."""
    return (at - EPOCH) // MICROSECOND


def _time(micros: int) -> datetime:
    return EPOCH + micros * MICROSECOND
