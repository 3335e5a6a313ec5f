"""An HTTP answer as it comes in, by llhttp's events: status, headers, body up to a cap."""

from __future__ import annotations

from httptools import HttpParserError, HttpResponseParser

from probe.measure.failure import REQUEST_FAILED, StepError
from probe.measure.familiar import Familiar

Pair = tuple[str, str]

_LONGEST_HEAD = 65536
_MOST_FRAMING = 8
"""Bytes for each of the body's, in chunks of one byte and more: what has more is no framing."""
_LOWEST = 100
_SWITCHING = 101
_OK = 200
_OFTEN = 300  # bytes of a header's value that is remembered
_decoded: Familiar[tuple[bytes, bytes | None], tuple[str, Pair]] = Familiar(2048)
"""A header's name in lower case, and the header: most are what they were in the round before."""


class Answer:
    """Fed with bytes until `done`. llhttp calls the `on_…` methods."""

    __slots__ = (
        *("_head", "_in_body", "_method", "_most", "_parser", "_room", "_values"),
        *("body", "done", "headers", "status", "truncated", "version"),
    )

    def __init__(self, method: str, most: int) -> None:
        self.status: int | None = None
        self.version = "1.1"
        self.headers: list[Pair] = []
        self._values: dict[str, str] = {}
        self.body = bytearray()
        self.truncated = False
        self.done = False
        self._method, self._most = method, most
        self._head, self._in_body = 0, False
        self._room = _LONGEST_HEAD + _MOST_FRAMING * most
        self._parser: HttpResponseParser | None = _parser(self)

    def close(self) -> None:
        """Take no more; what has come stays. Else it and its parser would keep each other alive."""
        self._parser = None

    def feed(self, data: bytes) -> None:
        """Take bytes in. Raises HttpParserError for what is not HTTP."""
        if self._parser is None:
            return
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            if not self.done:  # what follows a whole answer is of no interest
                raise
        self._room -= len(data)
        if self.status is not None and self.status < _LOWEST:
            odd, self.status = self.status, None
            raise StepError(REQUEST_FAILED, f"{odd} is no status of HTTP")
        if not self._in_body:
            self._head += len(data)
            if self._head > _LONGEST_HEAD:
                raise StepError(REQUEST_FAILED, "the answer's head does not end")
        elif self._room < 0 and not self.done:
            raise StepError(REQUEST_FAILED, "the answer's chunks do not end")

    def end(self) -> None:
        """Take the peer's end in. Raises EOFError when the answer is not whole by its own word."""
        if self.done:
            return
        if not self._in_body or self.header("content-length") or self._chunked():
            raise EOFError("the answer ended before it was whole")
        self.done = True

    def header(self, name: str) -> str:
        """Give the first header of that name (lower case), or nothing."""
        return self._values.get(name, "")

    def on_header(self, name: bytes, value: bytes | None) -> None:
        if self._in_body:  # a trailer: nothing here asks for one, and there may be very many
            return
        pair = (name, value)
        key, header = _decoded.get(pair) or _decode(pair)
        self.headers.append(header)
        self._values.setdefault(key, header[1])

    def on_headers_complete(self) -> None:
        parser = self._parser
        if parser is None:
            return
        status = parser.get_status_code()
        if (
            _LOWEST <= status < _OK and status != _SWITCHING
        ):  # an interim answer; the real one follows
            self.headers.clear()
            self._values.clear()
            return
        self.status, self._in_body = status, True
        self.version = parser.get_http_version()
        self.done = self._method == "HEAD"

    def on_body(self, data: bytes) -> None:
        room = self._most - len(self.body)
        self.body += data[:room]
        if len(data) > room:
            self.truncated = self.done = True

    def on_message_complete(self) -> None:
        self.done = self.done or self.status is not None

    def _chunked(self) -> bool:
        return "chunked" in self.header("transfer-encoding").lower()


def _decode(pair: tuple[bytes, bytes | None]) -> tuple[str, Pair]:
    name, value = pair[0].decode("latin-1"), (pair[1] or b"").decode("latin-1")
    read = name.lower(), (name, value)
    return _decoded.keep(pair, read) if len(name) + len(value) < _OFTEN else read


def _parser(answer: Answer) -> HttpResponseParser:
    """Read what browsers read: notices of middleboxes and old servers are often sloppy HTTP."""
    parser = HttpResponseParser(answer)
    parser.set_dangerous_leniencies(
        lenient_optional_cr_before_lf=True,  # RFC 9112, section 2.2
        lenient_chunked_length=True,  # section 6.3: the chunks outweigh a Content-Length
        lenient_spaces_after_chunk_size=True,
    )
    return parser
