"""The catalogue of a scenario's world: controls everywhere, pages for all, dependencies where declared."""

from __future__ import annotations

import msgspec

from probe.lab import library, world
from probe.lab.scenario import Dependency, DependencyKind
from probe.model import Reach

QUIET = library.load("quiet-day")
SERVICE = QUIET.services[0]
FEATURE = SERVICE.features[0].id


def standing(**facts: object) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """What the catalogue says that the first service and its features stand on."""
    dependency = Dependency(
        id="cloudflare",
        kind=DependencyKind.CDN,
        services=(SERVICE.id,),
        **facts,  # type: ignore[arg-type]
    )
    scenario = msgspec.structs.replace(QUIET, dependencies=(dependency,))
    service = world.catalogue(scenario).services[0]
    return service.depends, {f.id: f.depends for f in service.features if f.depends}


def test_controls_are_two_at_home_for_each_country_and_three_abroad() -> None:
    controls = world.catalogue(QUIET).controls
    for country in {network.country for network in QUIET.networks}:
        assert sum(control.country == country for control in controls) == 2
    assert sum(control.reach is Reach.FOREIGN for control in controls) == 3


def test_pages_hold_every_endpoint_and_every_control() -> None:
    told = world.catalogue(QUIET)
    endpoints = [e for s in told.services for f in s.features for e in f.endpoints]
    assert len(world.pages(QUIET)) == len(endpoints) + len(told.controls)


def test_the_catalogue_says_what_a_service_stands_on() -> None:
    assert standing() == (("cloudflare",), {})


def test_a_dependency_of_one_feature_is_said_of_that_feature_alone() -> None:
    assert standing(features=(FEATURE,)) == ((), {FEATURE: ("cloudflare",)})


def test_what_is_not_declared_is_not_said() -> None:
    assert standing(declared=False) == ((), {})


def test_vantages_are_named_by_country_and_network() -> None:
    network = QUIET.networks[0]
    assert world.vantage(network, 2).id == f"{network.country.lower()}-as{network.asn}-2"
