"""All countries weighed together: an outage of the service reaches many, everything else one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from probe.judge.hypothesis.causes import BREADTH, DEPENDENCY_SHARE, PRIOR
from probe.judge.hypothesis.likelihood import (
    SERVICE_FORMS,
    Country,
    Explained,
    affected,
    burst_share,
    explain,
    log_sum,
)
from probe.model import Cause

Around = tuple[float, tuple[float, ...]]
"""What all other countries say together: log-probability without an outage, and under each kind."""

_ALONE: tuple[Cause, ...] = tuple(cause for cause in PRIOR if cause is not Cause.SERVICE_OUTAGE)
_LOG_PRIOR = {cause: math.log(PRIOR[cause]) for cause in _ALONE}
_OUTAGES = tuple(
    (index, math.log(form.share) + math.log(weight), math.log(reach), math.log(1 - reach))
    for index, form in enumerate(SERVICE_FORMS)
    for reach, weight in BREADTH
)
"""Every (form, breadth) of an outage: index of the form, log prior, log reached, log spared."""


def _alone(seen: Explained) -> float:
    return log_sum(_LOG_PRIOR[cause] + seen.alone[cause] for cause in _ALONE)


@lru_cache(maxsize=32768)
def _terms(country: Country) -> tuple[float, tuple[float, ...]]:
    """What a country adds, as another's outside: without an outage, and under each kind of one."""
    seen = explain(country)
    own = _alone(seen)
    return own, tuple(
        _either(reached + seen.service[form], spared + own)
        for form, _, reached, spared in _OUTAGES
    )


def _either(one: float, other: float) -> float:
    """Log of e^one + e^other."""
    more, less = (one, other) if one > other else (other, one)
    return more + math.log1p(math.exp(less - more))


def outside(others: Iterable[Country]) -> Around:
    """Sum what other countries add; like ones are counted, not repeated.

    The sums are exact until they are rounded once: no order of the countries changes them.
    """
    terms = [(count, *_terms(country)) for country, count in Counter(others).items()]
    calm = math.fsum([count * own for count, own, _ in terms])
    rows = (
        [count * out for out in outages] if count > 1 else outages for count, _, outages in terms
    )
    columns = zip(*rows, strict=True)
    return calm, tuple(map(math.fsum, columns)) if terms else (0.0,) * len(_OUTAGES)


def without(around: Around, country: Country) -> Around:
    """Take one country out of a sum that it is part of."""
    own, outages = _terms(country)
    calm, stormy = around
    return calm - own, tuple([a - b for a, b in zip(stormy, outages, strict=True)])


def posterior(
    country: Country,
    around: Around,
    before: Mapping[Cause, float] = PRIOR,
    raised: Mapping[Cause, float] | None = None,
) -> dict[Cause, float]:
    """The support of every cause in one country, given all others; sums to 1.

    `before` is what was believed of it until its window began; `raised` adds what the service's
    other features say of the same country.
    """
    seen = explain(country)
    extra = raised or {}
    priors = {cause: math.log(before[cause] + extra.get(cause, 0.0)) for cause in _ALONE}
    outage = math.log(before[Cause.SERVICE_OUTAGE])
    calm, stormy = around
    spared = log_sum(
        [prior + rest + out for (_, prior, _, rest), out in zip(_OUTAGES, stormy, strict=True)]
    )
    apart = log_sum((math.log(1 - before[Cause.SERVICE_OUTAGE]) + calm, outage + spared))
    logs: dict[Cause, float] = {
        cause: priors[cause] + seen.alone[cause] + apart for cause in _ALONE
    }
    logs[Cause.SERVICE_OUTAGE] = outage + log_sum(
        [
            prior + reached + seen.service[form] + out
            for (form, prior, reached, _), out in zip(_OUTAGES, stormy, strict=True)
        ]
    )
    total = log_sum(logs.values())
    support = {cause: math.exp(value - total) for cause, value in logs.items()}
    return _split(support, seen)


def _split(support: dict[Cause, float], seen: Explained) -> dict[Cause, float]:
    """Give the dependency its share, and what does not work at all to nobody's `ok`."""
    outage = support[Cause.SERVICE_OUTAGE]
    idle = support[Cause.OK] * math.exp(min(0.0, seen.nothing_works - seen.alone[Cause.OK]))
    support[Cause.DEPENDENCY_OUTAGE] = outage * DEPENDENCY_SHARE
    support[Cause.SERVICE_OUTAGE] = outage * (1 - DEPENDENCY_SHARE)
    support[Cause.OK] -= idle
    support[Cause.LOCAL_FAULT] += idle
    return {cause: support[cause] for cause in Cause}


_SPREADING = (
    Cause.FILTERING, Cause.THROTTLING, Cause.NETWORK_DISRUPTION, Cause.GEO_BLOCK,
    Cause.SERVICE_OUTAGE,
)  # fmt: skip


@lru_cache(maxsize=32768)
def _parts(country: Country) -> tuple[tuple[tuple[float, ...], float, float], ...]:
    """Each network's part in every spreading cause, in passing trouble, and in all such trouble."""
    troubled = list(map(burst_share, country))
    everyone = sum(troubled)
    return tuple([
        (tuple([affected(country, n, cause) for cause in _SPREADING]), own, own / everyone if everyone else 0.0)
        for n, own in enumerate(troubled)
    ])  # fmt: skip


def within(country: Country, index: int, whole: dict[Cause, float]) -> dict[Cause, float]:
    """The support of every cause in one network of a country whose own support is known."""
    (filtering, throttling, disrupted, refused, reached), troubled, share = _parts(country)[index]
    support = {
        Cause.OK: 0.0,
        Cause.SERVICE_OUTAGE: whole[Cause.SERVICE_OUTAGE] * reached,
        Cause.DEPENDENCY_OUTAGE: whole[Cause.DEPENDENCY_OUTAGE] * reached,
        Cause.FILTERING: whole[Cause.FILTERING] * filtering,
        Cause.THROTTLING: whole[Cause.THROTTLING] * throttling,
        Cause.NETWORK_DISRUPTION: whole[Cause.NETWORK_DISRUPTION] * disrupted,
        Cause.GEO_BLOCK: whole[Cause.GEO_BLOCK] * refused,
        Cause.LOCAL_FAULT: whole[Cause.LOCAL_FAULT] * share,
    }
    rest = max(0.0, 1.0 - sum(support.values()))
    support[Cause.LOCAL_FAULT] += rest * troubled
    support[Cause.OK] = rest * (1 - troubled)
    return _normal(support)


def _normal(support: dict[Cause, float]) -> dict[Cause, float]:
    total = sum(support.values())
    return {cause: value / total for cause, value in support.items()}


def leading(support: dict[Cause, float], order: Sequence[Cause] = tuple(Cause)) -> Cause:
    """The cause with most support; the earlier one in case of a tie."""
    if support[Cause.OK] > 0.5:  # noqa: PLR2004 — nothing can have more than half beside it
        return Cause.OK
    return max(order, key=support.__getitem__)
