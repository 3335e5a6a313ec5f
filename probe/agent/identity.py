"""Identifiers that sort by time and never meet: UUIDv7."""

from __future__ import annotations

import random
from datetime import datetime

_VERSION, _VARIANT = 7 << 76, 0b10 << 62


def uuid7(at: datetime) -> str:
    """Give a UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, 74 bits of chance."""
    milliseconds = int(at.timestamp() * 1000) & (1 << 48) - 1
    # Unique is enough, nobody may not guess it: a seed from the system serves.
    chance = random.getrandbits(74)
    value = milliseconds << 80 | _VERSION | (chance >> 62) << 64 | _VARIANT
    text = f"{value | chance & (1 << 62) - 1:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
