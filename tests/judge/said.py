"""What is said of made worlds, and an incident to be put into words."""

from __future__ import annotations

from probe.model import Cause, Incident, Scope, State, Vantage
from tests.judge import worlds as w
from tests.judge.worlds import Event, World

SERVICES = (w.service("chirp", ("web", "notifications")),)


def say(
    *events: Event, at: float = 16.0, roster: tuple[Vantage, ...] = w.ROSTER
) -> dict[Cause, str]:
    world = World(events, roster=roster, services=SERVICES)
    last = w.play(world, at, every=w.ROUND, since=1.0)[-1]
    return {incident.cause: incident.statement for incident in last.incidents}


def incident(cause: Cause) -> Incident:
    return Incident(
        id="x", service="chirp", features=("web",), cause=cause, state=State.SUSPECTED,
        scope=Scope.COUNTRIES, countries=("TR",),
        opened=w.START, updated=w.START,
    )  # fmt: skip
