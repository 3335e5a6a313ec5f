"""What fails for no reason: lone failures, and passing troubles of one network. Seeded."""

from __future__ import annotations

import math
from random import Random

import msgspec

from probe.lab.scenario import Noise
from probe.lab.simulated.act import Act, Lookup
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
    (Act(connect=TIMEOUT), 40),
    (Act(lookup=MUTE, second=MUTE), 15),
    (Act(shake=TIMEOUT, alike=True), 15),
    (Act(shake=RESET, alike=True), 10),
    (Act(shake=RESET), 5),
    (Act(request=TIMEOUT), 10),
    (Act(request=RESET), 5),
)
"""In a network in trouble the tests fail as well, for the most part."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A network's, in story seconds."""

    begins: float
    ends: float


def troubles(
    noise: Noise, story_round: float, asn: int, seed: int, until: float
) -> tuple[Trouble, ...]:
    """Draw a network's troubles: a Poisson process, lengths geometric in rounds."""
    if noise.bursts <= 0:
        return ()
    dice = Random(f"{seed} trouble {asn}")  # noqa: S311 — a story, no secret
    gap = DAY_SECONDS / noise.bursts
    found, at = [], -BEFORE_SECONDS
    while (at := at + dice.expovariate(1 / gap)) < until:
        ends = at + story_round * _geometric(dice, noise.rounds)
        found.append(Trouble(begins=at, ends=ends))
    return tuple(found)


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
