"""One value per line, there and back, with the units of configuration in it."""

from __future__ import annotations

import pytest

from probe.config.shape import Seconds, Secret, Size
from probe.lab import library, line
from probe.lab.scenario import Event


def test_an_event_goes_there_and_back() -> None:
    for event in library.load("demo").timeline:
        text = line.encode(event)
        assert text.endswith(b"\n")
        assert text.count(b"\n") == 1
        assert line.decode(text, Event) == event


@pytest.mark.parametrize(
    ("value", "plain"), [(Seconds(1.5), 1.5), (Size(7), 7), (Secret("s"), "s")]
)
def test_units_become_plain_values(value: object, plain: object) -> None:
    assert line.plain(value) == plain
    assert type(line.plain(value)) is type(plain)


def test_anything_else_is_a_bug() -> None:
    with pytest.raises(NotImplementedError, match="object"):
        line.plain(object())
