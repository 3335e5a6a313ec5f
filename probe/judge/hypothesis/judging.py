"""From sights to verdicts: find, weigh, gate, for every cell of the catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import msgspec

from probe.judge import maintenance
from probe.judge.control import Reference, alike, common_answers, control_paces, reference
from probe.judge.evidence import WHOLE, Finding, Lore
from probe.judge.health import UNWELL, Health, examine
from probe.judge.hypothesis.connectivity import connectivity
from probe.judge.hypothesis.dependency import shared
from probe.judge.hypothesis.episode import footings, runs
from probe.judge.hypothesis.mechanisms import Heard, refined
from probe.judge.hypothesis.mute import told_apart
from probe.judge.hypothesis.verdicts import verdicts
from probe.judge.hypothesis.weighing import Matter, siblings, weighed
from probe.judge.tracks import Key, Stretch, Tracks
from probe.judge.traits import SLOW_SECONDS
from probe.judge.view import View, window_start
from probe.model import CONTROL, Cause, Measurement, Verdict

Features = Mapping[tuple[str, str], Mapping[str, Sequence[Stretch]]]
"""(service, feature) → endpoint → its stretches."""


def judge(measurements: Iterable[Measurement], view: View) -> tuple[Verdict, ...]:
    """Judge measurements once; a docket (probe.judge.docket) does it again and again."""
    tracks = Tracks()
    first, last = window_start(view), view.now + view.round
    tracks.add(m for m in measurements if first < m.at <= last)
    return conclude(tracks, view)


class Weighing(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One judging before it is put into verdicts."""

    matters: tuple[Matter, ...]
    """Every feature over all countries, weighed beside its siblings and what services share."""
    connected: tuple[Verdict, ...]
    """About connectivity itself."""
    cells: Mapping[str, tuple[int, ...]]
    """Country → its networks."""
    heard: Heard
    """What tells the mechanisms that take more than one sight."""


def conclude(tracks: Tracks, view: View) -> tuple[Verdict, ...]:
    """Verdicts for each (service, feature, country, network), network 0 for the whole country.

    Verdicts with an empty service are about connectivity itself.
    """
    held = weigh(tracks, view)
    offline = {(v.country, v.network): v for v in held.connected if v.leading is not Cause.OK}
    given = [
        verdict
        for matter in held.matters
        for verdict in verdicts(matter, held.cells, offline, view)
    ]
    return tuple(refined((*given, *held.connected), held.heard, view))


def weigh(tracks: Tracks, view: View) -> Weighing:
    """Weigh every feature in every country."""
    held = dict(tracks.within(window_start(view), view.now + view.round))
    healths = examine([stretch.sights for stretch in held.values()], view)
    features, found = _by_feature(held), _Finder(held, tracks.known)
    known = footings(healths, view)
    expected = maintenance.services(view)
    matters = []
    for feature in _listed(view, features):
        series = () if feature[0] in expected else found.series(features.get(feature, {}))
        matters.append(weighed(*feature, runs(series, known, view), view))
    explained = tuple(told_apart(shared(siblings(matters), view), view))
    return Weighing(
        matters=explained,
        connected=connectivity(healths, view),
        cells=_cells(healths.values()),
        heard=Heard(
            matters={(matter.service, matter.feature): matter for matter in explained},
            odd=_by_cell(found.odd),
            healths=healths,
            reaching=_reaching(held, healths),
        ),
    )


def _by_cell(
    odd: Iterable[tuple[Finding, ...]],
) -> dict[tuple[str, str, str], list[tuple[Finding, ...]]]:
    cells: dict[tuple[str, str, str], list[tuple[Finding, ...]]] = defaultdict(list)
    for findings in sorted(odd, key=_whose):
        sight = findings[0].sight
        cells[sight.target.service, sight.target.feature, sight.vantage.country].append(findings)
    return cells


def _whose(findings: Sequence[Finding]) -> tuple[str, str]:
    sight = findings[0].sight
    return sight.vantage.id, sight.target.endpoint


