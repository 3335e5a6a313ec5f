"""Story time becomes real time; disturbances never take away the last witness."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import Seconds
from probe.lab import library
from probe.lab.agenda import (
    AGENT_KILLED,
    RESOLVER_BROKEN,
    agenda,
    describe,
    disturbances,
    scale,
)
from probe.lab.kernel.layout import plan
from probe.lab.scenario import Event, Scenario

SCENARIO = library.load("tr-2023-02-08")
ON_PACKETS = tuple(name for name in library.names() if not library.load(name).outside)
"""Worlds that are written out whole; those that add the rest of the world are simulated."""


def with_timeline(*events: Event) -> Scenario:
    return msgspec.structs.replace(SCENARIO, timeline=events)


def test_a_round_of_the_story_is_a_round_of_the_lab() -> None:
    assert scale(SCENARIO) * SCENARIO.round == SCENARIO.kernel_round


def test_an_event_begins_and_ends_under_one_key() -> None:
    event = Event(at=Seconds(120), until=Seconds(240), mechanism="ip.nullroute")
    begins, ends = agenda(with_timeline(event))
    assert (begins.at, ends.at) == (10, 20)
    assert (begins.begins, ends.begins) == (True, False)
    assert begins.key == ends.key


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(1, 600)), max_size=8))
def test_the_agenda_is_in_order_and_nothing_ends_before_it_begins(
    spans: list[tuple[int, int]],
) -> None:
    events = [
        Event(at=Seconds(at), until=Seconds(at + length), mechanism="tcp.syn_drop")
        for at, length in spans
    ]
    changes = agenda(with_timeline(*events))
    assert [change.at for change in changes] == sorted(change.at for change in changes)
    for key in {change.key for change in changes}:
        assert [c.begins for c in changes if c.key == key] == [True, False]


@pytest.mark.parametrize("name", ON_PACKETS)
def test_disturbances_leave_a_witness_in_every_expected_place(name: str) -> None:
    scenario = library.load(name)
    killed, resolver = disturbances(scenario)
    assert (killed.mechanism, resolver.mechanism) == (AGENT_KILLED, RESOLVER_BROKEN)
    hit = {*killed.vantages, *resolver.vantages}
    left = [h.vantage for h in plan(scenario).hosts if h.vantage and h.name not in hit]
    assert len(left) == sum(n.vantages for n in scenario.networks) - 2
    for truth in scenario.expected:
        assert set(truth.countries) <= {v.country for v in left}
        assert set(truth.networks) <= {v.asn for v in left}


@pytest.mark.parametrize("name", ON_PACKETS)
def test_disturbances_come_before_the_onset(name: str) -> None:
    scenario = library.load(name)
    onset = min((event.at for event in scenario.timeline), default=scenario.length)
    assert all(event.at < onset for event in disturbances(scenario))


def test_an_event_is_told_in_words() -> None:
    said = describe(SCENARIO.timeline[0])
    assert said == "tls.sni_rst on twitter: AS47331, AS16135"
    assert describe(Event(at=Seconds(0), mechanism=AGENT_KILLED, vantages=("a",))).endswith(": a")
