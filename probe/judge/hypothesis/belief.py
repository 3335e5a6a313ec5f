"""What was believed of a cell before the window, carried to now: the forward filter over time.

The window is weighed as one look at a state that holds; what was believed before the window began
is its prior. So no measurement counts twice, a trouble that stands needs no new proof, and one
that is long unseen fades by its own hazard. Only troubled cells are kept: elsewhere the prior is
the stationary one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from probe.judge.hypothesis.causes import PRIOR
from probe.judge.view import Belief, Cell, View, window_start
from probe.model import SIDES, Cause, Side, Verdict

LASTS = {
    Cause.SERVICE_OUTAGE: timedelta(hours=1),
    Cause.FILTERING: timedelta(days=2),
    Cause.THROTTLING: timedelta(days=2),
    Cause.GEO_BLOCK: timedelta(days=30),
    Cause.NETWORK_DISRUPTION: timedelta(hours=5.5),
    Cause.LOCAL_FAULT: timedelta(minutes=20),
}
"""Mean length of each (attribution.md, 7.3; a filter's two rates of 6 h and 60 d as one)."""
CALM = 0.98
"""A cell this surely `ok` needs no memory."""
MOST_CARRIED = 0.9
"""No past is so sure that the present could not speak against it."""
FORGET_ROUNDS = 60


def prior(cell: Cell, view: View) -> Mapping[Cause, float]:
    """P(cause) of a cell before its window is looked at; OK takes the rest."""
    known = view.memory.beliefs.get(cell)
    if not known:
        return PRIOR
    held = [b for b in known if b.at <= window_start(view)]
    return carried(held[-1], view.now) if held else PRIOR


def carried(belief: Belief, now: datetime) -> dict[Cause, float]:
    """Each cause has ended with its hazard, or begun with the hazard that its prior implies."""
    elapsed = max(timedelta(0), now - belief.at)
    before = dict(belief.support)
    before[Cause.SERVICE_OUTAGE] = sum(
        before.get(c, 0.0) for c in (Cause.SERVICE_OUTAGE, Cause.DEPENDENCY_OUTAGE)
    )
    if before[Cause.SERVICE_OUTAGE] > before.get(Cause.GEO_BLOCK, 0.0):
        # The same words were weighed as an outage's and as a refusal's: what they told for the one
        # that did not lead would be told again with every window.
        before[Cause.GEO_BLOCK] = min(before.get(Cause.GEO_BLOCK, 0.0), PRIOR[Cause.GEO_BLOCK])
    now_held = {
        cause: _drift(before.get(cause, 0.0), PRIOR[cause], math.exp(-(elapsed / LASTS[cause])))
        for cause in LASTS
    }
    total = sum(now_held.values())
    scale = min(1.0, MOST_CARRIED / total) if total else 1.0
    held = {cause: max(PRIOR[cause] * 0.5, value * scale) for cause, value in now_held.items()}
    return {Cause.OK: max(1.0 - sum(held.values()), 1.0 - MOST_CARRIED - 0.05), **held}


def _drift(before: float, usual: float, kept: float) -> float:
    return before * kept + usual * (1.0 - kept)


def remember(
    beliefs: Mapping[Cell, tuple[Belief, ...]], verdicts: Iterable[Verdict], view: View
) -> dict[Cell, tuple[Belief, ...]]:
    """Bring the memory up to date with what is believed now; calm cells fall out of it."""
    fresh = {
        (v.service, v.feature, v.country): Belief(at=view.now, support=v.support)
        for v in verdicts
        if v.service and not v.network and v.vantages
        and (_troubled(v) or (v.service, v.feature, v.country) in beliefs)
    }  # fmt: skip
    kept = {
        cell: _recent((*beliefs.get(cell, ()), *((fresh[cell],) if cell in fresh else ())), view)
        for cell in sorted({*beliefs, *fresh})
    }
    return {cell: held for cell, held in kept.items() if any(map(_matters, held))}


def _troubled(verdict: Verdict) -> bool:
    return SIDES[verdict.leading] is not Side.NONE or verdict.support[Cause.OK] < CALM


def _matters(belief: Belief) -> bool:
    return belief.support.get(Cause.OK, 0.0) < CALM


def _recent(held: tuple[Belief, ...], view: View) -> tuple[Belief, ...]:
    """Those within the window, and the newest from before it."""
    start = window_start(view)
    horizon = view.now - FORGET_ROUNDS * view.round
    old = [b for b in held if horizon <= b.at <= start][-1:]
    return (*old, *_thinned([b for b in held if b.at > start], view))


def _thinned(held: list[Belief], view: View) -> list[Belief]:
    """One for each half round, however often is judged."""
    kept: list[Belief] = []
    for belief in held:
        if kept and belief.at - kept[-1].at < view.round / 2 and belief is not held[-1]:
            continue
        kept.append(belief)
    return kept
