"""What a judging leaves to later ones: beliefs of troubled cells, sites, what is usual where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from probe.judge.health import spoilt
from probe.judge.hypothesis import belief
from probe.judge.hypothesis.baseline import hour_of_week
from probe.judge.reading import met
from probe.judge.sites import site
from probe.judge.view import Memory, Usual, View
from probe.model import CONTROL, Cause, HttpExchange, Measurement, Verdict

MOST_TOLD = 2_000.0
"""An hour of the week that has told so much counts its past half: habits change."""


def remember(
    measurements: Sequence[Measurement], verdicts: Sequence[Verdict], view: View
) -> Memory:
    """The memory after a judging, from what is new since the last one and what was found.

    Each measurement is to be given once; their order changes nothing.
    """
    held = view.memory
    return Memory(
        beliefs=belief.remember(held.beliefs, verdicts, view),
        begun=_begun(held.begun, verdicts, view),
        sites=_sites(held.sites, measurements),
        builds=_builds(held.builds, measurements),
        usual=_usual(held.usual, measurements, verdicts),
    )


def _begun(
    held: Mapping[tuple[str, str, int], datetime], verdicts: Iterable[Verdict], view: View
) -> Mapping[tuple[str, str, int], datetime]:
    """A trouble that was there at the last judging goes on, though the window lost its beginning."""
    return {
        place: min(held.get(place, view.now), v.since)
        for v in verdicts
        if v.service and v.network and v.since is not None and v.leading is not Cause.OK
        for place in ((v.service, v.feature, v.network),)
    }


def _sites(
    held: Mapping[tuple[int, str], str], measurements: Iterable[Measurement]
) -> Mapping[tuple[int, str], str]:
    latest: dict[tuple[int, str], tuple[datetime, str, str]] = {}
    for m in measurements:
        network, place = _site(m)
        key = (m.vantage.asn, network)
        if place and latest.get(key, (m.at,))[0] <= m.at:
            latest[key] = max(latest.get(key, (m.at, "", "")), (m.at, m.id, place))
    changed = {key: place for key, (_, _, place) in latest.items() if held.get(key) != place}
    return {**held, **changed} if changed else held


def _site(measurement: Measurement) -> tuple[str, str]:
    for step in measurement.observations:
        if type(step) is HttpExchange and step.headers:
            found = site(step.headers)
            if found[1]:
                return found
    return "", ""


def _builds(held: Mapping[str, str], measurements: Iterable[Measurement]) -> Mapping[str, str]:
    latest: dict[str, tuple[datetime, str, str]] = {}
    for m in measurements:
        if m.software:
            known = latest.get(m.vantage.id)
            if known is None or m.at >= known[0]:
                told = (m.at, m.id, m.software)
                latest[m.vantage.id] = told if known is None else max(known, told)
    changed = {who: build for who, (_, _, build) in latest.items() if held.get(who) != build}
    return {**held, **changed} if changed else held


# ── what is usual ────────────────────────────────────────────────────────────────────────────


def _usual(
    held: Mapping[int, Mapping[int, Usual]],
    measurements: Iterable[Measurement],
    verdicts: Iterable[Verdict],
) -> Mapping[int, Mapping[int, Usual]]:
    """Controls of networks that nothing is wrong with tell how often a try fails there in peace."""
    troubled = {
        v.network for v in verdicts if not v.service and v.network and v.leading is not Cause.OK
    }
    told: dict[tuple[int, int], list[bool]] = defaultdict(list)
    for m in measurements:
        if m.target.service == CONTROL and m.vantage.asn not in troubled and not spoilt(m):
            told[m.vantage.asn, hour_of_week(m.at)].append(not met(m))
    grown = dict(held)
    for (asn, hour), failed in told.items():
        hours = grown.get(asn, {})
        grown[asn] = {**hours, hour: _added(hours.get(hour, Usual()), failed)}
    return grown if told else held


def _added(usual: Usual, failed: Sequence[bool]) -> Usual:
    keep = 0.5 if usual.of >= MOST_TOLD else 1.0
    return Usual(failed=usual.failed * keep + sum(failed), of=usual.of * keep + len(failed))
