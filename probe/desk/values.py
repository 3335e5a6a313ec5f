"""JSON over many lines, value by value: however long it is, and whatever is wrong with one of them.

Pure. A list gives its items, as many as there are; values that follow one another are each one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s"\[\]{},:]+|"[^\n]*')
"""A text, a sign, a bare word; or a text that does not end on its line, which JSON has not."""
BEGINNING = 100
"""Bytes of what is too long."""
Value = tuple[int, bytes, bool]
"""The number of its first line, its text, and whether it is all of it."""
_OPEN, _CLOSE = {b"{": b"}", b"[": b"]"}, frozenset({b"}", b"]"})


class Values:
    """Takes lines, and gives each value where it ends."""

    def __init__(self, most: int) -> None:
        """`most`: bytes of one value that are kept; what is longer is told by its beginning."""
        self._most = most
        self._closing: list[bytes] = []
        """What has to close what is open, the innermost last."""
        self._held: list[bytes] = []
        self._size, self._start = 0, 0
        self._listed = False

    def feed(self, number: int, line: bytes) -> Iterator[Value]:
        for found in _TOKEN.finditer(line):
            yield from self._token(number, found[0])
        if self._held:
            self._keep(b"\n")

    def finish(self) -> Iterator[Value]:
        """Give what has no end."""
        if self._held:
            yield self._give()

    def _token(self, number: int, token: bytes) -> Iterator[Value]:
        if not self._closing and self._between(token):
            return
        if token == b"{" and self._closing[-1:] == [b"}"] and not self._named():
            yield self._give()  # no object begins there: what came before lacks its end
        if not self._held:
            self._start = number
        self._keep(token)
        if token in _OPEN:
            self._closing.append(_OPEN[token])
        elif self._closing[-1:] == [token]:
            self._closing.pop()
        elif token in _CLOSE:
            self._closing.clear()
        if not self._closing:
            yield self._give()

    def _between(self, token: bytes) -> bool:
        """Whether a sign stands between values: of a list that they are items of."""
        if token == b"[" and not self._listed:
            self._listed = True
            return True
        if token == b"]" and self._listed:
            self._listed = False
            return True
        return token == b","

    def _named(self) -> bool:
        signs = (token for token in reversed(self._held) if token != b"\n")
        return next(signs, b"") == b":"

    def _keep(self, token: bytes) -> None:
        """Of what is too long only the last sign is kept, which tells what may follow."""
        self._size += len(token)
        if self._size > self._most and len(self._held) > 1:
            self._held.pop()
        self._held.append(token)

    def _give(self) -> Value:
        text, whole = b"".join(self._held).rstrip(b"\n"), self._size <= self._most
        self._held, self._closing, self._size = [], [], 0
        return self._start, text if whole else text[:BEGINNING], whole


def values(lines: Iterable[bytes], most: int) -> Iterator[Value]:
    """Give each value of these lines, the first of which has number 1."""
    reader = Values(most)
    for number, line in enumerate(lines, start=1):
        yield from reader.feed(number, line)
    yield from reader.finish()
