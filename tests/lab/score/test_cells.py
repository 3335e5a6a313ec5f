"""What is true in a cell, and what a verdict's belief is worth there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import Seconds
from probe.lab.scenario import Cohort, Event
from probe.lab.score.cells import Truth, brier, weigh
from probe.model import Cause, State
from tests.lab.score.made import DARK, FILTERING, OUTAGE, but, scenario, verdict


@pytest.mark.parametrize(
    ("feature", "country", "at", "right"),
    [
        ("web", "TR", 60, {Cause.OK}),
        ("web", "TR", 120, {Cause.FILTERING}),
        ("web", "US", 500, {Cause.OK}),
        ("posting", "US", 500, {Cause.SERVICE_OUTAGE}),
        ("posting", "TR", 500, {Cause.SERVICE_OUTAGE}),
        # One operator of three is dark: of the country both can be said.
        ("web", "CA", 500, {Cause.NETWORK_DISRUPTION, Cause.OK}),
        ("posting", "CA", 500, {Cause.NETWORK_DISRUPTION, Cause.OK, Cause.SERVICE_OUTAGE}),
    ],
)
def test_the_truth_of_a_cell(feature: str, country: str, at: float, right: set[Cause]) -> None:
    true = Truth(scenario(FILTERING, OUTAGE, DARK), at)
    assert true.of(verdict(feature, country)) == right


def test_what_is_right_as_well_is_true_as_well() -> None:
    either = but(OUTAGE, also=(Cause.DEPENDENCY_OUTAGE,))
    found = Truth(scenario(either), 500).of(verdict("posting", "US"))
    assert found == {Cause.SERVICE_OUTAGE, Cause.DEPENDENCY_OUTAGE}


def test_what_may_be_called_a_fault_of_probe_hosts_leaves_all_others_well() -> None:
    """A public resolver that fails is seen by those alone who ask it, wherever they are."""
    resolver = but(OUTAGE, cause=Cause.DEPENDENCY_OUTAGE, also=(Cause.LOCAL_FAULT,))
    found = Truth(scenario(resolver), 500).of(verdict("posting", "US"))
    assert found == {Cause.DEPENDENCY_OUTAGE, Cause.LOCAL_FAULT, Cause.OK}


@pytest.mark.parametrize(
    ("at", "right"),
    [
        (599, {Cause.FILTERING}),
        (600, {Cause.FILTERING, Cause.OK}),
        (899, {Cause.FILTERING, Cause.OK}),
        (900, {Cause.OK}),
    ],
)
def test_a_truth_that_is_over_ebbs_for_as_long_as_the_judge_looks_back(
    at: float, right: set[Cause]
) -> None:
    over = but(FILTERING, until=Seconds(600))
    assert Truth(scenario(over), at).of(verdict("web", "TR")) == right


EVERY = Event(at=Seconds(0), mechanism="local.clock_skew", cohorts=("third",))


@pytest.mark.parametrize(
    ("event", "countries"),
    [
        (
            Event(at=Seconds(60), mechanism="local.agent_killed", vantages=("tr-as47331-1",)),
            {"TR"},
        ),
        (Event(at=Seconds(60), mechanism="tls.mitm_cert", vantages=("us-as7922-1",)), {"US"}),
        (EVERY, {"TR", "CA", "US"}),
        (but(EVERY, cohorts=("named",)), {"CA"}),
        (but(EVERY, until=Seconds(90)), set()),
        (Event(at=Seconds(60), mechanism="tls.sni_drop", countries=("TR",)), set()),
    ],
)
def test_a_fault_of_a_probe_host_may_be_called_so(event: Event, countries: set[str]) -> None:
    cohorts = (Cohort(id="third", share=0.3), Cohort(id="named", vantages=("ca-as812-1",)))
    held = but(scenario(timeline=(event,)), cohorts=cohorts)
    true = Truth(held, 100)
    found = {c for c in ("TR", "CA", "US") if Cause.LOCAL_FAULT in true.of(verdict("web", c))}
    assert found == countries


def test_beliefs_are_weighed_for_whole_countries_alone() -> None:
    cells = [
        verdict("web", "TR", Cause.FILTERING, 0.9),
        verdict("media", "TR", Cause.OK, 0.6),
        verdict("web", "US"),
        but(verdict("web", "US"), network=7922),
        but(verdict("", "US"), service=""),
        but(verdict("posting", "US"), vantages=0, state=State.INSUFFICIENT),
    ]
    found = weigh(scenario(FILTERING), cells, 500)
    assert found.leading.total == 3
    assert found.leading.right.total() == 2
    assert found.told.total == 2
    assert found.filtering.total == 3
    assert found.filtering.right.total() == 2
    assert found.cells == 2
    assert found.untested == 1


def test_doubt_with_a_look_is_a_belief_all_the_same() -> None:
    doubt = but(verdict("web", "US", belief=0.4), state=State.INSUFFICIENT)
    assert weigh(scenario(), [doubt], 0).leading.total == 1


SUPPORTS = st.dictionaries(st.sampled_from(Cause), st.floats(0, 1), min_size=1).filter(
    lambda support: sum(support.values()) > 0
)


@given(SUPPORTS, st.frozensets(st.sampled_from(Cause), min_size=1))
def test_brier_is_from_0_to_2_and_more_truths_never_raise_it(
    support: dict[Cause, float], right: frozenset[Cause]
) -> None:
    belief = {cause: share / sum(support.values()) for cause, share in support.items()}
    assert -1e-9 <= brier(belief, right) <= 2 + 1e-9
    assert brier(belief, frozenset(Cause)) <= brier(belief, right) + 1e-9


def test_brier_of_certainty() -> None:
    sure = {Cause.OK: 1.0}
    assert brier(sure, frozenset({Cause.OK})) == 0
    assert brier(sure, frozenset({Cause.FILTERING})) == 2
