"""What an incident is not, and what is told beside it."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from probe.judge.apart import (
    NONE_OBSERVED,
    NOT_RELATED,
    UNDER_WAY,
    WAS,
    standing,
)
from probe.judge.statement import describe
from probe.model import Cause, Change, Incident, Scope, State
from tests.judge import worlds as w
from tests.judge.said import SERVICES, incident, say
from tests.judge.worlds import Event, World


@pytest.mark.parametrize("maker", [w.null_route, w.nxdomain_everywhere, w.silence])
def test_without_the_servers_own_words_filtering_is_not_ruled_out(maker: w.Maker) -> None:
    text = say(Event(1.0, maker))[Cause.SERVICE_OUTAGE]
    assert NOT_RELATED not in text
    assert NONE_OBSERVED in text


def test_signs_of_interference_anywhere_forbid_to_rule_it_out() -> None:
    told = say(Event(1.0, w.rejection), Event(1.0, w.sni_reset, countries=("TR",)))
    assert NOT_RELATED not in told[Cause.SERVICE_OUTAGE]
    assert NONE_OBSERVED not in told[Cause.SERVICE_OUTAGE]


def test_what_ruled_filtering_out_once_does_so_until_a_network_shows_its_hand() -> None:
    known = msgspec.structs.replace(incident(Cause.SERVICE_OUTAGE), statement=f"… {NOT_RELATED} …")
    filtered = Event(1.0, w.sni_reset, countries=("TR",))
    for events, kept in (((), True), ((filtered,), False)):
        world = World(events, services=SERVICES)
        verdicts = w.verdicts_at(world, 11.0)
        text = describe(known, (known,), verdicts, w.view(world, 11.0, [])).text
        assert (NOT_RELATED in text) is kept


def test_two_causes_of_one_day_are_named_apart() -> None:
    told = say(
        Event(1.0, w.rejection, features=("notifications",)),
        Event(1.0, w.sni_reset, features=("web",), countries=("TR",)),
    )
    assert (
        "A separate incident is under way: filtering in Türkiye (web)."
        in told[Cause.SERVICE_OUTAGE]
    )
    assert (
        "an outage of the service itself in several countries (notifications)"
        in told[Cause.FILTERING]
    )


def test_a_separate_incident_that_is_but_suspected_is_said_to_be() -> None:
    frame = w.view(World(services=SERVICES), 1.0, [])
    outage = msgspec.structs.replace(incident(Cause.SERVICE_OUTAGE), id="o", countries=("DE",))
    for state, words in (
        (State.SUSPECTED, ": a suspicion of filtering in"),
        (State.LIKELY, ": filtering in"),
    ):
        beside = msgspec.structs.replace(incident(Cause.FILTERING), state=state)
        text = describe(outage, (outage, beside), (), frame).text
        assert f"A separate incident is under way{words} Türkiye (web)." in text


def beside(**more: object) -> str:
    """What is said of an outage beside what was or is told of filtering of the same service."""
    frame = w.view(World(services=SERVICES), 100.0, [])
    outage = msgspec.structs.replace(incident(Cause.SERVICE_OUTAGE), id="o", opened=frame.now)
    known = msgspec.structs.replace(incident(Cause.FILTERING), state=State.LIKELY)
    other = msgspec.structs.replace(known, **more)
    return describe(outage, (outage, other), (), frame).text


@pytest.mark.parametrize("state", [State.SUSPECTED, State.LIKELY, State.CONFIRMED])
def test_filtering_is_not_denied_while_it_is_told_of_the_same_service(state: State) -> None:
    text = beside(state=state)
    assert "A separate incident is under way: " in text
    assert NONE_OBSERVED not in text


def test_nor_where_it_was_told_lately_unless_as_a_suspicion() -> None:
    ended = {"closed": w.START}
    text = beside(**ended)
    assert "Told of it lately: filtering in Türkiye until 12:00 UTC." in text
    assert NONE_OBSERVED not in text
    long_ago = w.START - 61 * timedelta(seconds=w.ROUND)
    for more in ({"state": State.SUSPECTED}, {"service": "other"}, {"closed": long_ago}):
        assert NONE_OBSERVED in beside(**{**ended, **more})


def test_what_bore_the_name_of_filtering_itself_does_not_deny_it() -> None:
    frame = w.view(World(services=SERVICES), 1.0, [])
    for state, denied in ((State.LIKELY, False), (State.SUSPECTED, True)):
        line = Change(at=w.START, what="opened", statement="…", cause=Cause.FILTERING, state=state)
        renamed = msgspec.structs.replace(incident(Cause.SERVICE_OUTAGE), history=(line,))
        text = describe(renamed, (renamed,), (), frame).text
        assert (NONE_OBSERVED in text) is denied
        assert ("Earlier this was told as filtering." in text) is not denied


def test_words_that_stand_lose_a_denial_that_is_none_any_more() -> None:
    frame = w.view(World(services=SERVICES), 1.0, [])
    said = f"It fails. {NONE_OBSERVED} Confidence high."
    outage = msgspec.structs.replace(incident(Cause.SERVICE_OUTAGE), id="o", statement=said)
    filtered = incident(Cause.FILTERING)
    assert standing(outage, (outage,), frame) == said
    assert standing(outage, (outage, filtered), frame) == "It fails. Confidence high."


def disrupted(
    *countries: str, scope: Scope = Scope.COUNTRIES, closed: datetime | None = None
) -> Incident:
    return Incident(
        id="d", service="", features=(), cause=Cause.NETWORK_DISRUPTION, state=State.SUSPECTED,
        scope=scope, countries=countries, opened=w.START, updated=w.START, closed=closed,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "lost", "kept"),
    [
        (Scope.GLOBAL, disrupted("TR"), False),
        (Scope.GLOBAL, disrupted("FR"), False),
        (Scope.COUNTRIES, disrupted("TR"), False),
        (Scope.COUNTRIES, disrupted("FR"), True),
        (Scope.GLOBAL, disrupted("TR", scope=Scope.NETWORKS), True),
        (Scope.GLOBAL, disrupted("TR", closed=w.START), True),
    ],
)
def test_beside_a_country_that_lost_its_connectivity_a_relation_is_not_denied(
    scope: Scope, lost: Incident, *, kept: bool
) -> None:
    world = World((Event(1.0, w.server_error),), services=SERVICES)
    verdicts = w.verdicts_at(world, 11.0)
    outage = msgspec.structs.replace(
        incident(Cause.SERVICE_OUTAGE), id="o", scope=scope, statement=f"… {NOT_RELATED} …"
    )
    view = w.view(world, 11.0, [])
    text = describe(outage, (outage, lost), verdicts, view).text
    assert (NOT_RELATED in text, NONE_OBSERVED in text) == (kept, not kept)
    stands = standing(outage, (outage, lost), view)
    assert stands == (outage.statement if kept else f"… {NONE_OBSERVED} …")


def test_what_is_over_beside_it_is_told_as_past() -> None:
    frame = w.view(World(services=SERVICES), 1.0, [])
    said = f"It fails. {UNDER_WAY}filtering in Türkiye (web). Confidence high."
    past = said.replace(UNDER_WAY, WAS)
    outage = msgspec.structs.replace(incident(Cause.SERVICE_OUTAGE), id="o", statement=said)
    filtered = msgspec.structs.replace(incident(Cause.FILTERING), state=State.LIKELY)
    over = msgspec.structs.replace(filtered, closed=w.START)
    ended = msgspec.structs.replace(outage, closed=w.START)
    assert standing(outage, (outage, filtered), frame) == said
    assert standing(outage, (outage, over), frame) == past
    assert standing(ended, (ended, filtered), frame) == past


def test_of_two_that_were_beside_it_only_the_one_that_goes_on_is_under_way() -> None:
    frame = w.view(World(services=SERVICES), 1.0, [])
    names = (
        "filtering in Türkiye (web), and an outage of what the service depends on in Türkiye (web)"
    )
    said = f"It fails. {UNDER_WAY}{names}. Confidence high."
    outage = msgspec.structs.replace(incident(Cause.SERVICE_OUTAGE), id="o", statement=said)
    filtered = msgspec.structs.replace(incident(Cause.FILTERING), state=State.LIKELY)
    over = msgspec.structs.replace(incident(Cause.DEPENDENCY_OUTAGE), id="d", closed=w.START)
    words = standing(outage, (outage, filtered, over), frame)
    assert words == f"It fails. {UNDER_WAY}filtering in Türkiye (web). Confidence high."
