"""When an expected incident is answered on the right side, and when it is answered rightly."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import Seconds
from probe.lab.scenario import Expected
from probe.lab.score.marking import (
    answers,
    detects,
    false_filtering,
    moment,
    outcome,
    right,
    standing,
)
from probe.lab.score.outcome import Outcome
from probe.lab.truth import Sight
from probe.model import Cause, Incident, Scope, State
from tests.lab.score.made import (
    AT,
    DARK,
    FILTERED,
    FILTERING,
    GONE,
    LOCAL,
    OUT,
    OUTAGE,
    but,
)


def marked(
    *held: Incident, entry: Expected = FILTERING, others: Sequence[Expected] = (), at: int = 900
) -> Outcome:
    return outcome(entry, (entry, *others), [Sight(at=180.0, incidents=held)], at)


@pytest.mark.parametrize(
    ("changes", "side", "good"),
    [
        ({}, True, True),
        ({"state": State.SUSPECTED}, True, False),
        ({"cause": Cause.THROTTLING}, True, False),
        ({"scope": Scope.NETWORKS}, True, False),
        ({"countries": ("TR", "DE")}, True, False),
        ({"features": ("web",)}, True, False),
        ({"cause": Cause.SERVICE_OUTAGE}, False, False),
        ({"countries": ("DE",)}, False, False),
        ({"service": "tiktok"}, False, False),
        # It is the network's, and of every service there.
        ({"service": "", "cause": Cause.NETWORK_DISRUPTION}, True, False),
        ({"mechanisms": ("ip.nullroute",), "statement": "?"}, True, True),
    ],
)
def test_side_and_whole(changes: dict[str, object], *, side: bool, good: bool) -> None:
    found = marked(but(FILTERED, **changes))
    assert (found.side_right, found.right) == (side, good)


def test_nothing_said_is_neither() -> None:
    found = marked()
    assert (found.side_right, found.right, found.answered, found.shown) == (False, False, (), None)
    assert found.missed


def test_a_rival_beside_the_answer_spoils_the_side_but_not_the_answer() -> None:
    rival = but(OUT, scope=Scope.COUNTRIES, countries=("TR",))
    found = marked(FILTERED, rival)
    assert (found.side_right, found.right) == (False, True)
    assert found.shown is Cause.FILTERING


def test_a_rival_elsewhere_or_of_another_service_spoils_nothing() -> None:
    assert marked(FILTERED, but(OUT, scope=Scope.COUNTRIES, countries=("US",))).side_right
    assert marked(FILTERED, but(OUT, service="tiktok")).side_right


def test_the_answer_to_another_truth_is_no_rival() -> None:
    assert marked(FILTERED, OUT, others=(OUTAGE,)).side_right
    assert marked(FILTERED, OUT, entry=OUTAGE, others=(FILTERING,)).side_right
    assert not marked(FILTERED, but(OUT, features=("web",)), others=(OUTAGE,)).side_right


def test_a_fault_of_one_vantage_is_nobodys_rival() -> None:
    assert marked(FILTERED, LOCAL).side_right
    assert not marked(FILTERED, but(LOCAL, scope=Scope.COUNTRIES)).side_right


def test_a_local_fault_answers_where_it_is_the_truth() -> None:
    entry = but(FILTERING, cause=Cause.LOCAL_FAULT, service="", features=(), scope=Scope.VANTAGE)
    found = marked(LOCAL, entry=entry)
    assert (found.side_right, found.right) == (True, True)


def test_some_features_are_enough_while_it_grows() -> None:
    part = but(FILTERED, features=("web",))
    assert right(FILTERING, part, 60)
    assert right(FILTERING, part, 899)
    assert not right(FILTERING, part, 900)
    assert not right(FILTERING, but(FILTERED, features=("web", "links")), 60)
    assert not right(FILTERING, but(FILTERED, features=()), 60)


def test_a_global_outage_may_list_any_countries() -> None:
    assert marked(but(OUT, countries=()), entry=OUTAGE).right
    assert not marked(but(OUT, scope=Scope.COUNTRIES), entry=OUTAGE).right
    wide = but(OUTAGE, scopes=(Scope.COUNTRIES,))
    assert marked(but(OUT, scope=Scope.COUNTRIES), entry=wide).right


def test_another_dark_network_is_another_matter() -> None:
    assert marked(GONE, entry=DARK).right
    assert not answers(DARK, but(GONE, networks=(577,)))
    assert answers(DARK, but(GONE, scope=Scope.COUNTRIES, networks=(577,)))


def test_what_is_right_as_well_is_right_and_not_missed() -> None:
    either = but(FILTERING, also=(Cause.THROTTLING,))
    found = marked(but(FILTERED, cause=Cause.THROTTLING), entry=either)
    assert (found.right, found.missed, found.shown) == (True, False, Cause.FILTERING)


@pytest.mark.parametrize(
    ("at_least", "state", "told"),
    [
        (State.LIKELY, State.SUSPECTED, False),
        (State.LIKELY, State.LIKELY, True),
        (State.CONFIRMED, State.LIKELY, True),
        (State.SUSPECTED, State.SUSPECTED, True),
    ],
)
def test_detection_asks_for_likely_or_for_less(
    at_least: State, state: State, *, told: bool
) -> None:
    entry = but(FILTERING, at_least=at_least)
    assert detects(entry, but(FILTERED, state=state, features=("web",))) is told


def test_only_what_stands_counts() -> None:
    doubt = but(FILTERED, state=State.INSUFFICIENT)
    assert standing([FILTERED, but(OUT, closed=AT), doubt]) == (FILTERED,)


def sights(*held: tuple[Incident, ...]) -> list[Sight]:
    return [Sight(at=60.0 * number, incidents=own) for number, own in enumerate(held)]


def test_seconds_count_from_when_it_stood_to_stand_until_then() -> None:
    run = sights((), (), (), (FILTERED,), (), (FILTERED,), (FILTERED,))
    assert outcome(FILTERING, [FILTERING], run, 60).seconds == 60
    assert outcome(FILTERING, [FILTERING], run, 120).seconds is None
    assert outcome(FILTERING, [FILTERING], run, 900).seconds == 180


def test_what_was_said_before_the_onset_does_not_count() -> None:
    run = sights((FILTERED,), (FILTERED,), (FILTERED,))
    assert outcome(FILTERING, [FILTERING], run, 60).seconds == 0


def test_what_has_ended_is_looked_at_before_its_end() -> None:
    over = but(FILTERING, until=Seconds(240))
    assert moment(over, 60) == 180
    assert moment(over, 900) == 240
    run = sights((), (), (), (FILTERED,), (FILTERED,), (), (OUT,))
    assert outcome(over, [over], run, 900).right


@pytest.mark.parametrize(
    ("changes", "at", "false"),
    [
        ({}, 200, False),
        ({}, 119, True),
        ({"countries": ("TR", "DE")}, 200, True),
        ({"service": "tiktok"}, 200, True),
        ({"features": ("links",)}, 200, False),
        ({"state": State.LIKELY, "countries": ("DE",)}, 200, False),
        ({"cause": Cause.THROTTLING, "countries": ("DE",)}, 200, False),
    ],
)
def test_false_filtering_is_confirmed_where_there_is_none(
    changes: dict[str, object], at: float, *, false: bool
) -> None:
    held = but(FILTERED, **{"state": State.CONFIRMED, **changes})
    assert false_filtering([FILTERING, OUTAGE], held, at) is false


def test_filtering_that_is_right_as_well_is_not_false() -> None:
    held = but(FILTERED, state=State.CONFIRMED)
    throttled = but(FILTERING, cause=Cause.THROTTLING)
    assert false_filtering([throttled], held, 200)
    assert not false_filtering([but(throttled, also=(Cause.FILTERING,))], held, 200)


INCIDENTS = st.lists(
    st.builds(
        lambda base, cause, scope, state, countries: but(
            base, cause=cause, scope=scope, state=state, countries=countries
        ),
        st.sampled_from([FILTERED, OUT, GONE, LOCAL]),
        st.sampled_from([cause for cause in Cause if cause is not Cause.OK]),
        st.sampled_from(Scope),
        st.sampled_from([state for state in State if state is not State.INSUFFICIENT]),
        st.sampled_from([("TR",), ("TR", "CA"), ("CA",), ()]),
    ),
    max_size=4,
)
ENTRIES = st.sampled_from([FILTERING, OUTAGE, DARK])


@given(INCIDENTS, ENTRIES, st.sampled_from([60, 300, 900]))
def test_marks_hang_together(held: list[Incident], entry: Expected, at: int) -> None:
    found = marked(*held, entry=entry, at=at)
    assert not found.side_right or found.answered
    assert not found.right or found.shown is found.expected
    assert (found.shown is None) == (not found.answered)
    assert found.right == (found.seconds is not None)
    assert not (found.missed and found.right)


@given(INCIDENTS, ENTRIES, st.randoms(use_true_random=False))
def test_the_order_of_incidents_does_not_matter(
    held: list[Incident], entry: Expected, dice: Random
) -> None:
    mixed = list(held)
    dice.shuffle(mixed)
    one, other = marked(*held, entry=entry), marked(*mixed, entry=entry)
    assert set(one.answered) == set(other.answered)
    assert (one.side_right, one.right, one.missed) == (other.side_right, other.right, other.missed)


@given(INCIDENTS, ENTRIES)
def test_a_private_fault_more_changes_nothing(held: list[Incident], entry: Expected) -> None:
    assert marked(*held, entry=entry) == marked(*held, LOCAL, entry=entry)


@given(INCIDENTS)
def test_the_answer_more_never_makes_it_wrong(held: list[Incident]) -> None:
    assert marked(*held, FILTERED).right
