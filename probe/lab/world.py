"""What is measured in a scenario's world, whichever kind of lab plays it: catalogue, pages, controls, vantages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit
from zlib import crc32

import msgspec

from probe.config.shape import Catalogue
from probe.lab import vantages
from probe.lab.scenario import Dependency, DependencyKind, LabNetwork, Scenario, Site
from probe.model import CONTROL, Control, Endpoint, Feature, Reach, Service, Vantage

FOREIGN_CONTROLS = ("www.reach-one.net", "www.reach-two.org", "www.reach-three.com")
DOMESTIC_CONTROLS = ("one.home", "two.home")
"""The country's own top-level name comes after these."""

CONTROL_TEXT = "this host is well"
NEUTRAL_NAME = FOREIGN_CONTROLS[0]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint and what it belongs to: what a server must answer there when it is well."""

    service: str
    feature: str
    endpoint: Endpoint


def catalogue(scenario: Scenario) -> Catalogue:
    """What the agents and the correlator of this world are told to probe."""
    foreign = [_control(Reach.FOREIGN, name) for name in FOREIGN_CONTROLS]
    domestic = [
        _control(Reach.DOMESTIC, name, code)
        for code in countries(scenario)
        for name in domestic_names(code)
    ]
    services = tuple(_declared(service, scenario.dependencies) for service in scenario.services)
    return Catalogue(services=services, controls=(*foreign, *domestic))


def pages(scenario: Scenario) -> tuple[Page, ...]:
    """Everything that the origins of this world serve."""
    world = catalogue(scenario)
    served = [
        Page(service=service.id, feature=feature.id, endpoint=endpoint)
        for service in world.services
        for feature in service.features
        for endpoint in feature.endpoints
    ]
    controls = [
        Page(service=CONTROL, feature=control.reach, endpoint=control.endpoint)
        for control in world.controls
    ]
    return (*served, *controls)


def vantage(network: LabNetwork, index: int) -> Vantage:
    """The probe host of a network, counted from 1."""
    return Vantage(
        id=vantages.name(network, index),
        country=network.country,
        asn=network.asn,
        network=network.name,
        kind=network.kind,
        resolver_asn=network.asn,
    )


def host_name(endpoint: Endpoint) -> str:
    parts = urlsplit(endpoint.url)
    named = parts.path.removeprefix("/") if parts.scheme == "dns" else parts.hostname
    return (named or "").lower()


def domestic_names(country: str) -> tuple[str, ...]:
    return tuple(f"{name}.{country.lower()}" for name in DOMESTIC_CONTROLS)


def countries(scenario: Scenario) -> tuple[str, ...]:
    return tuple(dict.fromkeys(network.country for network in scenario.networks))


def stands_on(dependency: Dependency, service: str, feature: str) -> bool:
    """Whether the feature of the service is carried by it; a resolver carries none."""
    if dependency.kind is DependencyKind.RESOLVER or service not in dependency.services:
        return False
    return not dependency.features or feature in dependency.features


def served(sites: Sequence[Site], own: Vantage) -> str:
    """Name the site that serves a vantage: its network's, its country's, or one for the rest."""
    mine = [site.id for site in sites if own.asn in site.networks]
    mine += [site.id for site in sites if own.country in site.countries]
    if mine:
        return mine[0]
    rest = [site.id for site in sites if not site.countries and not site.networks]
    rest = rest or [site.id for site in sites]
    return rest[crc32(own.country.encode()) % len(rest)]


def site_headers(dependency: str, site: str) -> tuple[tuple[str, str], ...]:
    """Write the headers by which a delivery network tells where an answer was served, if at a site."""
    tag = f"{crc32(f'{dependency}/{site}'.encode()):08x}"
    code = _airport(site) if site else ""
    at = f"-{code}" if code else ""
    match dependency.partition("-")[0]:
        case "cloudflare":
            return (("Server", "cloudflare"), ("CF-RAY", f"7a1{tag}00{at}"))
        case "amazon" | "aws" | "cloudfront":
            return (("Server", "CloudFront"), ("X-Amz-Cf-Pop", f"{code}50-C1" if code else "none"))
        case _:
            return (
                ("Server", dependency),
                ("X-Served-By", f"cache-{code.lower()}{tag[:4]}{at}"),
            )


_CODED = re.compile(r"([A-Z]{3})\d*")


def _airport(site: str) -> str:
    """The code by which a delivery network calls a site, whatever a scenario calls it.

    Real ones have an airport's in capitals.
    """
    coded = _CODED.fullmatch(site.upper())
    if coded is not None:
        return coded[1]
    number = crc32(site.encode())
    return "".join(chr(ord("A") + number // 26**place % 26) for place in range(3))


def _declared(service: Service, dependencies: Iterable[Dependency]) -> Service:
    """Write into the catalogue what it is said to stand on."""
    known = [d for d in dependencies if d.declared and stands_on(d, service.id, _any(d))]
    whole = [d.id for d in known if not d.features]
    features = tuple(
        _with(feature, [d.id for d in known if feature.id in d.features])
        for feature in service.features
    )
    depends = tuple(dict.fromkeys((*service.depends, *whole)))
    return msgspec.structs.replace(service, features=features, depends=depends)


def _any(dependency: Dependency) -> str:
    return next(iter(dependency.features), "")


def _with(feature: Feature, more: Iterable[str]) -> Feature:
    depends = tuple(dict.fromkeys((*feature.depends, *more)))
    return msgspec.structs.replace(feature, depends=depends)


def _control(reach: Reach, name: str, country: str = "") -> Control:
    endpoint = Endpoint(
        id=name.replace(".", "-"), url=f"https://{name}/", expect=CONTROL_TEXT, min_bytes=1024
    )
    return Control(reach=reach, endpoint=endpoint, country=country)
