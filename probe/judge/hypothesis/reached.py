"""Summing out which of a country's networks a cause reaches: in closed form, by polynomials.

Where a share h of networks is reached and s = 1 - h is not, what all of them saw is the product
of s·quiet + h·struck: a polynomial in h/s, whose terms count the networks reached. Its
coefficients depend on what was seen alone, and the moments of h and s on the cause alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from probe.judge.hypothesis.causes import REACH
from probe.model import Cause

NEXT_TO_NOTHING = 1e-15
LEAST = 1e-300
"""Below it a product of very many networks is not told from nothing."""
Pairs = Sequence[tuple[float, float]]
"""What each network says if it is not reached and if it is; the larger is 1."""


@lru_cache(maxsize=4096)
def moments(cause: Cause, networks: int) -> tuple[float, ...]:
    """P(these very ones are reached, and no others), for 0 of so many networks and up."""
    grid = [(math.exp(p.weight), math.exp(p.hit), math.exp(p.spared)) for p in REACH[cause]]
    return tuple([
        sum([weight * hit**k * spared ** (networks - k) for weight, hit, spared in grid])
        for k in range(networks + 1)
    ])  # fmt: skip


def against(struck: Iterable[float], quiet: Iterable[float]) -> tuple[float, Pairs]:
    """The larger of two logs of each network, in all; and both in plain numbers beside it."""
    base, pairs = 0.0, []
    for reached, spared in zip(struck, quiet, strict=True):
        gap = reached - spared
        if gap > 0:
            base += reached
            pairs.append((math.exp(-gap), 1.0))
        else:
            base += spared
            pairs.append((1.0, math.exp(gap)))
    return base, pairs


def _coefficients(pairs: Pairs) -> list[float]:
    """By how many are reached."""
    found = [1.0]
    for quiet, struck in pairs:
        last = 0.0
        for k, value in enumerate(found):
            found[k] = value * quiet + last * struck
            last = value
        found.append(last * struck)
    return found


def _others(found: Sequence[float], quiet: float, struck: float) -> list[float]:
    """The coefficients without one network: divided by the larger of its two, so that it holds."""
    if struck <= quiet:
        left, last = [], 0.0
        for value in found[:-1]:
            last = (value - last * struck) / quiet
            left.append(max(0.0, last))
        return left
    return _others(found[::-1], struck, quiet)[::-1]


def reached(struck: Iterable[float], quiet: Iterable[float], cause: Cause) -> float:
    """Log P(what was seen | the cause reaches one network at least).

    A cause that reaches nobody here is not at work here: else a belief in one that is over
    would never fade, for all that is well could be spared.
    """
    base, pairs = against(struck, quiet)
    chance = moments(cause, len(pairs))
    terms = [found * p for found, p in zip(_coefficients(pairs), chance, strict=True)]
    some = sum(terms[1:])
    least = (terms[0] + some) * NEXT_TO_NOTHING
    return base + math.log(max(some, least, LEAST)) - math.log(max(1 - chance[0], NEXT_TO_NOTHING))


def shares(
    ways: Iterable[tuple[float, Sequence[float]]], quiet: Sequence[float], cause: Cause
) -> tuple[float, ...]:
    """P(a network is among the reached | the cause is at work), of each.

    `ways`: log prior, and what each network says if reached.
    """
    told = [(prior, *against(struck, quiet)) for prior, struck in ways]
    top = max(prior + base for prior, base, _ in told)
    some, hits = 0.0, [0.0] * len(quiet)
    weigh = _divided if len(quiet) <= MANY else _by_points
    for prior, base, pairs in told:
        scale = math.exp(prior + base - top)
        whole, each = weigh(pairs, cause)
        some += scale * whole
        hits = [hit + scale * own for hit, own in zip(hits, each, strict=True)]
    return tuple([min(1.0, hit / max(some, LEAST)) for hit in hits])


MANY = 20
"""Above so many networks rounding spoils the division."""


def _divided(pairs: Pairs, cause: Cause) -> tuple[float, list[float]]:
    """P(what was seen, with one reached at least), and with each of them reached."""
    chance, found = moments(cause, len(pairs))[1:], _coefficients(pairs)
    each = {pair: pair[1] * _dot(_others(found, *pair), chance) for pair in set(pairs)}
    return _dot(found[1:], chance), [each[pair] for pair in pairs]


def _by_points(pairs: Pairs, cause: Cause) -> tuple[float, list[float]]:
    """The same, point by point of the grid of reaches."""
    hits = [0.0] * len(pairs)
    for p in REACH[cause]:
        hit, spared = math.exp(p.hit), math.exp(p.spared)
        each = [spared * quiet + hit * struck for quiet, struck in pairs]
        whole = math.exp(p.weight) * math.prod(each)
        for n, (_, struck) in enumerate(pairs):
            hits[n] += whole * hit * struck / each[n]
    return _dot(_coefficients(pairs)[1:], moments(cause, len(pairs))[1:]), hits


def _dot(some: Sequence[float], others: Sequence[float]) -> float:
    return sum([a * b for a, b in zip(some, others, strict=True)])
