"""What each vantage saw of each endpoint, in order: all that the judge keeps of the past."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from probe.judge.evidence import Finding, Lore, plain, whole
from probe.judge.reading import read
from probe.judge.sight import Sight
from probe.judge.told import Told
from probe.judge.trials import UNTRIED
from probe.model import Health, Measurement, Target, Vantage

NOTHING: Mapping[Sight, Finding] = {}


class Memo:
    """What was found of odd sights while just so much was known of their endpoint."""

    __slots__ = ("found", "known")

    def __init__(self) -> None:
        self.known: Lore | None = None
        self.found: Mapping[Sight, Finding] = NOTHING


class Track:
    """The sights of one vantage at one endpoint, by time; ties by id. Never empty once it is heard."""

    __slots__ = ("findings", "memo", "plain", "sights", "steady")

    def __init__(self) -> None:
        self.sights: list[Sight] = []
        self.findings: list[Finding | None] = []
        """What is said of each; None where it takes a reference to say it."""
        self.plain = True
        """Whether there is no None among them."""
        self.steady = True
        """Whether any one of them says of the endpoint what all of them do."""
        self.memo: Memo | None = None

    @property
    def telling(self) -> Sequence[Sight]:
        """All that they say of the endpoint, but for its pace."""
        return self.sights[:1] if self.steady else self.sights

    def hear(self, sight: Sight) -> None:
        held = self.sights
        last = held[-1] if held else None
        finding = whole(sight) if plain(sight) else None
        self.plain = self.plain and finding is not None
        self.steady = self.steady and self.plain and _same(sight if last is None else last, sight)
        if last is None or last.at < sight.at or _when(last) < _when(sight):
            held.append(sight)
            self.findings.append(finding)
        else:
            insort(held, sight, key=_when)
            self.findings.insert(held.index(sight), finding)

    def forget(self, until: datetime) -> list[Sight]:
        """Drop what is no later than a time, and give what is gone."""
        held = self.sights
        count = 0
        for sight in held:
            if sight.at > until:
                break
            count += 1
        gone = held[:count]
        del held[:count], self.findings[:count]
        if not self.steady:
            self.plain = self.plain or None not in self.findings
            self.steady = self.plain and all(_same(held[0], sight) for sight in held)
        return gone

    def inside(self, first: datetime, last: datetime) -> bool:
        return self.sights[0].at > first and self.sights[-1].at <= last

    def cut(self, first: datetime, last: datetime) -> Track:
        """The part after `first` and up to `last`; may be empty."""
        part = Track()
        part.memo = self.memo
        for sight in self.sights:
            if first < sight.at <= last:
                part.hear(sight)
        return part


def _same(one: Sight, other: Sight) -> bool:
    """Whether two whole answers say the same of the endpoint, and no more than most do.

    What is equal is held once.
    """
    return (
        other.answers is one.answers
        and other.valid is one.valid
        and other.vantage is one.vantage
        and other.site == one.site
        and not other.doubled
        and other.trials is UNTRIED
    )


def _when(sight: Sight) -> tuple[datetime, str]:
    return sight.at, sight.id


class Witnesses:
    """The tracks of one endpoint by vantage, and what the steady ones say of it."""

    __slots__ = ("told", "tracks")

    def __init__(self) -> None:
        self.tracks: dict[str, Track] = {}
        self.told = Told()

    def hear(self, sight: Sight) -> None:
        track = self.tracks.get(sight.vantage.id)
        if track is None:
            track = self.tracks[sight.vantage.id] = Track()
            track.hear(sight)
            if track.steady:
                self.told.count(sight)
        elif track.steady:
            before = track.sights[0]
            track.hear(sight)
            if not track.steady:
                self.told.discount(before)
        else:
            track.hear(sight)

    def within(self, first: datetime, last: datetime) -> Witnesses:
        if all(track.inside(first, last) for track in self.tracks.values()):
            return self
        part = Witnesses()
        for name, track in self.tracks.items():
            own = track if track.inside(first, last) else track.cut(first, last)
            if own.sights:
                part.tracks[name] = own
                if own.steady:
                    part.told.count(own.sights[0])
        return part

    def forget(self, until: datetime) -> list[Sight]:
        """Drop what is no later than a time, and give what is gone."""
        gone: list[Sight] = []
        for track in self.tracks.values():
            oldest = track.sights[0]
            if oldest.at <= until:
                steady = track.steady
                gone += track.forget(until)
                if not track.sights:
                    if steady:
                        self.told.discount(oldest)
                elif track.steady and not steady:
                    self.told.count(track.sights[0])
        if gone:
            self.tracks = {name: track for name, track in self.tracks.items() if track.sights}
        return gone


Feature = tuple[str, str]
"""Service and feature, by id."""


class Tracks:
    """Every track by its feature, endpoint and vantage.

    A measurement is held once, whatever the order of arrival.
    """

    def __init__(self) -> None:
        self.features: dict[Feature, dict[str, Witnesses]] = {}
        """By endpoint; those of controls too."""
        self.known: dict[tuple[str, ...], Lore] = {}
        """Service, feature and endpoint → what was known of it when it was last asked about."""
        self._ids: set[str] = set()
        self._same: dict[Vantage | Target | Health, Vantage | Target | Health] = {}
        """Vantages, targets and healths: tracks of like ones share them."""
        self._like: dict[Target, Sight] = {}
        """Target → what some vantage saw of it: most see the same addresses."""

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Track]:
        for endpoints in self.features.values():
            for witnesses in endpoints.values():
                yield from witnesses.tracks.values()

    def add(self, measurements: Iterable[Measurement]) -> None:
        ids = self._ids
        for measurement in measurements:
            if measurement.id not in ids:
                ids.add(measurement.id)
                witnesses = self._witnesses(measurement.target)
                track = witnesses.tracks.get(measurement.vantage.id)
                if track is None:
                    witnesses.hear(self._first(measurement))
                else:
                    witnesses.hear(read(measurement, track.sights[-1]))

    def hear(self, sights: Iterable[Sight]) -> None:
        """As `add`, of what was read: whoever read it lets like ones share what they hold."""
        ids = self._ids
        for sight in sights:
            if sight.id not in ids:
                ids.add(sight.id)
                self._witnesses(sight.target).hear(sight)

    def _witnesses(self, target: Target) -> Witnesses:
        endpoints = self.features.get((target.service, target.feature))
        if endpoints is None:
            endpoints = self.features[target.service, target.feature] = {}
        witnesses = endpoints.get(target.endpoint)
        if witnesses is None:
            witnesses = endpoints[target.endpoint] = Witnesses()
        return witnesses

    def _first(self, measurement: Measurement) -> Sight:
        """Read a vantage's first one of an endpoint: what equals another's is shared with it."""
        same = self._same.setdefault
        known = msgspec.structs.replace(
            measurement,
            vantage=same(measurement.vantage, measurement.vantage),
            target=same(measurement.target, measurement.target),
            health=same(measurement.health, measurement.health),
        )
        sight = self._like[known.target] = read(known, self._like.get(known.target))
        return sight

    def within(self, first: datetime, last: datetime) -> Tracks:
        """What lies after `first` and up to `last`: these themselves, as a rule."""
        if all(track.inside(first, last) for track in self):
            return self
        part = Tracks()
        part.known = self.known
        for feature, endpoints in self.features.items():
            held = {name: witnesses.within(first, last) for name, witnesses in endpoints.items()}
            if left := {name: own for name, own in held.items() if own.tracks}:
                part.features[feature] = left
        return part

    def forget(self, until: datetime) -> None:
        self._same.clear()
        self._like.clear()
        for feature, endpoints in list(self.features.items()):
            for name, witnesses in list(endpoints.items()):
                self._ids.difference_update([sight.id for sight in witnesses.forget(until)])
                if not witnesses.tracks:
                    del endpoints[name]
            if not endpoints:
                del self.features[feature]
