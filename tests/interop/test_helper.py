"""The test helper's look, as an outside vantage's."""

from __future__ import annotations

import pytest

from probe.interop import ooni
from probe.model import DnsLookup, HttpExchange, Measurement, TcpConnect, TlsHandshake
from tests.interop import made as m


def helped(**keys: object) -> Measurement | None:
    return ooni.read(m.encoded(m.well(**keys))).control


def test_its_four_layers_are_there() -> None:
    found = helped()
    assert found is not None
    assert [type(s) for s in found.observations] == [
        DnsLookup,
        TcpConnect,
        TlsHandshake,
        HttpExchange,
    ]


@pytest.mark.parametrize(
    "keys", [{"control": None}, {"control": {}}, {"control_failure": "connection_refused"}]
)
def test_a_helper_that_was_not_reached_is_none(keys: dict[str, object]) -> None:
    assert helped(**keys) is None


def test_its_failures_have_our_names() -> None:
    found = helped(control=m.control(dns="dns_name_error", http_failure="dns_lookup_error"))
    assert found is not None
    assert {s.failure.name for s in found.observations if s.failure} == {"dns_nxdomain_error"}


def test_an_answer_without_an_address_names_none() -> None:
    found = helped(control=m.control("wikispaces.com", http_failure="dns_lookup_error"))
    assert found is not None
    (named,) = [s for s in found.observations if isinstance(s, DnsLookup)]
    assert (named.answers, named.failure) == ((), None)
