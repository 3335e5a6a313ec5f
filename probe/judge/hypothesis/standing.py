"""Who sees what of a feature now: each well vantage's worst endpoint, country by country."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from probe.judge.hypothesis.calm import Calm, Seat, at_ease, together
from probe.judge.hypothesis.episode import NOTHING_KNOWN, STALE_ROUNDS, Footing, Run, run_of
from probe.judge.hypothesis.finding import Finder
from probe.judge.tracks import Feature, Track, Witnesses
from probe.judge.view import View

Footings = Mapping[str, Footing]
"""Vantage id → what is known of it."""


class Held(msgspec.Struct, frozen=True, eq=False):
    """What each country holds of a feature, in the order of its vantages."""

    calm: Mapping[str, Calm]
    """Those of which every vantage sees whole answers alone."""
    mixed: Mapping[str, tuple[Run, ...]]
    """All others."""

    def __len__(self) -> int:
        """Give the number of countries."""
        return len(self.calm) + len(self.mixed)


def standing(
    feature: Feature,
    endpoints: Mapping[str, Witnesses],
    finder: Finder,
    footings: Footings,
    view: View,
) -> Held:
    worst = _worst(feature, endpoints, finder, footings, view)
    by_country: dict[str, list[Seat | Run]] = {}
    for name in sorted(worst):
        country, held = worst[name]
        beside = by_country.get(country)
        if beside is None:
            by_country[country] = [held]
        else:
            beside.append(held)
    calm: dict[str, Calm] = {}
    mixed: dict[str, tuple[Run, ...]] = {}
    for country, each in by_country.items():
        seats = _seats(each, footings)
        if seats is not None:
            calm[country] = together(seats)
        else:
            mixed[country] = tuple([h if isinstance(h, Run) else at_ease(h) for h in each])
    return Held(calm, mixed)


def _worst(
    feature: Feature,
    endpoints: Mapping[str, Witnesses],
    finder: Finder,
    footings: Footings,
    view: View,
) -> dict[str, tuple[str, Seat | Run]]:
    """Each vantage's country and its run at its worst endpoint, the first of like ones.

    Where nothing but whole answers came it is a seat: a run of them is seldom looked at.
    """
    worst: dict[str, tuple[str, Seat | Run]] = {}
    since = view.now - STALE_ROUNDS * view.round
    for endpoint in sorted(endpoints):
        odd: dict[str, Track] = {}
        for name, track in endpoints[endpoint].tracks.items():
            if track.odd:
                odd[name] = track
                continue
            footing, last = footings.get(name, NOTHING_KNOWN), track.sights[-1]
            if footing.usable and last.at >= since and name not in worst:
                seat = Seat(track.sights, last, footing, track.steady)
                worst[name] = last.vantage.country, seat
        found = finder.found((*feature, endpoint), endpoints[endpoint], odd) if odd else {}
        for name, findings in found.items():
            run = run_of(findings, footings.get(name, NOTHING_KNOWN), since)
            if run is not None and (name not in worst or _worse(run, worst[name][1])):
                worst[name] = run.vantage.country, run
    return worst


def _worse(run: Run, held: Seat | Run) -> bool:
    if not run.failing or not isinstance(held, Run):
        return run.failing
    return not held.failing or len(run.findings) > len(held.findings)


def _seats(each: Sequence[Seat | Run], footings: Footings) -> list[Seat] | None:
    """All of a country; None where some vantage sees more than whole answers."""
    seats: list[Seat] = []
    for held in each:
        seat = held if type(held) is Seat else _seat(cast("Run", held), footings)
        if seat is None:
            return None
        seats.append(seat)
    return seats


def _seat(run: Run, footings: Footings) -> Seat | None:
    """Of a vantage that sees whole answers alone, now that what was before them is over."""
    if not run.calm:
        return None
    footing = footings.get(run.vantage.id, NOTHING_KNOWN)
    sights = [finding.sight for finding in reversed(run.findings)]
    return Seat(sights, sights[-1], footing)
