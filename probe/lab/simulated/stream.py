"""Everything that the probers of a scenario measure, in the order in which it arrives."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from random import Random

from probe.lab.scenario import Scenario
from probe.lab.simulated.act import ALL_FLOWS
from probe.lab.simulated.force import Force, Forces
from probe.lab.simulated.noise import BURST, LONE, drawn, troubles
from probe.lab.simulated.seat import Seat, seats
from probe.lab.simulated.template import Template, Ward, moment
from probe.lab.simulated.walk import Hit
from probe.model import Measurement

FLUSH_SECONDS = 1.0
"""From the end of a measurement to its arrival."""
VARIANTS = 6
"""Ways that the same measurement can go: their times differ, and what forgers say."""
MOST_FLOWS = 8

Arrival = tuple[float, str, Measurement]


class Way:
    """One seat in one stretch of the story: what holds, and the templates made so far."""

    __slots__ = ("_made", "force", "seat", "stretch")

    def __init__(self, seat: Seat, force: Force, stretch: int) -> None:
        self.seat, self.force, self.stretch = seat, force, stretch
        self._made: dict[tuple[int, ...], Template] = {}

    def template(self, variant: int, noise: Hit | None = None, key: int = -1) -> Template:
        """Give the usual course, or that under a noise, which `key` names."""
        return self._template((variant, key), self._sure(noise))

    def partly(self, variant: int, dice: Random) -> Template:
        """Throw for each flow whether the partial acts hit it."""
        masks = tuple(_mask(share, dice) for _, share in self.force.partial)
        acts = zip(self.force.partial, masks, strict=True)
        hits = tuple((act, mask) for (act, _), mask in acts)
        return self._template((variant, -1, *masks), (*hits, *self._sure(None)))

    def _sure(self, noise: Hit | None) -> tuple[Hit, ...]:
        own = tuple((act, ALL_FLOWS) for act in self.force.sure)
        return (*own, noise) if noise else own

    def _template(self, key: tuple[int, ...], hits: tuple[Hit, ...]) -> Template:
        found = self._made.get(key)
        if found is None:
            dice = Random(f"{self.seat.number} {self.stretch} {key}")  # noqa: S311 — no secret
            found = self._made[key] = Template(self.seat, hits, dice)
        return found


def _mask(share: float, dice: Random) -> int:
    return sum(1 << flow for flow in range(MOST_FLOWS) if dice.random() < share)


class Stream:
    """A scenario under a seed. A round's course depends on its number alone, not on where one begins."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario, self._seed = scenario, seed
        self._round = float(scenario.round)
        dice = Random(f"{seed} phases")  # noqa: S311 — no secret
        by_prober = seats(scenario)
        order = [(dice.random(), seat) for own in by_prober for seat in own]
        self._order = sorted(order, key=lambda one: (one[0], one[1].number))
        self._forces = Forces(scenario, [seat for _, seat in order])
        self._ways: dict[tuple[int, int], Way] = {}
        until = float(scenario.length) * 2 + 86400
        asns = {seat.prober.vantage.asn for _, seat in order}
        self._troubles = {
            asn: troubles(scenario.noise, self._round, asn, seed, until) for asn in sorted(asns)
        }

    def arrivals(self, begin: float, end: float) -> Iterator[Arrival]:
        """Give what is measured from begin on and arrives before the end, in order of arrival."""
        wards = {seat.prober.vantage.id: Ward() for _, seat in self._order}
        waiting: list[Arrival] = []
        first, last = int(begin // self._round), int(-(-end // self._round))
        for number in range(first, last):
            waiting.extend(self._measured(number, begin, wards))
            waiting.sort(key=lambda arrival: arrival[:2])
            border = min(end, (number + 1) * self._round)
            due = bisect_right(waiting, border, key=lambda arrival: arrival[0])
            yield from waiting[:due]
            del waiting[:due]

    def _measured(self, number: int, begin: float, wards: dict[str, Ward]) -> Iterator[Arrival]:
        start, lone = number * self._round, self._scenario.noise.lone
        dice = Random(self._seed << 32 ^ number & 0xFFFFFFFF)  # noqa: S311 — no secret
        troubled = self._troubled(start)
        for phase, seat in self._order:
            at = start + phase * self._round
            point, variant = dice.random(), int(dice.random() * VARIANTS)
            way = self._way(seat, at)
            if way.force.dead or at < begin:
                continue
            share = troubled.get(seat.prober.vantage.asn, 0.0) if troubled else 0.0
            template = self._course(way, point, variant, (lone, share), dice)
            ward = wards[seat.prober.vantage.id]
            name = f"{int((at + 1e7) * 1000):011x}{seat.number:05x}"
            made = template.stamp(moment(at), name, ward.health)
            if template.checked:
                ward.note(seat.number, template)
            out = at + template.took + FLUSH_SECONDS
            if way.force.out_at > out:
                out = way.force.out_at + FLUSH_SECONDS
            if out != float("inf"):
                yield out, name, made

    def _troubled(self, start: float) -> dict[int, float]:
        """Networks in trouble in a round, with the share of their measurements that fails."""
        share, found = self._scenario.noise.share, dict[int, float]()
        for asn, held in self._troubles.items():
            if any(t.begins < start + self._round / 2 <= t.ends for t in held):
                found[asn] = share
        return found

    def _course(
        self, way: Way, point: float, variant: int, chance: tuple[float, float], dice: Random
    ) -> Template:
        lone, burst = chance
        if point < burst:
            kind = drawn(BURST, point / burst)
            return way.template(variant, (BURST[kind][0], ALL_FLOWS), kind)
        if point >= 1.0 - lone:
            kind = drawn(LONE, (1.0 - point) / lone)
            return way.template(variant, (LONE[kind][0], ALL_FLOWS), 100 + kind)
        return way.partly(variant, dice) if way.force.partial else way.template(variant)

    def _way(self, seat: Seat, at: float) -> Way:
        marks = self._forces.marks
        stretch = bisect_right(marks, at)
        found = self._ways.get((seat.number, stretch))
        if found is None:
            since = marks[stretch - 1] if stretch else float("-inf")
            found = Way(seat, self._forces.force(seat, since), stretch)
            self._ways[seat.number, stretch] = found
        return found
