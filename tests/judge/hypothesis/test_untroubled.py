from __future__ import annotations

from itertools import chain

import msgspec

from probe.judge.hypothesis.untroubled import at_peace, settle, untested, works
from probe.judge.hypothesis.weighing import Matter, weighed
from probe.model import Cause, State
from tests.judge import worlds as w
from tests.judge.hypothesis.made import measured, stood

VIEW = w.view(w.World(), 25.0, [])
NETWORKS = tuple(sorted({v.asn for v in w.ROSTER if v.country == "DE"}))


def matter() -> Matter:
    """All well but TR."""
    each = [measured("ooooo" if v.country != "TR" else "xxxxx", v) for v in w.ROSTER]
    return weighed("chirp", "web", stood(chain.from_iterable(each), VIEW), VIEW)


def test_a_country_and_its_networks_work_by_one_good_sight_of_each() -> None:
    found = matter()
    own = found.calm["DE"]
    known = at_peace(found.peace[own.sights])
    assert known is not None
    said = works(found, ("DE", NETWORKS), own, known, {}, VIEW)
    assert [v.network for v in said] == [*NETWORKS, 0]
    assert {v.leading for v in said} == {Cause.OK}
    assert all(v.state in {State.LIKELY, State.CONFIRMED} for v in said)
    *networks, whole = said
    assert whole.vantages == len(own.seats) == sum(v.vantages for v in networks)
    assert (whole.networks, {v.networks for v in networks}) == (len(NETWORKS), {1})
    for verdict in networks:
        (piece,) = verdict.evidence
        seats = own.by_network()[verdict.network]
        assert (piece.measurement, piece.vantage) == (seats[0].last.id, seats[0].last.vantage.id)
    assert whole.evidence == networks[0].evidence


def test_a_network_that_nobody_looked_from_is_untested() -> None:
    found = matter()
    said = settle(found, {"DE": (64500,), "XX": (64501,)}, {}, VIEW)
    alone, whole, *nowhere = said.verdicts
    assert whole.leading is Cause.OK
    assert nowhere == [untested(found, ("XX", n), {}, VIEW) for n in (64501, 0)]
    assert alone == untested(found, ("DE", 64500), {}, VIEW)
    assert alone.state is State.INSUFFICIENT
    assert alone.leading is not Cause.OK


def test_of_a_cell_that_nobody_looked_from_what_is_known_of_its_connectivity_is_said() -> None:
    found = matter()
    support = dict.fromkeys(Cause, 0.0) | {Cause.NETWORK_DISRUPTION: 1.0}
    cut = msgspec.structs.replace(
        untested(found, ("DE", 0), {}, VIEW), state=State.CONFIRMED, support=support, since=w.START
    )
    said = untested(found, ("DE", 0), {("DE", 0): cut}, VIEW)
    assert (said.leading, said.state) == (Cause.NETWORK_DISRUPTION, State.CONFIRMED)
    assert said.since == w.START


def test_what_is_thought_to_fail_is_left_to_be_said_when_it_is_known_what_others_share() -> None:
    found = matter()
    cells = {"DE": NETWORKS, "TR": (47330, 47331)}
    said = settle(found, cells, {}, VIEW)
    assert said.of == (found.service, found.feature)
    assert said.left == ["TR"]
    assert {(v.country, v.network) for v in said.verdicts} == {("DE", n) for n in (*NETWORKS, 0)}
    doubted = {
        seen: msgspec.structs.replace(
            peace, support=dict.fromkeys(Cause, 0.0) | {Cause.LOCAL_FAULT: 1.0}
        )
        for seen, peace in found.peace.items()
    }
    assert {at_peace(peace) for peace in doubted.values()} == {None}
    again = settle(msgspec.structs.replace(found, peace=doubted), cells, {}, VIEW)
    assert again.left == ["DE", "TR"]


def test_a_country_that_has_recovered_is_said_to_work_as_one_that_never_failed() -> None:
    letters = {"TR": "xxxxx", "US": "oxooo"}
    each = [measured(letters.get(v.country, "ooooo"), v) for v in w.ROSTER]
    found = weighed("chirp", "web", stood(chain.from_iterable(each), VIEW), VIEW)
    assert "US" in found.places
    asns = tuple(sorted({v.asn for v in w.ROSTER if v.country == "US"}))
    said = settle(found, {"US": asns}, {}, VIEW)
    assert said.left == []
    assert {v.leading for v in said.verdicts} == {Cause.OK}
    assert [len(v.evidence) for v in said.verdicts] == [1] * (len(asns) + 1)
