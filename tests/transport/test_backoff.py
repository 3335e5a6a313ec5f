"""Waits double up to a ceiling, with full jitter, unless the other side says how long."""

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.transport.backoff import jittered, nap, retry_after

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@given(st.integers(0, 10**6), st.floats(0, 1), st.floats(0.1, 1e6))
def test_a_wait_is_below_its_ceiling(failures: int, drawn: float, longest: float) -> None:
    wait = jittered(failures, drawn, longest)
    assert 0 <= wait <= longest
    assert wait <= jittered(failures + 1, drawn, longest)


def test_the_ceiling_doubles() -> None:
    assert [jittered(n, 1.0, 20) for n in range(1, 7)] == [2, 4, 8, 16, 20, 20]


TEXTS = [
    ("120", 120.0),
    ("0", 0.0),
    ("Sat, 21 Nov 2026 00:00:30 GMT", 30.0),
    ("Sat, 21 Nov 2020 00:00:30 GMT", 0.0),
    ("", None),
    ("soon", None),
    ("-1", None),
    ("٣", None),
    ("9" * 400, 999_999_999.0),
]


@pytest.mark.parametrize(("text", "seconds"), TEXTS)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after(text, NOW) == seconds


@given(st.text())
def test_any_text_is_read_or_not(text: str) -> None:
    seconds = retry_after(text, NOW)
    assert seconds is None or seconds >= 0


async def test_a_nap_ends_early_when_told() -> None:
    end = asyncio.Event()
    end.set()
    async with asyncio.timeout(10):
        await nap(3600, end)
    await nap(0.001, asyncio.Event())
