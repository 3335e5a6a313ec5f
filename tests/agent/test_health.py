"""What the controls say of the vantage itself, and what they leave to the judge."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from probe.agent.health import EXIT_CHANGED, NAMES, SKEW_SECONDS, Checked, health
from probe.model import (
    Certificate,
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    Header,
    Health,
    HttpExchange,
    Observation,
    Reach,
    Tally,
    TcpConnect,
    TlsHandshake,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def dns(failure: str = "", test: DifferentialTest | None = None) -> DnsLookup:
    failed = Failure(name=failure) if failure else None
    return DnsLookup(at=NOW, took=0.1, name="a.example", failure=failed, test=test)


def tcp(failure: str = "", address: str = "192.0.2.1") -> TcpConnect:
    failed = Failure(name=failure) if failure else None
    return TcpConnect(at=NOW, took=0.1, address=address, port=443, failure=failed)


def tls(verify: int | None = None) -> TlsHandshake:
    failed = Failure(name="ssl_invalid_certificate", verify=verify) if verify else None
    return TlsHandshake(
        at=NOW, took=0.1, address="192.0.2.1", port=443, server_name="a", failure=failed
    )


def http(expectation: Expectation = Expectation.MET) -> HttpExchange:
    return HttpExchange(
        at=NOW, took=0.1, url="https://a", address="192.0.2.1", status=200, expectation=expectation
    )


def shown(issuer: str, leaf: str, name: str = "a.example") -> TlsHandshake:
    """A handshake with a certificate of an unknown authority."""
    seen = Certificate(
        sha256=leaf, subject=f"CN={name}", issuer=issuer, not_before=NOW, not_after=NOW
    )
    return TlsHandshake(
        at=NOW,
        took=0.1,
        address="192.0.2.1",
        port=443,
        server_name=name,
        chain=(seen,),
        failure=Failure(name="ssl_unknown_authority", verify=20),
    )


def dated(seconds: float, age: str = "") -> tuple[Observation, ...]:
    """A good answer, dated so long after now."""
    date = (NOW + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = (Header(name="Date", value=date), *((Header(name="Age", value=age),) if age else ()))
    return (dns(), tcp(), tls(), msgspec.structs.replace(http(), headers=headers))


def plain(expectation: Expectation | None, status: int = 200) -> HttpExchange:
    """An answer that anybody on the way could give."""
    return msgspec.structs.replace(http(), url="http://a", status=status, expectation=expectation)


WELL = (dns(), tcp(), tls(), http())
SILENT = (dns(), tcp("generic_timeout_error"))
CUT = (dns(), tcp(), msgspec.structs.replace(tls(), failure=Failure(name="connection_reset")))
LED_HOME = (
    *(dns(), tcp(), plain(None, 302)),
    msgspec.structs.replace(tcp("dns_bogon_error", "192.168.1.1"), hop=1),
)
LED_TO_A_NAME = (
    *(dns(), tcp(), plain(None, 302)),
    msgspec.structs.replace(dns("dns_bogon_error"), hop=1),
)
LOGIN = (dns(), tcp(), plain(Expectation.MISSING))
SECOND = DifferentialTest.SECOND_RESOLVER
NO_DNS = (dns("generic_timeout_error"),)

WORLDS: dict[str, tuple[list[tuple[Observation, ...]], list[tuple[Observation, ...]], str]] = {
    "nothing measured": ([], [], ""),
    "all well": ([WELL], [WELL, WELL], ""),
    "one control down": ([WELL], [WELL, (dns(), tcp("generic_timeout_error"))], ""),
    "the world is cut off": ([WELL], [(dns(), tcp("generic_timeout_error"))] * 2, ""),
    "foreign names alone fail": ([WELL], [NO_DNS, NO_DNS], ""),
    "no name resolves": ([NO_DNS], [NO_DNS], "resolver_broken"),
    "another resolver answers": (
        [(dns("dns_refused_error"), dns(test=SECOND))],
        [NO_DNS],
        "resolver_broken",
    ),
    "no resolver answers": (
        [(*NO_DNS, dns("generic_timeout_error", SECOND))],
        [(*NO_DNS, dns("generic_timeout_error", SECOND))],
        "offline",
    ),
    "addresses work, names do not": ([NO_DNS], [(tcp(), http())], "resolver_broken"),
    "no route": ([(dns("network_unreachable"),)], [(dns("network_unreachable"),)], "offline"),
    "nothing connects": ([(dns(), tcp("generic_timeout_error"))], [NO_DNS], "offline"),
    "a wrong clock": ([(dns(), tcp(), tls(10))], [(dns(), tcp(), tls(9))], "clock_wrong"),
    "answers from the future": ([dated(7200)], [dated(7300), WELL], "clock_wrong"),
    "answers from the past": ([dated(-7200)], [dated(-600)], "clock_wrong"),
    "answers of about now": ([dated(SKEW_SECONDS)], [dated(-3), dated(7200)], ""),
    "answers of all times": ([dated(7200)], [dated(-7200)], ""),
    "answers from caches": ([dated(-7200, "7200")], [dated(-600, "598")], ""),
    "one odd date": ([dated(7200)], [WELL, WELL], ""),
    "dates that are none": (
        [(*WELL[:3], msgspec.structs.replace(http(), headers=(Header(name="Date", value="x"),)))],
        [dated(7200), dated(7200, "old")],
        "",
    ),
    "a proxy makes every certificate": (
        [(dns(), tcp(), shown("CN=Box", "1", "a.example"))],
        [(dns(), tcp(), shown("CN=Box", "2", "b.example"))],
        "tls_intercepted",
    ),
    "a proxy, and plain pages pass": (
        [(dns(), tcp(), shown("CN=Box", "1", "a.example")), (dns(), tcp(), http())],
        [(dns(), tcp(), shown("CN=Box", "2", "b.example"))],
        "tls_intercepted",
    ),
    "one control behind a proxy": ([WELL], [(dns(), tcp(), shown("CN=Box", "1"))], ""),
    "no authority is trusted": (
        [(dns(), tcp(), shown("CN=One", "1", "a.example"))],
        [(dns(), tcp(), shown("CN=Two", "2", "b.example"))],
        "trust_broken",
    ),
    "one certificate for every name": (
        [(dns(), tcp(), shown("CN=Login", "1", "a.example"))],
        [(dns(), tcp(), shown("CN=Login", "1", "b.example"))],
        "captive_portal",
    ),
    "one expired certificate": ([WELL], [(dns(), tcp(), tls(10))], ""),
    "a portal's page": (
        [(dns(), tcp(), http(Expectation.STATUS))],
        [(dns(), tcp(), http(Expectation.MISSING))],
        "captive_portal",
    ),
    "a portal at a private address": ([LED_HOME], [LED_TO_A_NAME], "captive_portal"),
    "a portal at home, and TLS is dropped": (
        [SILENT, SILENT],
        [LED_HOME, LED_HOME, *[SILENT] * 4],
        "captive_portal",
    ),
    "a portal that cuts TLS": ([CUT, CUT], [LOGIN, LOGIN, *[CUT] * 4], "captive_portal"),
    "one odd page, and nothing else": ([CUT, CUT], [LOGIN, *[CUT] * 4], ""),
    "two odd pages, and another that says nothing of it": (
        [CUT, CUT],
        [LOGIN, LOGIN, (dns(), tcp(), plain(None, 302)), *[CUT] * 4],
        "",
    ),
    "a portal's certificate": (
        [(dns(), tcp(), tls(20))],
        [(dns(), tcp(), http(Expectation.MISSING))],
        "captive_portal",
    ),
    "dead IPv6": (
        [(dns(), tcp("generic_timeout_error", "2001:db8::1"), *WELL[1:])],
        [(dns(), tcp("generic_timeout_error", "2001:db8::2"), *WELL[1:])],
        "ipv6_broken",
    ),
    "no IPv6": (
        [(dns(), tcp("network_unreachable", "2001:db8::1"), *WELL[1:])],
        [(dns(), tcp("network_unreachable", "2001:db8::2"), *WELL[1:])],
        "",
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_and_its_reason(name: str) -> None:
    domestic, foreign, reason = WORLDS[name]
    checked = [Checked(Reach.DOMESTIC, seen) for seen in domestic]
    checked += [Checked(Reach.FOREIGN, seen) for seen in foreign]
    assert health(checked).reason == reason


def test_every_reason_has_a_world() -> None:
    assert {reason for *_, reason in WORLDS.values()} | {EXIT_CHANGED} == {"", *NAMES}


def test_a_vantage_that_leaves_by_another_network_says_so() -> None:
    well, broken = Checked(Reach.FOREIGN, WELL), Checked(Reach.FOREIGN, NO_DNS)
    assert health([well], moved=True).reason == EXIT_CHANGED
    assert health([], moved=True).reason == EXIT_CHANGED
    assert health([broken], moved=True).reason == "resolver_broken"


def test_the_tallies_count_by_reach() -> None:
    checked = [
        Checked(Reach.DOMESTIC, WELL),
        Checked(Reach.FOREIGN, WELL),
        Checked(Reach.FOREIGN, NO_DNS),
    ]
    assert health(checked) == Health(domestic=Tally(ok=1, of=1), foreign=Tally(ok=1, of=2))
