"""How often a try fails on a network in peace: what is ordinary there is no sign of anything.

About a fifth of ordinary connections end abnormally somewhere; where that is so, an abnormal
ending tells little.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from probe.judge.hypothesis.causes import BURST, WELL, Form
from probe.judge.row import Category
from probe.judge.view import Usual
from probe.model import Cause

LEVELS = (0.025, 0.05, 0.1, 0.2, 0.35, 0.5)
"""Rates that are told apart; like networks are then weighed once."""
PATIENCE = 200.0
"""Tries that the opinion held before is worth: a network's over all hours, or where nothing is
known the marginal failures of attribution.md, 7.2."""


def hour_of_week(at: datetime) -> int:
    """0 for Monday's first hour by UTC, to 167."""
    return at.weekday() * 24 + at.hour


def ordinary(hours: Mapping[int, Usual], at: datetime) -> float:
    """P(a try fails at this hour in peace), as one of the levels; an hour leans on all of them."""
    whole = Usual(
        failed=sum(usual.failed for usual in hours.values()),
        of=sum(usual.of for usual in hours.values()),
    )
    rate = (whole.failed + LEVELS[0] * PATIENCE) / (whole.of + PATIENCE)
    here = hours.get(hour_of_week(at), Usual())
    rate = (here.failed + rate * PATIENCE) / (here.of + PATIENCE)
    return min(LEVELS, key=lambda level: (abs(level - rate), level))


@lru_cache(maxsize=len(LEVELS))
def well(level: float) -> Form:
    """The form of a network where so many tries fail in peace."""
    if level <= LEVELS[0]:
        return WELL
    astray = {c: share for c, share in BURST.mean.items() if c is not Category.OK}
    whole = sum(astray.values())
    mean: dict[Category, float] = {c: level * share / whole for c, share in astray.items()}
    mean[Category.OK] = 1 - level
    return Form(Cause.OK, "well", 1.0, mean, WELL.mass)
