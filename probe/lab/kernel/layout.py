"""A scenario's world on paper: every host, its addresses and its names; nothing is wired here.

Addresses are invented but global (documentation and private ranges are bogons to a prober). In
the core, which is nobody's, stand the root and generic name servers, the public resolver, the
services' origins, the foreign controls, the notice host, a reference server and the correlator.
Each country has its own top-level name server and two domestic controls, so that it can live on
when it is cut off.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from probe.lab.kernel.plan import Host, Plan, Role
from probe.lab.scenario import LabNetwork, Scenario
from probe.lab.world import FOREIGN_CONTROLS, countries, domestic_names, host_name, vantage

CORE_DELAY_SECONDS = 0.01
DOMESTIC_DELAY_SECONDS = 0.003

ROOT = "11.0.1.1"
GENERIC = "11.0.2.1"
AUTHORITATIVE = "11.0.3.1"
PUBLIC_RESOLVER = "11.8.8.8"
RESOLVER_NAME = "dns.open-resolver.net"
"""Of its certificate; nobody looks it up."""
NOTICE = "11.40.1.1"
CORRELATOR = "11.50.1.1"
REFERENCE = "11.45.1.1"


def plan(scenario: Scenario) -> Plan:
    codes = countries(scenario)
    hosts = (
        *_core(),
        *_origins(scenario),
        *(host for index, code in enumerate(codes) for host in _country(index, code)),
        *(host for network in scenario.networks for host in _network(scenario, network)),
    )
    return Plan(
        hosts=hosts,
        zone=_zone(hosts),
        names=_names(scenario),
        resolvers={host.asn: host.v4 for host in hosts if host.role is Role.ISP_RESOLVER},
        public_resolver=PUBLIC_RESOLVER,
        resolver_name=RESOLVER_NAME,
        notice=NOTICE,
        reference=REFERENCE,
    )


def doors(laid: Plan) -> tuple[str, ...]:
    """Name the public resolver as a configuration does, by each of its transports."""
    named = f"{laid.resolver_name}@{laid.public_resolver}"
    return (laid.public_resolver, f"tls://{named}", f"https://{named}/dns-query")


def _core() -> Iterator[Host]:
    table = (
        ("ns-root", Role.NAMESERVER, ROOT),
        ("ns-generic", Role.NAMESERVER, GENERIC),
        ("ns-authoritative", Role.NAMESERVER, AUTHORITATIVE),
        ("public-resolver", Role.PUBLIC_RESOLVER, PUBLIC_RESOLVER),
        ("notice", Role.NOTICE, NOTICE),
        ("correlator", Role.CORRELATOR, CORRELATOR),
        ("reference", Role.REFERENCE, REFERENCE),
    )
    for name, role, address in table:
        yield Host(name=name, role=role, v4=address, delay=CORE_DELAY_SECONDS)
    for index, name in enumerate(FOREIGN_CONTROLS):
        yield _origin(name, v4=f"11.{60 + index}.1.1", delay=CORE_DELAY_SECONDS)


def _origins(scenario: Scenario) -> Iterator[Host]:
    seen: set[str] = set()
    for number, service in enumerate(scenario.services):
        names = [host_name(e) for feature in service.features for e in feature.endpoints]
        fresh = [name for name in dict.fromkeys(names) if name not in seen]
        seen.update(fresh)
        for index, name in enumerate(fresh):
            place = f"45.{60 + number}.{index + 1}"
            made = _origin(
                name,
                v4=f"{place}.10",
                v6=f"2a0d:{number + 1:x}:{index + 1:x}::10",
                delay=CORE_DELAY_SECONDS,
            )
            second = f"{place}.11" if service.id in scenario.two_addresses else ""
            yield msgspec.structs.replace(made, second=second)


def _country(index: int, code: str) -> Iterator[Host]:
    prefix = f"31.{index + 1}.250"
    yield Host(
        name=f"ns-{code.lower()}",
        role=Role.NAMESERVER,
        country=code,
        v4=f"{prefix}.1",
        delay=DOMESTIC_DELAY_SECONDS,
    )
    for number, name in enumerate(domestic_names(code)):
        v4 = f"{prefix}.{10 + number}"
        yield _origin(name, v4=v4, delay=DOMESTIC_DELAY_SECONDS, country=code)


def _origin(name: str, *, v4: str, v6: str = "", delay: float, country: str = "") -> Host:
    return Host(
        name=f"origin-{name}", role=Role.ORIGIN, v4=v4, v6=v6, delay=delay, country=country
    )


def _network(scenario: Scenario, network: LabNetwork) -> Iterator[Host]:
    codes = countries(scenario)
    siblings = [other for other in scenario.networks if other.country == network.country]
    place, number = codes.index(network.country) + 1, siblings.index(network) + 1
    yield Host(
        name=f"resolver-as{network.asn}",
        role=Role.ISP_RESOLVER,
        country=network.country,
        asn=network.asn,
        v4=f"31.{place}.{number}.2",
        delay=float(network.delay),
    )
    for index in range(1, network.vantages + 1):
        own = vantage(network, index)
        yield Host(
            name=own.id,
            role=Role.VANTAGE,
            country=network.country,
            asn=network.asn,
            v4=f"31.{place}.{number}.{10 + index}",
            v6=f"2a0e:{place:x}:{number:x}::{10 + index:x}" if network.ipv6 else "",
            delay=float(network.delay),
            vantage=own,
        )


def _zone(hosts: tuple[Host, ...]) -> dict[str, tuple[str, ...]]:
    return {
        host.name.removeprefix("origin-"): host.addresses
        for host in hosts
        if host.role is Role.ORIGIN
    }


def _names(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for service in scenario.services:
        for feature in service.features:
            own = tuple(dict.fromkeys(host_name(endpoint) for endpoint in feature.endpoints))
            found[f"{service.id}/{feature.id}"] = own
            found[service.id] = tuple(dict.fromkeys((*found.get(service.id, ()), *own)))
    return found
