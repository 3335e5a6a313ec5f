"""A scenario that cannot be played, or cannot be answered, is refused with its place."""

from __future__ import annotations

import msgspec
import pytest

from probe.config.check import Path, dotted
from probe.config.shape import Seconds
from probe.lab import library
from probe.lab.scenario import (
    Cohort,
    Dependency,
    DependencyKind,
    Event,
    Expected,
    LabNetwork,
    Scenario,
    Site,
)
from probe.lab.sound import problems
from probe.model import Cause, Endpoint, Feature, Scope, Service

QUIET = library.load("quiet-day")


def found(**changes: object) -> list[str]:
    changed = msgspec.structs.replace(QUIET, **changes)
    return [f"{dotted(problem.path)}: {problem.text}" for problem in problems(changed)]


def event(**more: object) -> Event:
    values = {"at": Seconds(60), "mechanism": "ip.nullroute", **more}
    return Event(**values)  # type: ignore[arg-type]


def truth(**more: object) -> Expected:
    values = {
        "cause": Cause.FILTERING,
        "scope": Scope.COUNTRIES,
        "onset": Seconds(60),
        **more,
    }
    return Expected(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", library.names())
def test_our_own_scenarios_are_sound(name: str) -> None:
    assert list(problems(library.load(name))) == []


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (event(services=("tiktok",)), "timeline[0].services: 'tiktok' is not in this scenario"),
        (event(features=("feed",)), "timeline[0].features: 'feed' is not"),
        (event(countries=("XX",)), "timeline[0].countries: 'XX' is not"),
        (event(networks=(1,)), "timeline[0].networks: 1 is not"),
        (event(vantages=("xx-1",)), "timeline[0].vantages: 'xx-1' is not"),
        (event(names=("www.nowhere.example",)), "timeline[0].names: 'www.nowhere.example' is not"),
        (event(until=Seconds(60)), "timeline[0].until: it ends before it begins"),
        (event(until=QUIET.length + 1), "timeline[0].until: after the scenario's end"),
        (event(at=Seconds(-1)), "timeline[0].at: outside the scenario"),
        (event(share=1.5), "timeline[0].share: is 1.5; it must be a probability"),
        (event(delay=Seconds(100)), "timeline[0].delay: is 100"),
    ],
)
def test_an_event_that_leads_nowhere_is_named(entry: Event, complaint: str) -> None:
    (said,) = found(timeline=(entry,))
    assert said.startswith(complaint)


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (truth(countries=("XX",)), "expected[0].countries: 'XX' is not"),
        (truth(service="tiktok"), "expected[0].service: 'tiktok' is not"),
        (truth(features=("feed",)), "expected[0].features: 'feed' is not"),
        (truth(networks=(1,)), "expected[0].networks: 1 is not"),
        (truth(onset=QUIET.length + 1), "expected[0].onset: outside the scenario"),
        (truth(until=Seconds(30)), "expected[0].until: it ends before it begins"),
    ],
)
def test_an_expectation_that_leads_nowhere_is_named(entry: Expected, complaint: str) -> None:
    (said,) = found(expected=(entry,))
    assert said.startswith(complaint)


@pytest.mark.parametrize(
    ("network", "complaint"),
    [
        (LabNetwork(country="US", asn=3320, name="Twice"), ".asn: 3320 is also networks["),
        (LabNetwork(country="usa", asn=1, name="Long"), ".country: is 'usa'"),
        (LabNetwork(country="US", asn=1, name="None", vantages=-1), ".vantages: is -1"),
        (LabNetwork(country="US", asn=1, name="Many", vantages=200), ".vantages: is 200"),
        (LabNetwork(country="US", asn=0, name="Nobody"), ".asn: is 0"),
        (LabNetwork(country="US", asn=1, name="Far", delay=Seconds(86400)), ".delay: is 86400"),
        (LabNetwork(country="US", asn=1, name=""), ".name: is ''"),
        (LabNetwork(country="US", asn=1, name="\x1b[2J"), ".name: is '\\x1b[2J'"),
    ],
)
def test_a_network_that_cannot_be_is_named(network: LabNetwork, complaint: str) -> None:
    (said,) = found(networks=(*QUIET.networks, network))
    assert said.startswith(f"networks[{len(QUIET.networks)}]{complaint}")


def test_a_world_without_a_vantage_is_none() -> None:
    assert "there is none" in found(networks=())[0]
    empty = tuple(msgspec.structs.replace(network, vantages=0) for network in QUIET.networks)
    assert "none has a vantage" in found(networks=empty)[0]


