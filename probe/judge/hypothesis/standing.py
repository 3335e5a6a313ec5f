"""Who sees what of a feature now: each well vantage's worst endpoint, country by country."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from probe.judge.hypothesis.calm import Calm, Seat, at_ease
from probe.judge.hypothesis.episode import NOTHING_KNOWN, STALE_ROUNDS, Footing, Run, run_of
from probe.judge.hypothesis.finding import Finder
from probe.judge.tracks import Feature, Track, Witnesses
from probe.judge.view import View

Footings = Mapping[str, Footing]
"""Vantage id → what is known of it."""
Held = Mapping[str, Sequence[Run]]
"""Country → the runs of its vantages, in their order."""


def standing(
    feature: Feature,
    endpoints: Mapping[str, Witnesses],
    finder: Finder,
    footings: Footings,
    view: View,
) -> Held:
    worst = _worst(feature, endpoints, finder, footings, view)
    by_country: dict[str, list[str]] = {}
    for name in sorted(worst):
        held = worst[name]
        vantage = held.vantage if isinstance(held, Run) else held.sights[-1].vantage
        by_country.setdefault(vantage.country, []).append(name)
    return {
        country: _held([(worst[name], footings.get(name, NOTHING_KNOWN)) for name in names])
        for country, names in by_country.items()
    }


def _worst(
    feature: Feature,
    endpoints: Mapping[str, Witnesses],
    finder: Finder,
    footings: Footings,
    view: View,
) -> dict[str, Track | Run]:
    """Each vantage's run at its worst endpoint, the first of like ones.

    Where nothing but whole answers came it is their track: a run of them is seldom looked at.
    """
    worst: dict[str, Track | Run] = {}
    since = view.now - STALE_ROUNDS * view.round
    for endpoint in sorted(endpoints):
        witnesses = endpoints[endpoint]
        found = finder.found((*feature, endpoint), witnesses)
        for name, track in witnesses.tracks.items():
            if not track.odd:
                usable = footings.get(name, NOTHING_KNOWN).usable
                if usable and name not in worst and track.sights[-1].at >= since:
                    worst[name] = track
                continue
            run = run_of(found[name], footings.get(name, NOTHING_KNOWN), since)
            if run is not None and (name not in worst or _worse(run, worst[name])):
                worst[name] = run
    return worst


def _worse(run: Run, held: Track | Run) -> bool:
    if not run.failing or not isinstance(held, Run):
        return run.failing
    return not held.failing or len(run.findings) > len(held.findings)


def _held(each: Sequence[tuple[Track | Run, Footing]]) -> Sequence[Run]:
    seats = [_seat(held, footing) for held, footing in each]
    calm = [seat for seat in seats if seat is not None]
    if len(calm) == len(seats):
        return Calm(calm)
    pairs = zip(each, seats, strict=True)
    return tuple([
        held if isinstance(held, Run) else at_ease(cast("Seat", seat)) for (held, _), seat in pairs
    ])  # fmt: skip


def _seat(held: Track | Run, footing: Footing) -> Seat | None:
    """Of a vantage that sees whole answers alone, now that what was before them is over."""
    if isinstance(held, Track):
        return Seat(held.sights, footing, held.steady)
    return Seat([f.sight for f in reversed(held.findings)], footing) if held.calm else None
