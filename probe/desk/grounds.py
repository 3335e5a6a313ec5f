"""How one feature was weighed in one country: priors, log-likelihoods, support, and the gate.

Prior, this country and the others are given apart, so that they can be multiplied again; each
later step says what it moved.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from probe.desk.connected import Connected
from probe.desk.legend import Bar, Wanting, bars, wanting
from probe.desk.networks import Network, likelihoods, networks
from probe.desk.numbering import Numbers
from probe.judge.health import Health
from probe.judge.hypothesis.abroad import abroad
from probe.judge.hypothesis.belief import MOST_CARRIED
from probe.judge.hypothesis.causes import DEPENDENCY_SHARE, PRIOR
from probe.judge.hypothesis.episode import heard_since, through
from probe.judge.hypothesis.gate import Ground
from probe.judge.hypothesis.joint import posterior
from probe.judge.hypothesis.likelihood import explain, log_sum
from probe.judge.hypothesis.unit import named
from probe.judge.hypothesis.verdicts import ground_of
from probe.judge.hypothesis.weighing import Matter, Place
from probe.judge.view import View, window_start
from probe.model import Cause, State, Verdict

_BY_ITSELF = (Cause.FILTERING, Cause.THROTTLING, Cause.NETWORK_DISRUPTION)
"""Causes to which no other country adds anything, and from which nothing is moved."""
VISIBLE = 5e-5
"""A share that four digits show."""


class Rival(msgspec.Struct, frozen=True, kw_only=True):
    cause: Cause
    prior: float | None
    """What was believed before this window; None of a cause that is weighed with another."""
    log_likelihood: float | None
    """Of what this country saw; None of a cause that is weighed with another."""
    support: float
    """After all countries were weighed together, and the service's other features beside."""
    raised: float = 0.0
    """What the service's other features in this country add to the prior."""
    others: float | None = None
    """Nats that the other countries add, beside what they add to a cause of this country alone."""
    product: float | None = None
    """(prior + raised) × e^log_likelihood × e^others."""
    share: float | None = None
    """The product, of all products."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What the shares went through before they were the support."""

    said: str
    support: dict[Cause, float]
    """After it."""


class Prior(msgspec.Struct, frozen=True, kw_only=True):
    """Where the priors come from."""

    window: datetime
    """What is older is not weighed, but remembered."""
    believed: datetime | None
    """The judging whose belief was carried on; None where the usual priors stand."""
    failing: datetime | None
    """Since when it fails here, as far as is remembered."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    feature: str
    country: str
    path: str
    """`hypotheses`; `paired`: one look beside its helper's, pooled; or `connectivity`."""
    networks: tuple[Network, ...]
    outside: int
    """Other countries that were weighed beside it."""
    causes: tuple[Rival, ...]
    """The best supported first."""
    gate: Ground | None
    """What stood behind the leading cause when it was asked how sure one may be."""
    leading: Cause
    state: State
    before: Prior | None = None
    steps: tuple[Step, ...] = ()
    reached_from: tuple[str, ...] = ()
    """Other countries that get through since it began here."""
    not_reached_from: tuple[str, ...] = ()
    connected: Connected | None = None
    """Of a verdict about connectivity itself."""
    bars: tuple[Bar, ...] = ()
    """The gate's numbers in words, and what each had to be."""
    wanting: Wanting | None = None
    """What would have made it surer."""


