"""What a run came to, read from its observations alone."""

from datetime import UTC, datetime

import msgspec
import pytest

from probe.measure.outcome import NOTHING, Outcome, outcome
from probe.model import (
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    HttpExchange,
    Layer,
    Observation,
    TcpConnect,
    TlsHandshake,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RESET = Failure(name="connection_reset")
BOGON = Failure(name="dns_bogon_error")
TIMEOUT = Failure(name="generic_timeout_error")
DNS = DnsLookup(at=NOW, took=0.1, name="a")
TCP = TcpConnect(at=NOW, took=0.1, address="192.0.2.1", port=443)
LOST = TcpConnect(at=NOW, took=0.1, address="192.0.2.2", port=443, failure=TIMEOUT)
TLS = TlsHandshake(at=NOW, took=0.1, address="", port=443, server_name="a", failure=RESET)


def http(
    status: int | None = 200,
    expectation: Expectation | None = Expectation.MET,
    failure: Failure | None = None,
) -> HttpExchange:
    return HttpExchange(
        at=NOW, took=0.1, url="https://a", address="192.0.2.1",
        status=status, expectation=expectation, failure=failure,
    )  # fmt: skip


SECOND = DnsLookup(
    at=NOW, took=0.1, name="a", failure=TIMEOUT, test=DifferentialTest.SECOND_RESOLVER
)
NAMED = DnsLookup(at=NOW, took=0.1, name="a", answers=("192.0.2.1",))
CASES: dict[str, tuple[tuple[Observation, ...], Outcome]] = {
    "nothing": ((), Outcome(success=False, failure=NOTHING, layer=Layer.DNS)),
    "well": ((DNS, TCP, http()), Outcome(success=True, layer=Layer.HTTP)),
    "one address of two": (
        (DNS, LOST, TCP, http()),
        Outcome(success=True, layer=Layer.HTTP),
    ),
    "a failed test is no failed run": (
        (DNS, TCP, http(), SECOND),
        Outcome(success=True, layer=Layer.HTTP),
    ),
    "an error page": (
        (DNS, TCP, http(503, Expectation.STATUS)),
        Outcome(success=False, failure="expectation_status", layer=Layer.HTTP),
    ),
    "a cut answer": (
        (DNS, TCP, http(None, None, RESET)),
        Outcome(success=False, failure="connection_reset", layer=Layer.HTTP),
    ),
    "a redirect into the void": (
        (DNS, TCP, http(302, None), DnsLookup(at=NOW, took=0, name="b", hop=1, failure=TIMEOUT)),
        Outcome(success=False, failure="generic_timeout_error", layer=Layer.DNS),
    ),
    "a name that was to be resolved and no more": (
        (NAMED,),
        Outcome(success=True, layer=Layer.DNS),
    ),
    "a name with nothing but a private address": (
        (msgspec.structs.replace(NAMED, failure=BOGON), DNS),
        Outcome(success=False, failure="dns_bogon_error", layer=Layer.DNS),
    ),
    "a port that was to be open and no more, at one address of two": (
        (NAMED, LOST, TCP),
        Outcome(success=True, layer=Layer.TCP),
    ),
    "a port that is not open": (
        (NAMED, LOST, LOST),
        Outcome(success=False, failure="generic_timeout_error", layer=Layer.TCP),
    ),
    "the deepest failure names it": (
        (DNS, LOST, TCP, TLS),
        Outcome(success=False, failure="connection_reset", layer=Layer.TLS),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_run(name: str) -> None:
    observations, expected = CASES[name]
    assert outcome(observations) == expected
