"""What each vantage saw of each endpoint, in order: all that the judge keeps of the past."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain

import msgspec

from probe.judge.evidence import Finding, Lore, plain
from probe.judge.reading import read
from probe.judge.sight import Glance, Sight
from probe.judge.told import Told
from probe.judge.traits import SLOW_SECONDS
from probe.judge.trials import UNTRIED
from probe.model import CONTROL, Health, Measurement, Target, Vantage


class Memo(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What was found of a track's sights while just so much was known of their endpoint."""

    known: Lore
    sights: Sequence[Sight]
    found: tuple[Finding, ...]
    """Of each of them, newest first."""


class Track:
    """The sights of one vantage at one endpoint, by time; ties by id. Never empty once it is heard."""

    __slots__ = ("memo", "odd", "sights", "steady")

    def __init__(self) -> None:
        self.sights: list[Sight] = []
        self.odd = 0
        """How many of them are more than whole answers."""
        self.steady = True
        """Whether any one of them says of the endpoint what all of them do."""
        self.memo: Memo | None = None

    @property
    def telling(self) -> Sequence[Sight]:
        """All that they say of the endpoint, but for its pace."""
        return self.sights[:1] if self.steady else self.sights

    def hear(self, sight: Sight) -> bool:
        """Hear one more; say whether it was not heard before."""
        held = self.sights
        last = held[-1] if held else sight
        if not held or last.at < sight.at:
            held.append(sight)
        else:
            place = bisect_left(held, _when(sight), key=_when)
            if place < len(held) and held[place].id == sight.id:
                return False
            held.insert(place, sight)
        if self.steady and _again(last, sight):
            return True
        odd = not plain(sight)
        self.odd += odd
        self.steady = self.steady and not odd and _same(last, sight)
        return True

    def forget(self, until: datetime) -> Sequence[Sight]:
        """Drop what is no later than a time, and give it."""
        held = self.sights
        count = 0
        for sight in held:
            if sight.at > until:
                break
            count += 1
            self.odd -= self.odd > 0 and not plain(sight)
        gone = held[:count]
        del held[:count]
        if not self.steady:
            self.steady = not self.odd and all(_same(held[0], sight) for sight in held)
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


def _again(one: Sight, other: Sight) -> bool:
    """Whether it is one more glance at what a whole answer showed, by what they share; nearly all are."""
    return (
        other.health is one.health
        and other.answers is one.answers
        and other.valid is one.valid
        and other.site is one.site
        and other.vantage is one.vantage
        and other is not one
        and type(other) is Glance
        and not other.doubled
        and other.pace < SLOW_SECONDS
    )


def _same(one: Sight, other: Sight) -> bool:
    """Whether two whole answers say the same of the endpoint, and no more than most do."""
    return (
        other.answers == one.answers
        and other.valid == one.valid
        and other.site == one.site
        and (other.vantage is one.vantage or other.vantage == one.vantage)
        and not other.doubled
        and other.trials is UNTRIED
    )


def _when(sight: Sight) -> tuple[datetime, str]:
    return sight.at, sight.id


class Witnesses:
    """The tracks of one endpoint by vantage, and what they say of it."""

    __slots__ = ("told", "tracks")

    def __init__(self) -> None:
        self.tracks: dict[str, Track] = {}
        self.told = Told()

    def hear(self, sight: Sight) -> None:
        name = sight.vantage.id
        track = self.tracks.get(name)
        if track is None:
            track = self.tracks[name] = Track()
            track.hear(sight)
            self.told.count(sight)
            return
        oldest, steady = track.sights[0], track.steady
        fresh = track.hear(sight)
        if track.steady:
            return
        if steady:
            self.told.discount(oldest)
            self._count(track)
        elif fresh:
            self.told.count(sight)

    def _count(self, track: Track) -> None:
        for sight in track.telling:
            self.told.count(sight)

    def within(self, first: datetime, last: datetime) -> Witnesses:
        if all(track.inside(first, last) for track in self.tracks.values()):
            return self
        part = Witnesses()
        for name, track in self.tracks.items():
            own = track if track.inside(first, last) else track.cut(first, last)
            if own.sights:
                part.tracks[name] = own
                part._count(own)
        return part

    def forget(self, until: datetime) -> None:
        for name, track in list(self.tracks.items()):
            oldest, steady = track.sights[0], track.steady
            if oldest.at > until:
                continue
            gone = track.forget(until)
            if not steady:
                self._recount(track, gone)
            elif not track.sights:
                self.told.discount(oldest)
            if not track.sights:
                del self.tracks[name]

    def _recount(self, track: Track, gone: Iterable[Sight]) -> None:
        """Of a track whose every sight was counted; once steady, it is by one of them."""
        for sight in chain(gone, track.sights if track.steady else ()):
            self.told.discount(sight)
        if track.steady:
            self._count(track)


