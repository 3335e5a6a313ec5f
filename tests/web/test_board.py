"""The front page's values: what is not known is never shown as working."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.model import Cause, Incident, Scope, State, Verdict
from probe.web import board
from tests.web.world import NOW, World, made, verdict


def changed(held: Verdict, **fields: object) -> Verdict:
    return msgspec.structs.replace(held, **fields)


def test_a_cell_without_a_verdict_is_no_data() -> None:
    assert board.cell([]) == board.Cell("none", "no data")


def test_a_verdict_that_nobody_stands_behind_is_no_data() -> None:
    blind = changed(verdict("web", "TR"), state=State.INSUFFICIENT, vantages=0)
    assert board.cell([blind]).look == "none"
    assert board.front([blind], [], made().frame).blind


def test_a_verdict_on_one_network_alone_is_no_verdict_on_the_country() -> None:
    assert board.cell([verdict("login", "TR", network=9121)]).look == "none"


@given(st.sampled_from(Cause), st.sampled_from(State), st.floats(0, 1))
def test_only_a_verdict_of_ok_above_the_floor_works(
    cause: Cause, state: State, belief: float
) -> None:
    held = changed(verdict("web", "TR"), leading=cause, state=state, confidence=belief)
    shown = board.cell([held])
    assert (shown.word == "works") is (cause is Cause.OK and state is not State.INSUFFICIENT)
    assert (shown.look == "insufficient") is (state is State.INSUFFICIENT)


def test_a_failure_in_some_networks_says_in_how_many() -> None:
    whole = verdict("web", "TR")
    others = [
        verdict("web", "TR", network=1),
        changed(verdict("web", "TR", network=2), leading=Cause.OK),
    ]
    assert board.cell([whole, *others]).note == "confirmed, 96\u00a0%, 1 of 2 networks"
    assert board.cell([whole, others[0]]).note == "confirmed, 96\u00a0%"


def test_the_service_in_trouble_comes_first_and_says_where(world: World) -> None:
    twitter, facebook = board.tables(world.verdicts, world.frame)
    assert (twitter.id, twitter.troubled, twitter.summary) == (
        "twitter",
        True,
        "fails in 8 of 9 countries",
    )
    assert (facebook.troubled, facebook.summary) == (False, "no data")


def test_every_country_of_the_roster_has_its_row(world: World) -> None:
    (table, _) = board.tables(world.verdicts, world.frame)
    south_africa = next(row for row in table.rows if row.code == "ZA")
    assert {cell.look for cell in south_africa.cells} == {"none"}
    assert south_africa.behind == "none"
    assert [row.name for row in table.rows] == sorted(row.name for row in table.rows)
    us = next(row for row in table.rows if row.code == "US")
    assert (us.name, us.behind) == ("United States", "2\u00a0probe\u00a0hosts, 2\u00a0networks")


@pytest.mark.parametrize(
    ("state", "summary"),
    [(State.LIKELY, "works in 1 of 9 countries"), (State.INSUFFICIENT, "insufficient")],
)
def test_a_quiet_service_says_how_much_is_known(state: State, summary: str) -> None:
    world = made()
    features = [feature.id for feature in world.frame.services[0].features]
    verdicts = [
        changed(verdict(feature, "US", name="facebook"), state=state) for feature in features
    ]
    (table,) = (t for t in board.tables(verdicts, world.frame) if t.id == "facebook")
    assert table.summary == summary


def incident(world: World, name: str, **fields: object) -> Incident:
    return msgspec.structs.replace(world.incident, id=name, **fields)


def test_statements_are_sorted_into_now_unwell_and_over(world: World) -> None:
    incidents = [
        world.incident,
        incident(world, "own", scope=Scope.VANTAGE, cause=Cause.LOCAL_FAULT),
        incident(world, "earlier", closed=NOW - timedelta(hours=2)),
        incident(world, "later", closed=NOW - timedelta(hours=1)),
    ]
    shown = board.front(world.verdicts, incidents, world.frame)
    assert [card.id for card in shown.current] == ["twitter-1"]
    assert [card.id for card in shown.unwell] == ["own"]
    assert [card.id for card in shown.over] == ["later", "earlier"]
    assert shown.watching == "2 services, watched by 9 probe hosts in 9 countries"


def test_a_card_says_what_and_since_when(world: World) -> None:
    shown = board.card(world.incident, world.frame)
    assert (shown.state, shown.belief, shown.lasting) == ("Confirmed", "96\u00a0%", "12 minutes")
    assert shown.about == "Twitter · Web, Notifications · everywhere that was measured"
    narrow = incident(world, "a", scope=Scope.NETWORKS, countries=("TR",), networks=(9121,))
    assert (
        board.card(narrow, world.frame).about == "Twitter · Web, Notifications · Türkiye (AS9121)"
    )


def test_an_incident_below_the_floor_shows_no_cause_by_its_sign(world: World) -> None:
    unsure = incident(world, "a", state=State.INSUFFICIENT)
    assert board.card(unsure, world.frame).look == "insufficient"


@pytest.mark.parametrize(("minutes", "stale"), [(1, False), (3, True)])
def test_old_conclusions_are_called_old(minutes: int, stale: bool) -> None:  # noqa: FBT001
    world = made()
    frame = msgspec.structs.replace(world.frame, now=NOW + timedelta(minutes=minutes))
    assert board.front(world.verdicts, [], frame).stale is stale
    assert board.front([], [], frame).stale is False


def test_networks_are_numbered_while_few(world: World) -> None:
    narrow = incident(world, "a", scope=Scope.NETWORKS, countries=("TR",), networks=(9121, 47331))
    assert board.where(narrow) == "in single networks: Türkiye; AS9121, AS47331"
    wide = incident(world, "a", countries=(), networks=tuple(range(1, 20)))
    assert board.where(wide) == "everywhere that was measured: 19 networks"
