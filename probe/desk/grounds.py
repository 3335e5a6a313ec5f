"""How one feature was weighed in one country: priors, log-likelihoods, support, and the gate."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from probe.judge.hypothesis.gate import Ground
from probe.judge.hypothesis.likelihood import SERVICE_FORMS, Explained, explain, log_sum
from probe.judge.hypothesis.verdicts import abroad, ground_of
from probe.judge.hypothesis.weighing import Matter
from probe.judge.view import View
from probe.model import Cause, State, Verdict

_SHARES = [math.log(form.share) for form in SERVICE_FORMS]


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """One network, as the hypotheses count it."""

    asn: int
    counts: tuple[dict[str, int], ...]
    """Of each vantage: how many sights of each category."""
    controls_well: int
    weights: dict[str, float]
    """Nats toward a cause, from the rows that fired, once for the network."""


class Rival(msgspec.Struct, frozen=True, kw_only=True):
    cause: Cause
    prior: float | None
    log_likelihood: float | None
    """Of what this country saw; None of a cause that is weighed with another."""
    support: float
    """After all countries were weighed together, and the service's other features beside."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    feature: str
    country: str
    path: str
    """`hypotheses`, or `paired`: one look beside its helper's, pooled."""
    networks: tuple[Network, ...]
    outside: int
    """Other countries that were weighed beside it."""
    causes: tuple[Rival, ...]
    """The best supported first."""
    gate: Ground | None
    """What stood behind the leading cause when it was asked how sure one may be."""
    leading: Cause
    state: State


def weighed(verdict: Verdict, matter: Matter, view: View) -> Weighed:
    """Say how a country's verdict came about."""
    place = matter.place(verdict.country)
    seen = explain(place.sights)
    pairs = zip(place.asns, place.sights, strict=True)
    return Weighed(
        feature=verdict.feature, country=verdict.country, path="hypotheses",
        networks=tuple(
            Network(
                asn=asn, controls_well=network.well, weights=dict(network.bonus),
                counts=tuple({c.value: n for c, n in counts} for counts in network.counts),
            )
            for asn, network in pairs
        ),
        outside=len(matter) - 1,
        causes=tuple(_cause(c, place.before, seen, verdict) for c in _ranked(verdict)),
        gate=ground_of(matter, verdict.country, verdict.leading, abroad(matter, view), view),
        leading=verdict.leading, state=verdict.state,
    )  # fmt: skip


def beside(verdict: Verdict) -> Weighed:
    """Say how a verdict from looks beside their helper's came about: by its rows' shares."""
    return Weighed(
        feature=verdict.feature, country=verdict.country, path="paired", networks=(), outside=0,
        causes=tuple(
            Rival(cause=c, prior=1 / len(Cause), log_likelihood=None, support=verdict.support[c])
            for c in _ranked(verdict)
        ),
        gate=None, leading=verdict.leading, state=verdict.state,
    )  # fmt: skip


def _ranked(verdict: Verdict) -> list[Cause]:
    return sorted(verdict.support, key=lambda cause: -verdict.support[cause])


def _cause(
    cause: Cause, before: Mapping[Cause, float], seen: Explained, verdict: Verdict
) -> Rival:
    told = seen.alone.get(cause)
    if cause is Cause.SERVICE_OUTAGE:
        told = log_sum(a + b for a, b in zip(_SHARES, seen.service, strict=True))
    return Rival(
        cause=cause, prior=before.get(cause), support=verdict.support[cause],
        log_likelihood=round(told, 3) if told is not None and math.isfinite(told) else None,
    )  # fmt: skip
