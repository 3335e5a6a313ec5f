"""Numbers and names that no measurement has, though its types would let them pass."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from probe.model import (
    DnsLookup,
    HttpExchange,
    Measurement,
    Observation,
    QuicHandshake,
    Target,
    TcpConnect,
    TlsHandshake,
    Vantage,
)
from probe.transport import plausible

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PLAIN = Measurement(
    id="0190-aaaa-bbbb-cccc", at=NOW, took=0.5,
    vantage=Vantage(id="de-1", country="DE", asn=3320, network="Telekom"),
    target=Target(service="chirp", feature="web", endpoint="front"), software="worksforwhom 1",
)  # fmt: skip


def vantage(**fields: object) -> Measurement:
    return replace(PLAIN, vantage=replace(PLAIN.vantage, **fields))


def target(**fields: object) -> Measurement:
    return replace(PLAIN, target=replace(PLAIN.target, **fields))


def step(kind: Callable[..., Observation], **fields: object) -> Measurement:
    return replace(PLAIN, observations=(kind(at=NOW, took=0.1, **fields),))


def dns(*origins: int) -> Measurement:
    return step(DnsLookup, name="a.test", origins=origins)


def tcp(port: int, source_port: int = 0) -> Measurement:
    return step(TcpConnect, address="192.0.2.1", port=port, source_port=source_port)


def shaken(kind: Callable[..., Observation], port: int) -> Measurement:
    return step(kind, address="192.0.2.1", port=port, server_name="a.test")


def answered(status: int | None) -> Measurement:
    return step(HttpExchange, url="https://a.test/", address="192.0.2.1", status=status)


@pytest.mark.parametrize(
    "made",
    [
        PLAIN, vantage(asn=0), vantage(asn=4294967295, resolver_asn=4294967295),
        dns(), dns(0, 4294967295), tcp(0, 65535), tcp(65535), shaken(TlsHandshake, 65535),
        shaken(QuicHandshake, 0), answered(None), answered(100), answered(999),
    ],
)  # fmt: skip
def test_numbers_to_the_ends_of_their_ranges_are_taken(made: Measurement) -> None:
    assert plausible.unnumbered(made) == ""


@pytest.mark.parametrize(
    ("made", "said"),
    [
        *((vantage(asn=n), "an AS number is not from 0 to 4294967295") for n in (-1, 2**32, 10**18)),
        *((vantage(resolver_asn=n), "an AS number") for n in (-1, 2**32)),
        *((dns(1, n), "an AS number") for n in (-1, 2**32)),
        *((tcp(n), "a port is not from 0 to 65535") for n in (-1, 65536)),
        *((tcp(443, n), "a port") for n in (-1, 65536)),
        *((shaken(kind, n), "a port") for n in (-1, 65536) for kind in (TlsHandshake, QuicHandshake)),
        *((answered(n), "a status is not from 100 to 999") for n in (-1, 0, 99, 1000)),
    ],
)  # fmt: skip
def test_numbers_that_there_are_none_of_are_refused(made: Measurement, said: str) -> None:
    assert plausible.unnumbered(made).startswith(said)


@pytest.mark.parametrize(
    "odd", ["\x00", "\n", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066"]
)
@pytest.mark.parametrize("where", plausible.TOLD)
def test_ids_and_names_command_nothing(where: str, odd: str) -> None:
    whose, _, field = where.rpartition(".")
    changed = {"vantage": vantage, "target": target}.get(whose)
    text = {field: f"a{odd}b"}
    made = changed(**text) if changed else replace(PLAIN, **text)
    assert plausible.commanding(made).startswith(f"{where} has a control character")


@pytest.mark.parametrize("name", ["Türk Telekom", "می\u200cخواهم", "NTT\u3000ドコモ"])
def test_names_are_of_any_script(name: str) -> None:
    assert plausible.commanding(vantage(network=name)) == ""
