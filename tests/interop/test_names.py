"""Failures, tags and addresses as OONI writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.interop import names
from probe.interop.form import Failed


@pytest.mark.parametrize("said", [None, False, ""])
def test_no_failure_is_none(said: Failed) -> None:
    assert names.failure(said) is None


@pytest.mark.parametrize(
    ("said", "name", "detail"),
    [
        ("connection_reset", "connection_reset", ""),
        ("dns_name_error", "dns_nxdomain_error", ""),
        ("connection_refused_error", "connection_refused", ""),
        ("unknown_failure: stopped", "unknown_failure", "stopped"),
        ("ssl_error: verify failed at 10.0.0.7", "ssl_error", "verify failed at [address]"),
        (True, "unknown_failure", ""),
    ],
)
def test_a_failure_has_our_name(said: Failed, name: str, detail: str) -> None:
    found = names.failure(said)
    assert found is not None
    assert (found.name, found.detail) == (name, detail)


@given(st.text())
def test_any_text_names_some_failure(said: str) -> None:
    found = names.failure(said)
    assert (found is None) == (said == "")


def test_hops_come_from_tags() -> None:
    assert names.hop(["classic", "depth=3"]) == 3
    assert names.hop(["classic"]) is None
    assert names.hop(None) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1.2.3.4:443", ("1.2.3.4", 443)),
        ("[2001:db8::1]:80", ("2001:db8::1", 80)),
        ("www.example.com:443", ("", 0)),
        (None, ("", 0)),
    ],
)
def test_a_place_is_an_address_and_a_port(text: str | None, place: tuple[str, int]) -> None:
    assert names.place(text) == place


def test_hosts_are_in_their_wire_form() -> None:
    assert names.host("http://Яндекс.рф/") == "xn--d1acpjx3f.xn--p1ai"
    assert names.host("https://Www.Example.com:8443/x") == "www.example.com"
    assert names.host("no url") == ""


@pytest.mark.parametrize(
    ("url", "port"),
    [("https://a/", 443), ("http://a/", 80), ("http://a:444/", 444), ("http://a:x/", 0)],
)
def test_ports(url: str, port: int) -> None:
    assert names.port(url) == port


@pytest.mark.parametrize(
    ("text", "number"), [("AS137", 137), ("as5", 5), ("", 0), (None, 0), ("ASx", 0)]
)
def test_as_numbers(text: str | None, number: int) -> None:
    assert names.number(text) == number


def test_what_is_unnamed_and_what_was_for_the_certificate_only() -> None:
    assert names.unnamed("unknown_failure")
    assert not names.unnamed("eof_error")
    assert names.certificate_only(["fetch_body=false"])
    assert not names.certificate_only(["fetch_body=true"])
