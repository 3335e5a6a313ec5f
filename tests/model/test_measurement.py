"""The nouns are the wire format: what is written is what is read."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from probe.model import (
    Certificate,
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    Header,
    Health,
    HttpExchange,
    Measurement,
    Observation,
    Tally,
    Target,
    TcpConnect,
    TlsHandshake,
    Vantage,
)

AT = datetime(2022, 12, 29, 0, 30, 12, 345678, tzinfo=UTC)
OBSERVATIONS: tuple[Observation, ...] = (
    DnsLookup(at=AT, took=0.01, name="x.example", rcode=0, answers=("11.0.0.1",), raw=b"\x00\xff"),
    TcpConnect(at=AT, took=0.02, address="11.0.0.1", port=443, source_port=40001),
    TlsHandshake(
        at=AT,
        took=0.03,
        address="11.0.0.1",
        port=443,
        server_name="x.example",
        chain=(Certificate(sha256="00", subject="a", issuer="b", not_before=AT, not_after=AT),),
        failure=Failure(name="ssl_invalid_hostname", verify=62),
        test=DifferentialTest.NEUTRAL_NAME,
    ),
    HttpExchange(
        at=AT,
        took=0.04,
        url="https://x.example/",
        address="11.0.0.1",
        status=200,
        headers=(Header("server", "x"),),
        expectation=Expectation.FORBIDDEN,
        matched="Something went wrong",
        hop=1,
    ),
)


def measurement() -> Measurement:
    return Measurement(
        id="0185-a",
        at=AT,
        took=0.1,
        vantage=Vantage(id="tr-1", country="TR", asn=47331),
        target=Target(service="twitter", feature="web", endpoint="front"),
        health=Health(domestic=Tally(2, 2), foreign=Tally(3, 3)),
        observations=OBSERVATIONS,
    )


def test_a_measurement_survives_the_wire() -> None:
    wire = msgspec.json.encode(measurement())
    assert msgspec.json.decode(wire, type=Measurement) == measurement()


def test_times_are_rfc_3339_in_utc_on_the_wire() -> None:
    assert b'"at":"2022-12-29T00:30:12.345678Z"' in msgspec.json.encode(measurement())


def test_a_later_agent_may_send_fields_that_we_do_not_know_yet() -> None:
    wire = msgspec.json.encode(measurement()).replace(b'{"id"', b'{"colour":"blue","id"', 1)
    assert msgspec.json.decode(wire, type=Measurement) == measurement()


def test_nouns_are_immutable() -> None:
    with pytest.raises(AttributeError):
        measurement().took = 0.2  # type: ignore[misc]  # the very thing that must not work
