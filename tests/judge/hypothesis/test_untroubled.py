from __future__ import annotations

from itertools import chain

import msgspec

from probe.judge.hypothesis.untroubled import peaceful, untested, works
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
    said = works(found, ("DE", NETWORKS), own, peaceful(found)[own.sights], {}, VIEW)
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
    own = found.calm["DE"]
    known = peaceful(found)[own.sights]
    alone, _ = works(found, ("DE", (64500,)), own, known, {}, VIEW)
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


def test_where_something_is_thought_to_fail_nothing_is_peaceful() -> None:
    found = matter()
    assert peaceful(found).keys() == found.peace.keys()
    (seen, peace), *_ = found.peace.items()
    doubted = msgspec.structs.replace(
        peace, support=dict.fromkeys(Cause, 0.0) | {Cause.LOCAL_FAULT: 1.0}
    )
    assert peaceful(msgspec.structs.replace(found, peace={seen: doubted})) == {}
