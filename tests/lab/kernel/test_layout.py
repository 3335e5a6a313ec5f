"""A world on paper: global addresses, unique hosts, names that lead somewhere."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from probe.lab import library
from probe.lab.kernel import layout
from probe.lab.kernel.plan import Plan, Role


@pytest.fixture(params=library.names())
def plan(request: pytest.FixtureRequest) -> Plan:
    return layout.plan(library.load(request.param))


def test_every_address_is_global_and_given_once(plan: Plan) -> None:
    addresses = [a for host in plan.hosts for a in (host.v4, host.v6) if a]
    assert len(addresses) == len(set(addresses))
    assert all(ip_address(address).is_global for address in addresses)


def test_every_host_has_a_name_of_its_own(plan: Plan) -> None:
    names = [host.name for host in plan.hosts]
    assert len(names) == len(set(names))


def test_every_vantage_has_the_resolver_of_its_own_network(plan: Plan) -> None:
    vantages = [host for host in plan.hosts if host.role is Role.VANTAGE]
    resolvers = {host.v4: host.asn for host in plan.hosts if host.role is Role.ISP_RESOLVER}
    assert vantages
    assert all(resolvers[plan.resolvers[host.asn]] == host.asn for host in vantages)


def test_every_name_of_a_service_has_an_address(plan: Plan) -> None:
    assert all(name in plan.zone for names in plan.names.values() for name in names)


def test_v4_comes_before_v6_in_the_zone(plan: Plan) -> None:
    for addresses in plan.zone.values():
        versions = [ip_address(address).version for address in addresses]
        assert versions == sorted(versions)


def test_vantages_of_a_network_are_numbered_and_stand_in_it() -> None:
    hosts = layout.plan(library.load("tr-2023-02-08")).hosts
    vantages = [host.vantage for host in hosts if host.asn == 47331 and host.vantage]
    assert [vantage.id for vantage in vantages] == ["tr-as47331-1", "tr-as47331-2"]
    assert {vantage.resolver_asn for vantage in vantages} == {47331}


def test_v6_is_given_where_the_network_has_it() -> None:
    hosts = layout.plan(library.load("tr-2023-02-08")).hosts
    assert {bool(host.v6) for host in hosts if host.asn == 7922 and host.vantage} == {True}
    assert {bool(host.v6) for host in hosts if host.asn == 701 and host.vantage} == {False}


def test_names_are_known_by_service_and_by_feature() -> None:
    names = layout.plan(library.load("tr-2023-02-08")).names
    assert names["twitter/web"] == ("twitter.com",)
    assert set(names["twitter/links"]) < set(names["twitter"])
