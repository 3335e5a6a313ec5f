"""What a judging leaves to later ones: beliefs of troubled cells, sites, what is usual where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from probe.judge.health import spoilt
from probe.judge.hypothesis import belief
from probe.judge.hypothesis.baseline import hour_of_week
from probe.judge.reading import met
from probe.judge.rhythm import rhythms
from probe.judge.sight import Sight
from probe.judge.sites import site
from probe.judge.view import Memory, Usual, View, begins
from probe.model import CONTROL, Cause, HttpExchange, Measurement, Vantage, Verdict

MOST_TOLD = 2_000.0
"""An hour of the week that has told so much counts its past half: habits change."""


class Word(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """What one measurement leaves to memory."""

    id: str
    at: datetime
    vantage: Vantage
    software: str
    site: tuple[str, str]
    """The delivery network that answered, and from which site; empty where none says so."""
    met: bool | None
    """How a control went; None of a service, and while the vantage itself was unwell."""


def word(measurement: Measurement, seen: Sight | None = None) -> Word:
    """Say what it leaves; `seen`: what was read of it, where that is known."""
    telling = measurement.target.service == CONTROL and not spoilt(measurement)
    return Word(
        id=measurement.id, at=measurement.at, vantage=measurement.vantage,
        software=measurement.software, site=site_of(measurement),
        met=(met(measurement) if seen is None else seen.met) if telling else None,
    )  # fmt: skip


def remember(
    measurements: Iterable[Measurement], verdicts: Sequence[Verdict], view: View
) -> Memory:
    """The memory after a judging, from what is new since the last one and what was found.

    Each measurement is to be given once; their order changes nothing.
    """
    return keep([word(m) for m in measurements], verdicts, view)


def keep(words: Sequence[Word], verdicts: Sequence[Verdict], view: View) -> Memory:
    """As `remember`, from what the new measurements leave."""
    held = view.memory
    news = () if all(holds(held, w.vantage, w.software, w.site) for w in words) else words
    begun, alone = _begun(held, verdicts, view)
    return Memory(
        beliefs=belief.remember(held.beliefs, verdicts, view),
        begun=begun,
        alone=alone,
        sites=_sites(held.sites, news),
        builds=_builds(held.builds, news),
        usual=_usual(held.usual, words, verdicts),
        rhythms=rhythms([(w.vantage.id, w.at) for w in words], view),
    )


def holds(memory: Memory, who: Vantage, software: str, site: tuple[str, str]) -> bool:
    """Whether a vantage's build and site are what the memory has: where all are, no word is news of them."""
    network, place = site
    return (not software or memory.builds.get(who.id) == software) and (
        not place or memory.sites.get((who.asn, network)) == place
    )


Begun = Mapping[tuple[str, str, int], datetime]


def _begun(held: Memory, verdicts: Iterable[Verdict], view: View) -> tuple[Begun, Begun]:
    """Since when what others share fails, and what has only been a vantage's own fault so far.

    A trouble that was there at the last judging goes on, though the window lost its beginning; it
    goes on too while nobody there can look, or a vantage there has a fault of its own beside it.
    """
    shared: dict[tuple[str, str, int], datetime] = {}
    alone: dict[tuple[str, str, int], datetime] = {}
    for v in verdicts:
        if not v.service or not v.network or v.leading is Cause.OK:
            continue
        place = (v.service, v.feature, v.network)
        own = v.leading is Cause.LOCAL_FAULT or not v.vantages
        told = v.since if v.vantages else None
        known, before = held.begun.get(place), held.alone.get(place)
        if known is not None:
            shared[place] = known if own or told is None else min(known, told)
        elif told is not None and not own:
            shared[place] = _first(before, told, view)
        elif (first := min(filter(None, (before, told)), default=None)) is not None:
            alone[place] = first
    return shared, alone


def _first(before: datetime | None, told: datetime, view: View) -> datetime:
    """What a vantage had by itself before is a part of it, unless the window shows where it begins."""
    return told if before is None or begins(told, view) else min(before, told)


def _sites(
    held: Mapping[tuple[int, str], str], words: Iterable[Word]
) -> Mapping[tuple[int, str], str]:
    latest: dict[tuple[int, str], tuple[datetime, str, str]] = {}
    for m in words:
        network, place = m.site
        if not place:
            continue
        key = (m.vantage.asn, network)
        if latest.get(key, (m.at,))[0] <= m.at:
            latest[key] = max(latest.get(key, (m.at, "", "")), (m.at, m.id, place))
    changed = {key: place for key, (_, _, place) in latest.items() if held.get(key) != place}
    return {**held, **changed} if changed else held


def site_of(measurement: Measurement) -> tuple[str, str]:
    """The delivery network that answered it and from which site, where that is told."""
    for step in measurement.observations:
        if type(step) is HttpExchange and step.headers:
            found = site(step.headers)
            if found[1]:
                return found
    return "", ""


def _builds(held: Mapping[str, str], words: Iterable[Word]) -> Mapping[str, str]:
    latest: dict[str, tuple[datetime, str, str]] = {}
    for m in words:
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
    words: Iterable[Word],
    verdicts: Iterable[Verdict],
) -> Mapping[int, Mapping[int, Usual]]:
    """Controls of networks that nothing is wrong with tell how often a try fails there in peace."""
    troubled = {
        v.network for v in verdicts if not v.service and v.network and v.leading is not Cause.OK
    }
    told: dict[tuple[int, int], list[bool]] = defaultdict(list)
    for m in words:
        if m.met is not None and m.vantage.asn not in troubled:
            told[m.vantage.asn, hour_of_week(m.at)].append(not m.met)
    grown = dict(held)
    for (asn, hour), failed in told.items():
        hours = grown.get(asn, {})
        grown[asn] = {**hours, hour: _added(hours.get(hour, Usual()), failed)}
    return grown if told else held


def _added(usual: Usual, failed: Sequence[bool]) -> Usual:
    keep = 0.5 if usual.of >= MOST_TOLD else 1.0
    return Usual(failed=usual.failed * keep + sum(failed), of=usual.of * keep + len(failed))
