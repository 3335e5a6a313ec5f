"""Files as lines, whatever holds them: plain, gzip or xz, JSON Lines or one value over many lines."""

from __future__ import annotations

import gzip
import io
import lzma
import sys
import zlib
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from probe.config.load import ConfigError

MAX_LINE_BYTES = 32 * 1024 * 1024
"""Longest line, and longest value over many lines, that is read."""
STDIN = Path("-")
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"

Passed = Callable[[int], None]
"""Told the bytes of the file that were read since it was last told, as it is stored."""


File = io.BufferedIOBase | gzip.GzipFile | lzma.LZMAFile


class Line(msgspec.Struct, frozen=True):
    number: int
    """From 1; of a value over many lines, its first."""
    text: bytes
    whole: bool = True
    """False for a line too long to be read: its text is its beginning."""


class BrokenFileError(Exception):
    """A compressed file that ends or breaks in the middle; what came before was read."""


def size(path: Path) -> int | None:
    """Bytes of a file as it is stored; None where that is not known. Raises ConfigError."""
    if path == STDIN:
        return None
    try:
        found = path.stat()
    except OSError as error:
        raise ConfigError(f"{path}: {_why(error)}; a file of measurements is needed") from error
    if path.is_dir():
        raise ConfigError(f"{path}: is a directory; name the files in it")
    return found.st_size


def read(path: Path, passed: Passed = lambda _: None) -> Iterator[Line]:
    """Give each line that is not blank; raises ConfigError, and BrokenFileError part-way."""
    with _opened(path, passed) as file:
        try:
            yield from _lines(file)
        except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
            raise BrokenFileError(str(error) or "it is damaged") from error


@contextmanager
def _opened(path: Path, passed: Passed) -> Iterator[File]:
    try:
        raw = sys.stdin.buffer if path == STDIN else path.open("rb")
    except OSError as error:
        raise ConfigError(f"{path}: {_why(error)}; a file of measurements is needed") from error
    with io.BufferedReader(_Counted(raw, passed), 1 << 18) as counted:
        start = counted.peek(len(_XZ))
        if start.startswith(_GZIP):
            with gzip.open(counted) as file:
                yield file
        elif start.startswith(_XZ):
            with lzma.open(counted) as file:
                yield file
        else:
            yield counted


class _Counted(io.RawIOBase):
    """Counts what is read of a file, below any decompression."""

    def __init__(self, raw: IO[bytes], passed: Passed) -> None:
        self._raw, self._passed = raw, passed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        got = self._raw.read(len(buffer))
        buffer[: len(got)] = got
        self._passed(len(got))
        return len(got)

    def close(self) -> None:
        if not self.closed and self._raw is not sys.stdin.buffer:
            self._raw.close()
        super().close()


def _lines(file: File) -> Iterator[Line]:
    first = file.readline(MAX_LINE_BYTES).removeprefix(BOM_UTF8)  # Windows' editors begin so
    if first.lstrip().startswith(b"[") and _is_value(first):
        yield from _values(first)
        yield from _numbered(file, file.readline(MAX_LINE_BYTES), 2)
        return
    if _is_value(first) or not first.lstrip().startswith((b"{", b"[")):
        yield from _numbered(file, first, 1)
        return
    head = first + file.read(MAX_LINE_BYTES)
    if _is_value(head):
        yield from _values(head)
        return
    listed = head.splitlines(keepends=True)
    for number, text in enumerate(listed[:-1], 1):
        if text.strip():
            yield Line(number, text)
    last = listed[-1] if listed else b""
    rest = b"" if last.endswith(b"\n") else file.readline(MAX_LINE_BYTES)
    yield from _numbered(file, last + rest, max(1, len(listed)))


def _values(head: bytes) -> Iterator[Line]:
    """One value, or a list of them."""
    if not head.lstrip().startswith(b"["):
        yield Line(1, head)
        return
    for item in msgspec.json.decode(head, type=list[msgspec.Raw]):
        yield Line(1, bytes(item))


def _is_value(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _numbered(file: File, first: bytes, number: int) -> Iterator[Line]:
    text = first
    while text:
        whole = text.endswith(b"\n") or len(text) < MAX_LINE_BYTES
        if text.strip():
            yield Line(number, text if whole else text[:100], whole)
        while not whole:
            more = file.readline(MAX_LINE_BYTES)
            whole = not more or more.endswith(b"\n")
        text, number = file.readline(MAX_LINE_BYTES), number + 1


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
