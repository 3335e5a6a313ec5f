from __future__ import annotations

import pytest

from probe.judge.once import Once


def test_each_is_worked_out_once_and_all_are_forgotten_when_it_is_full() -> None:
    asked: list[str] = []

    def work(name: str) -> str:
        asked.append(name)
        return name.upper()

    once = Once(work, 2)
    assert [once[name] for name in "abab"] == ["A", "B", "A", "B"]
    assert asked == ["a", "b"]
    assert [once[name] for name in "cb"] == ["C", "B"]
    assert asked == ["a", "b", "c", "b"]
    assert len(once) == 2


def test_what_cannot_be_worked_out_is_asked_again() -> None:
    once = Once(int, 9)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid"):
            once["x"]
    assert not once
