"""Sights of one feature in rounds of five seconds, told by letters: as tracks, and as who stands where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from probe.judge.evidence import Finding
from probe.judge.hypothesis.calm import Calm, Seat, together
from probe.judge.hypothesis.calm import seat as sit
from probe.judge.hypothesis.episode import NOTHING_KNOWN, STALE_ROUNDS, Footing, Run, run_of
from probe.judge.hypothesis.finding import Finder
from probe.judge.hypothesis.standing import Held, standing
from probe.judge.reading import read
from probe.judge.tracks import Track, Tracks, Witnesses
from probe.judge.view import View
from probe.model import Measurement, Vantage
from tests.judge import worlds as w

MAKERS = {"o": w.ok, "x": w.sni_reset, "s": w.server_error, "t": w.null_route}
ROUND = 5


def measured(letters: str, vantage: Vantage, first: float = 1.0) -> list[Measurement]:
    """Oldest first."""
    cases = [
        w.Case(
            vantage, "chirp", "web", "chirp-web", w.START + timedelta(seconds=first + ROUND * n)
        )
        for n in range(len(letters))
    ]
    made = zip(cases, letters, strict=True)
    return [w.measurement(case, MAKERS[letter](case)) for case, letter in made]


def track(letters: str, vantage: Vantage) -> Track:
    made = Track()
    for measurement in measured(letters, vantage):
        made.hear(read(measurement, made.sights[-1] if made.sights else None))
    return made


def calm(each: Mapping[Vantage, str], footings: Mapping[str, Footing]) -> Calm:
    return together([
        seat(track(letters, vantage), footings.get(vantage.id, NOTHING_KNOWN))
        for vantage, letters in each.items()
    ])  # fmt: skip


def seat(seen: Track, footing: Footing) -> Seat:
    return sit(seen.sights, footing, steady=seen.steady)


def every(held: Held) -> dict[str, tuple[Run, ...]]:
    """Country → its runs, made."""
    return {**{country: own.runs() for country, own in held.calm.items()}, **held.mixed}


def odd(witnesses: Witnesses) -> dict[str, Track]:
    return {name: track for name, track in witnesses.tracks.items() if track.odd}


def stood(
    measurements: Iterable[Measurement], view: View, footings: Mapping[str, Footing] | None = None
) -> Held:
    """Who stands where, of the only feature that was measured."""
    tracks = Tracks()
    tracks.add(measurements)
    ((feature, endpoints),) = tracks.features.items()
    return standing(feature, endpoints, Finder(tracks), footings or {}, view)


def runs(
    series: Iterable[list[Finding]], footings: Mapping[str, Footing], view: View
) -> tuple[Run, ...]:
    """Each vantage's run, of findings newest first."""
    since = view.now - STALE_ROUNDS * view.round
    found = [
        run_of(findings, footings.get(findings[0].sight.vantage.id, NOTHING_KNOWN), since)
        for findings in series
    ]
    return tuple(run for run in found if run is not None)
