"""Looks are pooled by network and country, and never said surer than two looks allow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.interop import ooni
from probe.judge.paired.rules import BY_ID, ROWS, Row
from probe.judge.paired.weighing import Weighed, spread, verdicts, weigh
from probe.model import Cause, State, Target, Vantage, Verdict
from tests.interop import made as m

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TARGET = Target(service="example", feature="web", endpoint="front")


def look(row: str, country: str = "IT", asn: int = 137, number: int = 0) -> Weighed:
    vantage = Vantage(id=f"{country}-{asn}-{number}", country=country, asn=asn)
    name = f"{row}-{country}-{asn}-{number}"
    return Weighed(
        id=name, at=NOW - timedelta(minutes=number), vantage=vantage, target=TARGET, row=row
    )


def whole(looks: Sequence[Weighed], country: str = "IT") -> Verdict:
    return next(v for v in verdicts(looks, NOW) if v.country == country and not v.network)


def test_a_look_is_weighed_by_its_row() -> None:
    found = weigh(ooni.read(m.encoded(m.well())))
    assert found.row == "pair.secure"


def test_one_look_gives_its_network_and_its_country() -> None:
    given_ = verdicts([look("pair.secure")], NOW)
    assert [(v.network, v.leading, v.state) for v in given_] == [
        (137, Cause.OK, State.LIKELY), (0, Cause.OK, State.LIKELY),
    ]  # fmt: skip
    assert given_[0].evidence[0].rule == "pair.secure"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_support_is_a_distribution(row: Row) -> None:
    assert sum(spread(row).values()) == pytest.approx(1)


def test_one_unsigned_look_is_suspected_and_a_second_network_makes_it_likely() -> None:
    one = look("pair.tls_reset")
    assert whole([one]).state is State.SUSPECTED
    assert whole([one, look("pair.tls_reset", asn=30722)]).state is State.LIKELY


def test_more_looks_of_one_network_make_nothing_surer() -> None:
    one = whole([look("pair.tls_reset")])
    many = whole([look("pair.tls_reset", number=n) for n in range(20)])
    assert many.confidence == pytest.approx(one.confidence)
    assert many.state is one.state


def test_networks_that_disagree_average() -> None:
    found = whole([look("pair.bogon"), look("pair.secure", asn=2), look("pair.secure", asn=3)])
    assert found.leading is Cause.OK
    assert found.support[Cause.FILTERING] > 0.2


def test_what_fails_everywhere_but_for_the_helper_is_no_countrys_filter() -> None:
    looks = [look("pair.tcp_silent", country) for country in ("IT", "FR", "DE")]
    assert {v.state for v in verdicts(looks, NOW)} == {State.INSUFFICIENT}


def test_what_the_network_signed_stands_also_in_many_countries() -> None:
    looks = [look("pair.bogon", country) for country in ("IT", "FR", "DE")]
    assert {v.state for v in verdicts(looks, NOW)} == {State.LIKELY}


ids = st.sampled_from(sorted(BY_ID))
some = st.lists(
    st.builds(look, ids, st.sampled_from(["IT", "FR"]), st.sampled_from([1, 2, 3]), st.integers(0, 3)),
    min_size=1, max_size=8,
)  # fmt: skip


@given(some)
def test_order_and_repetition_change_nothing(looks: list[Weighed]) -> None:
    again = [*looks, looks[0]]
    again.reverse()
    assert verdicts(looks, NOW) == verdicts(again, NOW)


@given(some)
def test_nothing_is_ever_confirmed(looks: list[Weighed]) -> None:
    for verdict in verdicts(looks, NOW):
        assert verdict.state is not State.CONFIRMED
        assert sum(verdict.support.values()) == pytest.approx(1)


def test_what_its_newest_look_shows_is_when_it_was_seen_and_who_sees_it_well_is_counted() -> None:
    looks = [look("pair.bogon", number=n) for n in (2, 5)] + [look("pair.secure", number=1)]
    own = next(v for v in verdicts(looks, NOW) if v.network)
    assert (own.leading, own.since) == (Cause.FILTERING, NOW - timedelta(minutes=5))
    assert (own.seen, own.vantages, own.well) == (NOW - timedelta(minutes=2), 2, 1)
