"""Who sits where: cohorts, sites, what is shared by what stands on one dependency."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from probe.judge.sites import site as site_of
from probe.lab import library
from probe.lab.scenario import Cohort, Dependency, DependencyKind, LabNetwork, Site
from probe.lab.simulated.seat import probers, seats
from probe.lab.world import served, site_headers, vantage
from probe.model import CONTROL, Header, HttpExchange, NetworkKind
from tests.lab.simulated.worlds import everyone, scenario, seat, walked

SITES = (
    Site(id="IST", countries=("TR",)),
    Site(id="FRA", networks=(47331,)),
    Site(id="LHR"),
)


def on(kind: DependencyKind, name: str = "cloudflare", **more: object) -> Dependency:
    facts: dict[str, object] = {"services": ("chirp", "other")}
    return Dependency(id=name, kind=kind, **(facts | more))  # type: ignore[arg-type]


def addresses(dependency: Dependency) -> dict[str, str]:
    told = scenario(dependencies=(dependency,))
    return {s.target.endpoint: s.v4 for s in everyone(told) if s.target.service != CONTROL}


def test_a_prober_measures_all_services_its_countrys_controls_and_those_abroad() -> None:
    for own in seats(scenario()):
        controls = [s.target.feature for s in own if s.control]
        assert (len(own) - len(controls), sorted(controls)) == (
            3,
            ["domestic"] * 2 + ["foreign"] * 3,
        )


def test_every_address_is_global_and_of_one_host() -> None:
    hosts: dict[str, set[str]] = {}
    for one in everyone(library.load("demo")):
        for address in filter(None, (one.v4, one.v6)):
            assert ip_address(address).is_global
            hosts.setdefault(address, set()).add(one.host)
    assert all(len(names) == 1 for names in hosts.values())


def test_what_a_delivery_network_carries_shares_one_address() -> None:
    assert len(set(addresses(on(DependencyKind.CDN)).values())) == 1


@pytest.mark.parametrize(
    "kind", [DependencyKind.HOSTING, DependencyKind.ROUTE, DependencyKind.DNS]
)
def test_what_stands_in_one_region_shares_a_prefix(kind: DependencyKind) -> None:
    found = addresses(on(kind)).values()
    assert len(set(found)) == 3
    assert len({address.rsplit(".", 2)[0] for address in found}) == 1


def test_a_dependency_of_one_feature_carries_that_alone() -> None:
    found = addresses(on(DependencyKind.CDN, services=("chirp",), features=("web",)))
    carried = {name for name, address in found.items() if address.startswith("104.")}
    assert carried == {"web.chirp"}


@pytest.mark.parametrize(
    ("network", "site"),
    [
        (LabNetwork(country="TR", asn=16135, name="Turkcell"), "IST"),
        (LabNetwork(country="TR", asn=47331, name="TTNet"), "FRA"),
        (LabNetwork(country="DE", asn=3320, name="Telekom"), "LHR"),
    ],
)
def test_a_site_serves_its_networks_before_its_countries(network: LabNetwork, site: str) -> None:
    assert served(SITES, vantage(network, 1)) == site


def test_without_a_site_for_the_rest_some_site_serves_a_whole_country() -> None:
    own = [vantage(LabNetwork(country="GB", asn=n, name="x"), 1) for n in range(1, 9)]
    assert len({served(SITES[:2], one) for one in own}) == 1


@pytest.mark.parametrize(
    ("dependency", "header"),
    [("cloudflare", "CF-RAY"), ("cloudfront", "X-Amz-Cf-Pop"), ("fastly", "X-Served-By")],
)
def test_answers_carry_the_header_of_their_site(dependency: str, header: str) -> None:
    told = scenario(dependencies=(on(DependencyKind.CDN, dependency, sites=SITES),))
    for name, site in (("tr-as16135-1", "IST"), ("de-as3320-1", "LHR")):
        last = walked(told, name).observations[-1]
        assert isinstance(last, HttpExchange)
        headers = {held.name: held.value for held in last.headers}
        assert site in headers[header]
    assert site_headers(dependency, "IST") != site_headers(dependency, "LHR")


@pytest.mark.parametrize("dependency", ["cloudflare", "cloudfront", "fastly"])
def test_a_site_is_told_as_real_ones_are_whatever_a_scenario_calls_it(dependency: str) -> None:
    def told(site: str) -> str:
        marks = (Header(name=n, value=v) for n, v in site_headers(dependency, site))
        return site_of(marks)[1]

    assert (told("lhr"), told("LHR")) == ("LHR", "LHR")
    assert len({told("frankfurt"), told("london")} - {""}) == 2
    assert told("") == ""


def test_a_cohort_is_listed_or_a_share_spread_over_the_networks() -> None:
    told = scenario(
        networks=tuple(LabNetwork(country="TR", asn=n, name="x") for n in range(1, 21)),
        cohorts=(Cohort(id="some", share=0.3), Cohort(id="one", vantages=("tr-as7-1",))),
    )
    members = [[p.vantage.asn for p in probers(told) if c in p.cohorts] for c in ("some", "one")]
    assert len(members[0]) == 6
    assert members[0][0] <= 5
    assert members[0][-1] >= 16
    assert members[1] == [7]


def test_a_cohort_says_which_build_and_which_resolver_its_members_use() -> None:
    cohort = Cohort(
        id="new",
        vantages=("gb-as2856-1",),
        software="worksforwhom 9",
        resolver="one",
        resolver_asn=13335,
    )
    told = scenario(cohorts=(cohort,), dependencies=(on(DependencyKind.RESOLVER, "one"),))
    member, other = seat(told, "gb-as2856-1").prober, seat(told).prober
    assert (member.software, member.resolver, member.vantage.resolver_asn) == (
        "worksforwhom 9", "one", 13335,
    )  # fmt: skip
    assert (other.resolver, other.vantage.resolver_asn) == ("system", 47331)
    assert getattr(walked(told, "gb-as2856-1").observations[0], "resolver", "") == "one"


def test_a_prober_stands_in_its_network() -> None:
    mobile = [p.vantage for p in probers(scenario()) if p.vantage.kind is NetworkKind.MOBILE]
    assert [(own.asn, own.network) for own in mobile] == [(16135, "Turkcell")]
