"""The store holds each fact once, whatever the order, and says in a sentence why it cannot."""

import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.model import (
    Cause,
    Delivery,
    Event,
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


def ids(records: Iterable[bytes]) -> list[str]:
    return [msgspec.json.decode(record, type=Measurement).id for record in records]


def test_what_was_received_is_read_on_from_where_one_stopped(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probe.store.READ_ROWS", 2)
    store.append([measurement(n, minutes=at) for n, at in enumerate((9, 0, 7, 8))], NOW)
    row, first = store.received(0, NOW + MINUTE * 5)
    assert ids(first) == [measurement(0).id, measurement(2).id]
    row, second = store.received(row, NOW + MINUTE * 5)
    assert ids(second) == [measurement(3).id]
    assert store.received(row, NOW + MINUTE * 5)[0] == row
    # What is late, and what follows after all was pruned, is not missed.
    store.prune(NOW + MINUTE * 99)
    store.append([measurement(4, minutes=6)], NOW)
    row, third = store.received(row, NOW + MINUTE * 5)
    assert ids(third) == [measurement(4).id]


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


def delivery(receiver: str, held: Incident, event: Event = Event.OPENED) -> Delivery:
    name = f"msg_{held.id}_{event}"
    return Delivery(id=name, receiver=receiver, event=event, at=NOW, incident=held)


def drained(store: Store, receiver: str) -> list[str]:
    names = []
    while waiting := store.next_delivery(receiver):
        number, held = waiting
        names.append(held.id)
        store.delivered(number)
    return names


def test_what_is_to_be_told_waits_in_order_for_each_receiver(store: Store) -> None:
    first, second = delivery("a", incident("1")), delivery("a", incident("2"))
    store.save((), (), [first, delivery("b", incident("1"))])
    store.save((), (), [second])
    store.close()
    again = Store(store.path)
    assert again.waiting() == {"a": 2, "b": 1}
    assert again.next_delivery("a") == again.next_delivery("a") == (1, first)
    assert drained(again, "a") == ["msg_1_opened", "msg_2_opened"]
    assert (again.next_delivery("a"), again.waiting()) == (None, {"b": 1})
    assert {(d.receiver, d.incident.id) for d in again.told()} == {
        ("a", "1"),
        ("a", "2"),
        ("b", "1"),
    }
    again.close()


def test_the_last_that_was_told_is_remembered_after_it_went(store: Store) -> None:
    opened, closed = incident("1"), incident("1", closed=5)
    store.save((), (), [delivery("a", opened)])
    store.save((), (), [delivery("a", closed, Event.CLOSED)])
    assert drained(store, "a") == ["msg_1_opened", "msg_1_closed"]
    assert store.told() == (delivery("a", closed, Event.CLOSED),)


def test_the_oldest_makes_room_and_who_is_no_receiver_any_more_is_forgotten(store: Store) -> None:
    for number in range(5):
        told = incident(str(number), closed=number)
        store.save((), (), [delivery(name, told) for name in ("a", "b", "gone")])
    assert store.trim(["a", "new"], 3, NOW + 2 * MINUTE) == {"a": 2, "new": 0}
    assert drained(store, "a") == ["msg_2_opened", "msg_3_opened", "msg_4_opened"]
    assert store.waiting() == {}
    assert [(d.receiver, d.incident.id) for d in store.told()] == [
        ("a", "2"),
        ("a", "3"),
        ("a", "4"),
    ]


def test_what_made_room_while_it_was_under_way_takes_nothing_newer_along(store: Store) -> None:
    store.save((), (), [delivery("a", incident("1"))])
    held = store.next_delivery("a")
    assert held is not None
    store.save((), (), [delivery("a", incident("2"))])
    store.trim(["a"], 1, NOW)
    store.delivered(held[0])
    assert drained(store, "a") == ["msg_2_opened"]


def test_what_cannot_be_saved_is_not_told(store: Store) -> None:
    broken = incident("1", closed=0)
    naive = msgspec.structs.replace(broken, opened=datetime(2022, 1, 1))  # noqa: DTZ001
    with pytest.raises(TypeError):
        store.save((), [naive], [delivery("a", broken)])
    assert (store.waiting(), store.told()) == ({}, ())


def test_a_file_from_before_there_was_an_outbox_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as file:
        file.execute("DROP TABLE outbox")
        file.execute("DROP TABLE told")
    file.close()
    store = Store(path)
    store.save((), [incident("1")], [delivery("a", incident("1"))])
    assert store.waiting() == {"a": 1}
    store.close()
