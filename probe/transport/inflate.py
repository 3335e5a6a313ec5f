"""Request bodies as they arrive, inflated under a cap: a bomb is refused before it grows.

Sans I/O: `feed` takes chunks of any size and gives what they hold; `finish` says that it ends there.
"""

from __future__ import annotations

import zlib
from enum import StrEnum

GZIP_WINDOW = 16 + zlib.MAX_WBITS
MEMBERS = 64
"""gzip members in one body: each costs a fresh decompressor and a copy of what follows."""


class Coding(StrEnum):
    """The values of Content-Encoding that are read."""

    GZIP = "gzip"
    IDENTITY = "identity"


class BrokenBodyError(ValueError):
    """The body is not what its coding says; its text is one sentence naming the offset."""


class LargeBodyError(ValueError):
    """The body is longer than a cap; its text is one sentence."""


class Body:
    """One request's body under two caps, in bytes: as it came, and inflated."""

    def __init__(self, coding: Coding, *, compressed: int, decompressed: int) -> None:
        plain = coding is Coding.IDENTITY
        self._inflate = None if plain else zlib.decompressobj(GZIP_WINDOW)
        self._cap_came = decompressed if plain else compressed
        self._cap = decompressed
        self._came = 0
        self._held = bytearray()
        self._members = 1

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; raises BrokenBodyError or LargeBodyError."""
        self._came += len(chunk)
        if self._came > self._cap_came:
            raise LargeBodyError(
                f"the body is longer than the {self._cap_came} bytes taken at once"
            )
        if self._inflate is None:
            self._held += chunk
        else:
            self._inflated(chunk)

    def finish(self) -> bytes:
        """Give the whole body; raises BrokenBodyError where a gzip stream lacks its end."""
        if self._inflate is not None and not self._inflate.eof:
            raise BrokenBodyError(f"the gzip stream ends too early, at byte {self._came}")
        return bytes(self._held)

    def _inflated(self, chunk: bytes) -> None:
        while chunk:
            stream = self._member(len(chunk))
            room = self._cap + 1 - len(self._held)
            try:
                self._held += stream.decompress(chunk, room)
            except zlib.error as error:
                raise BrokenBodyError(
                    f"the gzip stream is broken near byte {self._came - len(chunk)}: {error}"
                ) from None
            if len(self._held) > self._cap:
                raise LargeBodyError(f"the body inflates to more than {self._cap} bytes")
            chunk = stream.unused_data if stream.eof else stream.unconsumed_tail

    def _member(self, left: int) -> zlib._Decompress:
        """Give the stream that the next bytes belong to: after a member's end, a new one."""
        stream = self._inflate or zlib.decompressobj(GZIP_WINDOW)
        if stream.eof:
            self._members += 1
            if self._members > MEMBERS:
                raise BrokenBodyError(
                    f"there are more than {MEMBERS} gzip members, at byte {self._came - left}"
                )
            stream = zlib.decompressobj(GZIP_WINDOW)
        self._inflate = stream
        return stream
