"""A block that lingers, waited out by the real agent's measuring over real packets; run as a script.

`HOME` → one JSON list: each turn's observations, null for a turn of rest.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec

from probe.clock import SystemClock
from probe.config.shape import Seconds
from probe.lab.agenda import Change
from probe.lab.kernel.layout import plan
from probe.lab.kernel.sandbox.namespace import enter_sandbox, inside
from probe.lab.kernel.world import World
from probe.lab.scenario import Event, LabNetwork, Scenario
from probe.measure.after import patiently
from probe.measure.chain import instruments
from probe.measure.instruments import Instruments
from probe.measure.restraint import CUTS_BEFORE_REST
from probe.model import Observation
from tests.lab.simulated.played import patient, service, settings

HERE = "tr-as47331-1"
LINGERS, WINDOW = 2.0, 3.0
"""Seconds: of the block, and of what the agent thinks that blocks last."""
TURN_SECONDS = 0.5
TURNS = 40

Turn = tuple[Observation, ...] | None


def scenario() -> Scenario:
    event = Event(
        at=Seconds(0),
        mechanism="residual.3tuple",
        services=("lingering",),
        countries=("TR",),
        delay=Seconds(LINGERS),
    )
    return Scenario(
        name="rested",
        title="",
        length=Seconds(600),
        services=(service("lingering"), service("well")),
        networks=(LabNetwork(country="TR", asn=47331, name="TTNet"),),
        timeline=(event,),
    )


async def turns(tools: Instruments) -> list[Turn]:
    """Take turns until one comes after the rest."""
    (endpoint,) = scenario().services[0].features[0].endpoints
    seen: list[Turn] = []
    while len(seen) < TURNS:
        seen.append(await patiently(endpoint, tools))
        if None in seen and seen[-1] is not None:
            break
        await asyncio.sleep(TURN_SECONDS if len(seen) > CUTS_BEFORE_REST else 0)
    return seen


def main(home: Path) -> None:
    enter_sandbox()
    world = World(scenario(), home)
    laid = plan(world.scenario)
    here = next(host for host in laid.hosts if host.name == HERE)
    given = settings(laid, here.asn, world.processes.bundle, ipv6=False)
    tools = msgspec.structs.replace(given, residual=Seconds(WINDOW), reference=None)
    (well,) = scenario().services[1].features[0].endpoints
    try:
        with inside(world.wired.hosts[HERE]):
            asyncio.run(patiently(well, instruments(patient(tools), SystemClock())))
            (event,) = world.scenario.timeline
            world.apply(Change(at=0, key="0", event=event, begins=True))
            seen = asyncio.run(turns(instruments(tools, SystemClock())))
    finally:
        world.stop()
    (home / "seen.json").write_bytes(msgspec.json.encode(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
