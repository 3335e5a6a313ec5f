from __future__ import annotations

import ssl
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.kernel.internet.hello import (
    LONGEST,
    Beginning,
    host_of,
    http_host,
    matches,
    server_name,
)

REQUEST = b"GET /a HTTP/1.1\r\nUser-Agent: x\r\nHOST:  WWW.Example.com:8080 \r\n\r\nbody"


@cache
def hello(name: str = "www.example.com") -> bytes:
    """A real ClientHello, as OpenSSL writes it."""
    out = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


def test_the_name_of_a_real_hello_is_read() -> None:
    assert server_name(hello()) == host_of(hello()) == "www.example.com"


def test_a_hello_over_several_records_is_read() -> None:
    body = hello()[5:]
    records = b"".join(
        b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part
        for part in (body[:50], body[50:90], body[90:])
    )
    assert server_name(records) == "www.example.com"


@given(st.integers(0, 2000))
def test_a_hello_that_is_not_whole_gives_the_name_or_nothing(length: int) -> None:
    assert server_name(hello()[:length]) in {None, "www.example.com"}


@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_raise(data: bytes) -> None:
    server_name(data)
    http_host(data)
    server_name(b"\x16\x03\x01\x01\x2c" + data)
    server_name(b"\x16\x03\x01\x01\x2c\x01\x00\x01\x28\x03\x03" + data)
    http_host(b"GET " + data)


@given(st.integers(5, 400), st.integers(0, 255))
def test_a_damaged_hello_never_raises(at: int, value: int) -> None:
    damaged = bytearray(hello())
    damaged[at] = value
    server_name(bytes(damaged))


@given(st.data(), st.integers(0, 2**32 - 1))
def test_segments_in_any_order_with_overlaps_give_the_stream(
    data: st.DataObject, first: int
) -> None:
    stream = hello()
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=8)))
    starts, ends = [0, *cuts], [*cuts, len(stream)]
    overlap = data.draw(st.integers(0, 20))
    pieces = [
        (start, stream[start : end + overlap]) for start, end in zip(starts, ends, strict=True)
    ]
    beginning = Beginning(first)
    for start, piece in data.draw(st.permutations(pieces)):
        beginning.feed((first + start) % 2**32, piece)
    assert beginning.bytes == stream


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=300)), max_size=30))
def test_what_is_kept_is_bounded(segments: list[tuple[int, bytes]]) -> None:
    beginning = Beginning(0)
    for seq, data in segments:
        beginning.feed(seq, data)
    assert len(beginning.bytes) <= LONGEST


def test_a_keep_alive_before_the_first_byte_is_no_part_of_it() -> None:
    beginning = Beginning(100)
    beginning.feed(99, b"x")
    beginning.feed(98, b"yzabc")
    assert beginning.bytes == b"abc"


def test_without_a_syn_the_first_segment_is_the_beginning() -> None:
    beginning = Beginning()
    beginning.feed(2**32 - 2, b"ab")
    beginning.feed(0, b"cd")
    assert beginning.bytes == b"abcd"


def test_the_host_of_a_request_is_read_without_its_port() -> None:
    assert http_host(REQUEST) == host_of(REQUEST) == "www.example.com"
    assert http_host(b"GET / HTTP/1.1\r\nHost: [2a0e::1]:80\r\n\r\n") == "2a0e::1"


@pytest.mark.parametrize(
    "stream",
    [
        REQUEST[:40],
        b"GET / HTTP/1.0\r\n\r\n",
        b"Host: example.com\r\n\r\n",
        b"",
        b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    ],
)
def test_no_host_is_read_where_none_is_or_its_line_is_not_whole(stream: bytes) -> None:
    assert http_host(stream) is None


@pytest.mark.parametrize(
    ("name", "blocked", "expected"),
    [
        ("example.com", ("example.com",), True),
        ("WWW.Example.com.", ("example.com",), True),
        ("notexample.com", ("example.com",), False),
        ("com", ("example.com",), False),
        ("anything", (), True),
    ],
)
def test_names_match_exactly_or_as_subdomains(
    name: str, blocked: tuple[str, ...], *, expected: bool
) -> None:
    assert matches(name, blocked) is expected
