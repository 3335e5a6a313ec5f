"""Verdicts that belong together: one outage over many countries, one filter over a country's features."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, zip_longest
from math import ceil

import msgspec

from probe.judge.cells import akin, tested
from probe.judge.outages import MOST, Features, parted, struck, wide_features, width
from probe.model import (
    OUTAGES,
    SIDES,
    STRENGTH,
    Author,
    Cause,
    Evidence,
    Scope,
    Side,
    State,
    Verdict,
)

IN_A_COUNTRY = frozenset({Cause.FILTERING, Cause.THROTTLING})
MOST_PIECES = 12
EARLIER = 0.1
"""Share of the networks that may have had a trouble of their own just before all of them had this."""


class Group(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What one incident would be, by the verdicts of one moment."""

    cause: Cause
    service: str
    features: tuple[str, ...]
    countries: tuple[str, ...]
    networks: tuple[int, ...]
    scope: Scope
    state: State
    confidence: float
    mechanisms: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    vantages: int
    since: datetime | None
    seen: datetime | None = None
    """The newest look that shows it; None where what it is tells of no look."""
    shared: tuple[str, ...] = ()
    well: frozenset[int] = frozenset()
    """Networks of the same countries that see all of it well now."""
    healthy: tuple[str, ...] = ()


def gather(verdicts: Sequence[Verdict]) -> tuple[Group, ...]:
    """Group the verdicts that are at least suspected; the order of verdicts does not matter."""
    told = sorted(
        [v for v in verdicts if v.leading is not Cause.OK and STRENGTH[v.state]], key=_where
    )
    beside = _beside({v.service for v in told}, verdicts)
    wide = wide_features(chain.from_iterable(beside.values()))
    groups = [
        *_outages(told, beside, wide),
        *_refusals(told, beside),
        *_restrictions(told, beside, wide),
        *_common(told),
        *_disruptions(told, beside),
        *_faults(told),
    ]
    return tuple(groups)


def _where(verdict: Verdict) -> tuple[str, str, str, int]:
    return verdict.service, verdict.feature, verdict.country, verdict.network


Beside = Mapping[str, Sequence[Verdict]]
"""Service → all verdicts on it, in order; of services of which anything is told.

Those on connectivity are on the service without a name.
"""


def _beside(services: Collection[str], verdicts: Iterable[Verdict]) -> Beside:
    found: dict[str, list[Verdict]] = {service: [] for service in services}
    for v in verdicts:
        if v.service in found:
            found[v.service].append(v)
    for held in found.values():
        held.sort(key=_where)
    return found


def _outages(told: Sequence[Verdict], beside: Beside, wide: Features) -> list[Group]:
    by_service: dict[str, list[Verdict]] = defaultdict(list)
    for v in told:
        if v.leading in OUTAGES and v.service and not v.network:
            by_service[v.service].append(v)
    return [
        _group(cause, service, own, beside[service], width(cause, own, wide))
        for service, cells in by_service.items()
        for cause, own in parted(cells, beside[service], wide).items()
    ]


def _refusals(told: Sequence[Verdict], beside: Beside) -> list[Group]:
    by_service: dict[str, list[Verdict]] = defaultdict(list)
    for v in told:
        if v.leading is Cause.GEO_BLOCK and v.service:
            by_service[v.service].append(v)
    return [_refusal(service, own, beside) for service, own in by_service.items()]


def _refusal(service: str, told: Sequence[Verdict], beside: Beside) -> Group:
    """Of countries; and of networks that are refused where their country has another trouble."""
    whole = {(v.feature, v.country) for v in told if not v.network}
    own = [v for v in told if not v.network or (v.feature, v.country) not in whole]
    scope = Scope.COUNTRIES if whole else Scope.NETWORKS
    return _group(Cause.GEO_BLOCK, service, own, beside[service], scope)


