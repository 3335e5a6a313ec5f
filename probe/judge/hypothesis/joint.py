"""All countries weighed together: an outage of the service reaches many, everything else one.

A refusal is one decision, however many countries it is about: it costs once, not for each of
them. What is plainly refused to most countries is an outage's words, to fewer a border's; what is
refused in the words of a country or a law is a border's, to however many.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import add, sub

import msgspec

from probe.judge.hypothesis.causes import (
    BARRED_BREADTH,
    BREADTH,
    DEPENDENCY_SHARE,
    MOST_REFUSED,
    PRIOR,
    REFUSED_BREADTH,
    REFUSES,
    Form,
)
from probe.judge.hypothesis.likelihood import (
    COMMON_FORMS,
    SERVICE_FORMS,
    WORDED,
    Country,
    affected,
    burst_share,
    explain,
    log_sum,
)
from probe.model import Cause

Around = tuple[float, tuple[float, ...]]
"""What all other countries say together: log-probability if each is by itself, and under each kind of
what reaches several."""

_OK, _OUTAGE = Cause.OK, Cause.SERVICE_OUTAGE
_CAUSES = tuple(Cause)
_ALONE = (
    Cause.OK, Cause.LOCAL_FAULT, Cause.NETWORK_DISRUPTION, Cause.FILTERING, Cause.THROTTLING,
    Cause.GEO_BLOCK,
)  # fmt: skip
"""Causes that are a country's own."""
_REFUSED = _ALONE.index(Cause.GEO_BLOCK)
_exp, _exact = math.exp, math.fsum


def _breadths(form: Form) -> list[tuple[float, float]]:
    """How wide an outage of this form is; in a refusal's words one is never narrow."""
    return [b for b in BREADTH if form.name != "refusal" or b[0] > MOST_REFUSED]


_OUTAGES = tuple(
    (index, math.log(form.share) + math.log(weight), math.log(reach), math.log(1 - reach))
    for index, form in enumerate(SERVICE_FORMS)
    for reach, weight in _breadths(form)
)
"""Every (form, breadth) of an outage: index of the form, log prior, log reached, log spared."""
_REFUSAL = [form.name for form in SERVICE_FORMS].index("refusal")
_REFUSALS = tuple(
    (index, math.log(REFUSES) + math.log(weight), math.log(reach), math.log(1 - reach))
    for index, breadth in (
        (_REFUSAL, REFUSED_BREADTH), (COMMON_FORMS.index(WORDED), BARRED_BREADTH)
    )
    for reach, weight in breadth
)  # fmt: skip
"""The same of a refusal of several countries; its prior is whole. A plain one's words are those of
an outage that refuses: how many countries hear them is all that tells the two apart."""
_KINDS = (*_OUTAGES, *_REFUSALS)
_SPARED = tuple(prior + spared for _, prior, _, spared in _KINDS)
"""Of a country that such a one spares."""
_MANY = len(_OUTAGES)
_WORDED = len(_KINDS) - len(BARRED_BREADTH)
"""From here on the kinds are refusals that nobody takes for an outage."""
_NARROWEST = min(math.log(reach) for reach, _ in BREADTH)
_NARROW = tuple(i for i, (_, _, reach, _) in enumerate(_OUTAGES) if reach == _NARROWEST)


class _Belief(msgspec.Struct, frozen=True, eq=False):
    """What was believed beforehand, in logs."""

    alone: tuple[float, ...]
    """In the order of _ALONE."""
    outage: float
    none: float


def _belief(before: Mapping[Cause, float], raised: Mapping[Cause, float]) -> _Belief:
    return _Belief(
        tuple([math.log(before[cause] + raised.get(cause, 0.0)) for cause in _ALONE]),
        math.log(before[_OUTAGE]),
        math.log(1 - before[_OUTAGE]),
    )


_USUAL = _belief(PRIOR, {})


class _Told(msgspec.Struct, frozen=True, eq=False):
    """What a country's own sights say, whatever is seen elsewhere."""

    alone: tuple[float, ...]
    """Under each cause that is its own, in the order of _ALONE."""
    struck: tuple[float, ...]
    """Under each kind of outage, or refusal, that reaches it, with its prior."""
    lone: float
    """Under a narrow outage of any kind that reaches it."""
    idle: float
    """Of what looks well, the share in which every network has passing trouble."""
    calm: float
    outages: tuple[float, ...]
    """What it adds as another's outside: by itself, and under each kind of what reaches several."""


@lru_cache(maxsize=32768)
def _told(country: Country) -> _Told:
    seen = explain(country)
    alone = tuple([seen.alone[cause] for cause in _ALONE])
    calm, forms = log_sum(list(map(add, _USUAL.alone, alone))), seen.service
    struck = tuple([prior + reached + forms[form] for form, prior, reached, _ in _KINDS])
    return _Told(
        alone,
        struck,
        log_sum([struck[kind] for kind in _NARROW]),
        math.exp(min(0.0, seen.nothing_works - seen.alone[_OK])),
        calm,
        tuple([_either(hit + forms[form], miss + calm) for form, _, hit, miss in _KINDS]),
    )


