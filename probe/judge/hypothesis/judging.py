"""From sights to verdicts: find, weigh, gate, for every cell of the catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from probe.judge import maintenance
from probe.judge.control import Reference, common_answers, control_paces, reference
from probe.judge.evidence import Finding, find
from probe.judge.health import UNWELL, Health, examine
from probe.judge.hypothesis.connectivity import connectivity
from probe.judge.hypothesis.dependency import shared
from probe.judge.hypothesis.episode import footings, runs
from probe.judge.hypothesis.mechanisms import Heard, refined
from probe.judge.hypothesis.verdicts import verdicts
from probe.judge.hypothesis.weighing import Matter, siblings, weighed
from probe.judge.tracks import Key, Stretch, Tracks
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
    features, found = _by_feature(held), _Finder(held)
    known = footings(healths, view)
    expected = maintenance.services(view)
    matters = []
    for feature in _listed(view, features):
        series = () if feature[0] in expected else found.series(features.get(feature, {}))
        matters.append(weighed(*feature, runs(series, known, view), view))
    explained = tuple(shared(siblings(matters), view))
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
    """What the rules say of stretches; what they ask of others is gathered where they ask."""

    def __init__(self, held: Mapping[Key, Stretch]) -> None:
        odd = any(not stretch.plain for stretch in held.values())
        series = [stretch.sights for stretch in held.values()] if odd else []
        self._own, self._common = control_paces(series), common_answers(series)
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
        known = self._reference(stretches) if odd else Reference()
        found = [_found(stretch, known) for stretch in stretches]
        self.odd += [f for f, stretch in zip(found, stretches, strict=True) if not stretch.plain]
        return found

    def _reference(self, stretches: Sequence[Stretch]) -> Reference:
        return reference([s.sights for s in stretches], self._own, self._common)


def _found(stretch: Stretch, known: Reference) -> tuple[Finding, ...]:
    if stretch.plain:
        return tuple([found for found in stretch.findings[::-1] if found is not None])
    pairs = zip(stretch.findings, stretch.sights, strict=True)
    return tuple([found or find(sight, known) for found, sight in pairs][::-1])


def _cells(healths: Iterable[Health]) -> dict[str, tuple[int, ...]]:
    cells: dict[str, set[int]] = defaultdict(set)
    for health in healths:
        cells[health.vantage.country].add(health.vantage.asn)
    return {country: tuple(sorted(cells[country])) for country in sorted(cells)}
