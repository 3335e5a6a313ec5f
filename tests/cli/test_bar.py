"""Progress where there is no terminal: a line for each tenth, all of it told."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probe.cli.bar import bar


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(steps=st.lists(st.integers(0, 40), min_size=1).filter(any))
def test_there_are_ten_lines_at_most_and_the_last_says_all(
    steps: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    with bar("playing", sum(steps)) as tick:
        for step in steps:
            tick(step)
    told = capsys.readouterr()
    lines = told.err.splitlines()
    assert told.out == ""
    assert 1 <= len(lines) <= 10
    assert lines[-1] == f"playing: {sum(steps)} of {sum(steps)}"
