from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from probe.lab import library
from probe.lab.outside import STANDARD, around
from probe.lab.scenario import LabNetwork

PLAIN = library.load("quiet-day")


def test_a_scenario_that_asks_for_nothing_stays_as_it_is() -> None:
    assert around(PLAIN) is PLAIN


@given(st.lists(st.sampled_from(STANDARD), max_size=4, unique=True))
def test_the_rest_of_the_world_never_doubles_a_country_or_a_network(own: list[LabNetwork]) -> None:
    asked = msgspec.structs.replace(PLAIN, outside="standard", networks=tuple(own))
    networks = around(asked).networks
    assert networks[: len(own)] == tuple(own)
    assert len({n.asn for n in networks}) == len(networks)
    added = networks[len(own) :]
    assert not {n.country for n in added} & {n.country for n in own}
    assert {n.country for n in networks} == {n.country for n in STANDARD}


def test_every_country_of_the_rest_of_the_world_can_speak_for_itself() -> None:
    countries = {n.country for n in STANDARD}
    assert len(countries) >= 10
    assert sum(n.country == "US" for n in STANDARD) > 1
