"""Who sees what of a feature now: each well vantage's worst endpoint, country by country."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from probe.judge.evidence import Finding
from probe.judge.hypothesis.calm import Calm, Seat, seat, together
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
    for endpoint in sorted(endpoints):
        witnesses = endpoints[endpoint]
        odd = _sit(seated, witnesses.tracks, footings, view)
        if odd:
            found = finder.found((*feature, endpoint), witnesses, odd)
            _run(seated, found, footings, view)
    return _by_country(seated)


def _whose(run: Run) -> str:
    return run.vantage.id


Seated = dict[str, Seat | Run]
"""Each vantage's run at its worst endpoint, the first of like ones.

Where nothing but whole answers came it is a seat: a run of them is seldom looked at.
"""


def _sit(
    seated: Seated, tracks: Mapping[str, Track], footings: Footings, view: View
) -> dict[str, Track]:
    """Seat who sees whole answers alone, and say who sees more."""
    odd: dict[str, Track] = {}
    since, known, sit = view.now - STALE_ROUNDS * view.round, footings.get, seated.setdefault
    for name, track in tracks.items():
        if track.odd:
            odd[name] = track
            continue
        footing, heard = known(name, NOTHING_KNOWN), track.sights
        last = heard[-1]
        if footing.usable and last.at >= since:
            sit(name, Seat(heard, last, footing.alone[len(heard)], footing, track.steady))
    return odd


def _run(
    seated: Seated, found: Mapping[str, tuple[Finding, ...]], footings: Footings, view: View
) -> None:
    """Put those in whose run there is worse than what they see elsewhere."""
    since = view.now - STALE_ROUNDS * view.round
    for name, findings in found.items():
        footing = footings.get(name, NOTHING_KNOWN)
        run = run_of(findings, footing, since)
        if run is not None and (name not in seated or _worse(run, seated[name])):
            seated[name] = _seat(run, footing) if run.calm else run


def _worse(run: Run, held: Seat | Run) -> bool:
    if not run.failing or not isinstance(held, Run):
        return run.failing
    return not held.failing or len(run.findings) > len(held.findings)


def _seat(run: Run, footing: Footing) -> Seat:
    """Of a vantage that sees whole answers alone, now that what was before them is over."""
    return seat([finding.sight for finding in reversed(run.findings)], footing)


def _by_country(seated: Seated) -> Held:
    """In the order of their vantages."""
    calm: dict[str, Calm] = {}
    beside: dict[str, list[Seat]] = defaultdict(list)
    runs: dict[str, list[Run]] = defaultdict(list)
    first = calm.setdefault
    for name in sorted(seated):
        each = seated[name]
        if isinstance(each, Run):
            runs[each.vantage.country].append(each)
            continue
        country = each.last.vantage.country
        if first(country, each) is not each:
            beside[country].append(each)
    for country, others in beside.items():
        calm[country] = together([*calm[country].seats, *others])
    mixed = {country: _mixed(held, calm.pop(country, None)) for country, held in runs.items()}
    return Held(calm, dict(sorted(mixed.items())))


def _mixed(held: Sequence[Run], calm: Calm | None) -> tuple[Run, ...]:
    if calm is None:
        return tuple(held)
    return tuple(sorted((*held, *calm.runs()), key=_whose))