_NEVER = datetime.max.replace(tzinfo=UTC)
Feature = tuple[str, str]
"""Service and feature, by id."""


class Tracks:
    """Every track by its feature, endpoint and vantage.

    A measurement is held once, whatever the order of arrival.
    """

    def __init__(self) -> None:
        self.features: dict[Feature, dict[str, Witnesses]] = {}
        """By endpoint; those of controls too."""
        self.newest: dict[str, Sight] = {}
        """Vantage id → the newest of its sights of services; of like times the last id's."""
        self._after = _NEVER
        """Everything held is later."""
        self.known: dict[tuple[str, ...], Lore] = {}
        """Service, feature and endpoint → what was known of it when it was last asked about."""
        self._same: dict[Vantage | Target | Health, Vantage | Target | Health] = {}
        """Vantages, targets and healths: tracks of like ones share them."""
        self._like: dict[Target, Sight] = {}
        """Target → what some vantage saw of it: most see the same addresses."""

    def __len__(self) -> int:
        return sum(len(track.sights) for track in self)

    def __iter__(self) -> Iterator[Track]:
        for endpoints in self.features.values():
            for witnesses in endpoints.values():
                yield from witnesses.tracks.values()

    def series(self, names: Collection[str]) -> Iterator[Sequence[Sight]]:
        """The sights of these vantages, endpoint by endpoint."""
        for endpoints in self.features.values():
            for witnesses in endpoints.values():
                tracks = witnesses.tracks
                yield from [tracks[name].sights for name in names if name in tracks]

    def controls(self) -> Iterator[Sequence[Sight]]:
        """The series of controls alone."""
        for (service, _), endpoints in self.features.items():
            for witnesses in endpoints.values() if service == CONTROL else ():
                yield from (track.sights for track in witnesses.tracks.values())

    def add(self, measurements: Iterable[Measurement]) -> None:
        self.hear(map(self._read, measurements))

    def _read(self, measurement: Measurement) -> Sight:
        tracks = self._witnesses(measurement.target).tracks
        track = tracks.get(measurement.vantage.id)
        return self._first(measurement) if track is None else read(measurement, track.sights[-1])

    def hear(self, sights: Iterable[Sight]) -> None:
        """As `add`, of what was read: whoever read it lets like ones share what they hold."""
        heard: list[Sight] = []
        for sight in sights:
            self._witnesses(sight.target).hear(sight)
            heard.append(sight)
        self._note(heard)

    def _note(self, sights: Iterable[Sight]) -> None:
        """Note how far back all of them reach, and who saw something last."""
        newest, after = self.newest, self._after
        for sight in sights:
            at, name = sight.at, sight.vantage.id
            if at <= after:
                after = at - datetime.resolution
            if sight.target.service != CONTROL:
                held = newest.get(name)
                if held is None or held.at < at or _when(held) < _when(sight):
                    newest[name] = sight
        self._after = after

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
        if self._inside(first, last):
            return self
        part = Tracks()
        part.known = self.known
        for feature, endpoints in self.features.items():
            held = {name: witnesses.within(first, last) for name, witnesses in endpoints.items()}
            if left := {name: own for name, own in held.items() if own.tracks}:
                part.features[feature] = left
        for track in part:
            part._note((track.sights[0], track.sights[-1]))
        return part

    def _inside(self, first: datetime, last: datetime) -> bool:
        late = any(sight.at > last for sight in self.newest.values())
        return (
            self._after >= first
            and not late
            and all(sights[-1].at <= last for sights in self.controls())
        )

    def forget(self, until: datetime) -> None:
        self._same.clear()
        self._like.clear()
        self._after = max(self._after, until)
        self.newest = {name: sight for name, sight in self.newest.items() if sight.at > until}
        for feature, endpoints in list(self.features.items()):
            for name, witnesses in list(endpoints.items()):
                witnesses.forget(until)
                if not witnesses.tracks:
                    del endpoints[name]
            if not endpoints:
                del self.features[feature]
