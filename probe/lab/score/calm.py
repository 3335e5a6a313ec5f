"""A made world in which nothing happens but noise, and its parts for as many processes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from probe.config.shape import Seconds
from probe.lab.scenario import LabNetwork, Scenario
from probe.model import Endpoint, Feature, NetworkKind, Service
from probe.model.country import CODES

KINDS = (NetworkKind.RESIDENTIAL, NetworkKind.MOBILE)
FIRST_ASN = 100_001
MOST_NETWORKS = 1000
"""Of a country; numbers of networks are counted on from one country to the next."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """How large it is, and for how long it is watched."""

    services: int = 20
    countries: int = 50
    networks: int = 3
    rounds: int = 7 * 1440

    @property
    def series(self) -> int:
        return self.services * self.countries


def parts(world: World, count: int) -> tuple[Scenario, ...]:
    """Split it by services: every part sees all countries, for those are what tells causes apart."""
    size = -(-world.services // max(1, count))
    return tuple(
        _part(world, range(first, min(first + size, world.services)))
        for first in range(0, world.services, size)
    )


def _part(world: World, services: range) -> Scenario:
    return Scenario(
        name=f"quiet-{services.start + 1}",
        title="Nothing happens but noise",
        length=Seconds(world.rounds * 60),
        services=tuple(_service(number + 1) for number in services),
        networks=tuple(_networks(world)),
    )


def _service(number: int) -> Service:
    endpoint = Endpoint(
        id=f"service-{number}-home",
        url=f"https://www.service-{number}.example/",
        expect=f"service {number}",
        min_bytes=2048,
    )
    feature = Feature(id="web", name="Web front end", endpoints=(endpoint,))
    return Service(id=f"service-{number}", name=f"Service {number}", features=(feature,))


def _networks(world: World) -> Iterator[LabNetwork]:
    for place, country in enumerate(sorted(CODES)[: world.countries]):
        for number in range(world.networks):
            yield LabNetwork(
                country=country,
                asn=FIRST_ASN + MOST_NETWORKS * place + number,
                name=f"Network {number + 1} of {country}",
                kind=KINDS[number % len(KINDS)],
            )
