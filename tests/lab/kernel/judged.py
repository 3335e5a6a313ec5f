"""What was really measured once, put before the judge as several rounds: the packets were real, the times are told anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from probe.agent.health import Checked, health
from probe.judge.hypothesis import judge
from probe.judge.view import View
from probe.lab.simulated.seat import Seat, seats
from probe.lab.world import catalogue
from probe.measure.goal import depth
from probe.model import (
    CONTROL,
    DifferentialTest,
    Health,
    HttpExchange,
    Measurement,
    Observation,
    Reach,
    TlsHandshake,
    Verdict,
)
from tests.lab.simulated.played import CHANCE, OFTEN, Seen, scenario, slug

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROUND = timedelta(seconds=60)
ROUNDS = 5
BY_CHANCE = {slug(name) for name in CHANCE}


def verdicts(seen: Seen) -> tuple[Verdict, ...]:
    told = list(measurements(seen))
    services = catalogue(scenario()).services
    roster = {m.vantage.id: m.vantage for m in told}
    view = View(
        now=NOW,
        round=ROUND,
        services=services,
        roster=tuple(roster.values()),
        heard={m.vantage.id: m.at for m in sorted(told, key=lambda m: m.at)},
    )
    return judge(told, view)


def measurements(seen: Seen) -> Iterator[Measurement]:
    for mine in seats(scenario()):
        at = seen[mine[0].prober.vantage.id]
        well = _health(mine, seen)
        for seat in (one for one in mine if one.target.endpoint in at):
            for number in range(ROUNDS):
                yield _measurement(seat, _looked(at, seat.target.endpoint, number), number, well)


def _looked(
    at: dict[str, tuple[Observation, ...]], endpoint: str, number: int
) -> tuple[Observation, ...]:
    """What is hit by chance was looked at often: mostly it is hit, once it is not.

    Its tests meet chance as well: where one at our own address was let pass each time, nothing
    speaks for a filter, so the judge is shown looks in which it was cut.
    """
    if endpoint not in BY_CHANCE:
        return at[endpoint]
    looks = [at[endpoint], *(at[f"{endpoint}#{n}"] for n in range(1, OFTEN))]
    hit = [look for look in looks if _hit(look)]
    hit = [look for look in hit if _follows(look)] or hit
    spared = [look for look in looks if not _hit(look)]
    chosen = (spared if number == ROUNDS // 2 else hit) or looks
    return chosen[number % len(chosen)]


def _hit(look: Iterable[Observation]) -> bool:
    return not any(isinstance(step, HttpExchange) and step.failure is None for step in look)


def _follows(look: Iterable[Observation]) -> bool:
    """Whether the name was cut at our own address too."""
    tests = [step for step in look if isinstance(step, TlsHandshake) and step.failure]
    return any(step.test is DifferentialTest.OWN_ADDRESS for step in tests)


def _measurement(
    seat: Seat, steps: Iterable[Observation], number: int, well: Health
) -> Measurement:
    at = NOW - (ROUNDS - number) * ROUND + timedelta(seconds=seat.number % 50)
    return Measurement(
        id=f"{number}-{seat.number:06}",
        at=at,
        took=1.0,
        vantage=seat.prober.vantage,
        target=seat.target,
        health=well,
        observations=tuple(msgspec.structs.replace(step, at=at) for step in steps),
        goal=depth(seat.page.endpoint.url),
    )


def _health(mine: Iterable[Seat], seen: Seen) -> Health:
    """What the agent there says of itself, by its controls."""
    controls = [s for s in mine if s.target.service == CONTROL]
    looked = [(s, seen[s.prober.vantage.id].get(s.target.endpoint)) for s in controls]
    return health(
        [
            Checked(reach=Reach(seat.target.feature), observations=steps)
            for seat, steps in looked
            if steps
        ]
    )
