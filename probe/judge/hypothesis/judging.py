"""From measurements to verdicts: read, find, weigh, gate, for every cell of the catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from probe.judge.control import Reference, common_answers, control_paces, reference
from probe.judge.evidence import Finding, find
from probe.judge.health import Health, examine
from probe.judge.hypothesis.causes import DEPENDENCY_SHARE_SHARED, SIBLING
from probe.judge.hypothesis.connectivity import connectivity
from probe.judge.hypothesis.episode import (
    Run,
    authored,
    main_category,
    onset,
    runs,
    signature,
    since,
    span,
    through,
)
from probe.judge.hypothesis.gate import Ground, state
from probe.judge.hypothesis.joint import Around, leading, outside, posterior, share, within
from probe.judge.hypothesis.likelihood import Country
from probe.judge.hypothesis.words import mechanisms, shown
from probe.judge.rules import VERSION
from probe.judge.sight import Sight, read
from probe.judge.view import View, window_start
from probe.model import CONTROL, SIDES, Author, Cause, Measurement, Side, State, Verdict

SERVICE_SIDE = frozenset({Cause.SERVICE_OUTAGE, Cause.DEPENDENCY_OUTAGE})
UNTESTED = {cause: 0.3 if cause is Cause.LOCAL_FAULT else 0.1 for cause in Cause}
"""Nobody looked, or nobody who could tell: that is our own lack, and never `ok`."""
SHARED_FATE = (Cause.FILTERING, Cause.THROTTLING, Cause.GEO_BLOCK)
MOST = 0.6


class Place(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One feature in one country."""

    runs: tuple[Run, ...]
    begun: datetime | None
    sights: Country
    asns: tuple[int, ...]
    around: Around
    support: dict[Cause, float]

    @property
    def leads(self) -> Cause:
        return leading(self.support)


