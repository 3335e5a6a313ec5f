"""Small scenarios for the simulated lab's tests."""

from __future__ import annotations

from random import Random

from probe.config.shape import Seconds
from probe.judge.control import reference
from probe.judge.evidence import find
from probe.judge.reading import read
from probe.judge.row import Row
from probe.judge.told import Told
from probe.lab.scenario import Event, LabNetwork, Noise, Scenario
from probe.lab.simulated.act import ALL_FLOWS
from probe.lab.simulated.force import Force, Forces
from probe.lab.simulated.seat import Seat, seats
from probe.lab.simulated.walk import walk
from probe.lab.simulated.walked import Walked
from probe.measure.goal import depth
from probe.model import (
    CONTROL,
    Endpoint,
    Feature,
    Health,
    Measurement,
    NetworkKind,
    Service,
    Tally,
)

SILENT = Noise(lone=0, bursts=0)
LENGTH = 1200.0
NETWORKS = (
    LabNetwork(country="TR", asn=47331, name="TTNet", vantages=2),
    LabNetwork(country="TR", asn=16135, name="Turkcell", kind=NetworkKind.MOBILE),
    LabNetwork(country="DE", asn=3320, name="Telekom", ipv6=True),
    LabNetwork(country="GB", asn=2856, name="BT"),
)


def endpoint(name: str, *, scheme: str = "https", **more: object) -> Endpoint:
    facts: dict[str, object] = {"expect": "well", "forbid": ("Something went wrong",)}
    return Endpoint(id=name, url=f"{scheme}://{name}.com/", **(facts | more))  # type: ignore[arg-type]


def service(name: str, *features: str, scheme: str = "https", **more: object) -> Service:
    held = tuple(
        Feature(id=f, name=f, endpoints=(endpoint(f"{f}.{name}", scheme=scheme, **more),))
        for f in features
    )
    return Service(id=name, name=name.title(), features=held)


CHIRP, OTHER = service("chirp", "web", "api"), service("other", "web")


def event(mechanism: str, **more: object) -> Event:
    facts: dict[str, object] = {"at": Seconds(0), "services": ("chirp",)}
    return Event(mechanism=mechanism, **(facts | more))  # type: ignore[arg-type]


def scenario(*timeline: Event, **more: object) -> Scenario:
    facts: dict[str, object] = {
        "length": Seconds(LENGTH),
        "services": (CHIRP, OTHER),
        "networks": NETWORKS,
        "noise": SILENT,
    }
    return Scenario(name="made", title="made", timeline=timeline, **(facts | more))  # type: ignore[arg-type]


def everyone(told: Scenario) -> list[Seat]:
    return [seat for own in seats(told) for seat in own]


def seat(told: Scenario, vantage: str = "tr-as47331-1", name: str = "web.chirp") -> Seat:
    """One seat, by its endpoint's id; `foreign` and `domestic` are controls."""
    own = [s for s in everyone(told) if s.prober.vantage.id == vantage]
    return next(
        s
        for s in own
        if s.target.endpoint == name or (s.target.service, s.target.feature) == (CONTROL, name)
    )


def force(told: Scenario, at: Seat, seconds: float = 0.0) -> Force:
    return Forces(told, everyone(told)).force(at, seconds)


def walked(
    told: Scenario, vantage: str = "tr-as47331-1", name: str = "web.chirp", dice: int = 1
) -> Walked:
    """What is seen there while everything of the timeline that began at 0 is in force."""
    here = seat(told, vantage, name)
    hits = [(act, ALL_FLOWS) for act in force(told, here).sure]
    return walk(here, hits, Random(dice))  # noqa: S311 — chance, no secret


def measured(
    told: Scenario, vantage: str = "tr-as47331-1", name: str = "web.chirp"
) -> Measurement:
    here, seen = seat(told, vantage, name), walked(told, vantage, name)
    return Measurement(
        id=f"{vantage}-{name}",
        at=seen.observations[0].at,
        took=seen.took,
        vantage=here.prober.vantage,
        target=here.target,
        health=Health(domestic=Tally(ok=2, of=2), foreign=Tally(ok=3, of=3)),
        observations=seen.observations,
        goal=depth(here.page.endpoint.url),
    )


def main_rule(*seen: Measurement) -> Row:
    """What the judge reads in the first, beside the others."""
    sights = [read(measurement) for measurement in seen]
    return find(sights[0], reference(Told(sights))).main


def ending(told: Scenario, vantage: str = "tr-as47331-1", name: str = "web.chirp") -> str:
    """The last plain step's kind and failure, or what became of the expectation: `tcp timed out`."""
    plain = [step for step in walked(told, vantage, name).observations if step.test is None]
    last = plain[-1]
    kind = type(last).__name__
    return f"{kind} {last.failure.name if last.failure else getattr(last, 'expectation', '')}"
