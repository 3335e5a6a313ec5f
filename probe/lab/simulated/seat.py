"""Who measures what in a simulated world, and what there is to find: laid out once, before any time passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from urllib.parse import urlsplit

import msgspec

from probe import __version__
from probe.lab.answers import Reply, healthy
from probe.lab.scenario import Cohort, Dependency, DependencyKind, LabNetwork, Scenario
from probe.lab.world import (
    Page,
    catalogue,
    host_name,
    served,
    site_headers,
    stands_on,
    vantage,
)
from probe.model import CONTROL, Control, Endpoint, Reach, Target, Vantage

CORE_SECONDS = 0.01
"""One way, from the core to a host that is nobody's; in the country it is 3 ms."""
HOME_SECONDS = 0.003
SOFTWARE = f"worksforwhom {__version__}"
SYSTEM = "system"


class Prober(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A probe host and what is particular to it."""

    vantage: Vantage
    network: LabNetwork
    cohorts: frozenset[str] = frozenset()
    software: str = SOFTWARE
    resolver: str = SYSTEM
    sites: dict[str, str] = {}
    """Dependency → the site that serves it."""


class Seat(msgspec.Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """One prober at one endpoint."""

    prober: Prober
    page: Page
    target: Target
    host: str
    scheme: str
    v4: str
    second: str = ""
    """One more IPv4 address, where its name has two."""
    v6: str = ""
    home: bool = False
    """A domestic control: it stands in the country."""
    depends: tuple[str, ...] = ()
    sealed: bool = False
    """Its name is asked for at encrypted resolvers too."""
    speaks: bool = False
    """Its server speaks QUIC, and is tried over it too."""
    reply: Reply
    """Of the well service, with the header of the site that serves this vantage."""
    number: int
    """Unique in the world."""

    @cached_property
    def rtt(self) -> float:
        """Seconds, there and back."""
        far = HOME_SECONDS if self.home else CORE_SECONDS
        return 2 * (float(self.prober.network.delay) + far)

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """All that its name has, v4 before v6."""
        return tuple(filter(None, (self.v4, self.second, self.v6)))

    @cached_property
    def port(self) -> int:
        """That the URL names; 0 where it names none."""
        return urlsplit(self.page.endpoint.url).port or 0

    @property
    def control(self) -> bool:
        return self.target.service == CONTROL


def probers(scenario: Scenario) -> tuple[Prober, ...]:
    hosts = [
        (network, vantage(network, number))
        for network in scenario.networks
        for number in range(1, network.vantages + 1)
    ]
    members = {c.id: _members(c, [own.id for _, own in hosts]) for c in scenario.cohorts}
    return tuple(_prober(scenario, network, own, members) for network, own in hosts)


def seats(scenario: Scenario) -> tuple[tuple[Seat, ...], ...]:
    """Give each prober's seats."""
    world = catalogue(scenario)
    pages = [
        Page(service=service.id, feature=feature.id, endpoint=endpoint)
        for service in world.services
        for feature in service.features
        for endpoint in feature.endpoints
    ]
    addresses = _addresses(scenario, pages)
    carried = {
        id(page): tuple(d for d in scenario.dependencies if _carries(d, page)) for page in pages
    }
    number = iter(range(10**9))
    return tuple(
        (
            *(
                _seat(
                    prober,
                    page,
                    _all(addresses[host_name(page.endpoint)], page, scenario),
                    carried[id(page)],
                    next(number),
                    scenario,
                )
                for page in pages
            ),
            *_controls(scenario, prober, world.controls, number),
        )
        for prober in probers(scenario)
    )


def _members(cohort: Cohort, names: Sequence[str]) -> frozenset[str]:
    """Those listed, or a share of all, evenly spread over the order of the networks."""
    if cohort.vantages:
        return frozenset(cohort.vantages)
    share = cohort.share
    taken = (n for i, n in enumerate(names) if int((i + 1) * share + 1e-9) > int(i * share + 1e-9))
    return frozenset(taken)


def _prober(
    scenario: Scenario, network: LabNetwork, own: Vantage, members: dict[str, frozenset[str]]
) -> Prober:
    mine = [cohort for cohort in scenario.cohorts if own.id in members[cohort.id]]
    asn = next((c.resolver_asn for c in mine if c.resolver_asn), own.resolver_asn)
    return Prober(
        vantage=msgspec.structs.replace(own, resolver_asn=asn),
        network=network,
        cohorts=frozenset(cohort.id for cohort in mine),
        software=next((c.software for c in mine if c.software), SOFTWARE),
        resolver=next((c.resolver for c in mine if c.resolver), SYSTEM),
        sites={d.id: served(d.sites, own) for d in scenario.dependencies if d.sites},
    )


def _carries(dependency: Dependency, page: Page) -> bool:
    return stands_on(dependency, page.service, page.feature)


def _seat(
    prober: Prober,
    page: Page,
    found: tuple[str, str, str],
    on: tuple[Dependency, ...],
    number: int,
    scenario: Scenario,
) -> Seat:
    cdn = next((d for d in on if d.kind is DependencyKind.CDN), None)
    reply = healthy(page)
    if cdn is not None:
        marks = site_headers(cdn.id, prober.sites.get(cdn.id, ""))
        reply = msgspec.structs.replace(reply, headers=(*reply.headers[1:], *marks))
    return Seat(
        prober=prober,
        page=page,
        target=Target(service=page.service, feature=page.feature, endpoint=page.endpoint.id),
        host=host_name(page.endpoint),
        scheme=urlsplit(page.endpoint.url).scheme,
        v4=found[0],
        second=found[1],
        v6=found[2],
        home=_is_home(page),
        depends=tuple(d.id for d in on),
        sealed=page.service in scenario.encrypted_dns,
        speaks=page.service in scenario.quic,
        reply=reply,
        number=number,
    )


def _all(found: tuple[str, str], page: Page, scenario: Scenario) -> tuple[str, str, str]:
    """Put a second IPv4 address between the two that a name has, where it is to have one."""
    v4, v6 = found
    second = f"{v4.rpartition('.')[0]}.11" if page.service in scenario.two_addresses else ""
    return v4, second, v6


def _is_home(page: Page) -> bool:
    return page.service == CONTROL and page.feature == Reach.DOMESTIC


def _controls(
    scenario: Scenario, prober: Prober, controls: Iterable[Control], number: Iterator[int]
) -> Iterator[Seat]:
    for index, control in enumerate(controls):
        if control.country in {"", prober.vantage.country}:
            page = Page(service=CONTROL, feature=control.reach, endpoint=control.endpoint)
            yield _seat(prober, page, (_own_address(index), "", ""), (), next(number), scenario)


def _own_address(index: int) -> str:
    """Controls stand alone, each at an address of its own."""
    return f"11.{60 + index // 250}.{index % 250 + 1}.1"


def _addresses(scenario: Scenario, pages: Iterable[Page]) -> dict[str, tuple[str, str]]:
    """Give each host name its addresses, v4 and v6; what shares a dependency shares them."""
    found: dict[str, tuple[str, str]] = {}
    order = {service.id: number for number, service in enumerate(scenario.services)}
    seen: dict[str, int] = {}
    for page in pages:
        host = host_name(page.endpoint)
        if host in found:
            continue
        shared = _prefix(scenario.dependencies, page)
        if shared is None:
            service = order[page.service]
            seen[page.service] = index = seen.get(page.service, 0) + 1
            found[host] = (
                f"45.{60 + service % 190}.{index + 100 * (service // 190)}.10",
                f"2a0d:{service + 1:x}:{index:x}::10",
            )
        else:
            kind, place = shared
            number = 1 if kind is DependencyKind.CDN else len(found) + 1
            first = PREFIXES[kind]
            found[host] = (
                f"{first}.{place}.{number % 250}.10",
                f"2a0f:{first:x}:{place:x}::{number:x}",
            )
    return found


PREFIXES = {
    DependencyKind.CDN: 104,
    DependencyKind.HOSTING: 52,
    DependencyKind.ROUTE: 146,
    DependencyKind.DNS: 205,
}
"""The first byte of the addresses of what stands on one; the first kind that applies counts."""


def _prefix(dependencies: Sequence[Dependency], page: Page) -> tuple[DependencyKind, int] | None:
    for kind in PREFIXES:
        for place, dependency in enumerate(dependencies):
            if dependency.kind is kind and _carries(dependency, page):
                return kind, 16 + place
    return None


def url(endpoint: Endpoint) -> str:
    """Write the URL as an exchange tells it."""
    parts = urlsplit(endpoint.url)
    path = parts.path or "/"
    return f"{parts.scheme}://{parts.netloc}{path}{f'?{parts.query}' if parts.query else ''}"
