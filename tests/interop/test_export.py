"""Ours as OONI's: it names no vantage, it comes back as it went, and OONI's own reader takes it."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Callable, Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.interop import ooni
from probe.interop.export import UntoldError, export
from probe.model import (
    DifferentialTest,
    DnsLookup,
    Failure,
    Fingerprint,
    HttpExchange,
    Layer,
    Measurement,
    Observation,
    Paired,
    QuicHandshake,
    TcpConnect,
    TlsHandshake,
    Transport,
)
from probe.transport import wire
from tests.interop import made as m
from tests.judge import worlds as w

MAKERS = (
    w.ok, w.server_error, w.geo_block, w.silence, w.expired, w.mitm, w.sni_reset, w.sni_drop,
    w.tcp_reset, w.null_route, w.nxdomain, w.dns_timeout, w.forged, w.bogon, w.block_page,
)  # fmt: skip
VANTAGE = w.ROSTER[0]


def made(maker: w.Maker) -> Measurement:
    case = w.Case(VANTAGE, "chirp", "web", "chirp-web", w.START)
    return w.measurement(case, maker(case))


def back(held: Measurement) -> Measurement:
    return ooni.read(msgspec.json.encode(export(Paired(own=held)))).own


def facts(step: Observation) -> tuple[object, ...]:
    """What must survive: where, what failed, the test, and the layer's own."""
    name = step.failure.name if step.failure else ""
    common = (type(step).__name__, step.hop, step.test, name, round(step.took, 6), step.at)
    match step:
        case DnsLookup():
            return (*common, step.name, step.answers)
        case TlsHandshake() | QuicHandshake():
            return (*common, step.address, step.port, step.server_name, step.chain)
        case HttpExchange():
            return (*common, step.address, step.status, step.title, step.length, step.expectation)
        case _:
            return (*common, step.address, step.port)


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_what_was_seen_survives_the_journey(maker: w.Maker) -> None:
    held = made(maker)
    came = back(held)
    assert sorted(map(repr, map(facts, came.observations))) == sorted(
        map(repr, map(facts, held.observations))
    )
    assert (came.at, came.vantage.country, came.vantage.asn) == (held.at, VANTAGE.country, VANTAGE.asn)  # fmt: skip


@given(st.sampled_from(MAKERS), st.text(max_size=20), st.integers(1, 2**32 - 1))
def test_no_vantage_is_named(maker: w.Maker, network: str, asn: int) -> None:
    vantage = msgspec.structs.replace(VANTAGE, id="secret-volunteer", network=network, asn=asn)
    held = msgspec.structs.replace(made(maker), vantage=vantage)
    text = msgspec.json.encode(export(Paired(own=held)))
    assert b"secret-volunteer" not in text
    assert b'"probe_ip":"127.0.0.1"' in text


def test_what_was_said_over_quic_survives_the_journey() -> None:
    passed = QuicHandshake(
        at=w.START, took=0.2, hop=1, test=DifferentialTest.QUIC, address="45.60.1.10", port=443,
        server_name="chirp.test", version="1", alpn="h3", chain=(w.certificate("chirp.test"),),
    )  # fmt: skip
    lost = msgspec.structs.replace(
        passed, failure=Failure(name="generic_timeout_error"), version="", alpn="", chain=()
    )
    held = made(w.tcp_reset)
    held = msgspec.structs.replace(held, observations=(*held.observations, passed, lost))
    came = [step for step in back(held).observations if isinstance(step, QuicHandshake)]
    assert [*map(facts, came)] == [*map(facts, (passed, lost))]
    assert [(step.version, step.alpn) for step in came] == [("1", "h3"), ("", "")]
    told = json.loads(msgspec.json.encode(export(Paired(own=held))))["test_keys"]
    assert [one["network"] for one in told["quic_handshakes"]] == ["udp", "udp"]


def test_a_private_resolver_stays_unsaid() -> None:
    lookup = DnsLookup(
        at=w.START, took=0.1, name="a.example", resolver="192.168.1.1", answers=("1.2.3.4",)
    )
    held = msgspec.structs.replace(made(w.ok), observations=(lookup, *made(w.ok).observations))
    assert b"192.168" not in msgspec.json.encode(export(Paired(own=held)))


SAID = [
    (Transport.UDP, "", "9.9.9.9", "udp", "9.9.9.9:53"),
    (Transport.TCP, "", "2620:fe::fe", "tcp", "[2620:fe::fe]:53"),
    (Transport.TLS, "dns.quad9.net", "9.9.9.9", "dot", "9.9.9.9:853"),
    (Transport.HTTPS, "dns.google", "8.8.8.8", "doh", "https://dns.google/dns-query"),
    (Transport.HTTPS, "", "8.8.8.8", "doh", "https://8.8.8.8/dns-query"),
    (Transport.TLS, "", "private", "dot", "private"),
]


