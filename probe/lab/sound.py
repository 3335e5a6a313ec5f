"""What a scenario's types alone cannot say: references that lead nowhere, times out of order, worlds that cannot be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from probe.config import check, form
from probe.config.check import Number, Path, Problem, Text
from probe.config.shape import Catalogue
from probe.lab import vantages
from probe.lab.mechanisms import IDS
from probe.lab.outside import KINDS
from probe.lab.scenario import Dependency, Event, Expected, LabNetwork, Scenario
from probe.lab.world import host_name

MOST_VANTAGES = 50
"""Of one network: each is a process."""
LONGEST = 366 * 86400.0
PORTS: dict[str, set[int | None]] = {"http": {None, 80}, "https": {None, 443}, "tcp": {80, 443}}
"""Where the lab's origins listen."""

RULES: tuple[check.Check, ...] = (
    Text("name", form.is_id, check.ID_RULE),
    Number("round", 1, LONGEST, "must be 1s or longer"),
    Number("kernel_round", 1, 3600, "must be from 1s to 1h"),
    Number("length", 1, LONGEST, "must be 1s or longer"),
    Text("networks.*.country", form.is_country, check.COUNTRY_RULE),
    Text("networks.*.name", bool, "must not be empty"),
    Text("networks.*.name", form.is_name, check.NAME_RULE),
    Number("networks.*.asn", 1, 2**32 - 1, "must be an AS number, 1 or more"),
    Number("networks.*.vantages", 0, MOST_VANTAGES, f"must be from 0 to {MOST_VANTAGES}"),
    Number("networks.*.delay", 0, 10, "must be from 0s to 10s"),
    Text("outside", KINDS.__contains__, "must be `standard` or left out"),
    Number("noise.lone", 0, 1, "must be a probability, 0 to 1"),
    Number("noise.bursts", 0, 1440, "must be from 0 to 1440 in a day"),
    Number("noise.rounds", 1, 1440, "must be from 1 to 1440 rounds"),
    Number("noise.share", 0, 1, "must be a probability, 0 to 1"),
    Number("cohorts.*.share", 0, 1, "must be a share, 0 to 1"),
    Number("timeline.*.share", 0, 1, "must be a probability, 0 to 1"),
    Number("timeline.*.delay", 0, 60, "must be from 0s to 60s"),
)


def problems(scenario: Scenario) -> Iterator[Problem]:
    """Find what is wrong, from the top of the file to its end."""
    yield from check.against(RULES, scenario)
    # The services are held to what every catalogue of services is held to.
    yield from check.problems(Catalogue(services=scenario.services))
    yield from _addresses(scenario)
    yield from _networks(scenario.networks)
    yield from _shared(scenario)
    for index, event in enumerate(scenario.timeline):
        path: Path = ("timeline", index)
        known = {*vantages.names(scenario)}
        yield from _unknown((*path, "vantages"), event.vantages, known)
        yield from _stood_on(scenario, path, event)
        yield from _unknown((*path, "names"), event.names, set(_hosts(scenario)))
        yield from _dangling(scenario, path, event, ("services", event.services))
        yield from _span(path, event.at, event.until, scenario.length, "at")
    for index, truth in enumerate(scenario.expected):
        path = ("expected", index)
        own = (truth.service,) if truth.service else ()
        yield from _dangling(scenario, path, truth, ("service", own))
        yield from _span(path, truth.onset, truth.until, scenario.length, "onset")
        yield from _misspelt((*path, "mechanisms"), truth.mechanisms)


def _addresses(scenario: Scenario) -> Iterator[Problem]:
    """Find URLs that the lab's origins cannot stand for."""
    for s, service in enumerate(scenario.services):
        for f, feature in enumerate(service.features):
            for e, endpoint in enumerate(feature.endpoints):
                parts, host = urlsplit(endpoint.url), host_name(endpoint)
                path = ("services", s, "features", f, "endpoints", e, "url")
                if form.is_address(host) or "." not in host:
                    yield Problem(path, "must name a host, as www.example.org: the lab places it")
                if parts.port not in PORTS.get(parts.scheme, {None}):
                    yield Problem(path, "names a port; the lab serves 443 for https, 80 for http")


def _networks(networks: tuple[LabNetwork, ...]) -> Iterator[Problem]:
    if not networks:
        yield Problem(("networks",), "there is none; a world needs a network with a vantage")
    elif not any(network.vantages for network in networks):
        yield Problem(("networks",), "none has a vantage; a world needs at least one")
    seen: dict[int, int] = {}
    for index, network in enumerate(networks):
        if network.asn in seen:
            text = f"{network.asn} is also networks[{seen[network.asn]}]; each has its own number"
            yield Problem(("networks", index, "asn"), text)
        seen[network.asn] = index


def _hosts(scenario: Scenario) -> Iterator[str]:
    for service in scenario.services:
        for feature in service.features:
            for endpoint in feature.endpoints:
                yield host_name(endpoint)


