"""From measurements to verdicts: read, find, weigh, gate, for every cell of the catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from probe.judge.control import Reference, common_answers, control_paces, reference
from probe.judge.evidence import Finding, find
from probe.judge.health import Health, examine
from probe.judge.hypothesis.connectivity import connectivity
from probe.judge.hypothesis.dependency import shared
from probe.judge.hypothesis.episode import runs
from probe.judge.hypothesis.verdicts import verdicts
from probe.judge.hypothesis.weighing import siblings, weighed
from probe.judge.sight import Sight, read
from probe.judge.view import View, window_start
from probe.model import CONTROL, Cause, Measurement, Verdict


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
        weighed(service, feature, runs(found.get((service, feature), ()), healths, view), view)
        for service, feature in _features(view, found)
    ]
    offline = {(v.country, v.network): v for v in connected if v.leading is not Cause.OK}
    given = [
        verdict
        for matter in shared(siblings(matters), view)
        for verdict in verdicts(matter, cells, offline, view)
    ]
    return (*given, *connected)


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
        target = sight.target
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
