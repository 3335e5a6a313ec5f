"""Identifiers that sort by time and never meet: UUIDv7."""

from __future__ import annotations

import random
from datetime import datetime

_VERSION, _VARIANT = 7 << 12, 0b10 << 14


def uuid7(at: datetime) -> str:
    """Give a UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, 74 bits of chance."""
    milliseconds = int(at.timestamp() * 1000) & (1 << 48) - 1
    # Unique is enough, nobody may not guess it: a seed from the system serves.
    chance = random.getrandbits(74)
    early, late = milliseconds >> 16, milliseconds & 0xFFFF
    first, second = _VERSION | chance >> 62, _VARIANT | chance >> 48 & 0x3FFF
    return f"{early:08x}-{late:04x}-{first:04x}-{second:04x}-{chance & (1 << 48) - 1:012x}"
