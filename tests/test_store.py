"""The store holds each fact once, whatever the order, and says in a sentence why it cannot."""

import sqlite3
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.model import (
    Cause,
    Incident,
    Measurement,
    Scope,
    State,
    Target,
    TcpConnect,
    Vantage,
    Verdict,
)
from probe.store import SCHEMA_VERSION, Store, StoreError

NOW = datetime(2022, 12, 28, 21, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def measurement(number: int, *, vantage: str = "tr-1", minutes: int | None = None) -> Measurement:
    at = NOW + MINUTE * (number if minutes is None else minutes)
    return Measurement(
        id=str(uuid.UUID(int=number)),
        at=at,
        took=0.25,
        vantage=Vantage(id=vantage, country="TR", asn=9121),
        target=Target(service="twitter", feature="web", endpoint="front"),
        observations=(TcpConnect(at=at, took=0.1, address="192.0.2.1", port=443),),
    )


def verdict(feature: str = "web", network: int = 0) -> Verdict:
    return Verdict(
        service="twitter",
        feature=feature,
        country="TR",
        network=network,
        at=NOW,
        leading=Cause.FILTERING,
        state=State.LIKELY,
        confidence=0.9,
        support={Cause.FILTERING: 0.9, Cause.OK: 0.1},
    )


def incident(name: str, opened: int = 0, closed: int | None = None) -> Incident:
    return Incident(
        id=name,
        service="twitter",
        features=("web",),
        cause=Cause.FILTERING,
        state=State.LIKELY,
        scope=Scope.COUNTRIES,
        opened=NOW + MINUTE * opened,
        updated=NOW + MINUTE * opened,
        closed=None if closed is None else NOW + MINUTE * closed,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    held = Store(tmp_path / "deep" / "store.sqlite")
    yield held
    held.close()


def test_a_measurement_sent_twice_is_held_once(store: Store) -> None:
    assert store.append([measurement(1), measurement(2), measurement(1)], NOW) == 2
    assert store.append([measurement(2), measurement(3)], NOW) == 1
    assert store.since(NOW) == tuple(measurement(n) for n in (1, 2, 3))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 20), max_size=8), max_size=6))
def test_any_order_and_repetition_gives_the_same_set(batches: list[list[int]]) -> None:
    with TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.sqlite")
        new = sum(store.append(map(measurement, batch), NOW) for batch in batches)
        expected = sorted({number for batch in batches for number in batch})
        assert store.since(NOW) == tuple(map(measurement, expected))
        assert new == len(expected)
        store.close()


def test_since_goes_by_the_probes_time_and_includes_it(store: Store) -> None:
    store.append([measurement(5), measurement(1), measurement(3)], NOW + MINUTE * 60)
    assert store.since(NOW + MINUTE * 3) == (measurement(3), measurement(5))


def test_heard_is_the_latest_probe_time_even_when_older_ones_come_later(store: Store) -> None:
    store.append([measurement(9), measurement(4, vantage="de-1")], NOW)
    store.append([measurement(2)], NOW)
    assert store.heard() == {"tr-1": NOW + MINUTE * 9, "de-1": NOW + MINUTE * 4}


def test_microseconds_are_kept(store: Store) -> None:
    odd = NOW + timedelta(microseconds=1)
    store.append([measurement(1, minutes=0)], NOW)
    assert store.since(odd) == ()
    assert store.heard() == {"tr-1": NOW}


def test_measurements_come_in_the_order_asked_for_without_those_not_held(store: Store) -> None:
    many = [measurement(number) for number in range(1200)]
    store.append(many, NOW)
    ids = [many[7].id, "unknown", many[3].id, many[7].id]
    assert store.measurements(ids) == (many[7], many[3])
    assert len(store.measurements([m.id for m in many])) == len(many)
    assert store.measurements([]) == ()


def test_pruning_takes_the_old_and_leaves_the_rest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probe.store.PRUNE_ROWS", 3)
    store.append(map(measurement, range(10)), NOW)
    assert store.prune(NOW + MINUTE * 8) == 8
    assert store.since(NOW) == (measurement(8), measurement(9))


def test_verdicts_are_the_current_ones_alone(store: Store) -> None:
    store.save([verdict("web"), verdict("login", network=9121)], [])
    store.save([verdict("web")], [])
    assert store.verdicts() == (verdict("web"),)


def test_incidents_stay_and_are_renewed_by_id(store: Store) -> None:
    store.save([], [incident("a"), incident("b", opened=5)])
    store.save([], [incident("a", closed=9)])
    assert [i.id for i in store.incidents()] == ["b", "a"]
    assert store.incident("a") == incident("a", closed=9)
    assert store.incident("c") is None


def test_incidents_closed_before_a_time_are_left_out(store: Store) -> None:
    store.save([], [incident("old", closed=1), incident("new", closed=9), incident("open")])
    assert [i.id for i in store.incidents(closed_since=NOW + MINUTE * 5)] == ["open", "new"]


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    first = Store(tmp_path / "store.sqlite")
    first.append([measurement(1)], NOW)
    first.save([verdict()], [incident("a")])
    first.close()
    second = Store(tmp_path / "store.sqlite")
    assert second.since(NOW) == (measurement(1),)
    assert second.verdicts() == (verdict(),)
    assert second.incidents() == (incident("a"),)
    second.close()


def test_a_newer_schema_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "newer.sqlite") as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.close()
    with pytest.raises(StoreError, match=r"newer\.sqlite is of schema 2.*upgrade"):
        Store(tmp_path / "newer.sqlite")


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    other.close()
    with pytest.raises(StoreError, match="some other program's database"):
        Store(tmp_path / "other.sqlite")


def test_what_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database at all, " * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        Store(tmp_path / "text")
    with pytest.raises(StoreError, match="unable to open"):
        Store(tmp_path)
    with pytest.raises(StoreError, match="the store"):
        Store(tmp_path / "text" / "below.sqlite")