def _shared(scenario: Scenario) -> Iterator[Problem]:
    """Find dependencies and cohorts of what is not in the scenario."""
    services = {service.id for service in scenario.services}
    yield from _unknown(("encrypted_dns",), scenario.encrypted_dns, services)
    yield from _unknown(("quic",), scenario.quic, services)
    yield from _unknown(("two_addresses",), scenario.two_addresses, services)
    countries = {network.country for network in scenario.networks}
    hosts = {*vantages.names(scenario)}
    for index, held in enumerate(scenario.dependencies):
        path: Path = ("dependencies", index)
        yield from _unknown((*path, "services"), held.services, services)
        for number, site in enumerate(held.sites):
            yield from _unknown((*path, "sites", number, "countries"), site.countries, countries)
        at: Path = (*path, "sites")
        yield from _twice(at, "id", ((n, site.id) for n, site in enumerate(held.sites)))
        served = ((n, c) for n, site in enumerate(held.sites) for c in site.countries)
        yield from _twice(at, "countries", served, "a country is served from one")
    named = ((n, held.id) for n, held in enumerate(scenario.dependencies))
    yield from _twice(("dependencies",), "id", named)
    yield from _twice(("cohorts",), "id", ((n, c.id) for n, c in enumerate(scenario.cohorts)))
    for index, cohort in enumerate(scenario.cohorts):
        yield from _unknown(("cohorts", index, "vantages"), cohort.vantages, hosts)


def _stood_on(scenario: Scenario, path: Path, event: Event) -> Iterator[Problem]:
    named = {dependency.id: dependency for dependency in scenario.dependencies}
    yield from _unknown((*path, "dependencies"), event.dependencies, set(named))
    meant = [named[key] for key in event.dependencies if key in named]
    sites = {site.id for dependency in meant for site in dependency.sites}
    if event.sites and not meant:
        yield from _homeless((*path, "sites"), event.sites, scenario.dependencies)
    else:
        yield from _unknown((*path, "sites"), event.sites, sites)
    yield from _unknown((*path, "cohorts"), event.cohorts, {c.id for c in scenario.cohorts})


def _homeless(
    path: Path, named: Iterable[str], dependencies: Iterable[Dependency]
) -> Iterator[Problem]:
    """Find sites that are named without the dependency whose they are."""
    having = [(site.id, held.id) for held in dependencies for site in held.sites]
    for name in named:
        owners = [owner for site, owner in having if site == name]
        right = (
            f"{name!r} is a site of {' and '.join(owners)}; name that in `dependencies` beside it"
            if owners
            else f"{name!r} is a site of no dependency here; those that have sites list them in `dependencies`"
        )
        yield Problem(path, right)


def _dangling(
    scenario: Scenario, path: Path, entry: Event | Expected, services: tuple[str, tuple[str, ...]]
) -> Iterator[Problem]:
    field, named = services
    there = {service.id: service for service in scenario.services}
    meant = [there[name] for name in named if name in there] or list(scenario.services)
    features = {feature.id for service in meant for feature in service.features}
    yield from _unknown((*path, field), named, set(there))
    yield from _unknown((*path, "features"), entry.features, features)
    countries = {network.country for network in scenario.networks}
    yield from _unknown((*path, "countries"), entry.countries, countries)
    numbers = {network.asn for network in scenario.networks}
    yield from _unknown((*path, "networks"), entry.networks, numbers)


def _unknown(
    path: Path, named: Iterable[str | int], known: set[str] | set[int]
) -> Iterator[Problem]:
    there = ", ".join(str(name) for name in sorted(known, key=str))
    right = f"there are {there}" if there else "there is none"
    for name in named:
        if name not in known:
            yield Problem(path, f"{name!r} is not in this scenario; {right}")


def _twice(
    path: Path, field: str, named: Iterable[tuple[int, str]], right: str = "every id is its own"
) -> Iterator[Problem]:
    """Find what is said of two things of a list at a path, and may be of one."""
    seen: set[str] = set()
    for number, name in named:
        if name in seen:
            yield Problem((*path, number, field), f"{name!r} is given twice; {right}")
        seen.add(name)


def _misspelt(path: Path, named: Iterable[str]) -> Iterator[Problem]:
    for number, name in enumerate(named):
        if name not in IDS:
            near = difflib.get_close_matches(name, sorted(IDS), n=1)
            right = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(IDS))}"
            yield Problem((*path, number), f"{name!r} is no mechanism; {right}")


def _span(
    path: Path, begin: float, end: float | None, length: float, field: str
) -> Iterator[Problem]:
    if not 0 <= begin <= length:
        yield Problem((*path, field), f"outside the scenario; use 0s to its length, {length:g}s")
    if end is None:
        return
    if end <= begin:
        yield Problem((*path, "until"), "it ends before it begins; use a later time")
    elif end > length:
        text = f"after the scenario's end, {length:g}s; leave it out for what lasts to the end"
        yield Problem((*path, "until"), text)
