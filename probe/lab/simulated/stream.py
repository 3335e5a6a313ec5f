"""Everything that the probers of a scenario measure, in the order in which it arrives."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from operator import itemgetter
from random import Random
from typing import TypeVar

from probe.lab.scenario import Scenario
from probe.lab.simulated.force import NEVER
from probe.lab.simulated.noise import BURST, LONE, drawn, troubles
from probe.lab.simulated.presented import moment
from probe.lab.simulated.seat import Seat
from probe.lab.simulated.stage import VARIANTS, Stage, Way
from probe.lab.simulated.template import Shown, Template, Ward
from probe.model import Health, Measurement

FLUSH_SECONDS = 1.0
"""From the end of a measurement to its arrival."""
FEW = 2
"""Variants of a course with a noise: it is rare, and a walk is dear."""
SHUFFLE = 1_000_003
"""Makes a variant's number out of a draw whose size already says something else."""
LONG_AGO = 1e7
"""Seconds: names must sort by time, before the scenario's start too."""
WIDE = 1 << 44
"""Makes hex() write eleven digits after its `0x1`, in half the time of a format."""

T = TypeVar("T")
Arrival = tuple[float, str, T]
Stamp = Callable[[Template, datetime, str, Health], T]


class Row:
    """A seat's place in the round."""

    __slots__ = ("asn", "control", "offset", "seat", "since", "suffix", "vantage", "ways")

    def __init__(self, seat: Seat, offset: float) -> None:
        self.seat, self.offset = seat, offset
        self.since = timedelta(seconds=offset)
        """The offset once more: to make one anew for every measurement is dear."""
        self.vantage, self.asn = seat.prober.vantage.id, seat.prober.vantage.asn
        self.control = seat.control
        self.suffix = f"{seat.number:05x}"
        self.ways: dict[int, Way] = {}


class Stream:
    """A scenario under a seed. A round's course depends on its number alone, not on where one begins.

    Parts of one world, each in a lane of its own, share the troubles of its networks and nothing
    else.
    """

    def __init__(
        self, scenario: Scenario, seed: int, stage: Stage | None = None, lane: int = 0
    ) -> None:
        self._scenario, self._dice = scenario, (lane << 64) + (seed << 32)
        self._stage = stage or Stage(scenario)
        self._round = float(scenario.round)
        dice = Random(f"{seed} phases")  # noqa: S311 — no secret
        rows = [Row(seat, dice.random() * self._round) for seat in self._stage.seats]
        self._rows = sorted(rows, key=lambda row: row.offset)
        self._troubles = {
            network.asn: troubles(scenario.noise, self._round, network.asn, seed)
            for network in scenario.networks
        }

    def arrivals(self, begin: float, end: float) -> Iterator[Arrival[Measurement]]:
        """Give what is measured from begin on and arrives before the end, in order of arrival."""
        return chain.from_iterable(self.made(begin, end))

    def made(self, begin: float, end: float) -> Iterator[list[Arrival[Measurement]]]:
        """Give the same, together what arrives in one round."""
        return self._rounds(begin, end, Template.stamp)

    def shown(self, begin: float, end: float) -> Iterator[list[Arrival[Shown]]]:
        """As `made`, of what is read of the measurements."""
        return self._rounds(begin, end, Template.show)

    def _rounds(self, begin: float, end: float, stamp: Stamp[T]) -> Iterator[list[Arrival[T]]]:
        wards = {row.vantage: Ward(self._stage.words) for row in self._rows}
        seated = [(row, wards[row.vantage]) for row in self._rows]
        waiting: list[Arrival[T]] = []
        first, last = int(begin // self._round), int(-(-end // self._round))
        for number in range(first, last):
            waiting += self._measured(number, begin, seated, stamp)
            waiting.sort()  # names are unique: nothing is compared beyond them
            border = min(end, (number + 1) * self._round)
            due = bisect_right(waiting, border, key=_when)
            yield waiting[:due]
            del waiting[:due]

    def _measured(
        self, number: int, begin: float, seated: Sequence[tuple[Row, Ward]], stamp: Stamp[T]
    ) -> list[Arrival[T]]:
        """Run one round, in order of time: what each control shows is known to what follows it."""
        start, quiet = number * self._round, 1.0 - self._scenario.noise.lone
        dice = Random(self._dice ^ number & 0xFFFFFFFF)  # noqa: S311 — no secret
        struck, troubled = moment(start), self._troubled(start)
        marks = self._stage.marks
        stretch = bisect_right(marks, start)
        steady = stretch == bisect_right(marks, start + self._round)
        draw = dice.random
        found: list[Arrival[T]] = []
        for row, ward in seated:
            at, point = start + row.offset, draw()
            if not steady:
                stretch = bisect_right(marks, at)
            way = row.ways.get(stretch) or self._way(row, stretch)
            force = way.force
            if force.dead or at < begin:
                continue
            if point >= quiet or force.partial or (troubled and row.asn in troubled):
                template = self._course(way, point, troubled.get(row.asn, 0.0), dice)
            else:
                variant = int(point * SHUFFLE) % VARIANTS
                template = way.usual[variant] or way.plain(variant)
            name = hex(int((at + LONG_AGO) * 1000) | WIDE)[3:] + row.suffix
            made = stamp(template, struck + row.since, name, ward.health)
            if row.control:
                ward.note(row.seat.number, template)
            out = at + template.took + FLUSH_SECONDS
            if force.out_at > out:
                out = force.out_at + FLUSH_SECONDS
            if out < NEVER:
                found.append((out, name, made))
        return found

    def _troubled(self, start: float) -> dict[int, float]:
        """Networks in trouble in a round, with the share of their measurements that fails."""
        share, middle = self._scenario.noise.share, start + self._round / 2
        return {asn: share for asn, held in self._troubles.items() if held.at(middle)}

    def _course(self, way: Way, point: float, burst: float, dice: Random) -> Template:
        lone, variant = self._scenario.noise.lone, int(point * SHUFFLE) % VARIANTS
        few = variant % FEW
        if point < burst:
            kind = drawn(BURST, point / burst)
            return way.noisy(few, BURST[kind][0], kind)
        if point >= 1.0 - lone:
            kind = drawn(LONE, (1.0 - point) / lone)
            return way.noisy(few, LONE[kind][0], len(BURST) + kind)
        return way.partly(variant, dice) if way.force.partial else way.plain(variant)

    def _way(self, row: Row, stretch: int) -> Way:
        row.ways[stretch] = found = self._stage.way(row.seat, stretch)
        return found


_when = itemgetter(0)
