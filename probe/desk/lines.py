"""Files as lines, whatever holds them: plain or compressed, JSON Lines or values over many lines."""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
import sys
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import IO

import msgspec

from probe.config.load import ConfigError
from probe.desk.values import values

MAX_LINE_BYTES = 32 * 1024 * 1024
"""Longest line, and longest value over many lines, that is read."""
STDIN = Path("-")
_GZIP, _XZ, _BZIP2, _ZSTD, _ZIP = (
    b"\x1f\x8b",
    b"\xfd7zXZ\x00",
    b"BZh",
    b"\x28\xb5\x2f\xfd",
    b"PK\x03\x04",
)
WIDE = (BOM_UTF16_LE, BOM_UTF16_BE, b"{\x00", b"[\x00", b"\x00{", b"\x00[")
"""How UTF-16 begins, with its mark and, as JSON, without."""
MOST_TIMES_PACKED = 4
"""Less one: there are files that hold themselves."""
ZSTD_READERS = ("compression.zstd", "backports.zstd")
"""Python's own from 3.14 on, and the same for those before."""

Passed = Callable[[int], None]
"""Told the bytes of the file that were read since it was last told, as it is stored."""


File = io.BufferedReader | gzip.GzipFile | lzma.LZMAFile | bz2.BZ2File


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
    with ExitStack() as files:
        stored: File = io.BufferedReader(_opened(path, passed), 1 << 18)
        files.enter_context(stored)
        try:
            yield from _lines(_unpacked(path, stored, files))
        except _damaged() as error:
            raise BrokenFileError(str(error) or "it is damaged") from error


def _damaged() -> tuple[type[Exception], ...]:
    """What decompressors raise; bzip2's and gzip's raise a plain OSError."""
    loaded = (sys.modules[name] for name in ZSTD_READERS if name in sys.modules)
    return (EOFError, lzma.LZMAError, zlib.error, OSError, *(zstd.ZstdError for zstd in loaded))


def _opened(path: Path, passed: Passed) -> _Counted:
    try:
        raw = sys.stdin.buffer if path == STDIN else path.open("rb")
    except OSError as error:
        raise ConfigError(f"{path}: {_why(error)}; a file of measurements is needed") from error
    return _Counted(raw, passed)


def _unpacked(path: Path, file: File, files: ExitStack) -> File:
    """The text in it, also where what was packed had been packed before; raises ConfigError."""
    for _ in range(MOST_TIMES_PACKED):
        unpack = _unpacking(path, file.peek(len(_XZ)))
        if unpack is None:
            return file
        file = unpack(file)
        files.enter_context(file)
    raise ConfigError(f"{path}: is compressed {MOST_TIMES_PACKED} times over or more; unpack it")


def _unpacking(path: Path, start: bytes) -> Callable[..., File] | None:
    """What reads a file that begins so; None of a plain one. Raises ConfigError."""
    if start.startswith(_ZIP):
        raise ConfigError(f"{path}: is a zip archive; unpack it and name the files in it")
    if start.startswith(WIDE):
        raise ConfigError(f"{path}: is in UTF-16 or its like; save it in UTF-8, as JSON has to be")
    if start.startswith(_ZSTD):
        return _zstd(path)
    readers: dict[bytes, Callable[..., File]] = {
        _GZIP: gzip.open, _XZ: lzma.open, _BZIP2: bz2.open,
    }  # fmt: skip
    return next((read for magic, read in readers.items() if start.startswith(magic)), None)


def _zstd(path: Path) -> Callable[..., File]:
    for name in ZSTD_READERS:
        try:
            opened: Callable[..., File] = importlib.import_module(name).open
        except ImportError:
            continue
        return opened
    raise ConfigError(
        f"{path}: is compressed by zstd, which Python 3.14 or the package backports.zstd reads; "
        "else unpack it first, by zstd -d"
    )


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
        yield from _numbered(_chunks(file), 2)
        return
    if _is_value(first) or not first.lstrip().startswith((b"{", b"[")):
        yield from _numbered(chain((first,), _chunks(file)))
        return
    head = first + file.read(MAX_LINE_BYTES)
    if _is_value(head):
        yield from _values(head)
    elif _spread(first):
        for number, text, whole in values(_continued(file, head), MAX_LINE_BYTES):
            yield Line(number, text, whole)
    else:
        yield from _numbered(_continued(file, head))


def _chunks(file: File) -> Iterator[bytes]:
    """Lines, or parts of those that are too long."""
    while text := file.readline(MAX_LINE_BYTES):
        yield text


def _continued(file: File, head: bytes) -> Iterator[bytes]:
    """Lines of what was read already, and of what follows it."""
    held = io.BytesIO(head)
    for text in held:
        ended = text.endswith(b"\n")
        yield text if ended else text + file.readline(MAX_LINE_BYTES)
    yield from _chunks(file)


def _spread(first: bytes) -> bool:
    """Whether what follows is spread over lines: a list begins, or an object and nothing of it."""
    start = first.strip()
    return start == b"{" or (start.startswith(b"[") and not _is_value(first))


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


def _numbered(chunks: Iterable[bytes], number: int = 1) -> Iterator[Line]:
    inside = False  # a line that is too long
    for text in chunks:
        whole = text.endswith(b"\n") or len(text) < MAX_LINE_BYTES
        if not inside and text.strip():
            yield Line(number, text if whole else text[:100], whole)
        inside = not whole
        number += whole


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
