"""Whether two pages over plain HTTP are the same."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.judge.paired.likeness import Likeness, likeness
from probe.model import Failure, Header, HttpExchange

AT = datetime(2026, 3, 1, tzinfo=UTC)
BASE = HttpExchange(
    at=AT, took=0.1, url="http://a/", address="", status=200, title="Some Default Page",
    length=5000, headers=(Header("X-Mark", "1"),),
)  # fmt: skip


def like(here: HttpExchange | None, there: HttpExchange | None = BASE) -> Likeness:
    return likeness(here, there)


def changed(**facts: object) -> HttpExchange:
    return msgspec.structs.replace(BASE, **facts)


@pytest.mark.parametrize(
    "facts",
    [
        {"title": "Other", "length": 1},
        {"title": "Other", "headers": (), "length": 4000},
        {"headers": (), "length": 1},
        {"title": "", "headers": (), "length": 0, "truncated": True},
    ],
)
def test_any_one_likeness_is_enough(facts: dict[str, object]) -> None:
    assert like(changed(**facts)) is Likeness.SAME


def test_another_status_is_another_page_by_its_own_servers() -> None:
    assert like(changed(status=403)) is Likeness.OWN_WORDS


def test_a_page_that_shares_nothing_is_another() -> None:
    assert like(changed(title="Notice", headers=(), length=1)) is Likeness.OTHER
    assert like(changed(status=403, headers=(Header("Server", "x"),))) is Likeness.OTHER


def test_common_headers_are_no_mark() -> None:
    bare = (Header("Content-Type", "text/html"), Header("Server", "nginx"))
    there = changed(headers=bare)
    assert like(changed(headers=bare, title="Notice", length=1), there) is Likeness.OTHER


def test_a_stub_compares_with_nothing() -> None:
    stub = changed(title="", headers=(), length=272)
    assert like(changed(title="", headers=(), length=7936), stub) is Likeness.STUB


@pytest.mark.parametrize("there", [None, changed(failure=Failure(name="eof_error"), status=None)])
def test_without_both_pages_there_is_nothing_to_compare(there: HttpExchange | None) -> None:
    assert like(BASE, there) is Likeness.NOTHING
    assert like(None) is Likeness.NOTHING


@given(st.integers(100, 599), st.text(max_size=40), st.integers(0, 10**6))
def test_a_page_is_like_itself(status: int, title: str, length: int) -> None:
    page = changed(status=status, title=title, length=length)
    assert likeness(page, page) is Likeness.SAME