@pytest.mark.parametrize(("transport", "name", "resolver", "engine", "address"), SAID)
def test_a_resolver_is_told_in_its_engines_words(
    transport: Transport, name: str, resolver: str, engine: str, address: str
) -> None:
    lookup = DnsLookup(
        at=w.START, took=0.1, name="a.example", resolver=resolver, transport=transport,
        server_name=name, failed_at=Layer.TLS, failure=Failure(name="connection_reset"),
        test=DifferentialTest.SECOND_RESOLVER,
    )  # fmt: skip
    held = msgspec.structs.replace(made(w.ok), observations=(*made(w.ok).observations, lookup))
    (query,) = (export(Paired(own=held)).test_keys.queries or [])[-1:]
    assert (query.engine, query.resolver_address) == (engine, address)
    (again,) = [s for s in back(held).observations if isinstance(s, DnsLookup) and s.test]
    assert (again.transport, again.server_name, again.failed_at) == (transport, name, Layer.TLS)
    assert again.resolver in {resolver, address}


def test_the_steps_of_one_connection_are_told_as_such_whatever_its_port() -> None:
    steps = tuple(
        msgspec.structs.replace(step, url="https://web.chirp.com:8443/")
        if isinstance(step, HttpExchange)
        else msgspec.structs.replace(step, port=8443)
        if isinstance(step, TcpConnect | TlsHandshake)
        else step
        for step in made(w.ok).observations
    )
    keys = export(Paired(own=msgspec.structs.replace(made(w.ok), observations=steps))).test_keys
    (asked,), (shaken,) = keys.requests or [], keys.tls_handshakes or []
    assert (asked.address, asked.transaction_id) == (shaken.address, shaken.transaction_id)


def test_a_request_that_failed_beside_tests_that_failed_survives_the_journey() -> None:
    """What ended a test ended nothing of the plain chain."""
    reset, test, ip = (
        Failure(name="connection_reset"),
        DifferentialTest.CERTIFICATE,
        "93.184.216.34",
    )
    steps: tuple[Observation, ...] = (
        DnsLookup(at=w.START, took=0.1, name="a.example", resolver="system", answers=(ip,)),
        TcpConnect(at=w.START, took=0.1, address=ip, port=80),
        TcpConnect(at=w.START, took=0.1, address=ip, port=443, failure=reset, test=test),
        TlsHandshake(
            at=w.START, took=0.1, address=ip, port=443, server_name="a.example", failure=reset, test=test
        ),
        HttpExchange(at=w.START, took=0.1, address=ip, url="http://a.example/", failure=reset),
    )  # fmt: skip
    held = msgspec.structs.replace(made(w.ok), observations=steps)
    assert sorted(map(repr, map(facts, back(held).observations))) == sorted(
        map(repr, map(facts, steps))
    )
    told = export(Paired(own=held)).test_keys.tls_handshakes or []
    assert "fetch_body=false" in (told[0].tags or ())


def test_a_helpers_look_goes_along() -> None:
    look = ooni.read(m.encoded(m.well()))
    again = ooni.read(msgspec.json.encode(export(look)))
    assert look.control is not None
    assert again.control is not None
    assert again.control.observations == look.control.observations


def test_the_url_is_told_by_the_steps_or_the_catalogue() -> None:
    dead = made(w.null_route)
    assert export(Paired(own=dead)).input == "https://web.chirp.com/"
    assert export(Paired(own=dead), {"chirp-web": "https://chirp.com/x"}).input == "https://chirp.com/x"  # fmt: skip
    with pytest.raises(UntoldError, match="tells the URL"):
        export(Paired(own=msgspec.structs.replace(dead, observations=())))


Loader = Callable[[Mapping[str, object]], object]


@pytest.fixture(scope="module")
def load() -> Loader:
    """OONI's own reader, which is no extra for what oonidata.txt says."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: Loader = importlib.import_module("oonidata.dataclient").load_measurement
    except (ImportError, AttributeError):
        pytest.skip(
            "oonidata, OONI's own reader, is not installed:"
            " pip install --no-deps -r tests/interop/oonidata.txt"
        )
    return found


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_oonis_own_reader_takes_it(maker: w.Maker, load: Loader) -> None:
    text = msgspec.json.encode(export(Paired(own=made(maker))))
    assert (
        type(load(msgspec.json.decode(text, type=dict[str, object]))).__name__ == "WebConnectivity"
    )


def test_what_comes_back_passes_our_own_wire() -> None:
    batch = wire.decode(wire.encode([back(made(w.mitm))]), now=None, late=wire.AHEAD)
    assert len(batch.accepted) == 1


def test_what_a_page_was_like_survives_the_journey() -> None:
    held = made(w.block_page)
    known = Fingerprint("ooni.tr_0", "nat", ("TR",))
    steps = tuple(
        msgspec.structs.replace(step, simhash="00ff00ff00ff00ff", fingerprint=known)
        if isinstance(step, HttpExchange)
        else step
        for step in held.observations
    )
    came = back(msgspec.structs.replace(held, observations=steps))
    (page,) = (step for step in came.observations if isinstance(step, HttpExchange))
    assert (page.simhash, page.fingerprint) == ("00ff00ff00ff00ff", known)
