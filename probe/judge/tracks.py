"""What each vantage saw of each endpoint, in order: all that the judge keeps of the past."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from probe.judge.evidence import Finding, Lore, plain, whole
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.model import Health, Measurement, Target, Vantage

Key = tuple[str, str, str, str]
"""Vantage, service, feature, endpoint: by id."""


NOTHING: Mapping[Sight, Finding] = {}


class Memo:
    """What was found of odd sights while just so much was known of their endpoint."""

    __slots__ = ("found", "known")

    def __init__(self) -> None:
        self.known: Lore | None = None
        self.found: Mapping[Sight, Finding] = NOTHING


class Stretch(msgspec.Struct, frozen=True, eq=False, gc=False):
    """The sights of one vantage at one endpoint within a window, oldest first; never empty."""

    sights: Sequence[Sight]
    findings: Sequence[Finding | None]
    """What is said of each; None where it takes a reference to say it."""
    plain: bool
    """Whether there is no None among them."""
    steady: bool
    """Whether any one of them says of the endpoint what all of them do."""
    memo: Memo

    @property
    def telling(self) -> Sequence[Sight]:
        """All that they say of the endpoint, but for its pace."""
        return self.sights[:1] if self.steady else self.sights


class Track:
    """The sights of one vantage at one endpoint, by time; ties by id."""

    __slots__ = ("_given", "_memo", "findings", "plain", "sights", "steady")

    def __init__(self) -> None:
        self.sights: list[Sight] = []
        self.findings: list[Finding | None] = []
        self.plain = self.steady = True
        self._memo = Memo()
        self._given: Stretch | None = None

    def add(self, measurement: Measurement, like: Sight | None = None) -> None:
        """Hear one more; of the first one, what equals another vantage's sight is shared with it."""
        self.hear(read(measurement, self.sights[-1] if self.sights else like))

    def hear(self, sight: Sight) -> None:
        """Hear one more that was read."""
        held = self.sights
        last = held[-1] if held else None
        finding = whole(sight) if plain(sight) else None
        self.plain = self.plain and finding is not None
        self.steady = self.steady and self.plain and (last is None or _same(last, sight))
        if last is None or last.at < sight.at or _when(last) < _when(sight):
            held.append(sight)
            self.findings.append(finding)
        else:
            insort(held, sight, key=_when)
            self.findings.insert(held.index(sight), finding)

    def whole(self) -> Stretch:
        """All of it, made once: it holds the track's own lists, and what is heard later is in them."""
        given = self._given
        if given is None or given.plain is not self.plain or given.steady is not self.steady:
            self._given = given = Stretch(
                self.sights, self.findings, self.plain, self.steady, self._memo
            )
        return given

    def within(self, first: datetime, last: datetime) -> Stretch | None:
        """The part after `first` and up to `last`."""
        held = self.sights
        start, end = 0, len(held)
        while start < end and held[start].at <= first:
            start += 1
        while end > start and held[end - 1].at > last:
            end -= 1
        if start == end:
            return None
        findings = self.findings[start:end]
        whole_ = self.plain or None not in findings
        return Stretch(held[start:end], findings, whole_, self.steady, self._memo)

    def forget(self, before: datetime) -> list[str]:
        """Drop what is from before a time, and give the ids of what is gone."""
        held = self.sights
        count = 0
        while count < len(held) and held[count].at < before:
            count += 1
        gone = [sight.id for sight in held[:count]]
        del held[:count], self.findings[:count]
        if not self.steady:
            self.plain = self.plain or None not in self.findings
            self.steady = self.plain and all(map(_same, held, held[1:]))
        return gone


def _same(one: Sight, other: Sight) -> bool:
    """Whether two whole answers say the same of the endpoint; what is equal is held once."""
    return (
        other.answers is one.answers
        and other.valid is one.valid
        and other.vantage is one.vantage
        and other.doubled == one.doubled
    )


def _when(sight: Sight) -> tuple[datetime, str]:
    return sight.at, sight.id


def _key(measurement: Measurement) -> Key:
    target = measurement.target
    return measurement.vantage.id, target.service, target.feature, target.endpoint


class Tracks:
    """Every track by its key; a measurement is held once, whatever the order of arrival."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, ...], Lore] = {}
        """Service, feature and endpoint → what was known of it when it was last asked about."""
        self._tracks: dict[Key, Track] = {}
        self._ids: set[str] = set()
        self._same: dict[Vantage | Target | Health, Vantage | Target | Health] = {}
        """Vantages, targets and healths: tracks of like ones share them."""
        self._like: dict[Target, Sight] = {}
        """Target → what some vantage saw of it: most see the same addresses."""

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, measurements: Iterable[Measurement]) -> None:
        ids, tracks = self._ids, self._tracks
        for measurement in measurements:
            if measurement.id not in ids:
                ids.add(measurement.id)
                track = tracks.get(_key(measurement))
                if track is None:
                    self._begin(measurement)
                else:
                    track.add(measurement)

    def hear(self, sights: Iterable[Sight]) -> None:
        """As `add`, of what was read: whoever read it lets like ones share what they hold."""
        ids, tracks = self._ids, self._tracks
        for sight in sights:
            if sight.id not in ids:
                ids.add(sight.id)
                target = sight.target
                key = sight.vantage.id, target.service, target.feature, target.endpoint
                track = tracks.get(key)
                if track is None:
                    track = tracks[key] = Track()
                track.hear(sight)

    def _begin(self, measurement: Measurement) -> None:
        same = self._same.setdefault
        known = msgspec.structs.replace(
            measurement,
            vantage=same(measurement.vantage, measurement.vantage),
            target=same(measurement.target, measurement.target),
            health=same(measurement.health, measurement.health),
        )
        track = self._tracks[_key(known)] = Track()
        track.add(known, self._like.get(known.target))
        self._like[known.target] = track.sights[0]

    def within(self, first: datetime, last: datetime) -> Iterator[tuple[Key, Stretch]]:
        """What lies after `first` and up to `last`, track by track, in no order."""
        for key, track in self._tracks.items():
            held = track.sights
            if held[0].at > first and held[-1].at <= last:  # all of it, as a rule
                yield key, track.whole()
            elif (stretch := track.within(first, last)) is not None:
                yield key, stretch

    def forget(self, before: datetime) -> None:
        self._same.clear()
        self._like.clear()
        for key, track in list(self._tracks.items()):
            if track.sights[0].at < before:
                self._ids.difference_update(track.forget(before))
                if not track.sights:
                    del self._tracks[key]
