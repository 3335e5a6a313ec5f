"""URLs taken apart, and refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.measure.site import BadUrlError, join, parse


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "target", "literal"),
    [
        ("https://example.com", "https", "example.com", 443, "/", False),
        ("HTTP://Example.COM.:8080/a?b=c#d", "http", "example.com", 8080, "/a?b=c", False),
        ("https://bücher.example/ü", "https", "xn--bcher-kva.example", 443, "/%C3%BC", False),
        ("https://[2001:db8::1]/x", "https", "2001:db8::1", 443, "/x", True),
        ("http://192.0.2.1", "http", "192.0.2.1", 80, "/", True),
        ("https://a.example/%20b c", "https", "a.example", 443, "/%20b%20c", False),
        ("https://a_b.example?q", "https", "a_b.example", 443, "/?q", False),
    ],
)
def test_parts(url: str, scheme: str, host: str, port: int, target: str, *, literal: bool) -> None:
    site = parse(url)
    assert (site.scheme, site.host, site.port) == (scheme, host, port)
    assert (site.target, site.literal) == (target, literal)


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.com", "ftp://a.example/", "https://", "https:///x", "mailto:a@b.example"),
        *("https://a..b/", "https://-a.example/", "https://a.example:0x1/", "https://a:99999/"),
        *(
            "https://[v1.example]/",
            "https://[a.example]/",
            "https://0x7f000001/",
            "https://127.0.0x1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
        ),
        *("https://1.2.3/", "https://[::1/", "https://[fe80::1%25eth0]/", "https://a b.example/"),
        *("https://" + "a" * 64 + ".example/", "https://a.example/" + "x" * 9000),
    ],
)
def test_what_cannot_be_probed_is_refused_with_a_reason(url: str) -> None:
    with pytest.raises(BadUrlError, match=r"\w"):
        parse(url)


def test_the_authority_names_the_port_only_where_it_is_unusual() -> None:
    assert parse("https://a.example:443/").authority == "a.example"
    assert parse("http://a.example:443/").authority == "a.example:443"
    assert parse("https://[2001:db8::1]:8443/").authority == "[2001:db8::1]:8443"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "http://a.example/x"),
        ("y?z", "http://a.example/b/y?z"),
        ("//c.example/", "http://c.example/"),
        (" https://c.example ", "https://c.example/"),
        ("?q=1", "http://a.example/b/c?q=1"),
    ],
)
def test_a_location_is_followed_from_where_it_was_given(location: str, url: str) -> None:
    assert join(parse("http://a.example/b/c"), location).url == url


@given(st.text())
def test_any_location_leads_somewhere_or_is_refused(location: str) -> None:
    try:
        found = join(parse("http://a.example/b/c"), location)
    except BadUrlError:
        return
    assert parse(found.url) == found
    assert found.url.isascii()
    assert not set(found.url) & set("\r\n \t\0")


@given(st.text() | st.from_regex(r"(https?|tcp|dns):/{0,3}[^ ]{0,40}", fullmatch=True))
def test_any_url_is_read_or_refused(url: str) -> None:
    try:
        found = parse(url)
    except BadUrlError:
        return
    assert 0 < found.port < 65536
    assert found.host
