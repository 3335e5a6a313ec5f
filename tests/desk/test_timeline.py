"""Stored measurements are judged as they would have been when they were made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

import msgspec
import pytest

from probe.desk.ordering import key
from probe.desk.reading import Item
from probe.desk.timeline import LOOKS, PACE, Moment, play
from probe.model import Cause, Paired, State
from tests.desk import small
from tests.interop import made as m
from tests.judge import worlds as w


def played(items: Sequence[Item], round_: timedelta = small.ROUND, until: datetime | None = None) -> list[Moment]:  # fmt: skip
    return list(play(sorted(items, key=key), round_, (small.SERVICE,), until))


@lru_cache
def story() -> tuple[Moment, ...]:
    return tuple(played(small.measurements()))


def later(look: Paired, by: timedelta, name: str) -> Paired:
    own = msgspec.structs.replace(look.own, at=look.own.at + by, id=name)
    return msgspec.structs.replace(look, own=own)


def test_nothing_is_judged_of_nothing() -> None:
    assert not played([])


def test_a_filter_is_found_when_it_began_and_carried_to_the_end() -> None:
    (held,) = story()[-1].incidents
    assert (held.cause, held.countries, held.state) == (Cause.FILTERING, ("TR",), State.CONFIRMED)
    assert held.opened >= w.START + timedelta(seconds=20)
    assert held.closed is None


def test_every_judging_stands_on_the_grid_of_rounds() -> None:
    times = [moment.view.now for moment in story()]
    assert all(b - a == small.ROUND for a, b in pairwise(times))
    assert story()[-1].taken == len(small.measurements())


def test_what_came_later_than_asked_for_is_not_looked_at() -> None:
    last = played(small.measurements(), until=w.START + timedelta(seconds=15))[-1]
    assert not last.incidents
    assert last.view.now <= w.START + timedelta(seconds=15)


def test_a_look_alone_is_judged_beside_its_helpers() -> None:
    (last,) = played([small.look()], PACE)
    assert {(v.country, v.leading) for v in last.verdicts} == {("IT", Cause.OK)}


def test_a_long_silence_costs_few_judgings() -> None:
    denied = small.look(queries=[m.query(failure="dns_nxdomain_error")], tcp_connect=[], tls_handshakes=[], requests=[])  # fmt: skip
    after = later(small.look(), timedelta(days=900), "20280101t000000-0000000000000000")
    moments = played([denied, after], PACE)
    assert len(moments) < 150
    (held,) = moments[-1].incidents
    assert held.closed is not None


@pytest.mark.parametrize("rounds", [5, 6, 10, 40, 800])
def test_what_is_measured_after_a_gap_is_judged_when_it_comes(rounds: int) -> None:
    """An incident stands open meanwhile: nobody could see it end."""
    gap = rounds * small.ROUND
    more = [
        msgspec.structs.replace(made, at=made.at + timedelta(seconds=60) + gap, id=f"b{made.id}")
        for made in small.measurements()
    ]
    moments = played([*small.measurements(), *more])
    assert moments[-1].taken == 2 * len(more)
    assert sum(m.view.now > min(made.at for made in more) for m in moments) >= 60 // w.ROUND
    assert moments[-1].incidents[-1].closed is None


def test_a_look_speaks_for_a_day() -> None:
    one = small.look()
    moments = played([one, later(one, LOOKS + PACE, "20260302t130000-0000000000000000")], PACE)
    assert len(moments[-1].looks) == 1


def test_our_own_measurements_go_before_looks_of_the_same_cell() -> None:
    named = msgspec.structs.replace(small.measurements()[0].target, service="chirp", feature="web")
    look = small.look()
    own = msgspec.structs.replace(
        look.own, at=w.START + timedelta(seconds=30), target=named,
        vantage=msgspec.structs.replace(look.own.vantage, country="DE", asn=3320),
    )  # fmt: skip
    last = played([*small.measurements(), msgspec.structs.replace(look, own=own)])[-1]
    cells = [(v.service, v.feature, v.country, v.network) for v in last.verdicts]
    assert len(cells) == len(set(cells))


def troubles(items: Sequence[Item]) -> set[Cause]:
    """What is told of connectivity, at any time."""
    return {i.cause for moment in played(items) for i in moment.incidents if not i.service}


def seldom(until: float) -> list[Item]:
    """Germany measures in every fourth round, until a second; all others go on."""
    end = w.START + timedelta(seconds=until)
    return [
        made
        for made in small.measurements(240)
        if made.vantage.country != "DE"
        or (made.at < end and (made.at - w.START) // small.ROUND % 4 == 0)
    ]


def test_a_country_that_measures_more_seldom_is_no_disruption_until_it_stops() -> None:
    assert troubles(seldom(until=240)) == set()
    assert troubles(seldom(until=100)) == {Cause.NETWORK_DISRUPTION}


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_country_whose_clocks_are_off_is_no_disruption_nor_everybodys_build(hours: int) -> None:
    moved = [
        msgspec.structs.replace(made, at=made.at + timedelta(hours=hours))
        if made.vantage.country == "DE"
        else made
        for made in small.measurements()
    ]
    assert troubles(moved) == set()


def test_of_a_time_after_all_measurements_it_is_judged_what_can_be_told_then() -> None:
    """Nobody can see any more what was open, and in the end nobody has for long."""
    asked = w.START + timedelta(seconds=602)
    last = played(small.measurements(), until=asked)[-1]
    assert last.view.now == w.START + timedelta(seconds=600)
    (held,) = last.incidents
    assert held.statement.startswith(
        "Last seen at 12:00 UTC; no probe there could tell of it since."
    )
    assert held.closed == max(
        made.at
        for made in small.measurements()
        if made.vantage.country == "TR" and made.target.service == "chirp"
    )


def test_in_the_midst_of_a_gap_it_is_judged_to_the_time_asked_for() -> None:
    more = [
        msgspec.structs.replace(made, at=made.at + timedelta(days=2), id=f"b{made.id}")
        for made in small.measurements()
    ]
    asked = w.START + timedelta(hours=5)
    last = played([*small.measurements(), *more], until=asked)[-1]
    assert (last.view.now, last.taken) == (asked, len(more))


def test_a_look_was_seen_when_it_was_made_and_not_while_it_speaks() -> None:
    denied = small.look(queries=[m.query(failure="dns_nxdomain_error")], tcp_connect=[], tls_handshakes=[], requests=[])  # fmt: skip
    last = played([denied], PACE, until=denied.own.at + timedelta(days=9))[-1]
    (held,) = last.incidents
    assert held.opened == held.seen == held.closed == denied.own.at


def test_what_is_seen_again_soon_after_it_was_last_told_is_the_same_incident() -> None:
    """However long before that the look was made which told of it for a day."""
    denied = small.look(queries=[m.query(failure="dns_nxdomain_error")], tcp_connect=[], tls_handshakes=[], requests=[])  # fmt: skip
    well = [
        later(small.look(), timedelta(hours=22, minutes=n), f"20260302t10000{n}-0000000000000000")
        for n in range(3)
    ]
    again = [
        later(denied, timedelta(hours=29, minutes=n), f"20260302t17000{n}-0000000000000000")
        for n in range(9)
    ]
    (held,) = played([denied, *well, *again], PACE)[-1].incidents
    assert [change.what for change in held.history] == ["opened", "closed", "reopened"]
