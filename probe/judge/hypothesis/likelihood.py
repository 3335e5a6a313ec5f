"""How well each cause explains one country: the affected networks summed out, in closed form.

Everything here is a function of small sorted tuples, so that like countries are weighed once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
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
    Counts,
    log_emission,
)
from probe.judge.hypothesis.reached import reached, shares
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
    """One entry for each of COMMON_FORMS: the form is the same in all countries."""
    nothing_works: float
    """The part of OK in which every network has passing trouble at once."""


SERVICE_FORMS = tuple(form for form in FORMS if form.cause is Cause.SERVICE_OUTAGE)
(WORDED,) = (form for form in FORMS if form.cause is Cause.GEO_BLOCK and form.name == "words")
COMMON_FORMS = (*SERVICE_FORMS, WORDED)
"""Of what may reach many countries at once: an outage, and a refusal that no outage words so."""
_COMMON = tuple((FORMS.index(form), form.cause) for form in COMMON_FORMS)


_exp, _log = math.exp, math.log
NAUGHT = 45.0
"""Nats below the greatest term of a sum at which one changes no digit of it: e^-45 is 3e-20."""


def log_sum(values: Iterable[float]) -> float:
    listed = values if type(values) is list else list(values)
    top = max(listed) if listed else -math.inf
    if top == -math.inf:
        return top
    least = top - NAUGHT
    return top + _log(sum([_exp(value - top) for value in listed if value > least]))


class _Lone(msgspec.Struct, frozen=True, eq=False):
    """One network under each form, if affected; and unaffected."""

    forms: tuple[float, ...]
    burst: float
    quiet: float
    """Well or passing trouble."""


@lru_cache(maxsize=65536)
def _lone(network: Network) -> _Lone:
    temper = _temper(len(network.counts))
    bonus = dict(network.bonus)
    seen = _summed(network.counts)
    forms = tuple(
        [
            temper * (told + network.well * passing) + bonus.get(form.cause.value, 0.0)
            for form, told, passing in zip(FORMS, seen, _PASSING, strict=True)
        ]
    )
    burst, quiet = _unaffected(network.counts, network.well, network.usual)
    return _Lone(forms, burst, quiet)


_PASSING = tuple(math.log(CONTROLS_WELL.get(form.cause, CONTROLS_WELL_ELSE)) for form in FORMS)
"""Log P(a vantage's foreign controls pass) under each form."""


def _temper(agents: int) -> float:
    return 1 / (1 + AGENT_OVERLAP * (agents - 1)) if agents else 1.0


def _summed(counts: tuple[Counts, ...]) -> tuple[float, ...]:
    """What all vantages saw, under each form."""
    if len(counts) == 1:
        return _emitted(counts[0])
    return tuple(map(sum, zip(*map(_emitted, counts), strict=True))) or (0.0,) * len(FORMS)


@lru_cache(maxsize=65536)
def _emitted(counts: Counts) -> tuple[float, ...]:
    return tuple([log_emission(form, counts) for form in FORMS])


@lru_cache(maxsize=65536)
def _unaffected(counts: tuple[Counts, ...], wells: int, usual: float) -> tuple[float, float]:
    """A network that nothing reaches: in passing trouble, and well or in passing trouble."""
    temper, peace = _temper(len(counts)), well(usual)
    calm = sum([log_emission(peace, each) for each in counts])
    calm = temper * (calm + wells * math.log(CONTROLS_WELL_ELSE)) + math.log(1 - BURST_SHARE)
    burst = sum([log_emission(BURST, each) for each in counts])
    burst = temper * (burst + wells * math.log(BURST_CONTROLS)) + math.log(BURST_SHARE)
    return burst, log_sum((calm, burst))


@lru_cache(maxsize=32768)
def explain(country: Country) -> Explained:
    """Weigh every cause for what one country saw."""
    lone = [_lone(network) for network in country]
    still = [n.quiet for n in lone]
    quiet = sum(still)
    alone = {
        Cause.OK: quiet,
        Cause.FILTERING: _shared_or_apart(lone, Cause.FILTERING),
        Cause.LOCAL_FAULT: _local(country, lone, quiet),
    }
    for cause in (Cause.THROTTLING, Cause.GEO_BLOCK, Cause.NETWORK_DISRUPTION):
        alone[cause] = _shared_or_apart(lone, cause)
    service = tuple(reached([n.forms[i] for n in lone], still, cause) for i, cause in _COMMON)
    return Explained(alone, service, sum(n.burst for n in lone) if lone else -math.inf)


@lru_cache(maxsize=16)
def _indices(cause: Cause) -> tuple[int, ...]:
    return tuple(i for i, form in enumerate(FORMS) if form.cause is cause)


_SHARES = tuple(math.log(form.share) for form in FORMS)


@lru_cache(maxsize=65536)
def _mixed(network: _Lone, cause: Cause) -> float:
    """The network under a cause whose form is its own choice."""
    return log_sum([_SHARES[i] + network.forms[i] for i in _indices(cause)])


def _shared_or_apart(lone: list[_Lone], cause: Cause) -> float:
    """The country's networks use one form, or each its own: half and half."""
    forms, quiet = _indices(cause), [network.quiet for network in lone]
    shared = log_sum(
        [_SHARES[i] + reached([n.forms[i] for n in lone], quiet, cause) for i in forms]
    )
    if len(forms) == 1:
        return shared
    apart = reached([_mixed(n, cause) for n in lone], quiet, cause)
    return log_sum((shared, apart)) - math.log(2)


def _local(country: Country, lone: list[_Lone], quiet: float) -> float:
    """Exactly one vantage deviates; all others are as under OK."""
    options: list[float] = []
    for network, seen in zip(country, lone, strict=True):
        for counts, times in Counter(network.counts).items():
            others = list(network.counts)
            others.remove(counts)
            rest = 0.0
            if others:
                _, rest = _unaffected(tuple(others), max(0, network.well - 1), network.usual)
            options += [quiet - seen.quiet + rest + _faulty(counts, network)] * times
    return log_sum(options) - math.log(len(options)) if options else quiet


def _faulty(counts: Counts, network: Network) -> float:
    """One vantage of a network by itself, under a fault of its own."""
    controls = min(1, network.well) * _PASSING[_LOCAL]
    return _emitted(counts)[_LOCAL] + controls + dict(network.bonus).get(Cause.LOCAL_FAULT, 0.0)


(_LOCAL,) = _indices(Cause.LOCAL_FAULT)


def affected(country: Country, cause: Cause) -> tuple[float, ...]:
    """P(a network is among the affected | the cause is at work in the country), of each."""
    lone = [_lone(network) for network in country]
    return shares(_ways(lone, cause), [network.quiet for network in lone], cause)


def _ways(lone: list[_Lone], cause: Cause) -> list[tuple[float, list[float]]]:
    """Each way in which a cause may show itself in a country: one form for all, or each its own."""
    shared = [(_SHARES[i], [network.forms[i] for network in lone]) for i in _indices(cause)]
    if len(shared) == 1:
        return shared
    apart = [(0.0, [_mixed(network, cause) for network in lone])]
    return [(prior - math.log(2), struck) for prior, struck in (*shared, *apart)]


def burst_share(network: Network) -> float:
    """P(passing trouble | the network is not affected by anything)."""
    seen = _lone(network)
    return math.exp(seen.burst - seen.quiet)
