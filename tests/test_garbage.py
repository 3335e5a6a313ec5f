"""Rarely, but not never, and only while an agent works."""

import gc
import weakref

import pytest

from probe.garbage import THRESHOLDS, rarely_collected, uncollected


class Stopped(Exception):  # noqa: N818 — whatever ends an agent
    pass


def test_it_is_as_before_however_the_work_ends() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with pytest.raises(Stopped):
        work(frozen)
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def work(frozen: int) -> None:
    with rarely_collected():
        assert gc.get_threshold() == THRESHOLDS
        assert gc.get_freeze_count() > frozen
        raise Stopped


def test_cycles_are_collected_all_the_same() -> None:
    with rarely_collected():
        assert gc.isenabled()
        assert all(THRESHOLDS)


@pytest.mark.parametrize("before", [True, False])
def test_none_is_collected_meanwhile_and_then_as_before(*, before: bool) -> None:
    seen: list[bool] = []
    (gc.enable if before else gc.disable)()
    try:
        with pytest.raises(Stopped):
            stopped(seen)
        assert (seen, gc.isenabled()) == ([False], before)
    finally:
        gc.enable()


def stopped(seen: list[bool]) -> None:
    with uncollected():
        seen.append(gc.isenabled())
        raise Stopped


class Ring:
    def __init__(self) -> None:
        self.me = self


def test_what_is_left_counts_as_old_and_its_cycles_are_found_in_time() -> None:
    with uncollected():
        ring = Ring()
    left = weakref.ref(ring)
    assert not any(held is ring for held in gc.get_objects(generation=0))
    assert any(held is ring for held in gc.get_objects(generation=2))
    del ring
    assert left() is not None
    gc.collect()
    assert left() is None
