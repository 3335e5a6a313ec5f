"""The order of one measurement."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.interop.form import Binary
from probe.interop.record import parse
from probe.interop.story import Story, content, hop_of, others, story, took, words
from tests.interop import made as m


def told(**keys: object) -> Story:
    return story(parse(m.encoded(m.well(**keys))))


def test_times_count_from_the_start_in_utc() -> None:
    assert told().begun == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert told().at(None, 1.5) == datetime(2026, 3, 1, 12, 0, 1, 500000, tzinfo=UTC)


@given(st.floats(), st.floats())
def test_a_step_took_something_from_nothing_to_an_hour(t0: float, t: float) -> None:
    assert 0 <= took(t0, t) <= 3600


def test_each_hop_has_its_host() -> None:
    moved = m.http(code=302, body="", headers={"Location": "http://notice.example/x"})
    assert told(requests=[moved]).hosts == {0: m.NAME, 1: "notice.example"}


def test_a_step_without_tags_belongs_to_the_last_hop_of_its_host() -> None:
    steps = [m.http(code=200, depth=1), m.http(code=301, body="", headers={"Location": "/x"})]
    assert hop_of(told(requests=steps), None, m.NAME) == 1
    assert hop_of(told(requests=steps), ["depth=0"], m.NAME) == 0


def test_an_old_record_that_lacks_its_first_request_starts_at_the_second() -> None:
    bare = m.http(url=f"http://{m.NAME}/") | {"tags": None}
    assert [turn.hop for turn in told(requests=[bare]).turns] == [1]


def test_addresses_of_other_resolvers_are_known_as_such() -> None:
    found = told(queries=[m.query("1.2.3.4"), m.query(m.SITE, engine="doh")])
    assert others(found, 0, m.SITE)
    assert not others(found, 0, "1.2.3.4")
    assert not others(found, 5, m.SITE)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), ("a", "a"), (Binary(data="aGk="), "hi"), (Binary(data="?"), "")],
)
def test_texts_and_binaries_become_words(value: str | Binary | None, text: str) -> None:
    assert words(value) == text
    assert content(value) == text.encode()
