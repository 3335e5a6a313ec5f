"""How seldom a process looks for garbage: neither measuring nor judging leaves cycles behind.

To look through all that a judge holds, again and again, took 8 % of its time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (50_000, 20, 20)
"""Objects that may pile up before cycles are sought among the young, and so on up."""


def collect_rarely(thresholds: tuple[int, int, int] = THRESHOLDS) -> None:
    """Spare the collector what is here already, which stays, and most of its rounds."""
    gc.freeze()
    gc.set_threshold(*thresholds)


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Collect rarely, until this is over."""
    before = gc.get_threshold()
    collect_rarely()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def uncollected() -> Iterator[None]:
    """Seek no cycles meanwhile: what is made in one go and leaves none is then not walked again and again.

    Nor at once when it is over: what is left counts as old, what was frozen before too. To walk the
    four hundred thousand verdicts of a large judging, once, took a tenth of its time.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()
        if before:
            gc.enable()
