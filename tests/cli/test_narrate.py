"""Observations in words."""

from datetime import UTC, datetime

import msgspec
import pytest

from probe.cli.narrate import PHRASES, TESTS, describe, layer, phrase, trouble
from probe.model import (
    Certificate,
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    HttpExchange,
    Layer,
    Observation,
    QuicHandshake,
    TcpConnect,
    TlsHandshake,
    Transport,
)

AT = datetime(2026, 11, 21, tzinfo=UTC)
LEAF = Certificate(
    sha256="0",
    subject="CN=a.test",
    issuer="CN=Roots",
    names=("a.test", "b.test", "c.test", "d.test"),
    not_before=AT,
    not_after=AT,
)
RESET = Failure(name="connection_reset", errno=104)
LOOKUP = DnsLookup(
    at=AT,
    took=0.1,
    name="a.test",
    resolver="system",
    answers=("1.1.1.1", "1.0.0.1"),
    late=("2.2.2.2",),
)
CONNECT = TcpConnect(at=AT, took=0.1, address="1.1.1.1", port=443)
SHAKEN = TlsHandshake(
    at=AT,
    took=0.1,
    address="1.1.1.1",
    port=443,
    server_name="a.test",
    version="TLSv1.3",
    chain=(LEAF,),
)
ANSWER = HttpExchange(
    at=AT,
    took=0.1,
    url="https://a.test/",
    address="1.1.1.1",
    status=302,
    length=5,
    title="Hi",
    location="https://b.test/",
)


SEALED = msgspec.structs.replace(
    LOOKUP, resolver="9.9.9.9", transport=Transport.TLS, server_name="dns.quad9.net", late=()
)


def test_an_encrypted_lookup_says_over_what_and_where_it_broke_off() -> None:
    assert describe(SEALED) == (
        "A of a.test at 9.9.9.9 (dns.quad9.net) over TLS → 1.1.1.1, 1.0.0.1"
    )
    broken = msgspec.structs.replace(SEALED, answers=(), failure=RESET, failed_at=Layer.TLS)
    assert trouble(broken) == (
        "the connection was reset (connection_reset, errno 104), on the resolver's TLS"
    )


@pytest.mark.parametrize(
    ("seen", "name", "words"),
    [
        (LOOKUP, "DNS", "A of a.test at system → 1.1.1.1, 1.0.0.1 (and later 2.2.2.2)"),
        (CONNECT, "TCP", "1.1.1.1 port 443"),
        (SHAKEN, "TLS", "a.test: TLSv1.3, certificate for a.test, b.test, c.test …, by CN=Roots"),
        (ANSWER, "HTTP", "GET https://a.test/ → 302, 5 bytes “Hi” on to https://b.test/"),
    ],
)
def test_each_layer_is_described(seen: Observation, name: str, words: str) -> None:
    assert (layer(seen), describe(seen), trouble(seen)) == (name, words, "")


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (RESET, "the connection was reset (connection_reset, errno 104)"),
        (Failure(name="eof_error"), "closed the connection before its time (eof_error)"),
        (Failure(name="ssl_failed_handshake", alert=40), "(ssl_failed_handshake, alert 40)"),
        (Failure(name="message_size", detail="Message too long"), "Message too long (message_siz"),
        (Failure(name="unknown_failure: odd"), "odd"),
    ],
)
def test_each_failure_is_said_in_words_and_by_name(failure: Failure, words: str) -> None:
    assert words in phrase(failure)


def test_a_shortfall_of_the_answer_is_trouble() -> None:
    seen = HttpExchange(
        at=AT,
        took=0.1,
        url="https://a.test/",
        address="1.1.1.1",
        status=200,
        expectation=Expectation.FORBIDDEN,
        matched="went wrong",
    )
    assert trouble(seen) == "a text that betrays a failure is in the body: 'went wrong'"


def test_a_handshake_over_quic_is_told_with_its_place() -> None:
    seen = QuicHandshake(at=AT, took=0.1, address="1.1.1.1", port=443, server_name="a.test")
    assert (layer(seen), describe(seen)) == ("QUIC", "a.test at 1.1.1.1 port 443, over UDP")


def test_nothing_that_a_failure_says_moves_the_cursor() -> None:
    assert phrase(Failure(name="unknown", detail="\x1b[2J")) == "\ufffd[2J (unknown)"


def test_words_never_say_that_something_is_blocked() -> None:
    assert not any("block" in words or "censor" in words for words in PHRASES.values())


def test_every_differential_test_has_words() -> None:
    assert set(TESTS) == set(DifferentialTest)


def test_nothing_that_a_server_says_moves_the_cursor() -> None:
    odd = msgspec.structs.replace(
        LEAF, names=("\x1b[2Ja.test", "b\x9b.test"), issuer="CN=\u202eevil"
    )
    words = describe(
        TlsHandshake(
            at=AT, took=0.1, address="1.1.1.1", port=443, server_name="a.test", chain=(odd,)
        )
    )
    assert words.isprintable()
    assert "[2Ja.test" in words
