"""What a country saw since a time, asked for again and again: few times differ.

Every failure elsewhere asks it of all other countries, so it is put together from what does not
change with the time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

from probe.judge.hypothesis.around import Around, says
from probe.judge.hypothesis.calm import Calm, Seat, Several
from probe.judge.hypothesis.causes import Counts
from probe.judge.hypothesis.episode import Kind, Run, alone, bonus, counted, whole
from probe.judge.hypothesis.likelihood import Country, Network, network
from probe.judge.row import Category
from probe.judge.sight import Sight

Saw = tuple[Country, tuple[int, ...]]
"""What a country saw, and the AS number of each entry."""
_NOTHING: Saw = ((), ())


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
    """One country in which something failed, and what it saw since any time."""

    __slots__ = ("_held", "_known", "_networks", "_times")

    def __init__(self, held: Sequence[Run], alike: float) -> None:
        self._held = held
        self._times: list[list[datetime]] = []
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
        self._known: dict[tuple[int, ...], Saw] = {}

    @property
    def fixed(self) -> bool:
        """Whether it saw the same since any time: what fails is not cut short by when it began elsewhere."""
        return all([run.failing for run in self._held])  # noqa: C419 — a list is faster

    def ever(self) -> Saw:
        """What it saw in all of the window."""
        return self._from((0,) * len(self._held))

    def since(self, begun: datetime) -> Saw:
        """What it saw then and later."""
        if not self._times:
            self._times = [_cut_short(run) for run in self._held]
        return self._from(tuple([bisect_left(times, begun) for times in self._times]))

    def _from(self, old: tuple[int, ...]) -> Saw:
        known = self._known.get(old)
        if known is None:
            built = [
                (seen, asn)
                for asn, parts in self._networks.items()
                if (seen := _network(parts, old)) is not None
            ]
            if len(built) > 1:
                built.sort()
            known = tuple([s for s, _ in built]), tuple([asn for _, asn in built])
            self._known[old] = known
        return known


def _cut_short(run: Run) -> list[datetime]:
    """Times that count only if they are not before it began elsewhere, in order."""
    return [] if run.failing else [finding.sight.at for finding in reversed(run.findings)]


def _told(run: Run) -> Sequence[Counts]:
    if run.calm:
        return _wholes(len(run.findings))
    return _counts(run.shown)


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


class Alone:
    """As `Lasting`, of a country of one vantage: most of those in which something failed."""

    __slots__ = ("_bonus", "_known", "_run", "_times", "_told", "_well")

    def __init__(self, run: Run, alike: float) -> None:
        self._run, self._told = run, _told(run)
        self._well = int(run.vouched if run.failing else run.well_at is not None)
        self._bonus = bonus([run], alike) if run.failing else ()
        self._times: list[datetime] | None = None
        self._known: dict[int, Saw] = {}

    @property
    def fixed(self) -> bool:
        return self._run.failing

    def ever(self) -> Saw:
        return self._known.get(0) or self._from(0)

    def since(self, begun: datetime) -> Saw:
        if self._times is None:
            self._times = _cut_short(self._run)
        old = bisect_left(self._times, begun)
        return self._known.get(old) or self._from(old)

    def _from(self, old: int) -> Saw:
        seen, run = self._told[old], self._run
        found = _NOTHING
        if seen:
            found = (network((seen,), self._well, self._bonus, run.usual),), (run.vantage.asn,)
        self._known[old] = found
        return found


def lasting(held: Sequence[Run], alike: float) -> Lasting | Alone:
    return Alone(held[0], alike) if len(held) == 1 else Lasting(held, alike)


class Still:
    """All calm countries of a feature, and what they say of what they saw since any time.

    Those of one vantage are only counted.
    """

    def __init__(self, alike: Iterable[Sequence[Calm]]) -> None:
        """`alike`: together, those that saw the same in all of the window."""
        self._ranked: dict[Kind, _Ranked] = defaultdict(_Ranked)
        self._several: list[Several] = []
        for each in alike:
            single = [own for own in each if type(own) is Seat]
            if single:
                self._ranked[single[0].footing.kind].take([seat.heard for seat in single])
            if len(single) < len(each):
                self._several += [own for own in each if type(own) is Several]

    def since(self, begun: datetime) -> Around:
        """What they saw then and later, together; those who saw nothing say nothing."""
        found = sum([says(seen) for each in self._several if (seen := each.since(begun))])
        for like, ranked in self._ranked.items():
            saw = alone(like)
            for count, countries in ranked.newer(begun):
                found += countries * says(saw[count])
        return found


class _Ranked:
    """The times of many vantages' newest sights in order, those of their second newest, and so on.

    No more of them are looked at than somebody asks for, and that is of late, as a rule.
    """

    def __init__(self) -> None:
        self._columns: list[Sequence[Sequence[Sight]]] = []
        """Of vantages with as many sights: the oldest of each of them, the second oldest, …"""
        self._times: list[list[datetime]] = []

    def take(self, held: Sequence[Sequence[Sight]]) -> None:
        """Take some more of the same number of sights."""
        self._columns.append(list(zip(*held, strict=True)))

    def newer(self, begun: datetime) -> Iterator[tuple[int, int]]:
        """So many sights since then, and how many have just as many.

        Whose third newest is of then or later has three at least: no country is looked at.
        """
        rank, these = 1, _least(self._rank(1), begun)
        while these:
            more = _least(self._rank(rank + 1), begun)
            if these > more:
                yield rank, these - more
            rank, these = rank + 1, more

    def _rank(self, rank: int) -> Sequence[datetime]:
        if rank > len(self._times):
            deep = [columns[-rank] for columns in self._columns if len(columns) >= rank]
            self._times.append(sorted([sight.at for column in deep for sight in column]))
        return self._times[rank - 1]


def _least(times: Sequence[datetime], begun: datetime) -> int:
    """How many are of then or later: all or none, but for one round or two."""
    if not times or times[-1] < begun:
        return 0
    return len(times) if times[0] >= begun else len(times) - bisect_left(times, begun)
