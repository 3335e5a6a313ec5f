"""Scenarios are found, read and checked; those that come with it are worlds worth playing."""

from __future__ import annotations

from pathlib import Path

import pytest

from probe.config.check import Problem
from probe.config.load import ConfigError
from probe.lab import library

REQUIRED = (
    "tw-2022-12-28",
    "tr-2023-02-08",
    "tw-2023-02-08-limit",
    "ca-rogers-2022-07-08",
    "ng-2021-06-05",
    "quiet-day",
)


@pytest.mark.parametrize("name", library.names())
def test_a_scenario_is_sound_and_named_as_its_file(name: str) -> None:
    scenario = library.load(name)
    assert scenario.name == name


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
    with pytest.raises(ConfigError, match=r"mine\.yaml:\d+: timeline\[0\]\.at"):
        library.load(str(own))


def test_a_caller_may_ask_for_more(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text(library.find("quiet-day").read_text())
    with pytest.raises(ConfigError, match=r"mine\.yaml:1: name: is too quiet"):
        library.load(str(own), lambda _: [Problem(("name",), "is too quiet")])
