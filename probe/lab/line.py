"""One JSON value per line: what the processes of a lab say to each other."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from probe.config import unit

T = TypeVar("T")


def encode(value: msgspec.Struct) -> bytes:
    return msgspec.json.encode(value, enc_hook=plain) + b"\n"


def decode(line: bytes, shape: type[T]) -> T:
    return msgspec.json.decode(line, type=shape, dec_hook=unit.hook)


def plain(value: object) -> str | int | float:
    """Seconds, sizes and secrets as the plain values they are."""
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    raise NotImplementedError(type(value).__name__)
