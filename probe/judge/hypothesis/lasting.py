"""What a country saw since a time, asked for again and again: few times differ.

Every failure elsewhere asks it of all other countries. What is asked for is `episode.signature`;
here it is put together from what does not change with the time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

import msgspec

from probe.judge.hypothesis import episode
from probe.judge.hypothesis.calm import Calm, Kind, Seat, kind, newer
from probe.judge.hypothesis.causes import Counts
from probe.judge.hypothesis.episode import Run, bonus, counted, lone, whole
from probe.judge.hypothesis.likelihood import Country, Network, network
from probe.judge.hypothesis.standing import Held
from probe.judge.row import Category


class _Part(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One vantage of a network, by how many of its oldest sights are too old."""

    number: int
    """Of the vantage, in its country."""
    told: Sequence[Counts]
    well: bool


class _Parts(msgspec.Struct, eq=False):
    """One network: its vantages, and what a failure there says whenever it is asked."""

    parts: list[_Part]
    failing: list[Run]
    usual: float
    bonus: tuple[tuple[str, float], ...] = ()


class Lasting:
    """One country, and what it saw since any time."""

    __slots__ = ("_held", "_known", "_networks")

    def __init__(self, held: Sequence[Run], alike: float) -> None:
        self._held = held
        self._networks: dict[int, _Parts] = {}
        for number, run in enumerate(held):
            found = self._networks.get(run.vantage.asn)
            if found is None:
                found = self._networks[run.vantage.asn] = _Parts([], [], run.usual)
            if run.failing:
                found.failing.append(run)
            well = run.vouched if run.failing else run.well_at is not None
            found.parts.append(_Part(number, _told(run), well))
        for found in self._networks.values():
            if found.failing:
                found.bonus = bonus(found.failing, alike)
        self._known: dict[tuple[int, ...], tuple[Country, tuple[int, ...]]] = {}

    def ever(self) -> tuple[Country, tuple[int, ...]]:
        """What it saw in all of the window, and the AS number of each entry."""
        return self._from((0,) * len(self._held))

    def since(self, begun: datetime) -> Country:
        return self._from(tuple([_older(run, begun) for run in self._held]))[0]

    def _from(self, old: tuple[int, ...]) -> tuple[Country, tuple[int, ...]]:
        if old not in self._known:
            built = [
                (seen, asn)
                for asn, parts in self._networks.items()
                if (seen := _network(parts, old)) is not None
            ]
            built.sort()
            self._known[old] = tuple([s for s, _ in built]), tuple([asn for _, asn in built])
        return self._known[old]


def _older(run: Run, begun: datetime) -> int:
    """Sights from before then; what fails is not cut short by when it began elsewhere."""
    return 0 if run.failing else len(run.findings) - episode.newer(run, begun)


def _told(run: Run) -> Sequence[Counts]:
    if run.calm:
        return _wholes(len(run.findings))
    return _counts(tuple([finding.category for finding in run.findings]))


@lru_cache(maxsize=256)
def _wholes(count: int) -> tuple[Counts, ...]:
    return tuple(whole(left) for left in range(count, -1, -1))


@lru_cache(maxsize=8192)
def _counts(categories: tuple[Category, ...]) -> tuple[Counts, ...]:
    return tuple(counted(categories[:left]) for left in range(len(categories), -1, -1))


def _network(parts: _Parts, old: Sequence[int]) -> Network | None:
    counts, well = [], 0
    for part in parts.parts:
        seen = part.told[old[part.number]]
        if seen:
            counts.append(seen)
            well += part.well
    if not counts:
        return None
    counts.sort()
    return network(tuple(counts), well, parts.bonus, parts.usual)


class Wholes:
    """A country of several vantages that saw whole answers alone: its sights are only counted."""

    __slots__ = ("_held",)

    def __init__(self, held: Calm) -> None:
        self._held = held

    def ever(self) -> tuple[Country, tuple[int, ...]]:
        """What it saw in all of the window, and the AS number of each entry."""
        return _saw(self._held.saw())

    def since(self, begun: datetime) -> Country:
        return _saw(self._held.since(begun))[0]


@lru_cache(maxsize=16384)
def _saw(told: tuple[tuple[int, int, bool, float], ...]) -> tuple[Country, tuple[int, ...]]:
    """What vantages saw of which network, number of whole answers, and kind are known."""
    networks: dict[int, list[tuple[int, bool, float]]] = {}
    for asn, count, well, usual in told:
        networks.setdefault(asn, []).append((count, well, usual))
    built = []
    for asn, own in networks.items():
        seen = [(whole(count), well) for count, well, _ in own if count]
        if seen:
            counts = tuple(sorted([each for each, _ in seen]))
            built.append((network(counts, sum([well for _, well in seen]), (), own[0][2]), asn))
    built.sort()
    return tuple([seen for seen, _ in built]), tuple([asn for _, asn in built])


class Still:
    """Countries of one vantage that sees whole answers alone: its sights are only counted."""

    def __init__(self, by_country: Held) -> None:
        self.seats = {
            c: own.seats[0]
            for c, own in by_country.items()
            if isinstance(own, Calm) and len(own.seats) == 1
        }
        self._alike: dict[Kind, list[Seat]] = defaultdict(list)
        for seat in self.seats.values():
            self._alike[kind(seat.footing)].append(seat)
        self._ever: dict[tuple[int, bool, float], Country] = {}
        self._ranked: dict[Kind, list[list[datetime]]] = {}

    def ever(self, country: str) -> tuple[Country, tuple[int, ...]]:
        seat = self.seats[country]
        well, usual = kind(seat.footing)
        key = (len(seat.sights), well, usual)
        if key not in self._ever:
            self._ever[key] = (lone(len(seat.sights), well=well, usual=usual),)
        return self._ever[key], (seat.sights[-1].vantage.asn,)

    def since(self, begun: datetime, country: str) -> Counter[Country]:
        """What they saw since then and how many saw it, without a country and who saw nothing."""
        found: Counter[Country] = Counter()
        own = self.seats.get(country)
        for like in self._alike:
            beside = own if own is not None and kind(own.footing) == like else None
            for count, countries in self._newer(like, begun, beside):
                found[(lone(count, well=like[0], usual=like[1]),)] += countries
        return found

    def _newer(
        self, like: Kind, begun: datetime, beside: Seat | None
    ) -> Iterator[tuple[int, int]]:
        """So many sights since then, and how many of a kind have just as many.

        Whose third newest is of then or later has three at least: no country is looked at.
        """
        if like not in self._ranked:
            self._ranked[like] = _ranked(self._alike[like])
        own = newer(beside.sights, begun) if beside is not None else 0
        least = [
            len(times) - bisect_left(times, begun) - (own >= rank)
            for rank, times in enumerate(self._ranked[like], 1)
        ]
        for rank, (these, more) in enumerate(pairwise((*least, 0)), 1):
            if these > more:
                yield rank, these - more


def _ranked(held: Sequence[Seat]) -> list[list[datetime]]:
    """The times of their newest sights in order, those of their second newest, and so on."""
    ranked: list[list[datetime]] = []
    for seat in held:
        for rank, sight in enumerate(reversed(seat.sights)):
            if rank == len(ranked):
                ranked.append([])
            ranked[rank].append(sight.at)
    for times in ranked:
        times.sort()
    return ranked
