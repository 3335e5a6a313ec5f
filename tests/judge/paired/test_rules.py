"""Every row of the table is whole, and can be reached."""

from __future__ import annotations

import pytest

from probe.interop import ooni
from probe.judge.paired.facts import facts
from probe.judge.paired.rules import BY_ID, ROWS, Row, fitting, mechanism
from probe.judge.rules import ROWS as LIVE
from probe.model import Author, Cause, Standing
from tests.interop import made as m
from tests.interop.test_conditions import HAND, encoded

MECHANISMS = ("dns.", "tcp.", "tls.", "http.", "ip.", "server.", "throttle.", "local.")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_divides_belief_and_says_why(row: Row) -> None:
    assert 0 < sum(row.shares.values()) <= 1
    assert all(share > 0 for share in row.shares.values())
    assert row.sentence
    assert row.source
    assert not row.mechanism or row.mechanism.startswith(MECHANISMS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_separates_nothing_never_leans_to_filtering(row: Row) -> None:
    if row.standing is Standing.UNINTERPRETABLE:
        assert max(row.shares, key=lambda cause: row.shares[cause]) is not Cause.FILTERING


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_the_server_wrote_never_leans_to_the_network(row: Row) -> None:
    if row.author is Author.SERVER:
        lead = max(row.shares, key=lambda cause: row.shares[cause])
        assert lead in {Cause.OK, Cause.SERVICE_OUTAGE, Cause.GEO_BLOCK}


def test_ids_are_each_once_and_none_of_the_live_tables() -> None:
    assert len(BY_ID) == len(ROWS)
    assert not set(BY_ID) & set(LIVE)


def test_most_rows_are_reached_by_the_made_conditions() -> None:
    reached = {fitting(facts(ooni.read(encoded(name)))).id for name in HAND}
    assert len(reached) >= 0.6 * len(ROWS)
    assert "pair.nothing" not in reached


@pytest.mark.parametrize(
    ("failure", "named"),
    [
        ("dns_nxdomain_error", "dns.nxdomain"),
        ("dns_servfail_error", "dns.refused_servfail"),
        ("android_dns_cache_no_data", "dns.empty_noerror"),
    ],
)
def test_how_a_name_was_kept_back_is_named(failure: str, named: str) -> None:
    record = m.well(queries=[m.query(failure=failure), m.query(m.SITE, engine="doh")])
    seen = facts(ooni.read(m.encoded(record)))
    assert mechanism(fitting(seen), seen) == named
