"""How wide a service's outage is, and that it is one though its edges look otherwise."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from probe.judge.cells import akin, network_authored, tested
from probe.model import OUTAGES, STRENGTH, Cause, Scope, Verdict

MOST = 0.75
"""Share of those who looked that is as good as all of them: from there on an outage is global."""
GLOBAL_COUNTRIES = 3

Features = AbstractSet[tuple[str, str]]
"""Services and features of theirs."""


def wide_features(verdicts: Iterable[Verdict]) -> Features:
    """Features that fail by the service's fault in most countries: they are its own everywhere."""
    hit: dict[tuple[str, str], int] = defaultdict(int)
    known: dict[tuple[str, str], int] = defaultdict(int)
    for v in verdicts:
        if v.service and not v.network and tested(v):
            known[v.service, v.feature] += 1
            hit[v.service, v.feature] += v.leading in OUTAGES and STRENGTH[v.state] > 0
    return {
        key
        for key, count in hit.items()
        if count >= GLOBAL_COUNTRIES and count >= MOST * known[key]
    }


def parted(
    cells: Sequence[Verdict], everything: Sequence[Verdict], wide: Features
) -> Mapping[Cause, Sequence[Verdict]]:
    """Cause → what is told of it: what fails widely is one trouble, whose edges are ragged.

    A country whose own networks write what is seen there has another trouble inside it.
    """
    broad = [v for v in cells if (v.service, v.feature) in wide]
    written = _written(everything) if broad else ()
    plain = [v for v in broad if (v.feature, v.country) not in written] or broad
    held: dict[Cause, list[Verdict]] = defaultdict(list)
    for v, cause in zip(plain, _causes(plain), strict=True):
        held[cause].append(v)
    elsewhere = OUTAGES - {v.leading for v in broad}
    for v in cells:
        if v.leading in elsewhere:
            held[v.leading].append(v)
    return held


def _written(verdicts: Iterable[Verdict]) -> Collection[tuple[str, str]]:
    """Features and countries where no network sees an outage but with a network's hand in it."""
    by_cell: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for v in verdicts:
        if v.network and v.leading in OUTAGES and tested(v):
            by_cell[v.feature, v.country].append(network_authored([v]))
    return {cell for cell, hands in by_cell.items() if all(hands)}


def _causes(cells: Sequence[Verdict]) -> Iterable[Cause]:
    """Of each cell what most countries say of its feature, else what most say of all features."""
    features: dict[str, Counter[Cause]] = defaultdict(Counter)
    together: Counter[Cause] = Counter()
    for v in cells:
        features[v.feature][v.leading] += 1
        together[v.leading] += 1
    for v in cells:
        told = features[v.feature]
        clear = max(told.values()) >= MOST * told.total()
        yield _larger(told if clear else together)


def _larger(counts: Mapping[Cause, int]) -> Cause:
    return max(counts, key=lambda cause: (counts[cause], cause.value))


def width(cause: Cause, own: Sequence[Verdict], wide: Features) -> Scope:
    if cause is Cause.DEPENDENCY_OUTAGE:
        return Scope.DEPENDENCY
    broad = {v.country for v in own if (v.service, v.feature) in wide}
    return Scope.GLOBAL if len(broad) >= GLOBAL_COUNTRIES else Scope.COUNTRIES


def struck(
    cause: Cause, countries: Collection[str], verdicts: Iterable[Verdict]
) -> Sequence[Verdict]:
    """What is told of networks that a service's outage hits, of all who looked.

    In its countries under either name; in those of which too little is known to name them under its
    own, unless it is their own network's hand.
    """
    return [
        v
        for v in verdicts
        if v.network and tested(v) and v.leading in akin(cause)
        and (v.country in countries or (v.leading is cause and not network_authored([v])))
    ]  # fmt: skip
