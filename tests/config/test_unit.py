"""Durations and sizes, as people write them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config import unit
from probe.config.shape import Seconds, Secret, Size

DURATIONS = {
    "60s": 60,
    "1m30s": 90,
    "250ms": 0.25,
    "1.5h": 5400,
    "14d": 14 * 86400,
    "1d2h3m4s5ms": 93784.005,
    5: 5,
    0.5: 0.5,
    " 2s ": 2,
}
SIZES = {"512KiB": 524288, "20MiB": 20971520, "1kB": 1000, "1.5 GiB": 1610612736, "7": 7, 9: 9}


@pytest.mark.parametrize("written", DURATIONS)
def test_a_duration_is_read(written: str | float) -> None:
    assert unit.seconds(written) == pytest.approx(DURATIONS[written])


@pytest.mark.parametrize(
    "written", ["", "s", "5x", "s5", "1s1h", "-5s", -1, "1..5s", True, None, float("nan"), 1e300]
)
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        unit.seconds(written)


@pytest.mark.parametrize("written", SIZES)
def test_a_size_is_read(written: str | int) -> None:
    assert unit.size(written) == SIZES[written]


@pytest.mark.parametrize("written", ["", "KiB", "5 stones", "-2", -1, 1.5, True, None])
def test_what_is_no_size_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="size"):
        unit.size(written)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (unit.seconds, unit.size):
        with suppress(ValueError):
            assert read(text) >= 0


def test_the_hook_knows_its_three_types_and_shows_no_secret() -> None:
    assert unit.hook(Seconds, "1s") == 1
    assert unit.hook(Size, "1KiB") == 1024
    assert unit.hook(Secret, "abc") == "abc"
    with pytest.raises(ValueError, match="expected text") as caught:
        unit.hook(Secret, 1234)
    assert "1234" not in str(caught.value)