def _either(one: float, other: float) -> float:
    """Log of e^one + e^other."""
    more, less = (one, other) if one > other else (other, one)
    return more + math.log1p(math.exp(less - more))


def outside(others: Mapping[Country, int]) -> Around:
    """Sum what other countries add: what they saw, and how many saw it.

    The sums are exact until they are rounded once: no order of the countries changes them.
    """
    if not others:
        return 0.0, (0.0,) * len(_KINDS)
    terms = list(map(_times, others.keys(), others.values()))
    columns = zip(*[outages for _, outages in terms], strict=True)
    return _exact([own for own, _ in terms]), tuple(map(_exact, columns))


@lru_cache(maxsize=8192)
def _times(country: Country, count: int) -> tuple[float, Sequence[float]]:
    told = _told(country)
    calm, outages = count * told.calm, told.outages
    return calm, outages if count == 1 else [count * out for out in outages]


def without(around: Around, country: Country) -> Around:
    """Take one country out of a sum that it is part of."""
    told = _told(country)
    calm, stormy = around
    return calm - told.calm, tuple(map(sub, stormy, told.outages))


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
    told = _told(country)
    belief = _USUAL if before is PRIOR and raised is None else _belief(before, raised or {})
    calm, stormy = around
    spared, struck = list(map(add, _SPARED, stormy)), list(map(add, told.struck, stormy))
    apart = log_sum((
        belief.none + calm, belief.outage + log_sum(spared[:_MANY]), *spared[_MANY:]
    ))  # fmt: skip
    logs = [own + prior + apart for prior, own in zip(belief.alone, told.alone, strict=True)]
    logs[_REFUSED] = log_sum((logs[_REFUSED], *struck[_MANY:]))
    # An outage among those whom a border's words spare: the two do not rule each other out.
    beside = told.lone + log_sum(spared[_WORDED:])
    logs.append(belief.outage + log_sum((*struck[:_MANY], beside)))
    total = log_sum(logs)
    return _split([_exp(value - total) for value in logs], told.idle)


def _split(shares: list[float], idle: float) -> dict[Cause, float]:
    """Give the dependency its share, and what does not work at all to nobody's `ok`.

    `shares`: of _ALONE, and of an outage.
    """
    ok, local, disruption, filtering, throttling, refusal, outage = shares
    idle *= ok
    return dict(zip(_CAUSES, (
        ok - idle, outage * (1 - DEPENDENCY_SHARE), outage * DEPENDENCY_SHARE, filtering,
        throttling, disruption, refusal, local + idle,
    ), strict=True))  # fmt: skip


_SPREADING = (
    Cause.SERVICE_OUTAGE, Cause.FILTERING, Cause.THROTTLING, Cause.NETWORK_DISRUPTION,
    Cause.GEO_BLOCK,
)  # fmt: skip
"""Causes that reach some of a country's networks; in the order of Cause, as a dependency's outage
reaches those that a service's does."""


@lru_cache(maxsize=32768)
def _parts(country: Country) -> tuple[tuple[tuple[float, ...], float, float], ...]:
    """Each network's part in every spreading cause, in passing trouble, and in all such trouble."""
    troubled = list(map(burst_share, country))
    everyone = sum(troubled)
    reached = zip(*[affected(country, cause) for cause in _SPREADING], strict=True)
    return tuple([
        ((part[0], *part), own, own / everyone if everyone else 0.0)
        for part, own in zip(reached, troubled, strict=True)
    ])  # fmt: skip


def within(country: Country, index: int, whole: dict[Cause, float]) -> dict[Cause, float]:
    """The support of every cause in one network of a country whose own support is known."""
    parts, troubled, share = _parts(country)[index]
    own = [whole[cause] * part for cause, part in zip(_CAUSES[1:], (*parts, share), strict=True)]
    rest = max(0.0, 1.0 - sum(own))
    own[-1] += rest * troubled
    own = [rest * (1 - troubled), *own]
    total = sum(own)
    return dict(zip(_CAUSES, [value / total for value in own], strict=True))


def inside(country: Country, whole: dict[Cause, float]) -> list[dict[Cause, float]]:
    """The support of every cause in each network of a country; like networks share theirs."""
    if len(country) == 1:
        return [within(country, 0, whole)]
    first = [country.index(network) for network in country]
    told = {index: within(country, index, whole) for index in set(first)}
    return [told[index] for index in first]


def leading(support: dict[Cause, float]) -> Cause:
    """The cause with most support; the earlier one in case of a tie."""
    if support[_OK] > 0.5:  # noqa: PLR2004 — nothing can have more than half beside it
        return _OK
    return max(_CAUSES, key=support.__getitem__)
