"""Probe hosts are named alike on paper, in timelines and in configurations."""

from __future__ import annotations

from probe.lab import library, vantages
from probe.lab.kernel.layout import plan


def test_names_are_those_of_the_layout() -> None:
    scenario = library.load("tr-2023-02-08")
    laid_out = [host.name for host in plan(scenario).hosts if host.vantage]
    assert list(vantages.names(scenario)) == laid_out


def test_a_name_tells_country_network_and_number() -> None:
    network = library.load("tr-2023-02-08").networks[0]
    assert vantages.name(network, 2) == "tr-as47331-2"
