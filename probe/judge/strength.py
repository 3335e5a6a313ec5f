"""How strongly one piece of evidence speaks for a cause by itself: its weight of evidence, in nats.

That is by how much it raises the log-odds of the cause, from the usual priors on, if it were all
that is known. Pieces do not add up to a verdict: those of one network repeat each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

from probe.judge.hypothesis.around import NOBODY
from probe.judge.hypothesis.baseline import LEVELS
from probe.judge.hypothesis.causes import DEPENDENCY_SHARE, PRIOR
from probe.judge.hypothesis.departure import PRIOR_VANTAGE
from probe.judge.hypothesis.joint import posterior
from probe.judge.hypothesis.likelihood import network
from probe.judge.paired.rules import BY_ID
from probe.judge.paired.weighing import spread
from probe.judge.row import CAP, Category, Row
from probe.judge.rules import EXTRA, ROWS
from probe.model import Cause

LOST = frozenset({"health.silent", "health.cut", "health.dark"})
"""Rules of a probe host that is lost: each is so by itself with a known chance."""
_BESIDE = frozenset([row.id for row in EXTRA])
LEAST = 1e-12
"""Nearer to naught or one no belief is told from it."""


@lru_cache(maxsize=4096)
def strength(rule: str, cause: Cause) -> float | None:
    """Nats toward a cause, less than naught if against it; None of a rule that weighs nothing."""
    row, look = ROWS.get(rule), BY_ID.get(rule)
    if row is not None:
        return _of_row(row, cause)
    if look is not None:
        return _raised(spread(look), cause, 1 / len(Cause))
    if rule in LOST and cause is Cause.NETWORK_DISRUPTION:
        return -math.log(PRIOR_VANTAGE)
    return None


def _of_row(row: Row, cause: Cause) -> float | None:
    if row.id in _BESIDE or row.category is Category.NOTHING:
        return row.weights.get(cause)
    weights = sorted((c.value, max(-CAP, min(CAP, nats))) for c, nats in row.weights.items())
    seen = network((((row.category, 1),),), 1, tuple(weights), LEVELS[0])
    return _raised(posterior((seen,), NOBODY), cause, _usual(cause))


def _usual(cause: Cause) -> float:
    if cause is Cause.DEPENDENCY_OUTAGE:
        return PRIOR[Cause.SERVICE_OUTAGE] * DEPENDENCY_SHARE
    return PRIOR[cause]


def _raised(support: Mapping[Cause, float], cause: Cause, before: float) -> float:
    return _odds(support[cause]) - _odds(before)


def _odds(share: float) -> float:
    held = min(1 - LEAST, max(LEAST, share))
    return math.log(held / (1 - held))
