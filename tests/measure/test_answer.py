"""An HTTP answer in pieces, whole and broken."""

from contextlib import suppress

import pytest
from httptools import HttpParserError, HttpParserUpgrade
from hypothesis import given
from hypothesis import strategies as st

from probe.measure.answer import Answer
from probe.measure.failure import StepError

WHOLE = b"HTTP/1.1 200 OK\r\nServer: x\r\nEmpty:\r\nContent-Length: 5\r\n\r\nhello"


def fed(data: bytes, method: str = "GET", most: int = 1000) -> Answer:
    answer = Answer(method, most)
    answer.feed(data)
    return answer


@given(st.integers(1, len(WHOLE)))
def test_it_does_not_matter_how_it_is_cut(size: int) -> None:
    answer = Answer("GET", 1000)
    for start in range(0, len(WHOLE), size):
        assert not answer.done
        answer.feed(WHOLE[start : start + size])
    assert answer.done
    assert (answer.status, bytes(answer.body), answer.truncated) == (200, b"hello", False)
    assert answer.headers == [("Server", "x"), ("Empty", ""), ("Content-Length", "5")]


def test_a_body_beyond_the_cap_is_cut() -> None:
    answer = fed(WHOLE, most=3)
    assert (bytes(answer.body), answer.truncated, answer.done) == (b"hel", True, True)


def test_a_body_of_exactly_the_cap_is_whole() -> None:
    answer = fed(WHOLE, most=5)
    assert (bytes(answer.body), answer.truncated, answer.done) == (b"hello", False, True)


@pytest.mark.parametrize(
    "sloppy",
    [
        WHOLE.replace(b"\r\n", b"\n"),
        WHOLE.replace(b"Server: x\r\n", b"Server: x\n"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5\r\nhello\r\n0\r\n\r\n"
        ),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5  \r\nhello\r\n0\r\n\r\n",
    ],
    ids=["bare LF", "one bare LF", "chunks and a length", "a padded size"],
)
def test_sloppy_http_is_read_as_browsers_read_it(sloppy: bytes) -> None:
    answer = fed(sloppy)
    assert (answer.done, bytes(answer.body)) == (True, b"hello")


@pytest.mark.parametrize("status", [b"000", b"099"])
def test_a_status_that_is_none_is_no_interim_answer_and_is_not_told(status: bytes) -> None:
    answer = Answer("GET", 1000)
    with pytest.raises(StepError, match="is no status of HTTP"):
        answer.feed(WHOLE.replace(b"200", status))
    assert answer.status is None


def test_interim_answers_are_passed_over() -> None:
    answer = fed(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + WHOLE)
    assert (answer.status, answer.done, answer.header("link")) == (200, True, "")


def test_head_has_no_body() -> None:
    assert fed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD").done


@pytest.mark.parametrize(
    ("status", "framing"),
    [(204, ""), (304, "Content-Length: 5\r\n"), (200, "Content-Length: 0\r\n")],
)
def test_answers_without_a_body(status: int, framing: str) -> None:
    assert fed(f"HTTP/1.1 {status} X\r\n{framing}\r\n".encode()).done


def test_a_body_may_end_with_the_connection() -> None:
    answer = fed(b"HTTP/1.1 200 OK\r\n\r\nhello")
    assert not answer.done
    answer.end()
    assert answer.done


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nServer: x\r\n", WHOLE[:-1]),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
    ],
)
def test_an_end_before_the_whole_is_an_error(data: bytes) -> None:
    answer = fed(data)
    with pytest.raises(EOFError):
        answer.end()


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n",
        b"HTTP/1.1 2000000 OK\r\n\r\n",
    ],
)
def test_what_is_not_http_is_an_error(data: bytes) -> None:
    with pytest.raises(HttpParserError):
        fed(data)


def test_what_follows_a_whole_answer_is_of_no_interest() -> None:
    assert fed(WHOLE + b"\x00garbage").done


def test_a_head_without_end_is_an_error() -> None:
    answer = Answer("GET", 1000)
    answer.feed(b"HTTP/1.1 200 OK\r\n")
    line = b"X: " + b"y" * 1000 + b"\r\n"
    for _ in range(65):
        answer.feed(line)
    with pytest.raises(StepError):
        answer.feed(line)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_the_version_is_that_of_the_answer(version: str) -> None:
    assert fed(WHOLE.replace(b"1.1", version.encode(), 1)).version == version


PIECES = st.sampled_from([
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 304\r\n", b"\r\n", b"\n",
    b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n",
    b"Connection: upgrade\r\nUpgrade: x\r\n", b"3\r\nabc\r\n", b"0\r\n", b"5;x=y\r\n", b"X: y\r\n", b" folded\r\n",
])  # fmt: skip


@given(st.lists(PIECES | st.binary(max_size=40), max_size=20), st.sampled_from(["GET", "HEAD"]))
def test_any_bytes_are_an_answer_or_a_named_error(pieces: list[bytes], method: str) -> None:
    answer = Answer(method, 10)
    with suppress(HttpParserError, HttpParserUpgrade, StepError, EOFError):
        for piece in pieces:
            answer.feed(piece)
        answer.end()
        assert answer.done
    assert len(answer.body) <= 10


@given(st.integers(1, 400))
def test_trailers_are_not_kept(number: int) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    answer = fed(chunked + b"X: y\r\n" * number + b"\r\n")
    assert answer.done
    assert len(answer.headers) == 1
