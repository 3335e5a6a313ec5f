"""What one network said of one feature, sight by sight, and what the hypotheses made of it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from probe.desk.numbering import Numbers
from probe.judge.evidence import rows, weigh
from probe.judge.health import Health
from probe.judge.hypothesis.episode import Run
from probe.judge.hypothesis.likelihood import (
    AGENT_OVERLAP,
    SERVICE_FORMS,
    Explained,
    explain,
    log_sum,
)
from probe.judge.hypothesis.likelihood import Network as Counted
from probe.judge.hypothesis.weighing import Place
from probe.model import Cause


class Looks(msgspec.Struct, frozen=True, kw_only=True):
    """The sights of one probe host that count, by what they are counted as."""

    probe: int
    """Its number in its network: ids of probe hosts are not shown."""
    measurements: dict[str, tuple[str, ...]]
    """Category → ids, the newest first."""
    controls_passed: int
    controls: int
    """Its newest looks at each of its controls."""
    controls_failed: tuple[str, ...] = ()
    """Endpoints."""


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """The sight of a network whose rules say most for the leading cause."""

    rules: dict[str, float]
    """Nats of each toward it."""
    counted: float
    """What the network gets for it: capped, and discounted for what others show too."""


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """One network, as the hypotheses count it."""

    asn: int
    counts: tuple[dict[str, int], ...]
    """Of each vantage: how many sights of each category."""
    controls_well: int
    weights: dict[str, float]
    """Nats toward a cause, from the rows that fired, once for the network."""
    looks: tuple[Looks, ...] = ()
    """The same sights, by name."""
    effective: float = 0.0
    """What its vantages count as independent ones: n / (1 + 0.6 (n - 1))."""
    says: dict[Cause, float] = {}
    """Log-likelihood of what it saw under each cause, if that reaches it, with its weights."""
    sign: Sign | None = None


def weighed_as(cause: Cause) -> Cause:
    """A dependency's outage is first weighed as the service's."""
    return Cause.SERVICE_OUTAGE if cause is Cause.DEPENDENCY_OUTAGE else cause


def networks(
    place: Place, cause: Cause, numbers: Numbers, healths: Mapping[str, Health]
) -> tuple[Network, ...]:
    return tuple(
        _network(asn, seen, _of(place, asn), weighed_as(cause), (numbers, healths))
        for asn, seen in zip(place.asns, place.sights, strict=True)
    )


def _of(place: Place, asn: int) -> list[Run]:
    return [run for run in place.runs if run.vantage.asn == asn]


def _network(
    asn: int,
    seen: Counted,
    runs: Sequence[Run],
    cause: Cause,
    known: tuple[Numbers, Mapping[str, Health]],
) -> Network:
    agents = len(seen.counts)
    return Network(
        asn=asn, controls_well=seen.well, weights=dict(seen.bonus),
        counts=tuple({c.value: n for c, n in counts} for counts in seen.counts),
        looks=tuple(sorted(_looks(runs, *known), key=lambda one: one.probe)),
        effective=round(agents / (1 + AGENT_OVERLAP * max(0, agents - 1)), 2),
        says=likelihoods(explain((seen,))), sign=_sign(runs, cause, dict(seen.bonus)),
    )  # fmt: skip


def likelihoods(seen: Explained) -> dict[Cause, float]:
    """Log P(what was seen | cause), of every cause that has one by itself."""
    outage = log_sum(_shared(seen.service))
    told = {**seen.alone, Cause.SERVICE_OUTAGE: outage}
    return {cause: told[cause] for cause in Cause if cause in told}


def _shared(forms: Iterable[float]) -> Iterator[float]:
    """`forms`: those of an outage come first."""
    return (math.log(form.share) + told for form, told in zip(SERVICE_FORMS, forms, strict=False))


def _looks(
    runs: Iterable[Run], numbers: Numbers, healths: Mapping[str, Health]
) -> Iterator[Looks]:
    for run in runs:
        found: dict[str, list[str]] = defaultdict(list)
        for finding in run.findings:
            found[finding.category.value].append(finding.sight.id)
        health = healths.get(run.vantage.id)
        controls = health.controls if health else ()
        yield Looks(
            probe=numbers.get(run.vantage.id, 0), controls=len(controls),
            measurements={name: tuple(ids) for name, ids in found.items()},
            controls_passed=sum(sight.met for sight in controls),
            controls_failed=tuple(sight.target.endpoint for sight in controls if not sight.met),
        )  # fmt: skip


def _sign(runs: Iterable[Run], cause: Cause, weights: Mapping[str, float]) -> Sign | None:
    said = [rows(finding) for run in runs for finding in run.findings if finding.failing]
    best = max(said, key=lambda each: weigh(each, cause), default=())
    rules = {row.id: row.weights[cause] for row in best if row.weights.get(cause)}
    return Sign(rules=rules, counted=weights.get(cause.value, 0.0)) if rules else None
