"""The names of a scenario's probe hosts: what timelines call them and configurations enrol."""

from __future__ import annotations

from probe.lab.scenario import LabNetwork, Scenario


def name(network: LabNetwork, number: int) -> str:
    """Return `us-as7922-1`: the first probe host of a network, counted from 1."""
    return f"{network.country.lower()}-as{network.asn}-{number}"


def names(scenario: Scenario) -> tuple[str, ...]:
    return tuple(
        name(network, number)
        for network in scenario.networks
        for number in range(1, network.vantages + 1)
    )
