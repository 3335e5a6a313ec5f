"""Each figure is what blackbox_exporter would call by that name."""

from datetime import UTC, datetime, timedelta

import pytest

from probe.agent.figures import figures
from probe.metrics.run import PHASES
from probe.model import (
    Certificate,
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    HttpExchange,
    Observation,
    TcpConnect,
    TlsHandshake,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RESET = Failure(name="connection_reset")
NEAR, FAR, SIX = "192.0.2.1", "192.0.2.2", "2001:db8::1"


def certificate(days: int) -> Certificate:
    return Certificate(
        sha256="", subject="", issuer="", not_before=NOW, not_after=NOW + timedelta(days=days)
    )


def dns(hop: int = 0, query: str = "A", took: float = 0.1) -> DnsLookup:
    return DnsLookup(at=NOW, took=took, name="a.example", query=query, hop=hop)


def tcp(
    address: str = NEAR, hop: int = 0, took: float = 0.2, failure: Failure | None = None
) -> TcpConnect:
    return TcpConnect(at=NOW, took=took, address=address, port=443, hop=hop, failure=failure)


def tls(
    address: str = NEAR, hop: int = 0, failure: Failure | None = None, *days: int
) -> TlsHandshake:
    return TlsHandshake(
        at=NOW, took=0.4, address=address, port=443, server_name="a", hop=hop, failure=failure,
        chain=tuple(certificate(each) for each in days),
    )  # fmt: skip


def http(
    status: int | None = 200,
    hop: int = 0,
    expectation: Expectation | None = Expectation.MET,
    failure: Failure | None = None,
    address: str = NEAR,
) -> HttpExchange:
    return HttpExchange(
        at=NOW, took=0.8, url="https://a.example/", address=address, hop=hop, status=status,
        expectation=expectation, first_byte=0.5, length=7, failure=failure,
    )  # fmt: skip


def test_a_whole_run() -> None:
    seen = (dns(), dns(query="AAAA", took=0.3), tcp(), tls(NEAR, 0, None, 9, 3), http())
    run = figures(seen, NOW)
    assert run.success
    assert run.took == pytest.approx(0.3 + 0.2 + 0.4 + 0.8)
    assert run.lookup == 0.3
    assert run.phases == pytest.approx((0.3, 0.2, 0.4, 0.5, 0.3))
    assert (run.status, run.version, run.redirects, run.protocol) == (200, 1.1, 0, 4)
    assert (run.ssl, run.length, run.regex) == (True, 7, False)
    assert run.expiry == (NOW + timedelta(days=3)).timestamp()


def test_redirects_are_summed_and_the_last_answer_counts() -> None:
    seen = (
        *(dns(), tcp(), tls(NEAR, 0, None, 1), http(302, expectation=None)),
        *(
            dns(hop=1),
            tcp(SIX, 1),
            tls(SIX, 1, None, 2),
            http(404, 1, Expectation.STATUS, None, SIX),
        ),
    )
    run = figures(seen, NOW)
    assert (run.success, run.status, run.redirects, run.protocol) == (False, 404, 1, 4)
    assert run.phases[PHASES.index("connect")] == pytest.approx(0.4)
    assert run.lookup == 0.1
    assert run.expiry == (NOW + timedelta(days=2)).timestamp()


def test_a_redirect_into_the_void_has_no_status() -> None:
    seen = (dns(), tcp(), http(302, expectation=None), tcp(FAR, 1, 0.2, RESET))
    run = figures(seen, NOW)
    assert (run.status, run.ssl, run.redirects, run.length) == (0, False, 1, 0)


def test_the_phases_are_those_of_the_address_that_answered() -> None:
    seen = (tcp(FAR, took=9.0, failure=RESET), tcp(SIX), tls(SIX), http(address=SIX))
    run = figures(seen, NOW)
    assert run.phases == pytest.approx((0, 0.2, 0.4, 0.5, 0.3))
    assert run.protocol == 6
    assert run.took == 9.0  # it was waited for, too


def test_a_refused_certificate_still_tells_its_end() -> None:
    run = figures((dns(), tcp(), tls(NEAR, 0, RESET, 5)), NOW)
    assert run.expiry == (NOW + timedelta(days=5)).timestamp()
    assert run.phases == pytest.approx((0.1, 0.2, 0, 0, 0))
    assert run.took == pytest.approx(0.7)
    assert (run.status, run.version, run.ssl) == (0, 0.0, False)


def test_an_answer_that_broke_off_has_its_status_and_no_transfer() -> None:
    run = figures((tcp(), http(200, failure=RESET, expectation=None)), NOW)
    assert (run.status, run.success) == (200, False)
    assert run.phases == pytest.approx((0, 0.2, 0, 0.5, 0))


@pytest.mark.parametrize(
    ("expectation", "regex"),
    [
        (Expectation.MET, False),
        (Expectation.STATUS, False),
        (Expectation.SHORT, False),
        (Expectation.MISSING, True),
        (Expectation.FORBIDDEN, True),
    ],
)
def test_only_texts_fail_by_regex(expectation: Expectation, *, regex: bool) -> None:
    assert figures((tcp(), http(expectation=expectation)), NOW).regex is regex


def test_nothing_seen_is_a_failed_run_of_zeros() -> None:
    run = figures((), NOW)
    assert (run.success, run.took, run.status, run.protocol, run.expiry) == (False, 0, 0, 0, None)


def test_differential_tests_do_not_count() -> None:
    other: Observation = DnsLookup(
        at=NOW, took=7.0, name="a", test=DifferentialTest.SECOND_RESOLVER
    )
    assert figures((dns(), tcp(), http(), other), NOW) == figures((dns(), tcp(), http()), NOW)