class Matter(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One feature over all countries."""

    service: str
    feature: str
    places: dict[str, Place]


def judge(measurements: Iterable[Measurement], view: View) -> tuple[Verdict, ...]:
    """Verdicts for each (service, feature, country, network), network 0 for the whole country.

    Verdicts with an empty service are about connectivity itself.
    """
    sights = _sights(measurements, view)
    healths = examine(sights, view)
    connected = connectivity(healths, view)
    found = _findings(sights)
    cells = _cells(healths.values())
    matters = [
        _matter(service, feature, runs(found.get((service, feature), ()), healths, view))
        for service, feature in _features(view, found)
    ]
    offline = {(v.country, v.network): v for v in connected if v.leading is not Cause.OK}
    verdicts = [
        verdict
        for matter in _shared(_siblings(matters))
        for verdict in _verdicts(matter, cells, offline, view)
    ]
    return (*verdicts, *connected)


def _sights(measurements: Iterable[Measurement], view: View) -> list[Sight]:
    """The window's sights, one for each id, in an order of their own."""
    first, last = window_start(view), view.now + view.round
    known = {m.id: m for m in measurements if first < m.at <= last}
    return [read(known[key]) for key in sorted(known)]


def _features(view: View, found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    listed = [(s.id, f.id) for s in view.services for f in s.features]
    return list(dict.fromkeys((*listed, *sorted(found))))


def _findings(sights: Sequence[Sight]) -> dict[tuple[str, str], list[Finding]]:
    by_endpoint: dict[tuple[str, str, str], list[Sight]] = defaultdict(list)
    for sight in sights:
        target = sight.measurement.target
        if target.service != CONTROL:
            by_endpoint[target.service, target.feature, target.endpoint].append(sight)
    own, common = control_paces(sights), common_answers(sights)
    found: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for (service, feature, _), held in by_endpoint.items():
        known: Reference = reference(held, own, common)
        found[service, feature].extend(find(sight, known) for sight in held)
    return found


def _cells(healths: Iterable[Health]) -> dict[str, tuple[int, ...]]:
    cells: dict[str, set[int]] = defaultdict(set)
    for health in healths:
        cells[health.vantage.country].add(health.vantage.asn)
    return {country: tuple(sorted(cells[country])) for country in sorted(cells)}


# ── weighing one feature ─────────────────────────────────────────────────────────────────────


def _matter(service: str, feature: str, held: Sequence[Run]) -> Matter:
    by_country: dict[str, list[Run]] = defaultdict(list)
    for run in held:
        by_country[run.vantage.country].append(run)
    shows = {country: main_category(own) for country, own in by_country.items()}
    alike = {
        country: sum(shows[c] is shown and shown is not None for c in shows if c != country)
        / max(1, len(shows) - 1)
        for country, shown in shows.items()
    }
    places = {country: _place(country, by_country, alike) for country in sorted(by_country)}
    return Matter(service=service, feature=feature, places=places)


def _place(
    country: str, by_country: Mapping[str, Sequence[Run]], alike: Mapping[str, float]
) -> Place:
    own = by_country[country]
    begun = onset(own)
    sights, asns = signature(own, begun, alike[country])
    others = [
        signature(held, begun, alike[other])[0]
        for other, held in by_country.items()
        if other != country
    ]
    around = outside(sorted(filter(None, others)))
    return Place(
        runs=tuple(own), begun=begun, sights=sights, asns=asns, around=around,
        support=posterior(sights, around),
    )  # fmt: skip


def _siblings(matters: Sequence[Matter]) -> list[Matter]:
    """Weigh each feature again beside the service's others in the same country."""
    broad: dict[tuple[str, str], list[tuple[str, dict[Cause, float]]]] = defaultdict(list)
    for matter in matters:
        for country, place in matter.places.items():
            if _broad([run for run in place.runs if run.failing]):
                broad[matter.service, country].append((matter.feature, place.support))
    return [_beside(matter, broad) for matter in matters]


def _broad(failing: Sequence[Run]) -> bool:
    """Two networks, or two vantages of one that show the network's own hand: no single mishap."""
    signed = [run for run in failing if authored(run, Author.NETWORK)]
    return len({run.vantage.asn for run in failing}) > 1 or len(signed) > 1


def _beside(
    matter: Matter, broad: Mapping[tuple[str, str], Sequence[tuple[str, dict[Cause, float]]]]
) -> Matter:
    places = dict(matter.places)
    for country, place in matter.places.items():
        others = [s for f, s in broad.get((matter.service, country), ()) if f != matter.feature]
        if others and place.begun is not None:
            raised = {c: SIBLING * max(s[c] for s in others) for c in SHARED_FATE}
            support = posterior(place.sights, place.around, raised)
            places[country] = msgspec.structs.replace(place, support=support)
    return msgspec.structs.replace(matter, places=places)


def _shared(matters: Sequence[Matter]) -> list[Matter]:
    """Look for what failing services share before blaming each of them."""
    failing = [matter for matter in matters if _fails_widely(matter)]
    users = _users(matters)
    down = {matter.service for matter in failing}
    return [
        _blame_dependency(matter)
        if matter in failing and _has_common_fault(matter, users, down)
        else matter
        for matter in matters
    ]


def _fails_widely(matter: Matter) -> bool:
    hit = [p for p in matter.places.values() if p.leads in SERVICE_SIDE]
    return len(hit) > 1 and len(hit) >= MOST * len(matter.places)


def _addresses(matter: Matter) -> set[str]:
    return {
        address
        for place in matter.places.values()
        for run in place.runs
        for address in run.findings[0].sight.answers
    }


def _users(matters: Sequence[Matter]) -> dict[str, set[str]]:
    """Address → services that stand on it."""
    users: dict[str, set[str]] = defaultdict(set)
    for matter in matters:
        for address in _addresses(matter):
            users[address].add(matter.service)
    return users


def _has_common_fault(matter: Matter, users: Mapping[str, set[str]], down: set[str]) -> bool:
    return any(
        len(users[address] & down) > 1 and len(users[address] & down) >= MOST * len(users[address])
        for address in _addresses(matter)
    )


def _blame_dependency(matter: Matter) -> Matter:
    places = {
        country: msgspec.structs.replace(
            place, support=share(place.support, DEPENDENCY_SHARE_SHARED)
        )
        for country, place in matter.places.items()
    }
    return msgspec.structs.replace(matter, places=places)


# ── verdicts ─────────────────────────────────────────────────────────────────────────────────


def _verdicts(
    matter: Matter,
    cells: Mapping[str, Sequence[int]],
    offline: Mapping[tuple[str, int], Verdict],
    view: View,
) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for country, asns in cells.items():
        place = matter.places.get(country)
        verdicts += [_in_network(matter, (country, asn), offline, view) for asn in asns]
        whole = (
            _untested(matter, (country, 0), offline.get((country, 0)), view)
            if place is None
            else _in_country(matter, country, len(cells), view)
        )
        verdicts.append(whole)
    return verdicts


def _in_country(matter: Matter, country: str, countries: int, view: View) -> Verdict:
    place = matter.places[country]
    cause = place.leads
    ground = _ground(matter, country, cause, countries, view)
    return _verdict(matter, (country, 0), place.support, ground, place.runs, view)


def _in_network(
    matter: Matter, where: tuple[str, int], offline: Mapping[tuple[str, int], Verdict], view: View
) -> Verdict:
    country, asn = where
    place = matter.places.get(country)
    held = [r for r in place.runs if r.vantage.asn == asn] if place is not None else []
    if place is None or asn not in place.asns or not held:
        return _untested(matter, where, offline.get(where), view)
    support = within(place.sights, place.asns.index(asn), place.support)
    cause = leading(support)
    if cause is place.leads and cause is not Cause.OK:
        ground = _ground(matter, country, cause, len(matter.places), view)
        ground = msgspec.structs.replace(ground, support=min(ground.support, support[cause]))
    else:
        ground = _own_ground(held, support[cause], view)
    return _verdict(matter, where, support, ground, held, view)


def _own_ground(held: Sequence[Run], support: float, view: View) -> Ground:
    failing = [run for run in held if run.failing]
    return Ground(
        support=support,
        rounds=span(failing, view.round),
        networks=len({run.vantage.asn for run in failing}),
        observed=len({run.vantage.asn for run in held}),
        vantages=len(failing),
        working=len(held) - len(failing),
    )


def _ground(matter: Matter, country: str, cause: Cause, countries: int, view: View) -> Ground:
    place = matter.places[country]
    held = [run for run in place.runs if run.failing and _hit(place, run, cause)]
    asns = {run.vantage.asn for run in held}
    reached, barred = _outside(matter, country, place.begun)
    outage = {c: p for c, p in matter.places.items() if p.leads in SERVICE_SIDE}
    everywhere = cause in SERVICE_SIDE
    return Ground(
        support=place.support[cause],
        rounds=span(
            [r for p in outage.values() for r in p.runs] if everywhere else held, view.round
        ),
        networks=len(asns),
        observed=len({run.vantage.asn for run in place.runs}),
        vantages=len(held),
        vouched=len({run.vantage.asn for run in held if run.vouched}),
        network_authored=len({r.vantage.asn for r in held if authored(r, Author.NETWORK)}),
        through=reached,
        barred=barred,
        others=countries - 1,
        server_countries=sum(
            any(authored(r, Author.SERVER) for r in p.runs) for p in outage.values()
        ),
        outage_countries=len(outage),
        known_countries=len(matter.places),
        working=sum(not run.failing for run in place.runs),
    )


def _hit(place: Place, run: Run, cause: Cause) -> bool:
    """Whether a failing vantage's network is one that the cause reaches."""
    if run.vantage.asn not in place.asns:
        return False
    support = within(place.sights, place.asns.index(run.vantage.asn), place.support)
    return support[cause] >= 0.5 * place.support[cause]


def _outside(matter: Matter, country: str, begun: datetime | None) -> tuple[int, int]:
    """Other countries that reach the service after the failure began, and those that do not."""
    reached, barred = 0, 0
    for other, place in matter.places.items():
        asked = [
            r
            for r in place.runs
            if any(begun is None or f.sight.at >= begun for f in since(r, begun))
        ]
        if other == country or not asked:
            continue
        good = sum(through(run, begun) for run in asked)
        reached, barred = reached + (2 * good > len(asked)), barred + (2 * good <= len(asked))
    return reached, barred


def _verdict(
    matter: Matter,
    where: tuple[str, int],
    support: dict[Cause, float],
    ground: Ground,
    held: Sequence[Run],
    view: View,
) -> Verdict:
    cause = leading(support)
    behind = [run for run in held if run.failing is (cause is not Cause.OK)]
    return Verdict(
        service=matter.service, feature=matter.feature, country=where[0], network=where[1],
        at=view.now, leading=cause, state=state(cause, ground), confidence=support[cause],
        support=support, mechanisms=mechanisms(behind, cause),
        evidence=shown(behind, cause, 3 if cause is Cause.OK else 12),
        vantages=len(behind), networks=len({run.vantage.asn for run in behind}),
        since=min((run.start for run in behind), default=None) if SIDES[cause] is not Side.NONE else None,
        rounds=ground.rounds, rules=VERSION,
    )  # fmt: skip


def _untested(
    matter: Matter, where: tuple[str, int], offline: Verdict | None, view: View
) -> Verdict:
    """A cell without a usable sight: what is known of its connectivity, else nothing."""
    support = dict(offline.support) if offline is not None else dict(UNTESTED)
    cause = leading(support)
    return Verdict(
        service=matter.service, feature=matter.feature, country=where[0], network=where[1],
        at=view.now, leading=cause, confidence=support[cause], support=support,
        state=offline.state if offline is not None and cause is Cause.NETWORK_DISRUPTION else State.INSUFFICIENT,
        evidence=offline.evidence if offline is not None else (),
        since=offline.since if offline is not None else None, rules=VERSION,
    )  # fmt: skip
