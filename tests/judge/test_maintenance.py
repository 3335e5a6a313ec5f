from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import Maintenance, Seconds
from probe.judge import maintenance
from probe.judge.view import View
from tests.judge import worlds as w

NIGHT = Maintenance(
    reason="new core routers", at=w.START, lasts=Seconds(3600), every=Seconds(7 * 86400),
    networks=(64500,), services=("chirp",),
)  # fmt: skip


def view(after: timedelta, held: Maintenance = NIGHT) -> View:
    return View(now=w.START + after, round=timedelta(seconds=60), maintenance=(held,))


@pytest.mark.parametrize(
    ("after", "concerned"),
    [
        (timedelta(seconds=-1), False),
        (timedelta(0), True),
        (timedelta(minutes=64), True),
        (timedelta(minutes=65), False),
        (timedelta(days=7, minutes=30), True),
        (timedelta(days=6), False),
    ],
)
def test_it_holds_for_its_time_and_until_the_window_is_past_it(
    after: timedelta, *, concerned: bool
) -> None:
    assert (64500 in maintenance.networks(view(after))) is concerned
    assert ("chirp" in maintenance.services(view(after))) is concerned


def test_once_is_once() -> None:
    once = msgspec.structs.replace(NIGHT, every=Seconds(0))
    assert maintenance.networks(view(timedelta(minutes=5), once))
    assert not maintenance.networks(view(timedelta(days=7, minutes=5), once))


@given(st.integers(0, 400))
def test_it_comes_again_and_again(weeks: int) -> None:
    assert maintenance.networks(view(timedelta(weeks=weeks, minutes=1)))
