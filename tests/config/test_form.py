"""The forms of single texts: what is right and what is nearly right."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config import form

RIGHT: dict[Callable[[str], bool], tuple[str, ...]] = {
    form.is_id: ("a", "de-1", "app_api.v2", "9"),
    form.is_name: ("", "Türk Telekom", "می\u200cخواهم", "NTT\u3000ドコモ"),
    form.is_country: ("DE", "TR", "XK", "ZZ"),
    form.is_country_or_empty: ("", "DE"),
    form.is_url: (
        "http://a",
        "https://a.example:8443/b?c=d",
        "http://[::1]:80/",
        "http://1.2.3.4",
    ),
    form.is_guarded_url: ("https://a.example", "http://localhost:1", "http://127.9.9.9/"),
    form.is_listen: ("", "fd:3", "127.0.0.1:0", ":80", "[::1]:80", "host.example:65535"),
    form.is_reachable: ("a:1", "de.example:9464", "192.0.2.1:65535", "[2001:db8::1]:9464"),
    form.is_reachable_or_empty: ("", "a:1"),
    form.is_page_url_or_empty: ("", "https://a.example", "https://a.example/status/"),
    form.is_port: ("1", "65535"),
    form.is_address: ("1.2.3.4", "::1"),
    form.is_resolver: (
        "9.9.9.9",
        "9.9.9.9:53",
        "::1",
        "2620:fe::fe",
        "[::1]:53",
        "tcp://9.9.9.9",
        "tcp://[::1]:53",
        "tls://dns.quad9.net@9.9.9.9",
        "tls://9.9.9.9:8853",
        "tls://dns.quad9.net@2620:fe::fe",
        "https://dns.google@8.8.8.8/dns-query",
        "https://1.1.1.1",
        "HTTPS://[2606::1]:444/q/x",
    ),
    form.is_resolver_or_system: ("system", "1.1.1.1"),
    form.is_resolver_or_empty: ("", "1.1.1.1"),
    form.is_network: ("10.0.0.0/8", "fd00::/8"),
    form.is_sha256_or_empty: ("", "0" * 64),
    form.is_one_of("a", "b"): ("a", "b"),
}
WRONG: dict[Callable[[str], bool], tuple[str, ...]] = {
    form.is_id: ("", "-a", "a b", "a" * 65, "é", "a\n"),
    form.is_name: ("\x1b[2J", "a\nb", "a\x00", "\x7f", "\x9b", "\u2028", "\u202ea", "\u2066"),
    form.is_country: ("", "de", "DEU", "D1", "DE\n", "UK", "EU", "XX"),
    form.is_url: ("", "a", "ftp://a", "http://", "http://a b", "http://u@a", "http://a:99999",
                  "http://[", "http://é", "http://a:0"),
    form.is_guarded_url: ("http://a.example", "http://128.0.0.1", "ftp://localhost"),
    form.is_listen: ("80", "fd:x", "a:70000", "::1:80x", "[g]:1", "a:b"),
    form.is_reachable: ("", "a", ":80", "a:0", "a:70000", "a:x", "::1:80", "[g]:80", "http://a:1",
                        "a b:1", "fd:3x"),
    form.is_page_url_or_empty: ("https://a/?b", "https://a/#b", "a", "ftp://a"),
    form.is_port: ("", "0", "65536", "-1", "٣", "1 "),
    form.is_resolver: (
        "", "a", "9.9.9.9:x", "9.9.9.9:70000", "9.9.9.9:0", "system", "udp://9.9.9.9", "tls://",
        "tls://dns.quad9.net", "https://dns.google/dns-query", "tls://9.9.9.9/dns-query",
        "tcp://a@9.9.9.9", "a@9.9.9.9", "tls://@9.9.9.9", "tls://a b@9.9.9.9", "tls://1.1.1.1@9.9.9.9",
        "https://a@9.9.9.9/a b", "https://a@9.9.9.9/?dns=x", "https://a@b@9.9.9.9", "9.9.9.9/x",
        "https://a@9.9.9.9/é", "tls://a@9.9.9.9\n", "https://a@9.9.9.9/" + "a" * 9000,
    ),
    form.is_network: ("10.0.0.1/8", "", "x"),
    form.is_sha256_or_empty: ("0" * 63, "g" * 64),
    form.is_one_of("a"): ("", "b"),
}  # fmt: skip


@pytest.mark.parametrize("test", RIGHT, ids=lambda test: test.__qualname__)
def test_right_ones(test: Callable[[str], bool]) -> None:
    assert [text for text in RIGHT[test] if not test(text)] == []


@pytest.mark.parametrize("test", WRONG, ids=lambda test: test.__qualname__)
def test_wrong_ones(test: Callable[[str], bool]) -> None:
    assert [text for text in WRONG[test] if test(text)] == []


@given(st.text(max_size=40))
def test_no_text_makes_a_test_raise(text: str) -> None:
    assert all(test(text) in {True, False} for test in RIGHT)
