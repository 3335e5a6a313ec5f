"""Text and title of a page, whatever its bytes."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.measure.page import LONGEST_TITLE, charset, plain, text, title


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<title>Plain</title>", "Plain"),
        (b"<TITLE lang='en'>\n  Two \t words\r\n</TITLE >", "Two words"),
        (b"<svg></svg><title>A</title><title>B</title>", "A"),
        ("<title>Grüße</title>".encode(), "Grüße"),
        (b"<title>&lt;3 &amp; more</title>", "<3 & more"),
        (b"<title>never ends", ""),
        (b"<titles>no</titles>", ""),
        (
            b"<title>\x1b]52;c;x\x07 no \xc2\x9b2J\xe2\x80\xae order\0</title>",
            "]52;c;x no 2J order",
        ),
        (b"<title>You are 192.0.2.7, blocked</title>", "You are [address], blocked"),
        (b"<title>" + b"x" * 999 + b"</title>", "x" * LONGEST_TITLE),
        (b"", ""),
    ],
)
def test_the_title(body: bytes, words: str) -> None:
    assert title(body, charset(body, "")) == words


@pytest.mark.parametrize(
    ("body", "content_type", "name"),
    [
        (b"", "text/html", "utf-8"),
        (b"", "text/html; charset=ISO-8859-9", "ISO-8859-9"),
        (b"", 'text/html; Charset = "windows-1251"', "windows-1251"),
        (b'<meta charset="koi8-r">', "", "koi8-r"),
        (b'<meta http-equiv=x content="text/html; charset=euc-kr">', "text/html", "euc-kr"),
        (b"\xef\xbb\xbfx", "text/html; charset=latin-1", "utf-8-sig"),
        ("x".encode("utf-16"), "", "utf-16"),
    ],
)
def test_the_charset(body: bytes, content_type: str, name: str) -> None:
    assert charset(body, content_type) == name


@pytest.mark.parametrize(
    ("name", "words"),
    [("windows-1254", "Erişim"), ("windows-1251", "Доступ"), ("utf-16", "wide"), ("gbk", "访问")],
)
def test_titles_in_the_charsets_of_notices(name: str, words: str) -> None:
    body = f"<title>{words}</title>".encode(name)
    assert title(body, charset(body, f"text/html; charset={name}")) == words


@pytest.mark.parametrize(
    "name", ["nonsense", "hex", "idna", "utf-7", "unicode_escape", "a\0b", ""]
)
def test_a_charset_that_is_none_is_read_as_utf_8(name: str) -> None:
    assert text("ü\\x+AGE-".encode(), name) == "ü\\x+AGE-"


@given(st.binary(), st.text())
def test_nothing_raises(body: bytes, name: str) -> None:
    assert isinstance(title(body, charset(body, name)), str)
    assert isinstance(text(b"<title>" + body + b"</title>", name), str)


def test_a_hostile_page_costs_no_more() -> None:
    assert title(b"<title " * 80_000, "utf-8") == ""
    assert title(b"<title>" * 80_000, "utf-8") == ""


def test_a_compression_nobody_asked_for_is_undone_up_to_the_cap() -> None:
    bomb = gzip.compress(b"x" * 10_000_000)
    assert plain(bomb, "gzip", 1000) == b"x" * 1000
    assert plain(zlib.compress(b"y"), "deflate", 1000) == b"y"
    assert plain(zlib.compress(b"y" * 99)[2:-4], "deflate", 1000) == b"y" * 99
    assert plain(b"not gzip", "gzip", 1000) == b"not gzip"
    assert plain(b"plain", "", 1000) == b"plain"
