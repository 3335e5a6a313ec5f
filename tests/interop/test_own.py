"""What the probe itself saw, as our observations."""

from __future__ import annotations

from probe.interop import ooni
from probe.model import (
    DifferentialTest,
    DnsLookup,
    HttpExchange,
    Measurement,
    Observation,
    TcpConnect,
    TlsHandshake,
)
from tests.interop import made as m


def own(**keys: object) -> Measurement:
    return ooni.read(m.encoded(m.well(**keys))).own


def steps(held: Measurement, kind: type[Observation]) -> list[Observation]:
    return [step for step in held.observations if isinstance(step, kind)]


def test_other_resolvers_and_where_they_led_are_tests() -> None:
    held = own(queries=[m.query("10.0.0.1"), m.query(m.SITE, engine="doh")])
    assert [s.test for s in steps(held, DnsLookup)] == [None, DifferentialTest.SECOND_RESOLVER]
    for kind in (TcpConnect, TlsHandshake, HttpExchange):
        assert {s.test for s in steps(held, kind)} == {DifferentialTest.SECOND_RESOLVER}


def test_a_lookup_says_whose_addresses_it_gave_and_who_was_asked() -> None:
    (system, plain) = [s for s in own(queries=[m.query(m.SITE), m.query(m.SITE, engine="udp")]).observations if isinstance(s, DnsLookup)]  # fmt: skip
    assert (system.resolver, system.answers, system.origins) == ("system", (m.SITE,), (m.SITE_AS,))
    assert plain.resolver == "8.8.8.8"


def test_a_private_resolver_is_not_named() -> None:
    asked = m.query(m.SITE, engine="udp") | {"resolver_address": "192.168.1.1:53"}
    held = own(queries=[asked])
    (found,) = [s for s in held.observations if isinstance(s, DnsLookup)]
    assert found.resolver == "private"


def test_a_failed_handshake_for_the_certificate_alone_is_a_test() -> None:
    held = own(tls_handshakes=[m.tls(failure="connection_refused", only=True)])
    assert [s.test for s in steps(held, TlsHandshake)] == [DifferentialTest.CERTIFICATE]


def test_a_request_that_never_was_is_no_exchange() -> None:
    failed = m.http(code=None, body="", failure="generic_timeout_error")
    held = own(
        tcp_connect=[m.tcp(failure="generic_timeout_error")], tls_handshakes=[], requests=[failed]
    )
    assert not steps(held, HttpExchange)


def test_an_old_probes_failure_goes_to_the_layer_of_its_name() -> None:
    def ended(failure: str) -> Observation:
        failed = m.http(code=None, body="", failure=failure) | {"tags": None, "address": None}
        return own(queries=[], tcp_connect=[], tls_handshakes=[], requests=[failed]).observations[
            -1
        ]

    assert isinstance(ended("dns_nxdomain_error"), DnsLookup)
    assert isinstance(ended("ssl_unknown_authority"), TlsHandshake)
    assert isinstance(ended("connection_refused"), TcpConnect)
    assert isinstance(ended("connection_reset"), HttpExchange)


def test_of_a_body_only_what_is_read_of_it_is_kept() -> None:
    (page,) = [s for s in own().observations if isinstance(s, HttpExchange)]
    assert (page.title, page.length, len(page.digest)) == ("Default Web Page", len(m.PAGE), 64)


def test_cookies_and_queries_of_redirects_stay_behind() -> None:
    moved = m.http(
        code=302, body="", headers={"Location": "/n?who=me", "Set-Cookie": "id=1", "X-A": "b"}
    )
    (page,) = [s for s in own(requests=[moved]).observations if isinstance(s, HttpExchange)]
    assert page.location == f"https://{m.NAME}/n"
    assert [header.name for header in page.headers] == ["Location", "X-A"]


def test_bytes_that_came_are_counted_where_the_body_is_not_kept() -> None:
    events = [{"operation": "read", "num_bytes": 900, "transaction_id": 5, "t": 0.5}]
    starved = m.http(code=None, body="", failure="generic_timeout_error") | {"transaction_id": 5}
    (page,) = [s for s in own(requests=[starved], network_events=events).observations if isinstance(s, HttpExchange)]  # fmt: skip
    assert page.length == 900
