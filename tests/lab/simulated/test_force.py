"""Which events hit which seat: where, what, when."""

from __future__ import annotations

import msgspec
import pytest

from probe.lab import library
from probe.lab.scenario import Cohort, Dependency, DependencyKind, Form, Scenario, Site
from probe.lab.simulated.force import AT_ONCE, NEVER, Forces
from probe.lab.simulated.run import unplayable
from tests.lab.simulated.worlds import ending, event, everyone, force, scenario, seat

CDN = Dependency(
    id="cloudflare",
    kind=DependencyKind.CDN,
    services=("chirp",),
    sites=(Site(id="IST", countries=("TR",)), Site(id="LHR", countries=("GB", "DE"))),
)
RESOLVER = Dependency(id="one", kind=DependencyKind.RESOLVER)
WELL = "HttpExchange met"


def hit(told: Scenario) -> set[tuple[str, str]]:
    """(country, endpoint or the control's reach) of all that is hit."""
    found = Forces(told, everyone(told))
    return {
        (s.prober.vantage.country, s.target.feature if s.control else s.target.endpoint)
        for s in everyone(told)
        if found.force(s, 0.0).sure
    }


@pytest.mark.parametrize(
    ("where", "countries"),
    [
        ({}, {"TR", "DE", "GB"}),
        ({"countries": ("TR",)}, {"TR"}),
        ({"networks": (3320,)}, {"DE"}),
        ({"vantages": ("gb-as2856-1",)}, {"GB"}),
        ({"countries": ("TR",), "networks": (3320,)}, set()),
        ({"cohorts": ("new",)}, {"GB"}),
        ({"dependencies": ("cloudflare",), "sites": ("LHR",)}, {"DE", "GB"}),
    ],
)
def test_each_list_narrows_where(where: dict[str, tuple[str, ...]], countries: set[str]) -> None:
    told = scenario(
        event("tls.sni_rst", **where),
        dependencies=(CDN,),
        cohorts=(Cohort(id="new", vantages=("gb-as2856-1",)),),
    )
    assert hit(told) == {(code, name) for code in countries for name in ("web.chirp", "api.chirp")}


@pytest.mark.parametrize(
    ("mechanism", "what", "names"),
    [
        ("tls.sni_rst", {"features": ("web",)}, {"web.chirp", "web.other"}),
        ("tls.sni_rst", {"services": ("other",)}, {"web.other"}),
        ("tls.sni_rst", {"names": ("chirp.com",)}, {"web.chirp", "api.chirp"}),
        ("tls.sni_rst", {"dependencies": ("cloudflare",)}, {"web.chirp", "api.chirp"}),
        ("tls.sni_rst", {"services": ("chirp",), "controls": True},
         {"web.chirp", "api.chirp", "foreign"}),
        ("tls.sni_rst", {}, {"web.chirp", "api.chirp", "web.other", "foreign", "domestic"}),
        ("ip.nullroute", {"names": ("web.chirp.com",)}, {"web.chirp", "api.chirp"}),
        ("ip.nullroute", {"services": ("other",)}, {"web.other"}),
        ("server.outage_global", {}, {"web.chirp", "api.chirp", "web.other"}),
        ("ip.shutdown_stealth", {}, {"web.chirp", "api.chirp", "web.other", "foreign"}),
        ("ip.allowlist", {"services": ("chirp",)}, {"web.other", "foreign"}),
        ("lab.lying_agent", {}, {"web.chirp", "api.chirp", "web.other"}),
    ],
)  # fmt: skip
def test_what_is_hit(mechanism: str, what: dict[str, object], names: set[str]) -> None:
    told = scenario(
        event(mechanism, countries=("TR",), **({"services": ()} | what)), dependencies=(CDN,)
    )
    assert hit(told) == {("TR", name) for name in names}


def test_an_event_lasts_from_its_beginning_to_its_end() -> None:
    told = scenario(event("tls.sni_rst", at=60, until=120))
    found, here = Forces(told, everyone(told)), seat(told)
    assert found.marks == (60.0, 120.0)
    assert [bool(found.force(here, at).sure) for at in (0, 60, 119, 120)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_shutdown_hits_mobile_networks_alone_where_it_is_theirs() -> None:
    told = scenario(event("ip.shutdown_mobile_only", services=()))
    assert force(told, seat(told)).out_at == AT_ONCE
    assert force(told, seat(told, "tr-as16135-1")).out_at == NEVER


def test_results_leave_when_the_cut_ends() -> None:
    told = scenario(event("ip.shutdown_bgp", services=(), until=300))
    assert force(told, seat(told)).out_at == 300


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        (DependencyKind.CDN, "HttpExchange status"),
        (DependencyKind.DNS, "DnsLookup dns_servfail_error"),
        (DependencyKind.ROUTE, "TcpConnect generic_timeout_error"),
    ],
)
def test_a_dependency_fails_in_its_own_way(kind: DependencyKind, end: str) -> None:
    shared = Dependency(id="x", kind=kind, services=("chirp",))
    told = scenario(
        event("server.outage_global", services=(), dependencies=("x",)), dependencies=(shared,)
    )
    assert ending(told) == end
    assert ending(told, name="web.other") == WELL


def test_a_resolvers_outage_hits_those_who_use_it_and_all_their_names() -> None:
    cohort = Cohort(id="users", vantages=("gb-as2856-1",), resolver="one")
    told = scenario(
        event("server.outage_global", services=(), dependencies=("one",), form=Form.SILENCE),
        dependencies=(RESOLVER,),
        cohorts=(cohort,),
    )
    for name in ("web.chirp", "web.other", "foreign"):
        assert ending(told, "gb-as2856-1", name) == "DnsLookup generic_timeout_error"
    assert ending(told) == WELL


def test_a_share_is_partial_and_the_flaky_ones_are_by_nature() -> None:
    for mechanism, share in (("tls.sni_rst", 0.3), ("flaky.ecmp", 1.0)):
        told = scenario(event(mechanism, share=share))
        found = force(told, seat(told))
        assert [chance for _, chance in found.partial] == [0.3 if share < 1 else 0.5]
        assert found.sure == ()


def strikes(told: Scenario) -> bool:
    """Whether the only event of the timeline hits anything."""
    everywhere = everyone(told)
    found, at = Forces(told, everywhere), float(told.timeline[0].at)
    forces = (found.force(one, at) for one in everywhere)
    return any(f.sure or f.partial or f.out_at > AT_ONCE or f.dead for f in forces)


@pytest.mark.parametrize("name", library.names())
def test_the_librarys_scenarios_can_be_played_and_every_event_hits_something(name: str) -> None:
    told = library.load(name)
    assert list(unplayable(told)) == []
    for number, one in enumerate(told.timeline):
        alone = msgspec.structs.replace(told, timeline=(one,))
        assert strikes(alone), f"timeline[{number}] {one.mechanism} hits nothing"
