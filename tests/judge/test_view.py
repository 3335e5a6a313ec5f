from datetime import UTC, datetime, timedelta

from probe.judge.view import View, window_start


def test_the_window_is_as_many_rounds_as_are_looked_back() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    view = View(now=now, round=timedelta(seconds=60), rounds=5)
    assert window_start(view) == now - timedelta(minutes=5)
