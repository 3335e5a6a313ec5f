"""Identifiers sort by time and are what the wire takes."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from probe.agent.identity import uuid7
from probe.transport.plausible import ID

TIMES = st.datetimes(datetime(2000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(TIMES)
def test_an_id_is_a_uuid_of_version_7_with_its_time_in_front(at: datetime) -> None:
    made = UUID(uuid7(at))
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == int(at.timestamp() * 1000)
    assert ID.fullmatch(str(made))


@given(TIMES, st.integers(2, 10**9))
def test_ids_sort_by_time(at: datetime, milliseconds: int) -> None:
    later = at + timedelta(milliseconds=milliseconds)
    assert uuid7(at) < uuid7(later)


def test_ids_of_one_moment_differ() -> None:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    assert len({uuid7(at) for _ in range(1000)}) == 1000
