"""All countries weighed together: an outage of the service reaches many, everything else one.

A refusal is one decision, however many countries it is about: it costs once, not for each of
them. What is plainly refused to most countries is an outage's words, to fewer a border's; what is
refused in the words of a country or a law is a border's, to however many.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import add, mul

import msgspec

from probe.judge.hypothesis.around import (
    ALONE,
    BARRING,
    FAR,
    NARROW,
    OUTAGE_KINDS,
    REFUSAL_KINDS,
    UNIT,
    Around,
    Odds,
    Told,
    lanes,
    told,
)
from probe.judge.hypothesis.causes import DEPENDENCY_SHARE, PRIOR
from probe.judge.hypothesis.likelihood import Country, Network, affected, burst_share, log_sum
from probe.model import Cause

_OK, _OUTAGE, _LOCAL = Cause.OK, Cause.SERVICE_OUTAGE, Cause.LOCAL_FAULT
_CAUSES = tuple(Cause)
_REFUSED = ALONE.index(Cause.GEO_BLOCK)
_exp, _log = math.exp, math.log


class _Belief(msgspec.Struct, frozen=True, eq=False):
    """What was believed beforehand."""

    alone: tuple[float, ...]
    """In the order of ALONE."""
    outage: float


def _belief(before: Mapping[Cause, float], raised: Mapping[Cause, float]) -> _Belief:
    alone = tuple([before[cause] + raised.get(cause, 0.0) for cause in ALONE])
    return _Belief(alone, before[_OUTAGE])


_USUAL = _belief(PRIOR, {})
_MISSED = tuple(kind.prior + kind.spared for kind in OUTAGE_KINDS)
"""Log, of a country that an outage spares."""
_UNREFUSED = tuple(kind.prior + kind.spared for kind in REFUSAL_KINDS)
"""Of one that hears none of a refusal."""
_FEW, _MANY, _BARRING = len(NARROW), len(OUTAGE_KINDS), -len(BARRING)
_Shares = list[float]
"""Of ALONE, and of an outage; in proportion."""


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
    own = told(country)
    belief = _USUAL if before is PRIOR and raised is None else _belief(before, raised or {})
    *several, calm = lanes(around)
    widest = max(several[_FEW:_MANY])
    # All is beside what the others say if each is by itself. Mostly that rules out all wide outages.
    outages = several[: _FEW if widest <= calm - own.least else _MANY]
    refusals = several[_MANY:]
    if own.odds is None or max(widest, *outages, *refusals) - calm > FAR / UNIT:
        shares = _by_logs(own, belief, _nats(outages, calm), _nats(refusals, calm))
    else:
        shares = _by_odds(own.odds, belief, _odds(outages, calm), _odds(refusals, calm))
    total = sum(shares)
    return _split([share / total for share in shares], own.idle)


def _nats(steps: Sequence[int], calm: int) -> list[float]:
    """By which the others speak for a kind."""
    return [(step - calm) * UNIT for step in steps]


def _odds(steps: Sequence[int], calm: int) -> list[float]:
    return [_exp((step - calm) * UNIT) for step in steps]


_MISSED_ODDS, _UNREFUSED_ODDS = (tuple(map(math.exp, logs)) for logs in (_MISSED, _UNREFUSED))


def _by_odds(
    own: Odds, belief: _Belief, storms: Sequence[float], words: Sequence[float]
) -> _Shares:
    """`storms`, `words`: how the others speak for each kind of outage, the first ones or all, and of refusal."""
    heard = list(map(mul, words, _UNREFUSED_ODDS))
    missed = sum(map(mul, storms, _MISSED_ODDS))
    apart = 1 - belief.outage + belief.outage * missed + sum(heard)
    shares = [seen * prior * apart for seen, prior in zip(own.alone, belief.alone, strict=True)]
    shares[_REFUSED] += sum(map(mul, words, own.refused))
    # An outage among those whom a border's words spare: the two do not rule each other out.
    beside = own.narrow * sum(heard[_BARRING:])
    shares.append(belief.outage * (sum(map(mul, storms, own.struck)) + beside))
    return shares


def _by_logs(
    own: Told, belief: _Belief, outages: Sequence[float], refusals: Sequence[float]
) -> _Shares:
    """The same where odds are too long for plain numbers."""
    outage = _log(belief.outage)
    heard = list(map(add, refusals, _UNREFUSED))
    missed = [outage + log for log in map(add, outages, _MISSED)]
    apart = log_sum([_log(1 - belief.outage), *missed, *heard])
    alone = [
        seen + _log(prior) + apart for seen, prior in zip(own.alone, belief.alone, strict=True)
    ]
    refused = list(map(add, refusals, own.refused))
    beside = [own.narrow + log for log in heard[_BARRING:]]
    struck = [outage + log for log in (*map(add, outages, own.struck), *beside)]
    top = max(*alone, *refused, *struck)
    shares = [_exp(log - top) for log in alone]
    shares[_REFUSED] += sum([_exp(log - top) for log in refused])
    shares.append(sum([_exp(log - top) for log in struck]))
    return shares


def _split(shares: _Shares, idle: float) -> dict[Cause, float]:
    """Give the dependency its share, and what does not work at all to nobody's `ok`.

    `shares`: they sum to 1.
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


def _only(network: Network, whole: dict[Cause, float]) -> dict[Cause, float]:
    """As `within`, of a country's only network: what is the country's is its own, but passing trouble."""
    troubled = whole[_OK] * burst_share(network)
    return {**whole, _OK: whole[_OK] - troubled, _LOCAL: whole[_LOCAL] + troubled}


def inside(country: Country, whole: dict[Cause, float]) -> list[dict[Cause, float]]:
    """The support of every cause in each network of a country; like networks share theirs."""
    if len(country) == 1:
        return [_only(country[0], whole)]
    first = [country.index(network) for network in country]
    told = {index: within(country, index, whole) for index in set(first)}
    return [told[index] for index in first]


def leading(support: dict[Cause, float]) -> Cause:
    """The cause with most support; the earlier one in case of a tie."""
    if support[_OK] > 0.5:  # noqa: PLR2004 — nothing can have more than half beside it
        return _OK
    return max(_CAUSES, key=support.__getitem__)
