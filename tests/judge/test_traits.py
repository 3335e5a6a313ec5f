"""What is read of a measurement beside how it ended."""

from __future__ import annotations

import msgspec
import pytest

from probe.judge.traits import NONE, SLOW_SECONDS, Traits, odd, traits
from probe.model import DifferentialTest, Header, Observation
from tests.judge import worlds as w

CASE = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)
A, B = CASE.address, "11.77.0.9"


def read(*steps: Observation) -> Traits:
    return traits(w.measurement(CASE, steps))


def test_an_address_that_was_not_reached_while_another_answered_is_lost() -> None:
    lost = w.tcp(CASE, B, "generic_timeout_error")
    assert read(lost, *w.ok(CASE)).lost == (B,)
    assert read(lost).lost == ()
    assert read(*w.ok(CASE)).lost == ()


def test_where_an_answer_stalls_is_counted_in_bytes() -> None:
    stalled = w.http(CASE, A, failure="generic_timeout_error")
    assert read(msgspec.structs.replace(stalled, length=12_000)).stalled == 12_000


@pytest.mark.parametrize(
    ("scheme", "header", "proxied"),
    [
        ("http", "Via", True),
        ("http", "x-cache", True),
        ("http", "Server", False),
        ("https", "Via", False),
    ],
)
def test_only_a_plain_answer_tells_a_proxy_on_the_way(
    scheme: str, header: str, *, proxied: bool
) -> None:
    assert (
        read(w.http(CASE, A, scheme=scheme, headers=(Header(header, "1.1 x"),))).proxied is proxied
    )


def test_an_address_is_shut_that_took_a_connection_before_it_heard_the_name() -> None:
    refused = w.tcp(CASE, A, "connection_refused")
    tested = msgspec.structs.replace(refused, test=DifferentialTest.NEUTRAL_NAME)
    assert read(w.tcp(CASE, A), w.tls(CASE, A, "connection_reset"), tested).shut
    assert not read(refused, tested).shut
    assert not read(w.tcp(CASE, A), w.tls(CASE, A, "connection_reset")).shut


def test_what_tells_nothing_is_shared() -> None:
    quick = read(*w.ok(CASE))
    assert quick.shaken > 0
    assert odd(quick, 0.2) is NONE
    assert odd(quick, SLOW_SECONDS) is quick
    assert odd(Traits(proxied=True), 0.0).proxied