@pytest.mark.parametrize("field", ["round", "kernel_round", "length"])
def test_time_must_pass(field: str) -> None:
    assert found(**{field: Seconds(0)})[0].startswith(f"{field}: is 0.0; it must be")


def test_services_that_are_asked_for_encrypted_are_there() -> None:
    assert found(encrypted_dns=(QUIET.services[0].id,)) == []
    assert found(two_addresses=(QUIET.services[0].id,)) == []
    assert found(two_addresses=("x",))[0].startswith("two_addresses: 'x' is not in this scenario")
    assert found(encrypted_dns=("x",))[0].startswith("encrypted_dns: 'x' is not in this scenario")


def test_services_that_speak_quic_are_there() -> None:
    assert found(quic=(QUIET.services[0].id,)) == []
    assert found(quic=("x",))[0].startswith("quic: 'x' is not in this scenario")


def test_services_are_held_to_what_every_catalogue_is() -> None:
    (service,) = QUIET.services
    assert found(services=(service, service))[0].startswith("services[1].id:")


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("https://192.0.2.1/", "must name a host"),
        ("https://[2001:db8::1]/", "must name a host"),
        ("https://localhost/", "must name a host"),
        ("https://www.example.org:8443/", "names a port"),
        ("tcp://www.example.org:25", "names a port"),
        ("dns:localhost", "must name a host"),
        ("https://www.example.org:443/", ""),
    ],
)
def test_the_lab_places_hosts_itself(url: str, complaint: str) -> None:
    endpoint = Endpoint(id="front", url=url)
    feature = Feature(id="web", name="Web", endpoints=(endpoint,))
    service = Service(id="a", name="A", features=(feature,))
    place: Path = ("services", 0, "features", 0, "endpoints", 0, "url")
    said = found(services=(service,))
    assert said == [] if not complaint else said[0].startswith(f"{dotted(place)}: {complaint}")


def test_features_are_those_of_the_service_that_is_named() -> None:
    feature = Feature(
        id="feed", name="Feed", endpoints=(Endpoint(id="a", url="https://a.example/"),)
    )
    other = Service(id="other", name="Other", features=(feature,))
    world: Scenario = msgspec.structs.replace(QUIET, services=(*QUIET.services, other))
    named = event(services=(QUIET.services[0].id,), features=("feed",))
    (said,) = problems(msgspec.structs.replace(world, timeline=(named,)))
    assert said.path == ("timeline", 0, "features")


def test_a_truth_s_misspelt_mechanism_is_refused_by_its_place() -> None:
    (said,) = found(expected=(truth(mechanisms=("tls.sni_rst", "tls.sni_rts")),))
    assert said == (
        "expected[0].mechanisms[1]: 'tls.sni_rts' is no mechanism; did you mean tls.sni_rst?"
    )
    (said,) = found(expected=(truth(mechanisms=("?",)),))
    assert "'?' is no mechanism; there are dns.cache_pollution_outside, " in said


CDN = Dependency(
    id="cdn", kind=DependencyKind.CDN,
    sites=(Site(id="AMS", countries=("DE",)), Site(id="LHR", countries=("GB",))),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"dependencies": (CDN, CDN)}, "dependencies[1].id: 'cdn' is given twice"),
        (
            {"cohorts": (Cohort(id="a", share=0.4), Cohort(id="a", share=0.4))},
            "cohorts[1].id: 'a' is given twice; every id is its own",
        ),
        (
            {"dependencies": (msgspec.structs.replace(CDN, sites=(*CDN.sites, CDN.sites[0])),)},
            "dependencies[0].sites[2].id: 'AMS' is given twice",
        ),
        (
            {
                "dependencies": (
                    msgspec.structs.replace(
                        CDN, sites=(*CDN.sites, Site(id="FRA", countries=("DE",)))
                    ),
                )
            },
            "dependencies[0].sites[2].countries: 'DE' is given twice",
        ),
        (
            {"timeline": (event(sites=("LHR",)),)},
            "timeline[0].sites: 'LHR' is a site of no dependency here",
        ),
        (
            {"dependencies": (CDN,), "timeline": (event(sites=("AMS",)),)},
            f"timeline[0].sites: 'AMS' is a site of {CDN.id}; name that in `dependencies` beside it",
        ),
        (
            {"dependencies": (CDN,), "timeline": (event(dependencies=(CDN.id,), sites=("XXX",)),)},
            "timeline[0].sites: 'XXX' is not in this scenario; there are AMS",
        ),
    ],
)
def test_what_is_given_twice_or_where_there_is_none_is_named(
    changes: dict[str, object], complaint: str
) -> None:
    assert found(**changes)[0].startswith(complaint)