def weighed(
    verdict: Verdict, matter: Matter, view: View, numbers: Numbers, healths: Mapping[str, Health]
) -> Weighed:
    """Say how a country's verdict came about."""
    place = matter.place(verdict.country)
    reached, barred = _abroad(matter, verdict.country, place.begun)
    found = _shares(place)
    gate = ground_of(matter, verdict.country, verdict.leading, abroad(matter, view), view)
    return Weighed(
        feature=verdict.feature, country=verdict.country, path="hypotheses",
        networks=networks(place, verdict.leading, numbers, healths), outside=len(matter) - 1,
        causes=tuple(_cause(c, found, verdict) for c in _ranked(verdict)),
        gate=gate, bars=bars(verdict.leading, gate), wanting=wanting(verdict.leading, gate),
        leading=verdict.leading, state=verdict.state, before=_before(verdict, place, view),
        steps=tuple(_steps(place, found, verdict)),
        reached_from=reached, not_reached_from=barred,
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


def offline(verdict: Verdict, found: Connected) -> Weighed:
    """Say how a verdict about connectivity came about: by controls and by who fell silent."""
    return Weighed(
        feature="", country=verdict.country, path="connectivity", networks=(),
        outside=len(found.elsewhere), gate=None, leading=verdict.leading, state=verdict.state,
        causes=tuple(
            Rival(cause=c, prior=None, log_likelihood=None, support=verdict.support[c])
            for c in _ranked(verdict) if verdict.support[c]
        ),
        connected=found,
    )  # fmt: skip


def _ranked(verdict: Verdict) -> list[Cause]:
    return sorted(verdict.support, key=lambda cause: -verdict.support[cause])


# ── the product ──────────────────────────────────────────────────────────────────────────────


class _Share(msgspec.Struct, frozen=True):
    prior: float
    raised: float
    here: float
    others: float
    product: float
    share: float


def _shares(place: Place) -> dict[Cause, _Share]:
    """What each cause comes to before anything is moved, by its three factors.

    What the other countries add to a cause is what it has beyond the causes that are this country's
    alone, to all of which they add the same.
    """
    told, raised = likelihoods(explain(place.sights)), place.raised or {}
    found = posterior(place.sights, place.around, place.before, place.raised)
    found[Cause.SERVICE_OUTAGE] += found[Cause.DEPENDENCY_OUTAGE]
    own = {c: math.log(place.before[c] + raised.get(c, 0.0)) + told[c] for c in told}
    reference = max(_BY_ITSELF, key=found.__getitem__)
    base = own[reference] - _log(found[reference])
    others = dict.fromkeys(told, 0.0)
    for cause in (Cause.SERVICE_OUTAGE, Cause.GEO_BLOCK):
        others[cause] = _log(found[cause]) + base - own[cause]
    logs = {c: own[c] + others[c] for c in told}
    whole = log_sum(logs.values())
    return {
        c: _Share(
            place.before[c], raised.get(c, 0.0), told[c], others[c],
            math.exp(min(log, _MOST)), math.exp(log - whole),
        )
        for c, log in logs.items()
    }  # fmt: skip


_LEAST, _MOST = 5e-324, 709.0
"""What a float can hold: the least, and the log of the most."""


def _log(share: float) -> float:
    return math.log(max(share, _LEAST))


def _cause(cause: Cause, found: Mapping[Cause, _Share], verdict: Verdict) -> Rival:
    own = found.get(cause)
    if own is None:
        return Rival(cause=cause, prior=None, log_likelihood=None, support=verdict.support[cause])
    return Rival(
        cause=cause, prior=own.prior, raised=own.raised, log_likelihood=round(own.here, 3),
        others=round(own.others, 3), product=own.product, share=own.share,
        support=verdict.support[cause],
    )  # fmt: skip


# ── what is moved afterwards ─────────────────────────────────────────────────────────────────


def _steps(place: Place, found: Mapping[Cause, _Share], verdict: Verdict) -> Iterator[Step]:
    """Each step that moved a share which four digits show."""
    now = {cause: found[cause].share if cause in found else 0.0 for cause in Cause}
    for said, support in _stages(place, now, verdict):
        if any(abs(support[cause] - now[cause]) >= VISIBLE for cause in Cause):
            yield Step(said=said, support=support)
        now = support


def _stages(
    place: Place, shares: dict[Cause, float], verdict: Verdict
) -> Iterator[tuple[str, dict[Cause, float]]]:
    weighed_ = posterior(place.sights, place.around, place.before, place.raised)
    parted = {
        **shares,
        Cause.SERVICE_OUTAGE: weighed_[Cause.SERVICE_OUTAGE],
        Cause.DEPENDENCY_OUTAGE: weighed_[Cause.DEPENDENCY_OUTAGE],
    }
    yield f"{DEPENDENCY_SHARE:.0%} of service_outage counts as dependency_outage", parted
    yield "of ok, what has passing trouble on all networks at once counts as local_fault", weighed_
    if place.shared:
        first = place.shared[0]
        sure = 1 / (1 + math.exp(-first.gain))
        moved = {cause: held * (1 - sure) for cause, held in weighed_.items()}
        moved[Cause.DEPENDENCY_OUTAGE] += sure
        yield (
            (
                f"{named(first.key)}, on which {first.services} failing services stand, explains it better "
                f"by {first.gain:.2f} nats: {sure:.4f} of every cause goes to dependency_outage"
            ),
            moved,
        )
    yield (
        (
            "filtering and geo_block are told apart by how the networks differ and where packets end; "
            "what is neither silent nor in the server's words is no geo_block"
        ),
        dict(place.support),
    )
    yield "what is known of the vantages and networks themselves", dict(verdict.support)


def _before(verdict: Verdict, place: Place, view: View) -> Prior:
    cell = (verdict.service, verdict.feature, verdict.country)
    held = [b.at for b in view.memory.beliefs.get(cell, ()) if b.at <= window_start(view)]
    known = (view.memory.begun.get((*cell[:2], asn)) for asn in place.asns)
    return Prior(
        window=window_start(view), believed=held[-1] if held and place.before is not PRIOR else None,
        failing=min((at for at in (*known, place.begun) if at is not None), default=None),
    )  # fmt: skip


def carried(before: Prior) -> str:
    """Say where the priors come from."""
    if before.believed is None:
        return f"usual ones; nothing was held against it before {before.window:%H:%M:%S}, where the window begins"
    since = f"; it fails since {before.failing:%Y-%m-%d %H:%M:%S}" if before.failing else ""
    return (
        f"the belief of {before.believed:%H:%M:%S}, the last before the window (from {before.window:%H:%M:%S}) "
        f"that is weighed here, faded by its age and held to {MOST_CARRIED:g} in all but ok{since}"
    )


# ── elsewhere ────────────────────────────────────────────────────────────────────────────────


def _abroad(
    matter: Matter, country: str, begun: datetime | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Other countries that get through since then, and those that do not."""
    said: dict[bool, list[str]] = {True: [], False: []}
    for other in sorted({*matter.calm, *matter.places} - {country}):
        asked = [run for run in matter.place(other).runs if heard_since(run, begun)]
        if asked:
            said[2 * sum(through(run, begun) for run in asked) > len(asked)].append(other)
    return tuple(said[True]), tuple(said[False])
