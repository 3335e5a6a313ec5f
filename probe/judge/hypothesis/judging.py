"""From sights to verdicts: find, weigh, gate, for every cell of the catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain

import msgspec

from probe.judge import maintenance
from probe.judge.evidence import Finding
from probe.judge.health import UNWELL, Health, examine, telling
from probe.judge.hypothesis.addresses import partly
from probe.judge.hypothesis.connectivity import connectivity
from probe.judge.hypothesis.dependency import shared
from probe.judge.hypothesis.episode import footings
from probe.judge.hypothesis.finding import Finder
from probe.judge.hypothesis.mechanisms import Heard, asked, refined
from probe.judge.hypothesis.mute import told_apart
from probe.judge.hypothesis.standing import standing
from probe.judge.hypothesis.untroubled import Offline, Settled, settle
from probe.judge.hypothesis.verdicts import verdicts
from probe.judge.hypothesis.weighing import Matter, siblings, weighed
from probe.judge.tracks import Feature, Tracks
from probe.judge.view import Cell, View, window_start
from probe.model import CONTROL, Cause, Measurement, Verdict


def judge(measurements: Iterable[Measurement], view: View) -> tuple[Verdict, ...]:
    """Judge measurements once; a docket (probe.judge.docket) does it again and again."""
    tracks = Tracks()
    first, last = _window(view)
    tracks.add(m for m in measurements if first < m.at <= last)
    return conclude(tracks, view)


def _window(view: View) -> tuple[datetime, datetime]:
    """What is weighed is from after the one time, and up to the other."""
    return window_start(view), view.now + view.round


class Weighing(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One judging before it is put into verdicts."""

    matters: tuple[Matter, ...]
    """Every feature over all countries, weighed beside its siblings and what services share."""
    settled: tuple[Settled, ...]
    """What was said of each of them before that."""
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
    cells, offline = held.cells, _offline(held.connected)
    settled = [
        said if said.peace is matter.peace else settle(matter, cells, offline, view)
        for matter, said in zip(held.matters, held.settled, strict=True)
    ]
    open_ = [
        verdict
        for matter, said in zip(held.matters, settled, strict=True)
        for verdict in verdicts(matter, said.left, cells, offline, view)
    ]
    doubted = asked(open_, held.heard)
    plain = [said.verdicts for said in settled if said.of not in doubted]
    open_ += chain.from_iterable(said.verdicts for said in settled if said.of in doubted)
    named = refined((*open_, *held.connected), held.heard, view)
    return tuple(chain(named, chain.from_iterable(plain)))


def _offline(connected: Iterable[Verdict]) -> Offline:
    return {(v.country, v.network): v for v in connected if v.leading is not Cause.OK}


def weigh(tracks: Tracks, view: View) -> Weighing:
    """Weigh every feature in every country."""
    held = tracks.within(*_window(view))
    told = telling(held.newest, held.controls(), held.series)
    healths = examine(told, held.series, view)
    finder, known = Finder(held), footings(healths, view)
    expected = maintenance.services(view)
    connected, cells = connectivity(healths, view), _cells(healths.values())
    offline = _offline(connected)
    matters, settled = [], []
    for feature in _listed(view, held):
        endpoints = {} if feature[0] in expected else held.features.get(feature, {})
        matter = weighed(*feature, standing(feature, endpoints, finder, known, view), view)
        matters.append(matter)
        settled.append(settle(matter, cells, offline, view))
    explained = tuple(told_apart(shared(siblings(partly(matters, view)), view), view))
    return Weighing(
        matters=explained,
        settled=tuple(settled),
        connected=connected,
        cells=cells,
        heard=Heard(
            matters={(matter.service, matter.feature): matter for matter in explained},
            odd=_in_order(finder.odd),
            named=finder.named,
            healths=healths,
            reaching=_reaching(held, healths),
        ),
    )


def _in_order(
    odd: Mapping[Cell, list[tuple[Finding, ...]]],
) -> Mapping[Cell, Sequence[tuple[Finding, ...]]]:
    for held in odd.values():
        if len(held) > 1:
            held.sort(key=_whose)
    return odd


def _whose(findings: Sequence[Finding]) -> tuple[str, str]:
    sight = findings[0].sight
    return sight.vantage.id, sight.target.endpoint


def _reaching(held: Tracks, healths: Mapping[str, Health]) -> frozenset[str]:
    """Unwell vantages that reach some service all the same."""
    unwell = {name for name, health in healths.items() if health.condition in UNWELL}
    newest = (sights[-1] for sights in (held.series(unwell) if unwell else ()))
    return frozenset(
        sight.vantage.id for sight in newest if sight.met and sight.target.service != CONTROL
    )


def _listed(view: View, held: Tracks) -> list[Feature]:
    listed = [(s.id, f.id) for s in view.services for f in s.features]
    beside = sorted(feature for feature in held.features if feature[0] != CONTROL)
    return list(dict.fromkeys((*listed, *beside)))


def _cells(healths: Iterable[Health]) -> dict[str, tuple[int, ...]]:
    cells: dict[str, set[int]] = defaultdict(set)
    for health in healths:
        cells[health.vantage.country].add(health.vantage.asn)
    return {country: tuple(sorted(cells[country])) for country in sorted(cells)}