def _reaching(held: Mapping[Key, Stretch], healths: Mapping[str, Health]) -> frozenset[str]:
    """Unwell vantages that reach some service all the same."""
    unwell = {name for name, health in healths.items() if health.condition in UNWELL}
    return frozenset(
        key[0]
        for key, stretch in (held.items() if unwell else ())
        if key[0] in unwell and key[1] != CONTROL and stretch.sights[-1].met
    )


def _by_feature(held: Mapping[Key, Stretch]) -> Features:
    features: dict[tuple[str, str], dict[str, list[Stretch]]] = defaultdict(dict)
    for (_, service, feature, endpoint), stretch in held.items():
        if service != CONTROL:
            features[service, feature].setdefault(endpoint, []).append(stretch)
    return features


def _listed(view: View, features: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    listed = [(s.id, f.id) for s in view.services for f in s.features]
    return list(dict.fromkeys((*listed, *sorted(features))))


class _Finder:
    """What the rules say of stretches; what they ask of others is gathered where they ask.

    What is known of an endpoint changes seldom: while it does not, nothing is found anew.
    """

    def __init__(self, held: Mapping[Key, Stretch], known: dict[tuple[str, ...], Lore]) -> None:
        self._held, self._known = held, known
        self._own: Mapping[str, float] | None = None
        odd = any(not stretch.plain for stretch in held.values())
        told = (stretch.telling for stretch in held.values()) if odd else ()
        self._common = common_answers(told)
        self.odd: list[tuple[Finding, ...]] = []
        """What was found of stretches that are more than whole answers."""

    def series(self, endpoints: Mapping[str, Sequence[Stretch]]) -> list[tuple[Finding, ...]]:
        """The findings of each stretch, newest first, endpoint by endpoint."""
        return [
            findings
            for endpoint in sorted(endpoints)
            for findings in self._of_endpoint(endpoints[endpoint])
        ]

    def _of_endpoint(self, stretches: Sequence[Stretch]) -> list[tuple[Finding, ...]]:
        odd = [stretch for stretch in stretches if not stretch.plain]
        known = self._lore(stretches, odd) if odd else _NOTHING
        found = [_found(stretch, known) for stretch in stretches]
        self.odd += [f for f, stretch in zip(found, stretches, strict=True) if not stretch.plain]
        return found

    def _lore(self, stretches: Sequence[Stretch], odd: Sequence[Stretch]) -> Lore:
        """What is known of the endpoint: what was known before, where that is the same."""
        slow = any(sight.pace >= SLOW_SECONDS for stretch in odd for sight in stretch.sights)
        series = [stretch.sights if slow else stretch.telling for stretch in stretches]
        fresh = reference(series, self._paces() if slow else {}, self._common)
        target = stretches[0].sights[0].target
        key = (target.service, target.feature, target.endpoint)
        held = self._known.get(key)
        if held is None or not alike(held.known, fresh):
            held = self._known[key] = Lore(fresh)
        return held

    def _paces(self) -> Mapping[str, float]:
        if self._own is None:
            self._own = control_paces(stretch.sights for stretch in self._held.values())
        return self._own


_NOTHING = Lore(Reference())


def _found(stretch: Stretch, known: Lore) -> tuple[Finding, ...]:
    if stretch.plain:
        return cast("tuple[Finding, ...]", tuple(stretch.findings[::-1]))
    memo = stretch.memo
    before = memo.found if memo.known is known else {}
    pairs = zip(stretch.findings, stretch.sights, strict=True)
    found = [said or before.get(sight) or known.find(sight) for said, sight in pairs]
    memo.known = known
    memo.found = {said.sight: said for said in found if said.main is not WHOLE}
    return tuple(found[::-1])


def _cells(healths: Iterable[Health]) -> dict[str, tuple[int, ...]]:
    cells: dict[str, set[int]] = defaultdict(set)
    for health in healths:
        cells[health.vantage.country].add(health.vantage.asn)
    return {country: tuple(sorted(cells[country])) for country in sorted(cells)}
