"""How well each cause explains one country: the affected networks summed out, in closed form.

Everything here is a function of small sorted tuples, so that like countries are weighed once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from probe.judge.hypothesis.baseline import LEVELS, well
from probe.judge.hypothesis.causes import (
    BURST,
    BURST_CONTROLS,
    BURST_SHARE,
    CONTROLS_WELL,
    CONTROLS_WELL_ELSE,
    FORMS,
    REACH,
    Counts,
    Form,
    Reach,
    log_emission,
)
from probe.model import Cause

AGENT_OVERLAP = 0.6
"""Agents of one network share path, resolver and outages: n of them count n / (1 + 0.6 (n - 1))."""


class Network(msgspec.Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """What one network's vantages saw of one feature; equal ones are the same to the judge."""

    counts: tuple[Counts, ...]
    """One entry for each vantage, sorted."""
    well: int = 0
    """Vantages whose foreign controls passed meanwhile."""
    bonus: tuple[tuple[str, float], ...] = ()
    """Nats toward a cause from the rows' weights, sorted by the cause's name."""
    usual: float = LEVELS[0]
    """How often a try fails there in peace: one of the levels."""


NEXT_TO_NOTHING = 1e-15

Country = tuple[Network, ...]
"""Sorted."""


@lru_cache(maxsize=65536)
def network(
    counts: tuple[Counts, ...], well: int, bonus: tuple[tuple[str, float], ...], usual: float
) -> Network:
    """Make a network; like ones are the same one, whose hash is known."""
    return Network(counts, well, bonus, usual)


class Explained(msgspec.Struct, frozen=True, eq=False):
    """log P(what a country saw | cause)."""

    alone: dict[Cause, float]
    """Causes that are the country's own, and OK."""
    service: tuple[float, ...]
    """One entry for each form of SERVICE_OUTAGE: the form is the same in all countries."""
    nothing_works: float
    """The part of OK in which every network has passing trouble at once."""


SERVICE_FORMS = tuple(form for form in FORMS if form.cause is Cause.SERVICE_OUTAGE)


def log_sum(values: Iterable[float]) -> float:
    listed = list(values)
    top = max(listed, default=-math.inf)
    if top == -math.inf:
        return top
    return top + math.log(sum([math.exp(value - top) for value in listed]))


class _Lone(msgspec.Struct, frozen=True, eq=False):
    """One network under each form, if affected; and unaffected."""

    forms: tuple[float, ...]
    well: float
    burst: float
    quiet: float
    """Well or passing trouble."""


@lru_cache(maxsize=65536)
def _lone(network: Network) -> _Lone:
    agents = len(network.counts)
    temper = 1 / (1 + AGENT_OVERLAP * (agents - 1)) if agents else 1.0
    bonus = dict(network.bonus)

    def emitted(form_index: int) -> float:
        form = FORMS[form_index]
        told = bonus.get(form.cause.value, 0.0)
        controls = network.well * math.log(CONTROLS_WELL.get(form.cause, CONTROLS_WELL_ELSE))
        return temper * (sum(log_emission(form, c) for c in network.counts) + controls) + told

    def unaffected(form: Form, passing: float) -> float:
        seen = sum(log_emission(form, c) for c in network.counts)
        return temper * (seen + network.well * math.log(passing))

    calm = math.log(1 - BURST_SHARE) + unaffected(well(network.usual), CONTROLS_WELL_ELSE)
    burst = math.log(BURST_SHARE) + unaffected(BURST, BURST_CONTROLS)
    forms = tuple(emitted(i) for i in range(len(FORMS)))
    return _Lone(forms, calm, burst, log_sum((calm, burst)))


@lru_cache(maxsize=32768)
def explain(country: Country) -> Explained:
    """Weigh every cause for what one country saw."""
    lone = [_lone(network) for network in country]
    quiet = sum(n.quiet for n in lone)
    alone = {
        Cause.OK: quiet,
        Cause.FILTERING: _shared_or_apart(lone, Cause.FILTERING),
        Cause.LOCAL_FAULT: _local(country, lone, quiet),
    }
    for cause in (Cause.THROTTLING, Cause.GEO_BLOCK, Cause.NETWORK_DISRUPTION):
        alone[cause] = _shared_or_apart(lone, cause)
    service = tuple(
        _reached([n.forms[i] for n in lone], lone, Cause.SERVICE_OUTAGE)
        for i in _indices(Cause.SERVICE_OUTAGE)
    )
    return Explained(alone, service, sum(n.burst for n in lone) if lone else -math.inf)


