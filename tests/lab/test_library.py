"""Scenarios are found, read and checked; those that come with it are worlds worth playing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from probe.config.load import ConfigError
from probe.config.shape import Seconds
from probe.lab import library
from probe.lab.scenario import Event, Expected, LabNetwork
from probe.model import Cause, Scope

REQUIRED = (
    "tw-2022-12-28",
    "tr-2023-02-08",
    "tw-2023-02-08-limit",
    "ca-rogers-2022-07-08",
    "ng-2021-06-05",
    "quiet-day",
)
QUIET = library.load("quiet-day")


@pytest.mark.parametrize("name", library.names())
def test_a_scenario_is_named_as_its_file_and_has_no_problem(name: str) -> None:
    scenario = library.load(name)
    assert scenario.name == name
    assert library.problems(scenario) == ()


@pytest.mark.parametrize("name", library.names())
def test_a_world_has_eight_countries_and_two_networks_in_most(name: str) -> None:
    countries = [network.country for network in library.load(name).networks]
    assert len(set(countries)) >= 8
    several = sum(countries.count(country) > 1 for country in set(countries))
    assert several > len(set(countries)) / 2


@pytest.mark.parametrize("name", library.names())
def test_something_can_be_seen_before_and_after_the_onset(name: str) -> None:
    scenario = library.load(name)
    for truth in scenario.expected:
        assert truth.onset >= 2 * scenario.round
        assert truth.onset + 4 * scenario.round <= scenario.length


def test_the_required_days_are_there() -> None:
    assert set(REQUIRED) <= set(library.names())


def test_a_users_own_file_is_found_by_its_path(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text(library.find("quiet-day").read_text())
    assert library.load(str(own)).name == "quiet-day"


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no such scenario; there are .*quiet-day"):
        library.load("nothing-such")


def test_a_broken_file_is_refused_with_its_place(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("name: mine\ntitle: Mine\nlenght: 3\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml"):
        library.load(str(own))


def test_a_problem_is_refused_with_the_file(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    text = library.find("quiet-day").read_text()
    own.write_text(text.replace("timeline: []", "timeline: [{at: 9000, mechanism: tcp.syn_drop}]"))
    with pytest.raises(ConfigError, match=r"mine\.yaml: timeline\[0\]\.at"):
        library.load(str(own))


def event(**more: object) -> Event:
    values = {"at": Seconds(60), "mechanism": "ip.nullroute", **more}
    return Event(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (event(services=("tiktok",)), "timeline[0].services: 'tiktok' is not in this scenario"),
        (event(features=("feed",)), "timeline[0].features: 'feed' is not"),
        (event(countries=("XX",)), "timeline[0].countries: 'XX' is not"),
        (event(networks=(1,)), "timeline[0].networks: 1 is not"),
        (event(vantages=("xx-1",)), "timeline[0].vantages: 'xx-1' is not"),
        (event(until=Seconds(60)), "timeline[0].until: it ends before it begins"),
        (event(at=Seconds(-1)), "timeline[0].at: outside the scenario"),
        (event(share=1.5), "timeline[0].share: 1.5 is no probability"),
    ],
)
def test_an_event_that_leads_nowhere_is_named(entry: Event, complaint: str) -> None:
    (found,) = library.problems(msgspec.structs.replace(QUIET, timeline=(entry,)))
    assert found.startswith(complaint)


def test_an_expectation_that_leads_nowhere_is_named() -> None:
    truth = Expected(
        cause=Cause.FILTERING, scope=Scope.COUNTRIES, onset=Seconds(60), countries=("XX",)
    )
    (found,) = library.problems(msgspec.structs.replace(QUIET, expected=(truth,)))
    assert found.startswith("expected[0].countries: 'XX' is not")


@pytest.mark.parametrize(
    ("network", "complaint"),
    [
        (LabNetwork(country="US", asn=3320, name="Twice"), "asn 3320 is there twice"),
        (LabNetwork(country="usa", asn=1, name="Long"), "'usa' is not two capital letters"),
        (LabNetwork(country="US", asn=1, name="None", vantages=-1), "vantages of AS1"),
        (LabNetwork(country="US", asn=1, name="Many", vantages=200), "vantages of AS1"),
    ],
)
def test_a_network_that_cannot_be_is_named(network: LabNetwork, complaint: str) -> None:
    world = msgspec.structs.replace(QUIET, networks=(*QUIET.networks, network))
    (found,) = library.problems(world)
    assert complaint in found


def test_a_world_without_networks_is_none() -> None:
    assert "there is none" in library.problems(msgspec.structs.replace(QUIET, networks=()))[0]


def test_services_are_held_to_what_every_catalogue_is() -> None:
    (service,) = QUIET.services
    twice = msgspec.structs.replace(QUIET, services=(service, service))
    assert any("services" in problem for problem in library.problems(twice))
