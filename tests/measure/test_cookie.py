"""Cookies go back to where they came from, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.measure.cookie import received, sent


@pytest.mark.parametrize(
    ("header", "here", "below", "elsewhere"),
    [
        ("a=1", "a=1", "", ""),
        ("a=1; Path=/; HttpOnly", "a=1", "", ""),
        ("a=1; Domain=site.test", "a=1", "a=1", ""),
        ("a=1; domain=.Site.Test", "a=1", "a=1", ""),
        ("a=1; Domain=", "a=1", "", ""),
        ("a=1; Domain=other.test", "", "", ""),
        ("a=b=c", "a=b=c", "", ""),
        *(("a", "", "", ""), ("=1", "", "", ""), ("", "", "", ""), ("a=1\r\nX: y", "", "", "")),
    ],
)
def test_where_a_cookie_goes(header: str, here: str, below: str, elsewhere: str) -> None:
    jar = received((), "site.test", [("Set-Cookie", header), ("Server", "b=2")])
    assert sent(jar, "site.test") == here
    assert sent(jar, "www.site.test") == below
    assert sent(jar, "notsite.test") == elsewhere


def test_a_newer_cookie_replaces_its_elder() -> None:
    jar = received((), "site.test", [("set-cookie", "a=1"), ("set-cookie", "b=2")])
    assert sent(received(jar, "site.test", [("set-cookie", "a=3")]), "site.test") == "a=3; b=2"


@given(st.lists(st.text()), st.text())
def test_any_header_is_taken_or_left(texts: list[str], host: str) -> None:
    jar = received((), host, [("set-cookie", text) for text in texts])
    assert not set(sent(jar, host)) & set("\r\n\0")
