"""The rest of the world: networks of countries that a scenario does not name, for it to stand beside."""

from __future__ import annotations

import msgspec

from probe.lab.scenario import LabNetwork, Scenario
from probe.model import NetworkKind

STANDARD = (
    LabNetwork(country="US", asn=7922, name="Comcast"),
    LabNetwork(country="US", asn=701, name="Verizon"),
    LabNetwork(country="US", asn=21928, name="T-Mobile US", kind=NetworkKind.MOBILE),
    LabNetwork(country="GB", asn=2856, name="BT"),
    LabNetwork(country="GB", asn=5089, name="Virgin Media"),
    LabNetwork(country="DE", asn=3320, name="Deutsche Telekom"),
    LabNetwork(country="DE", asn=3209, name="Vodafone Germany"),
    LabNetwork(country="FR", asn=3215, name="Orange"),
    LabNetwork(country="FR", asn=12322, name="Free"),
    LabNetwork(country="JP", asn=4713, name="NTT OCN"),
    LabNetwork(country="JP", asn=17676, name="SoftBank"),
    LabNetwork(country="BR", asn=28573, name="Claro Brasil"),
    LabNetwork(country="BR", asn=26599, name="Vivo"),
    LabNetwork(country="IN", asn=55836, name="Reliance Jio", kind=NetworkKind.MOBILE),
    LabNetwork(country="IN", asn=24560, name="Airtel India"),
    LabNetwork(country="ZA", asn=37457, name="Telkom South Africa"),
    LabNetwork(country="ZA", asn=3741, name="Internet Solutions"),
    LabNetwork(country="AU", asn=1221, name="Telstra"),
    LabNetwork(country="AU", asn=7545, name="TPG"),
    LabNetwork(country="SG", asn=4657, name="StarHub"),
)
KINDS = ("", "standard")


def around(scenario: Scenario) -> Scenario:
    """Add what `outside` asks for, but no country and no network that the scenario has."""
    if scenario.outside != "standard":
        return scenario
    countries = {network.country for network in scenario.networks}
    numbers = {network.asn for network in scenario.networks}
    added = (n for n in STANDARD if n.country not in countries and n.asn not in numbers)
    return msgspec.structs.replace(scenario, networks=(*scenario.networks, *added))
