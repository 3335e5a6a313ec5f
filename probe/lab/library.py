"""The scenarios that come with the lab, and those that users write: found by name or by path."""

from __future__ import annotations

import re
from pathlib import Path

from probe.config import check
from probe.config.load import ConfigError, read
from probe.config.shape import Catalogue
from probe.lab import vantages
from probe.lab.scenario import Event, Expected, LabNetwork, Scenario

COUNTRY = re.compile("[A-Z]{2}")
MOST_VANTAGES = 50
"""Of one network: each is a process."""

HERE = Path(__file__).parent / "scenarios"


def names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in HERE.glob("*.yaml")))


def find(name: str) -> Path:
    """Return the file of a scenario, by the name of ours or the path of anybody's."""
    if name in names():
        return HERE / f"{name}.yaml"
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} or path.exists():
        return path
    raise ConfigError(f"{name}: no such scenario; there are {', '.join(names())}, or a YAML file")


def load(name: str) -> Scenario:
    """Read and check a scenario; ConfigError says where it is wrong and what would be right."""
    path = find(name)
    scenario = read(path, Scenario)
    for problem in problems(scenario):
        raise ConfigError(f"{path}: {problem}")
    return scenario


def problems(scenario: Scenario) -> tuple[str, ...]:
    """Say what the shape alone cannot: references that lead nowhere, times out of order."""
    return (
        *_services(scenario),
        *_networks(scenario.networks),
        *_references(scenario),
        *_times(scenario),
    )


def _services(scenario: Scenario) -> list[str]:
    """Hold the services to what every catalogue of services is held to."""
    found = check.problems(Catalogue(services=scenario.services))
    return [f"{check.dotted(problem.path)}: {problem.text}" for problem in found]


def _networks(networks: tuple[LabNetwork, ...]) -> list[str]:
    if not networks:
        return ["networks: there is none; a world needs at least one network with a vantage"]
    numbers = [network.asn for network in networks]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    return [
        *(f"networks: asn {n} is there twice; give each network its own number" for n in twice),
        *(
            f"networks: country {n.country!r} is not two capital letters (ISO 3166-1), as DE"
            for n in networks
            if not COUNTRY.fullmatch(n.country)
        ),
        *(
            f"networks: {n.vantages} vantages of AS{n.asn}; use 0 to {MOST_VANTAGES}"
            for n in networks
            if not 0 <= n.vantages <= MOST_VANTAGES
        ),
    ]


def _references(scenario: Scenario) -> list[str]:
    found = []
    for index, event in enumerate(scenario.timeline):
        place = f"timeline[{index}]"
        found += _dangling(scenario, place, event, event.services)
        found += _unknown(f"{place}.vantages", {*event.vantages}, {*vantages.names(scenario)})
    for index, truth in enumerate(scenario.expected):
        own = (truth.service,) if truth.service else ()
        found += _dangling(scenario, f"expected[{index}]", truth, own)
    return found


def _dangling(
    scenario: Scenario, place: str, entry: Event | Expected, services: tuple[str, ...]
) -> list[str]:
    features = {f.id for service in scenario.services for f in service.features}
    countries = {network.country for network in scenario.networks}
    numbers = {network.asn for network in scenario.networks}
    return [
        *_unknown(f"{place}.services", {*services}, {s.id for s in scenario.services}),
        *_unknown(f"{place}.features", {*entry.features}, features),
        *_unknown(f"{place}.countries", {*entry.countries}, countries),
        *_unknown(f"{place}.networks", {*entry.networks}, numbers),
    ]


def _unknown(place: str, named: set[str] | set[int], known: set[str] | set[int]) -> list[str]:
    there = ", ".join(str(name) for name in sorted(known, key=str))
    return [
        f"{place}: {name!r} is not in this scenario; there are {there}"
        for name in sorted({*named} - {*known}, key=str)
    ]


def _times(scenario: Scenario) -> list[str]:
    found = []
    for index, event in enumerate(scenario.timeline):
        if event.until is not None and event.until <= event.at:
            found.append(f"timeline[{index}].until: it ends before it begins; use a later time")
        if not 0 <= event.at <= scenario.length:
            found.append(f"timeline[{index}].at: outside the scenario; use 0 to its length")
        if not 0 <= event.share <= 1:
            found.append(f"timeline[{index}].share: {event.share} is no probability; use 0 to 1")
    return found
