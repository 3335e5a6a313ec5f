"""What fails for no reason: lone failures, and passing troubles of one network. Seeded."""

from __future__ import annotations

import math
from bisect import bisect_right
from random import Random

from probe.lab.scenario import Noise
from probe.lab.simulated.act import Act, Follows, Lookup
from probe.lab.simulated.mechanism import MUTE, SERVFAIL
from probe.measure.failure import RESET, TIMEOUT

DAY_SECONDS = 86400.0
BEFORE_SECONDS = DAY_SECONDS
"""Troubles are drawn from so long before the scenario on."""

LONE: tuple[tuple[Act, int], ...] = (
    (Act(connect=TIMEOUT), 30),
    (Act(shake=RESET), 15),
    (Act(shake=TIMEOUT), 10),
    (Act(shake=RESET, alike=True), 5),
    (Act(request=RESET), 10),
    (Act(request=TIMEOUT), 15),
    (Act(lookup=MUTE), 10),
    (Act(lookup=Lookup(rcode=SERVFAIL)), 5),
)
"""Kinds of lone failures and how often each is met, of a hundred: what is hit is one moment, so
the test made a moment later passes more often than not."""
BURST: tuple[tuple[Act, int], ...] = (
    (Act(follows=Follows.ALL, connect=TIMEOUT), 40),
    (Act(lookup=MUTE, second=MUTE), 15),
    (Act(follows=Follows.ALL, shake=TIMEOUT, alike=True), 15),
    (Act(follows=Follows.ALL, shake=RESET, alike=True), 10),
    (Act(follows=Follows.NAME, shake=RESET), 5),
    (Act(request=TIMEOUT), 10),
    (Act(request=RESET), 5),
)
"""In a network in trouble the tests fail as well, for the most part."""


class Troubles:
    """A network's, drawn as far as they are asked for: a Poisson process, lengths geometric in rounds."""

    def __init__(self, noise: Noise, story_round: float, dice: Random) -> None:
        self._gap = DAY_SECONDS / noise.bursts if noise.bursts > 0 else math.inf
        self._noise, self._round, self._dice = noise, story_round, dice
        self._next = -BEFORE_SECONDS + self._wait()
        self._begins: list[float] = []
        self._ends: list[float] = []
        """The latest end of all that began by then."""

    def at(self, seconds: float) -> bool:
        """Whether the network is in trouble at that story second."""
        while self._next <= seconds:
            length = self._round * _geometric(self._dice, self._noise.rounds)
            self._begins.append(self._next)
            self._ends.append(max([self._next + length, *self._ends[-1:]]))
            self._next += self._wait()
        number = bisect_right(self._begins, seconds)
        return number > 0 and seconds < self._ends[number - 1]

    def _wait(self) -> float:
        return self._dice.expovariate(1 / self._gap) if self._gap < math.inf else math.inf


def troubles(noise: Noise, story_round: float, asn: int, seed: int) -> Troubles:
    return Troubles(noise, story_round, Random(f"{seed} trouble {asn}"))  # noqa: S311 — no secret


def _geometric(dice: Random, mean: float) -> int:
    if mean <= 1:
        return 1
    return 1 + int(math.log(1 - dice.random()) / math.log(1 - 1 / mean))


def drawn(kinds: tuple[tuple[Act, int], ...], point: float) -> int:
    """Choose the number of a kind by a point in [0, 1)."""
    left = point * sum(weight for _, weight in kinds)
    for number, (_, weight) in enumerate(kinds):
        left -= weight
        if left < 0:
            return number
    return len(kinds) - 1