@lru_cache(maxsize=16)
def _indices(cause: Cause) -> tuple[int, ...]:
    return tuple(i for i, form in enumerate(FORMS) if form.cause is cause)


def _mixed(network: _Lone, cause: Cause) -> float:
    """The network under a cause whose form is its own choice."""
    return log_sum(math.log(FORMS[i].share) + network.forms[i] for i in _indices(cause))


def _shared_or_apart(lone: list[_Lone], cause: Cause) -> float:
    """The country's networks use one form, or each its own: half and half."""
    forms = _indices(cause)
    shared = log_sum(
        math.log(FORMS[i].share) + _reached([n.forms[i] for n in lone], lone, cause) for i in forms
    )
    if len(forms) == 1:
        return shared
    apart = _reached([_mixed(n, cause) for n in lone], lone, cause)
    return log_sum((shared, apart)) - math.log(2)


def _reached(affected: Sequence[float], lone: Sequence[_Lone], cause: Cause) -> float:
    """Sum out which networks are affected, at least one, over the grid of reaches.

    A cause that reaches nobody here is not at work here: else a belief in one that is over
    would never fade, for all that is well could be spared.
    """
    pairs = [(a, n.quiet) for a, n in zip(affected, lone, strict=True)]
    whole = log_sum([
        point.weight + sum([_either(point, a, quiet) for a, quiet in pairs])
        for point in REACH[cause]
    ])  # fmt: skip
    spared, possible = _nobody(cause, len(pairs))
    return log_less(whole, spared + sum([quiet for _, quiet in pairs])) - possible


@lru_cache(maxsize=4096)
def _nobody(cause: Cause, networks: int) -> tuple[float, float]:
    """Log P(none of so many networks is reached), and of the contrary."""
    none = log_sum(point.weight + networks * point.spared for point in REACH[cause])
    return none, log_less(0.0, none)


def log_less(whole: float, part: float) -> float:
    """Log of e^whole - e^part; what rounding leaves of nothing is next to nothing."""
    left = -math.expm1(part - whole) if part < whole else 0.0
    return whole + math.log(max(left, NEXT_TO_NOTHING))


def _either(point: Reach, affected: float, quiet: float) -> float:
    """Log of hit·e^affected + spared·e^quiet; written out, for it is the innermost step."""
    hit, spared = point.hit + affected, point.spared + quiet
    if hit > spared:
        return hit + math.log1p(math.exp(spared - hit))
    return spared + math.log1p(math.exp(hit - spared))


def _local(country: Country, lone: list[_Lone], quiet: float) -> float:
    """Exactly one vantage deviates; all others are as under OK."""
    local = _indices(Cause.LOCAL_FAULT)[0]
    options = []
    for network, seen in zip(country, lone, strict=True):
        for counts in network.counts:
            others = list(network.counts)
            others.remove(counts)
            left = Network(tuple(others), max(0, network.well - 1), (), network.usual)
            rest = _lone(left).quiet if others else 0.0
            mine = _lone(Network((counts,), min(1, network.well), network.bonus)).forms[local]
            options.append(quiet - seen.quiet + rest + mine)
    return log_sum(options) - math.log(len(options)) if options else quiet


@lru_cache(maxsize=32768)
def affected(country: Country, index: int, cause: Cause) -> float:
    """P(this network is among the affected | the cause is at work in the country)."""
    lone = [_lone(network) for network in country]
    quiet = [n.quiet for n in lone]
    wholes, hits, spared = [], [], []
    for prior, struck in _ways(lone, cause):
        for point in REACH[cause]:
            each = [_either(point, a, q) for a, q in zip(struck, quiet, strict=True)]
            whole = prior + point.weight + sum(each)
            wholes.append(whole)
            hits.append(whole - each[index] + point.hit + struck[index])
            spared.append(prior + point.weight + len(lone) * point.spared + sum(quiet))
    return math.exp(min(0.0, log_sum(hits) - log_less(log_sum(wholes), log_sum(spared))))


def _ways(lone: list[_Lone], cause: Cause) -> list[tuple[float, list[float]]]:
    """Each way in which a cause may show itself in a country: one form for all, or each its own."""
    shared = [
        (math.log(FORMS[i].share), [network.forms[i] for network in lone]) for i in _indices(cause)
    ]
    if len(shared) == 1:
        return shared
    apart = [(0.0, [_mixed(network, cause) for network in lone])]
    return [(prior - math.log(2), struck) for prior, struck in (*shared, *apart)]


def burst_share(network: Network) -> float:
    """P(passing trouble | the network is not affected by anything)."""
    seen = _lone(network)
    return math.exp(seen.burst - seen.quiet)
