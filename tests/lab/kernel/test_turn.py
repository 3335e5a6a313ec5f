"""One lab at a time: who comes second says so and waits."""

from __future__ import annotations

import os

import pytest

from probe.lab.kernel import turn
from probe.lab.result import Phase


@pytest.fixture
def name() -> bytes:
    return f"\0worksforwhom-test-{os.getpid()}".encode()


def test_the_turn_is_one_lab_s_until_it_gives_it_up(name: bytes) -> None:
    first = turn.take(name)
    assert first is not None
    assert turn.take(name) is None
    first.close()
    second = turn.take(name)
    assert second is not None
    second.close()


def test_who_comes_second_says_so_once_and_begins_after_the_first(name: bytes) -> None:
    first = turn.take(name)
    assert first is not None
    waiting = turn.wait(name)
    said = next(waiting)
    assert isinstance(said, Phase)
    assert "another lab" in said.text
    first.close()
    with pytest.raises(StopIteration) as ended:
        next(waiting)
    ended.value.value.close()


def test_who_comes_alone_says_nothing(name: bytes) -> None:
    with pytest.raises(StopIteration) as ended:
        next(turn.wait(name))
    ended.value.value.close()
