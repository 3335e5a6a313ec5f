"""What the rules say of tracks; what they ask of others is gathered where they ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property

from probe.judge.common import Common, Pair
from probe.judge.control import Reference, late, reference
from probe.judge.evidence import Finding, Lore, plain, plainly, whole
from probe.judge.pace import Paces
from probe.judge.sight import Sight
from probe.judge.tracks import Memo, Track, Tracks, Witnesses
from probe.judge.view import Cell
from probe.model import CONTROL

Key = tuple[str, str, str]
"""Service, feature, endpoint."""


class Finder:
    """What is known of an endpoint changes seldom: while it does not, nothing is found anew."""

    def __init__(self, tracks: Tracks) -> None:
        self._tracks = tracks
        self._paces = Paces(self._controls)
        self.odd: dict[Cell, list[tuple[Finding, ...]]] = defaultdict(list)
        """What was found of tracks that are more than whole answers."""
        self.named: set[Cell] = set()
        """Where any of that names a mechanism though nothing fails."""

    def found(
        self, key: Key, witnesses: Witnesses, odd: Mapping[str, Track]
    ) -> dict[str, tuple[Finding, ...]]:
        """Of one endpoint's tracks that are more than whole answers: by vantage, newest first."""
        known = self._lore(key, witnesses)
        found = {name: _found(track, known) for name, track in odd.items()}
        for findings in found.values():
            self._note(key, findings)
        return found

    def _note(self, key: Key, findings: tuple[Finding, ...]) -> None:
        service, feature, _ = key
        cell = (service, feature, findings[0].sight.vantage.country)
        self.odd[cell].append(findings)
        if [f for f in findings if not f.failing and f.main.mechanism]:
            self.named.add(cell)

    def _lore(self, key: Key, witnesses: Witnesses) -> Lore:
        """What is known of the endpoint: what was known before, where that is the same."""
        fresh = self._reference(witnesses)
        held = self._tracks.known.get(key)
        if held is None or held.known != fresh:
            held = self._tracks.known[key] = Lore(fresh)
        return held

    def _reference(self, witnesses: Witnesses) -> Reference:
        if not witnesses.told.slow:
            return reference(witnesses.told, self._among)
        every = [track.sights for track in witnesses.tracks.values()]
        return reference(witnesses.told, self._among, late(every, self._paces.about))

    def _among(self, pairs: AbstractSet[Pair]) -> frozenset[Pair]:
        return self._common.among(pairs)

    @cached_property
    def _common(self) -> Common:
        every = [each for known in self._tracks.features.values() for each in known.items()]
        return Common((name, witnesses.told) for name, witnesses in every)

    def _controls(self, vantage: str) -> Iterator[Sequence[Sight]]:
        """The sights of each of a vantage's controls."""
        tracks = (witnesses.tracks.get(vantage) for witnesses in self._watched)
        return (track.sights for track in tracks if track is not None)

    @cached_property
    def _watched(self) -> list[Witnesses]:
        """The controls of all countries."""
        features = self._tracks.features.items()
        return [w for (service, _), held in features if service == CONTROL for w in held.values()]


def _found(track: Track, known: Lore) -> tuple[Finding, ...]:
    """What is found of a track's sights, newest first: of most of them it was found before."""
    memo, sights = track.memo, track.sights
    kept = _kept(memo.sights, sights) if memo is not None else 0
    if memo is not None and kept:
        same = memo.known is known
        if same and kept == len(sights) == len(memo.sights):
            return memo.found
        before = memo.found[:kept]
        if not same:
            before = tuple([f if plainly(f) else known.find(f.sight) for f in before])
    else:
        before = ()
    fresh = [whole(s) if plain(s) else known.find(s) for s in reversed(sights[kept:])]
    found = (*fresh, *before)
    track.memo = Memo(known, sights[:], found)
    return found


def _kept(before: Sequence[Sight], now: Sequence[Sight]) -> int:
    """How many of the newest of before are the oldest of now, and nothing came between them.

    As a rule, all but a few that were forgotten.
    """
    oldest = now[0]
    for gone, sight in enumerate(before):
        if sight is oldest:
            count = len(before) - gone
            return count if now[:count] == before[gone:] else 0
    return 0