def _restrictions(told: Sequence[Verdict], beside: Beside, wide: Features) -> list[Group]:
    """One group for each service and country whose networks filter or throttle.

    It is the country's where most of its networks do: those that nobody can tell of are not among them.
    """
    held: dict[tuple[Cause, str, str], list[Verdict]] = defaultdict(list)
    for v in told:
        if v.leading in IN_A_COUNTRY and v.service:
            held[v.leading, v.service, v.country].append(v)
    groups = []
    for (cause, service, country), own in held.items():
        chosen = [v for v in own if (v.service, v.feature) not in wide] or own
        features = {v.feature for v in chosen}
        here = [v for v in beside[service] if v.country == country]
        known = {v.network for v in here if v.network and v.feature in features}
        hit = {v.network for v in chosen if v.network}
        national = len(hit) > 1 and 2 * len(hit) > len(known)
        scope = Scope.COUNTRIES if national else Scope.NETWORKS
        groups.append(_group(cause, service, chosen, here, scope))
    return groups


def _common(told: Sequence[Verdict]) -> list[Group]:
    """One group for what vantages of many countries depend on, such as a public resolver."""
    by_name: dict[str, list[Verdict]] = defaultdict(list)
    for v in told:
        if v.leading is Cause.DEPENDENCY_OUTAGE and not v.service and v.shared:
            by_name[v.shared[0]].append(v)
    return [
        _group(Cause.DEPENDENCY_OUTAGE, "", own, (), Scope.DEPENDENCY) for own in by_name.values()
    ]


def _disruptions(told: Sequence[Verdict], beside: Beside) -> list[Group]:
    by_country: dict[str, list[Verdict]] = defaultdict(list)
    for v in told:
        if v.leading is Cause.NETWORK_DISRUPTION and not v.service:
            by_country[v.country].append(v)
    return [
        msgspec.structs.replace(
            _group(
                Cause.NETWORK_DISRUPTION, "", own, (),
                Scope.COUNTRIES if any(not v.network for v in own) else Scope.NETWORKS,
            ),
            well=_connected(country, beside[""]),
        )
        for country, own in by_country.items()
    ]  # fmt: skip


def _connected(country: str, verdicts: Iterable[Verdict]) -> frozenset[int]:
    """A country's networks whose own controls pass."""
    return frozenset(
        v.network
        for v in verdicts
        if v.country == country and v.network and v.leading is Cause.OK and STRENGTH[v.state]
    )


def _faults(told: Sequence[Verdict]) -> list[Group]:
    return [
        _group(Cause.LOCAL_FAULT, "", [v], (), Scope.VANTAGE)
        for v in told
        if v.leading is Cause.LOCAL_FAULT and not v.service and v.network
    ]


def _group(
    cause: Cause, service: str, own: Sequence[Verdict], everything: Sequence[Verdict], scope: Scope
) -> Group:
    best = max(own, key=lambda v: (STRENGTH[v.state], v.confidence))
    features = tuple(dict.fromkeys(v.feature for v in own if v.feature))
    countries = tuple(sorted({v.country for v in own}))
    networks = _networks(cause, own, everything, features)
    return Group(
        cause=cause, service=service, features=features, countries=countries,
        networks=tuple(sorted({v.network for v in networks})), scope=scope,
        state=best.state, confidence=best.confidence,
        mechanisms=_mechanisms(own), evidence=_evidence(cause, own),
        vantages=_vantages(_witnesses(cause, own, everything, features) or networks or own),
        since=_since(cause, own, everything, features),
        seen=max((v.seen for v in own if v.seen is not None), default=None),
        shared=_shared(own), well=_well(service, features, countries, everything),
        healthy=_healthy(service, features, countries, everything),
    )  # fmt: skip


def _networks(
    cause: Cause, own: Sequence[Verdict], everything: Sequence[Verdict], features: Sequence[str]
) -> Sequence[Verdict]:
    """What is told of networks that the cause leads in; of an outage too, though its scope is wider."""
    countries, service = {v.country for v in own}, own[0].service
    beside = [
        v
        for v in everything
        if v.leading in akin(cause) and v.service == service and v.network
        and (STRENGTH[v.state] or cause not in IN_A_COUNTRY)
        and v.country in countries and v.feature in features and tested(v)
    ]  # fmt: skip
    return [*(v for v in own if v.network), *beside]


