"""What counts as right, as on the way, and as false."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import Seconds
from probe.lab.scenario import Expected
from probe.lab.truth import Sight, answered_by, false_at, score, underway_to
from probe.model import Cause, Incident, Scope, State

AT = datetime(2023, 2, 8, tzinfo=UTC)
FILTERING = Expected(
    cause=Cause.FILTERING,
    scope=Scope.COUNTRIES,
    onset=Seconds(120),
    service="twitter",
    features=("web", "media"),
    countries=("TR",),
    mechanisms=("tls.sni_rst", "tls.sni_drop"),
    says=("Türkiye",),
)
OUTAGE = Expected(
    cause=Cause.SERVICE_OUTAGE, scope=Scope.GLOBAL, onset=Seconds(120), service="twitter"
)
DARK = Expected(
    cause=Cause.NETWORK_DISRUPTION,
    scope=Scope.NETWORKS,
    onset=Seconds(120),
    countries=("CA",),
    networks=(812,),
    at_least=State.SUSPECTED,
)
FILTERED = Incident(
    id="i1",
    service="twitter",
    features=("media", "web"),
    cause=Cause.FILTERING,
    state=State.LIKELY,
    scope=Scope.COUNTRIES,
    countries=("TR",),
    networks=(47331, 16135),
    mechanisms=("tls.sni_rst",),
    opened=AT,
    updated=AT,
    statement="Twitter is restricted in Türkiye.",
)
OUT = msgspec.structs.replace(
    FILTERED,
    id="i2",
    cause=Cause.SERVICE_OUTAGE,
    scope=Scope.GLOBAL,
    countries=("TR", "US"),
    networks=(),
    mechanisms=(),
)
GONE = msgspec.structs.replace(
    FILTERED,
    id="i3",
    service="",
    features=(),
    cause=Cause.NETWORK_DISRUPTION,
    scope=Scope.NETWORKS,
    state=State.SUSPECTED,
    countries=("CA",),
    networks=(812,),
    mechanisms=(),
)
LOCAL = msgspec.structs.replace(
    GONE, id="i4", cause=Cause.LOCAL_FAULT, scope=Scope.VANTAGE, countries=("DE",)
)


def but(incident: Incident, **changes: object) -> Incident:
    return msgspec.structs.replace(incident, **changes)


@pytest.mark.parametrize(
    ("expected", "incident"), [(FILTERING, FILTERED), (OUTAGE, OUT), (DARK, GONE)]
)
def test_the_very_incident_answers(expected: Expected, incident: Incident) -> None:
    assert answered_by(expected, incident)
    assert answered_by(expected, but(incident, state=State.CONFIRMED))


@pytest.mark.parametrize(
    "changes",
    [
        {"cause": Cause.THROTTLING},
        {"scope": Scope.NETWORKS},
        {"service": "tiktok"},
        {"countries": ("TR", "DE")},
        {"countries": ()},
        {"features": ("web",)},
        {"features": ("web", "media", "links")},
        {"mechanisms": ("ip.nullroute",)},
        {"mechanisms": ()},
        {"state": State.SUSPECTED},
        {"statement": "Twitter is restricted."},
    ],
)
def test_anything_else_does_not_answer(changes: dict[str, object]) -> None:
    assert not answered_by(FILTERING, but(FILTERED, **changes))


def test_networks_count_where_they_are_given() -> None:
    assert not answered_by(DARK, but(GONE, networks=(812, 577)))
    assert answered_by(FILTERING, but(FILTERED, networks=(1, 2, 3)))


def test_a_global_incident_may_list_any_countries() -> None:
    assert answered_by(OUTAGE, but(OUT, countries=()))


@pytest.mark.parametrize(
    ("expected", "incident"),
    [
        (FILTERING, but(FILTERED, scope=Scope.NETWORKS, state=State.SUSPECTED)),
        (FILTERING, but(FILTERED, features=("web",), mechanisms=())),
        (OUTAGE, but(OUT, scope=Scope.COUNTRIES, countries=("US",))),
    ],
)
def test_a_part_of_the_truth_is_on_its_way_and_not_false(
    expected: Expected, incident: Incident
) -> None:
    assert underway_to(expected, incident, 130)
    assert not false_at([expected], incident, 130)


@pytest.mark.parametrize(
    "incident",
    [
        but(FILTERED, countries=("TR", "DE")),
        but(FILTERED, cause=Cause.SERVICE_OUTAGE),
        but(FILTERED, features=("web", "links")),
        but(FILTERED, service="tiktok"),
    ],
)
def test_more_than_the_truth_is_false(incident: Incident) -> None:
    assert false_at([FILTERING], incident, 130)


def test_the_truth_before_its_time_is_false() -> None:
    assert false_at([FILTERING], FILTERED, 119)


def test_another_network_than_the_dark_one_is_false() -> None:
    assert false_at([DARK], but(GONE, networks=(577,)), 130)


def test_a_fault_of_one_vantage_is_never_false_unless_blamed_on_more() -> None:
    assert not false_at([], LOCAL, 10)
    assert false_at([], but(LOCAL, scope=Scope.COUNTRIES), 10)


EITHER = msgspec.structs.replace(
    OUTAGE, also=(Cause.DEPENDENCY_OUTAGE,), scopes=(Scope.DEPENDENCY, Scope.COUNTRIES)
)
DISPUTED = msgspec.structs.replace(
    FILTERING, also=(Cause.NETWORK_DISRUPTION,), says=(), mechanisms=()
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cause": Cause.DEPENDENCY_OUTAGE},
        {"scope": Scope.DEPENDENCY},
        {"cause": Cause.DEPENDENCY_OUTAGE, "scope": Scope.COUNTRIES},
    ],
)
def test_what_is_right_as_well_answers_and_is_not_false(changes: dict[str, object]) -> None:
    assert answered_by(EITHER, but(OUT, **changes))
    assert not false_at([EITHER], but(OUT, **changes), 130)


@pytest.mark.parametrize("changes", [{"cause": Cause.GEO_BLOCK}, {"scope": Scope.NETWORKS}])
def test_what_is_not_named_as_right_does_not_answer(changes: dict[str, object]) -> None:
    assert not answered_by(EITHER, but(OUT, **changes))


def test_a_disruption_that_is_right_as_well_belongs_to_no_service() -> None:
    dark = but(GONE, scope=Scope.COUNTRIES, countries=("TR",), state=State.LIKELY)
    assert answered_by(DISPUTED, dark)
    assert not answered_by(FILTERING, dark)
    assert not answered_by(DISPUTED, but(FILTERED, service=""))


def sights(*held: tuple[Incident, ...]) -> list[Sight]:
    return [Sight(at=60.0 * number, incidents=incidents) for number, incidents in enumerate(held)]


def test_right_counts_from_the_sight_since_which_it_stood() -> None:
    found = score([FILTERING], sights((), (), (), (FILTERED,), (FILTERED,)))
    assert found.right
    assert found.seconds_to_right == 60
    assert found.answers[0].incident == "i1"
    assert found.answers[0].statement == FILTERED.statement


def test_an_answer_that_went_away_and_came_back_counts_from_its_return() -> None:
    found = score([FILTERING], sights((), (), (FILTERED,), (), (FILTERED,)))
    assert found.seconds_to_right == 120


def test_an_answer_that_went_away_is_none() -> None:
    found = score([FILTERING], sights((), (), (FILTERED,), ()))
    assert not found.right
    assert found.seconds_to_right is None


def test_the_slowest_of_two_answers_counts() -> None:
    found = score([FILTERING, OUTAGE], sights((), (), (FILTERED,), (FILTERED, OUT)))
    assert found.right
    assert found.seconds_to_right == 60


def test_one_of_two_is_not_right() -> None:
    found = score([FILTERING, OUTAGE], sights((), (), (FILTERED,)))
    assert not found.right
    assert found.seconds_to_right is None


def test_a_quiet_day_is_right_when_nothing_is_said() -> None:
    assert score([], sights((), (), (LOCAL,))).right
    assert score([], sights((), ())).seconds_to_right == 0


def test_something_false_at_any_time_is_never_forgotten() -> None:
    found = score([FILTERING], sights((), (OUT,), (FILTERED,), (FILTERED,)))
    assert [incident.id for incident in found.false] == ["i2"]
    assert not found.right


def test_what_never_became_the_answer_is_not_right_in_the_end() -> None:
    partial = but(FILTERED, id="i9", features=("web",))
    found = score([FILTERING], sights((), (), (FILTERED, partial)))
    assert found.false == ()
    assert not found.right


def test_how_the_end_of_a_truth_is_told_does_not_count() -> None:
    over = msgspec.structs.replace(FILTERING, until=Seconds(180))
    ending = but(FILTERED, statement="It was.", closed=AT)
    found = score([over], sights((), (), (FILTERED,), (FILTERED,), (ending,)))
    assert found.right
    assert found.seconds_to_right == 0
    assert not score([over], sights((), (), (), (), (FILTERED,))).right


def test_something_else_after_the_end_is_not_settled() -> None:
    over = msgspec.structs.replace(FILTERING, until=Seconds(180))
    other = but(FILTERED, id="i9")
    found = score([over], sights((), (), (FILTERED,), (FILTERED,), (FILTERED, other)))
    assert not found.right
    assert found.unanswering == (other,)


def test_without_a_sight_nothing_is_right() -> None:
    assert not score([], []).right


INCIDENTS = st.sampled_from(
    [FILTERED, OUT, GONE, LOCAL, but(FILTERED, countries=("DE",)), but(FILTERED, features=())]
)
RUNS = st.lists(st.lists(INCIDENTS, max_size=3).map(tuple), min_size=1, max_size=6)


@given(RUNS, st.permutations([FILTERING, OUTAGE, DARK]))
def test_the_order_of_expectations_does_not_matter(
    run: Sequence[tuple[Incident, ...]], order: list[Expected]
) -> None:
    one, other = score([FILTERING, OUTAGE, DARK], sights(*run)), score(order, sights(*run))
    assert (one.right, one.seconds_to_right) == (other.right, other.seconds_to_right)
    assert one.false == other.false


@given(RUNS)
def test_right_means_all_answered_and_nothing_false(run: Sequence[tuple[Incident, ...]]) -> None:
    found = score([FILTERING], sights(*run))
    if found.right:
        assert found.seconds_to_right is not None
        assert any(answered_by(FILTERING, incident) for incident in run[-1])
        assert not found.false


@given(st.lists(INCIDENTS, max_size=4), st.floats(120, 1000))
def test_an_answer_is_never_false(held: list[Incident], at: float) -> None:
    for incident in held:
        if answered_by(FILTERING, incident):
            assert not false_at([FILTERING], incident, at)
