"""Agents with wrong clocks, agents that lie, flood, repeat or move: none of them carries a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec
import pytest

from probe.judge.docket import Docket
from probe.judge.incident import advance
from probe.judge.memory import remember
from probe.judge.view import Memory
from probe.model import Cause, Incident, Measurement, Scope
from tests.judge import worlds as w
from tests.judge.worlds import Event, World

ROGUE = "us-7920-1"
TRUE = World((Event(1.0, w.sni_reset, countries=("TR",)),))
QUIET = World()
Deed = Callable[[Measurement], Iterable[Measurement]]


def moved(by: timedelta) -> Deed:
    return lambda m: [msgspec.structs.replace(m, at=m.at + by)]


def in_1970(m: Measurement) -> list[Measurement]:
    return [msgspec.structs.replace(m, at=datetime(1970, 1, 1, tzinfo=w.START.tzinfo))]


def repeated(m: Measurement) -> list[Measurement]:
    return [m] * 20


def flooded(m: Measurement) -> list[Measurement]:
    """It claims a reset of the target's name, a hundred times a round, under ids of its own."""
    case = w.Case(m.vantage, m.target.service, m.target.feature, m.target.endpoint, m.at)
    lie = w.measurement(case, w.sni_reset(case))
    return [
        msgspec.structs.replace(lie, id=f"{lie.id}-{n}", at=lie.at + timedelta(milliseconds=n))
        for n in range(100)
    ]


def migrated(m: Measurement) -> list[Measurement]:
    return [msgspec.structs.replace(m, vantage=msgspec.structs.replace(m.vantage, country="BR"))]


DEEDS: dict[str, Deed] = {
    "a clock two hours behind": moved(timedelta(hours=-2)),
    "a clock two hours ahead": moved(timedelta(hours=2)),
    "a clock of 1970": in_1970,
    "results of two weeks ago": moved(timedelta(days=-14)),
    "everything twenty times": repeated,
    "a flood of lies": flooded,
    "another country": migrated,
}


def played(world: World, deed: Deed) -> tuple[Incident, ...]:
    docket, memory = Docket(), Memory()
    incidents: tuple[Incident, ...] = ()
    for at in range(5, 30, 5):
        known = [
            done
            for m in w.known_at(world, float(at))
            for done in (deed(m) if m.vantage.id == ROGUE else [m])
        ]
        view = msgspec.structs.replace(w.view(world, float(at), known), memory=memory)
        docket.add(known)
        verdicts = docket.judge(view)
        incidents = advance(incidents, verdicts, view)
        memory = remember(known, verdicts, view)
    return tuple(i for i in incidents if i.scope is not Scope.VANTAGE)


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS.keys())
def test_one_agent_opens_nothing_in_a_quiet_world(deed: Deed) -> None:
    assert played(QUIET, deed) == ()


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS.keys())
def test_one_agent_hides_nothing_that_is_true(deed: Deed) -> None:
    (held,) = played(TRUE, deed)
    assert (held.cause, held.countries, held.scope) == (Cause.FILTERING, ("TR",), Scope.COUNTRIES)