def _since(
    cause: Cause, own: Sequence[Verdict], everything: Sequence[Verdict], features: Sequence[str]
) -> datetime | None:
    """When it was first seen: of a service by so many networks that it is no trouble of their own.

    What is told of connectivity was held to be one fall before: it began with the first.
    """
    if not own[0].service:
        return min((v.since for v in own if v.since is not None), default=None)
    countries = {v.country for v in own}
    beside = [
        v
        for v in everything
        if v.network and v.leading in akin(cause)
        and v.feature in features and v.country in countries
    ]  # fmt: skip
    times: dict[str, list[datetime]] = defaultdict(list)
    for v in beside or [v for v in own if v.network] or own:
        if v.since is not None:
            times[v.feature].append(v.since)
    several = [begun for begun in times.values() if len(begun) > 1] or list(times.values())
    return min(map(_joined, several), default=None)


def _joined(begun: Collection[datetime]) -> datetime:
    """When the second of a few joined, or the only one began; of many more are left out."""
    return sorted(begun)[min(ceil(EARLIER * len(begun)), len(begun) - 1)]


def _witnesses(
    cause: Cause, own: Sequence[Verdict], everything: Sequence[Verdict], features: Sequence[str]
) -> Sequence[Verdict]:
    if cause not in OUTAGES or not own[0].service:
        return ()
    return struck(
        cause, {v.country for v in own}, [v for v in everything if v.feature in features]
    )


def _vantages(own: Sequence[Verdict]) -> int:
    """How many saw it: of each place as many as saw any one feature fail."""
    most: dict[tuple[str, int], int] = {}
    for v in own:
        place = (v.country, v.network)
        most[place] = max(most.get(place, 0), v.vantages)
    return sum(most.values())


def _mechanisms(own: Sequence[Verdict]) -> tuple[str, ...]:
    counted: dict[str, int] = defaultdict(int)
    for v in own:
        for mechanism in v.mechanisms:
            counted[mechanism] += v.vantages
    return tuple(sorted(counted, key=lambda m: (-counted[m], m)))


def _evidence(cause: Cause, own: Sequence[Verdict]) -> tuple[Evidence, ...]:
    """Spread over the verdicts: the strongest of each first; of an outage no network's doing."""
    turns = zip_longest(*(v.evidence for v in own))
    pieces = dict.fromkeys(p for p in chain.from_iterable(turns) if p is not None)
    plain = [p for p in pieces if p.author is not Author.NETWORK] if cause in OUTAGES else ()
    return tuple(plain or pieces)[:MOST_PIECES]


def _well(
    service: str, features: Sequence[str], countries: Sequence[str], everything: Sequence[Verdict]
) -> frozenset[int]:
    seen: dict[int, bool] = {}
    for v in everything:
        if v.network and v.service == service and v.feature in features and v.country in countries:
            well = tested(v) and v.leading is Cause.OK
            seen[v.network] = seen.get(v.network, True) and well
    return frozenset(network for network, well in seen.items() if well)


def _shared(own: Sequence[Verdict]) -> tuple[str, ...]:
    """What most of the verdicts are explained by, the most telling first."""
    seen = Counter(v.shared[0] for v in own if v.shared)
    return tuple(name for name, count in seen.most_common() if 2 * count > seen.total())


def _healthy(
    service: str, features: Sequence[str], countries: Sequence[str], everything: Sequence[Verdict]
) -> tuple[str, ...]:
    """Features seen well in the same places."""
    cells: dict[str, list[Verdict]] = defaultdict(list)
    for v in everything:
        if v.service == service and not v.network and v.country in countries and tested(v):
            cells[v.feature].append(v)
    return tuple(f for f, held in cells.items() if f not in features and _sound(held))


def _sound(cells: Collection[Verdict]) -> bool:
    """Well in most of them, and in none seen to fail: a probe that is unwell itself says nothing."""
    well = sum(v.leading is Cause.OK and STRENGTH[v.state] > 0 for v in cells)
    failing = any(SIDES[v.leading] not in {Side.NONE, Side.OWN} for v in cells)
    return well >= MOST * len(cells) and not failing


def publishable(cause: Cause) -> bool:
    """Whether an incident of the cause is anybody's business but the operator's of a vantage."""
    return SIDES[cause] in {Side.SERVICE, Side.NETWORK}
