"""Who sees what of a feature now: each well vantage's worst endpoint, country by country."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec

from probe.judge.evidence import Finding
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
    seated: Seated = {}
    ran: set[str] = set()
    for endpoint in sorted(endpoints):
        witnesses = endpoints[endpoint]
        odd = _sit(seated, witnesses.tracks, footings, view)
        if odd:
            found = finder.found((*feature, endpoint), witnesses, odd)
            ran |= _run(seated, found, footings, view)
    calm: dict[str, Calm] = {}
    mixed: dict[str, tuple[Run, ...]] = {}
    for country, each in sorted(_by_country(seated).items()):
        seats = _seats(each, footings) if country in ran else cast("list[Seat]", each)
        if seats is not None:
            calm[country] = together(seats)
        else:
            mixed[country] = tuple([h if isinstance(h, Run) else at_ease(h) for h in each])
    return Held(calm, mixed)


Seated = dict[str, Seat | Run]
"""Each vantage's run at its worst endpoint, the first of like ones.

Where nothing but whole answers came it is a seat: a run of them is seldom looked at.
"""


def _by_country(seated: Seated) -> dict[str, list[Seat | Run]]:
    """In the order of their vantages."""
    found: dict[str, list[Seat | Run]] = {}
    for name in sorted(seated):
        each = seated[name]
        country = (each if isinstance(each, Run) else each.last).vantage.country
        beside = found.get(country)
        if beside is None:
            found[country] = [each]
        else:
            beside.append(each)
    return found


def _sit(
    seated: Seated, tracks: Mapping[str, Track], footings: Footings, view: View
) -> dict[str, Track]:
    """Seat who sees whole answers alone, and say who sees more."""
    odd: dict[str, Track] = {}
    since = view.now - STALE_ROUNDS * view.round
    for name, track in tracks.items():
        if track.odd:
            odd[name] = track
            continue
        footing, last = footings.get(name, NOTHING_KNOWN), track.sights[-1]
        if footing.usable and last.at >= since:
            seated.setdefault(name, Seat(track.sights, last, footing, track.steady))
    return odd


def _run(
    seated: Seated, found: Mapping[str, tuple[Finding, ...]], footings: Footings, view: View
) -> set[str]:
    """Put those in whose run there is worse than what they see elsewhere, and say in which countries."""
    ran: set[str] = set()
    since = view.now - STALE_ROUNDS * view.round
    for name, findings in found.items():
        run = run_of(findings, footings.get(name, NOTHING_KNOWN), since)
        if run is not None and (name not in seated or _worse(run, seated[name])):
            seated[name] = run
            ran.add(run.vantage.country)
    return ran


def _worse(run: Run, held: Seat | Run) -> bool:
    if not run.failing or not isinstance(held, Run):
        return run.failing
    return not held.failing or len(run.findings) > len(held.findings)


def _seats(each: list[Seat | Run], footings: Footings) -> list[Seat] | None:
    """All of a country; None where some vantage sees more than whole answers."""
    seats = [h if type(h) is Seat else _seat(cast("Run", h), footings) for h in each]
    return None if None in seats else cast("list[Seat]", seats)


def _seat(run: Run, footings: Footings) -> Seat | None:
    """Of a vantage that sees whole answers alone, now that what was before them is over."""
    if not run.calm:
        return None
    footing = footings.get(run.vantage.id, NOTHING_KNOWN)
    sights = [finding.sight for finding in reversed(run.findings)]
    return Seat(sights, sights[-1], footing)
