"""Which servers are asked."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config import form
from probe.measure.resolver import Resolver, Server, named, parse, several
from probe.model import Transport

TCP, TLS, HTTPS = Transport.TCP, Transport.TLS, Transport.HTTPS


def test_resolv_conf_is_read_as_the_system_reads_it() -> None:
    text = """
    # nameserver 9.9.9.9
    nameserver 1.1.1.1 # the first
    nameserver nonsense
    nameserver
    options rotate
    nameserver 2606:4700::1111
    nameserver fe80::1%eth0
    nameserver 8.8.8.8
    """
    assert [server.address for server in parse(text)] == [
        *("1.1.1.1", "2606:4700::1111", "fe80::1%eth0")
    ]


def test_without_a_nameserver_it_is_this_host() -> None:
    assert parse("search example\n") == (Server("127.0.0.1"),)


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 1.1.1.1\n")
    resolver = Resolver("system", path)
    assert resolver.servers() == (Server("1.1.1.1"),)
    path.write_text("nameserver 9.9.9.9\n")
    os.utime(path, ns=(1, 1))
    assert resolver.servers() == (Server("9.9.9.9"),)
    path.unlink()
    assert resolver.servers() == (Server("9.9.9.9"),)


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("1.1.1.1", Server("1.1.1.1", 53, "1.1.1.1")),
        ("1.1.1.1:5353", Server("1.1.1.1", 5353, "1.1.1.1")),
        ("2606:4700::1111", Server("2606:4700::1111", 53, "2606:4700::1111")),
        ("[2606:4700::1111]:5353", Server("2606:4700::1111", 5353, "2606:4700::1111")),
        ("10.0.0.1", Server("10.0.0.1", 53, "private")),
        ("tcp://1.1.1.1", Server("1.1.1.1", 53, "1.1.1.1", TCP)),
        ("tls://1.1.1.1", Server("1.1.1.1", 853, "1.1.1.1", TLS)),
        ("tls://One.one@1.1.1.1:1853", Server("1.1.1.1", 1853, "1.1.1.1", TLS, "one.one")),
        ("https://one.one@[::1]", Server("::1", 443, "private", HTTPS, "one.one", "/dns-query")),
        ("https://1.1.1.1/q", Server("1.1.1.1", 443, "1.1.1.1", HTTPS, "", "/q")),
    ],
)
def test_a_named_resolver_shows_its_address_only_when_public(text: str, server: Server) -> None:
    assert named(text) == server
    assert Resolver(text).servers() == (server,)


def test_several_are_in_the_order_in_which_they_are_tried() -> None:
    given_ = ("https://a@1.1.1.1", "tls://a@1.1.1.1", "tcp://8.8.8.8", "9.9.9.9", "", "8.8.8.8")
    assert [(s.transport.value, s.address) for s in several(given_)] == [
        *(("udp", "9.9.9.9"), ("udp", "8.8.8.8"), ("tcp", "8.8.8.8")),
        *(("tls", "1.1.1.1"), ("https", "1.1.1.1")),
    ]
    assert several("9.9.9.9") == (named("9.9.9.9"),)
    assert several("") == several(()) == ()
    assert [s.encrypted for s in several(given_)] == [False, False, False, True, True]


@given(st.text(max_size=30) | st.from_regex(form.RESOLVER, fullmatch=True))
def test_what_the_configuration_lets_pass_names_a_server(text: str) -> None:
    if form.is_resolver(text):
        assert named(text).port > 0
    else:
        with pytest.raises(ValueError, match="not an address"):
            named(text)


@pytest.mark.parametrize(
    "text", ["", "tls://a", "dns.example", "1.1.1.1:x", "1.1.1.1:0", "1.1.1.1:70000"]
)
def test_a_resolver_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        named(text)


@given(st.text() | st.from_regex(r"(nameserver [0-9a-f.:%]{0,20}[\n#;]){0,5}", fullmatch=True))
def test_any_file_names_servers(text: str) -> None:
    assert 1 <= len(parse(text)) <= 3
