"""Which tests a failure calls for, and what running them shows."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import Measuring, Referring
from probe.measure.diagnose import is_troubled, next_tests
from probe.model import (
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    HttpExchange,
    Observation,
    TcpConnect,
    TlsHandshake,
)

RESOLVER, NEUTRAL = DifferentialTest.SECOND_RESOLVER, DifferentialTest.NEUTRAL_NAME
OWN, PORT, PATH, PACE, QUIC = (
    DifferentialTest.OWN_ADDRESS,
    DifferentialTest.OTHER_PORT,
    DifferentialTest.PATH,
    DifferentialTest.GOODPUT,
    DifferentialTest.QUIC,
)
OTHER, SWAP, SHOWN = (
    DifferentialTest.SECOND_ADDRESS,
    DifferentialTest.HOST_SWAP,
    DifferentialTest.CERTIFICATE,
)
REFERRING = Measuring(reference=Referring(address="192.0.2.1"))
AT = datetime(2026, 11, 21, tzinfo=UTC)


def failure(name: str) -> Failure | None:
    return Failure(name=name) if name else None


def lookup(name: str = "", hop: int = 0) -> DnsLookup:
    return DnsLookup(at=AT, took=0.1, failure=failure(name), hop=hop, name="a.test")


def tcp(name: str = "", hop: int = 0) -> TcpConnect:
    return TcpConnect(at=AT, took=0.1, failure=failure(name), hop=hop, address="1.1.1.1", port=443)


def tls(name: str = "", hop: int = 0) -> TlsHandshake:
    return TlsHandshake(
        at=AT,
        took=0.1,
        failure=failure(name),
        hop=hop,
        address="1.1.1.1",
        port=443,
        server_name="a.test",
    )


def http(
    name: str = "", hop: int = 0, url: str = "https://a.test/", **more: object
) -> HttpExchange:
    plain = HttpExchange(
        at=AT, took=0.1, failure=failure(name), hop=hop, url=url, address="1.1.1.1"
    )
    return msgspec.structs.replace(plain, **more)


def plain(name: str = "", **more: object) -> HttpExchange:
    return msgspec.structs.replace(http(name, url="http://a.test/"), **more)


@pytest.mark.parametrize(
    ("seen", "tests"),
    [
        ((), ()),
        ((lookup(), tcp(), tls(), http()), ()),
        ((lookup("dns_nxdomain_error"), lookup("dns_nxdomain_error")), (RESOLVER,)),
        ((lookup("dns_bogon_error"),), (RESOLVER,)),
        ((lookup("dns_bogon_error"), lookup(), tcp(), tls(), http()), (RESOLVER,)),
        ((lookup(), lookup("dns_servfail_error"), tcp(), tls(), http()), ()),
        ((lookup("network_unreachable"),), ()),
        ((lookup(), tcp("generic_timeout_error")), (RESOLVER, PORT, QUIC)),
        ((lookup(), tcp("generic_timeout_error"), tcp(), tls(), http()), ()),
        (
            (lookup(), tcp("network_unreachable"), tcp("connection_refused")),
            (RESOLVER, PORT, QUIC),
        ),
        ((lookup(), tcp("network_unreachable")), ()),
        ((tcp("connection_refused"),), ()),
        ((lookup(), tcp(), tls("ssl_unknown_authority")), (RESOLVER,)),
        ((lookup(), tcp(), tls("ssl_invalid_hostname")), (RESOLVER,)),
        ((lookup(), tcp(), tls("connection_reset")), (NEUTRAL, QUIC)),
        ((lookup(), tcp(), tls("eof_error")), (NEUTRAL, QUIC)),
        ((lookup(), tcp(), tls("generic_timeout_error")), (NEUTRAL, QUIC)),
        (
            (lookup(), tcp(), tls("connection_reset"), tcp(), tls("ssl_invalid_hostname")),
            (RESOLVER, NEUTRAL, QUIC),
        ),
        ((lookup(), tcp(), tls(), http("connection_reset")), ()),
        ((lookup(), tcp(), tls("connection_reset"), lookup(hop=1), tcp(hop=1)), ()),
    ],
)
def test_what_failed_chooses(
    seen: tuple[Observation, ...], tests: tuple[DifferentialTest, ...]
) -> None:
    assert next_tests(seen, Measuring()) == tests


GIVEN = msgspec.structs.replace(lookup(), answers=("1.1.1.1", "1.1.1.2"))
FAR = msgspec.structs.replace(tcp(), took=0.6)
LATE = msgspec.structs.replace(tls(), took=0.5)
SLOW = http(length=30_000, took=2.0, expectation=Expectation.MET)


@pytest.mark.parametrize(
    ("seen", "tests"),
    [
        ((lookup(), tcp(), tls("connection_reset")), (NEUTRAL, OWN, QUIC)),
        ((lookup(), tcp("generic_timeout_error")), (RESOLVER, OWN, PORT, PATH, QUIC)),
        ((GIVEN, tcp("generic_timeout_error")), (RESOLVER, OTHER, OWN, PORT, PATH, QUIC)),
        ((lookup(), tcp(), plain("connection_reset")), (SHOWN, SWAP)),
        ((lookup(), tcp(), plain(expectation=Expectation.MISSING)), (SHOWN, SWAP)),
        ((lookup(), tcp(), plain(expectation=Expectation.MET)), ()),
        ((lookup(), tcp(), tls(), http(expectation=Expectation.STATUS)), ()),
        ((lookup(), tcp(), tls(), http("generic_timeout_error")), (PACE,)),
        ((lookup(), tcp(), tls(), http("eof_error")), (PACE,)),
        ((lookup(), tcp(), tls(), SLOW), (PACE,)),
        ((lookup(), FAR, tls(), SLOW), ()),
        ((lookup(), FAR, LATE, http(expectation=Expectation.MET)), (NEUTRAL,)),
        ((lookup(), LATE, http(expectation=Expectation.MET)), ()),
        ((tcp(), tls("connection_reset")), (NEUTRAL,)),
    ],
)
def test_with_a_server_of_ours_more_can_be_told_apart(
    seen: tuple[Observation, ...], tests: tuple[DifferentialTest, ...]
) -> None:
    assert next_tests(seen, REFERRING) == tests
    without = {*tests} - {OWN, PATH, PACE}
    assert {*next_tests(seen, Measuring())} == without


def test_the_pace_and_quic_are_tried_now_and_then_where_all_is_well() -> None:
    well = (lookup(), tcp(), tls(), http(expectation=Expectation.MET))
    assert next_tests(well, REFERRING) == ()
    assert next_tests(well, REFERRING, background=True) == (PACE, QUIC)
    assert next_tests(well, Measuring(), background=True) == (QUIC,)
    assert next_tests((lookup(),), REFERRING, background=True) == ()


def test_encrypted_resolvers_are_tried_now_and_then_where_all_is_well() -> None:
    well = (lookup(), tcp(), tls(), http(expectation=Expectation.MET))
    sealed = Measuring(second_resolver=("9.9.9.9", "tls://9.9.9.9"), quic=False)
    assert next_tests(well, sealed) == ()
    assert next_tests(well, sealed, background=True) == (RESOLVER,)
    assert next_tests(well[1:], sealed, background=True) == ()  # an address needs no resolver
    plain = Measuring(second_resolver=("9.9.9.9", "tcp://9.9.9.9"), quic=False)
    assert next_tests(well, plain, background=True) == ()


@pytest.mark.parametrize(
    "name", ["connection_reset", "ssl_unknown_authority", "http_request_failed"]
)
def test_an_encrypted_resolver_of_ones_own_that_fails_calls_for_another(name: str) -> None:
    assert next_tests((lookup(name),), Measuring()) == (RESOLVER,)


def test_quic_is_held_against_tls_alone_and_under_a_name() -> None:
    lost = "generic_timeout_error"
    on_80 = msgspec.structs.replace(tcp(lost), port=80)
    assert QUIC in next_tests((lookup(), tcp(lost)), Measuring())
    assert QUIC not in next_tests((lookup(), on_80), Measuring())
    assert QUIC not in next_tests((tcp(lost),), Measuring())
    assert QUIC not in next_tests((lookup(), tcp(), tls(), http("eof_error")), Measuring())
    assert QUIC not in next_tests((lookup(), tcp(lost)), Measuring(quic=False))


def test_nothing_is_traced_for_who_does_not_want_it() -> None:
    lost = (lookup(), tcp("generic_timeout_error"))
    untraced = msgspec.structs.replace(REFERRING, trace=False)
    assert PATH in next_tests(lost, REFERRING)
    assert set(next_tests(lost, REFERRING)) - set(next_tests(lost, untraced)) == {PATH}


def test_what_is_not_configured_is_not_run() -> None:
    bare = Measuring(second_resolver="", neutral_name="", quic=False)
    assert next_tests((lookup(), tcp(), tls("connection_reset")), bare) == ()
    assert next_tests((lookup("dns_nxdomain_error"),), bare) == ()


NAMES = ["", "dns_nxdomain_error", "connection_reset", "ssl_unknown_authority", "eof_error", "?"]
observations = st.builds(
    lambda make, name, hop: make(name, hop),
    st.sampled_from([lookup, tcp, tls, http]),
    st.sampled_from(NAMES),
    st.integers(0, 2),
)


SETTINGS = st.sampled_from([Measuring(), REFERRING, Measuring(neutral_name="")])


@given(st.lists(observations, max_size=8), SETTINGS)
def test_the_choice_is_pure_and_needs_trouble(seen: list[Observation], given: Measuring) -> None:
    chosen = next_tests(seen, given)
    assert chosen == next_tests(list(reversed(seen)), given)
    assert list(chosen) == [test for test in DifferentialTest if test in chosen], "by their cost"
    assert not chosen or is_troubled(seen)


@given(st.lists(observations, max_size=8))
def test_a_server_of_ours_only_adds_tests(seen: list[Observation]) -> None:
    assert {*next_tests(seen, Measuring())} <= {*next_tests(seen, REFERRING)}
