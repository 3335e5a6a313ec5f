"""Identifiers that sort by time and never meet: UUIDv7."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID


def uuid7(at: datetime) -> str:
    """Give a UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, 74 bits of chance."""
    milliseconds = int(at.timestamp() * 1000) & (1 << 48) - 1
    chance = secrets.randbits(74)
    value = milliseconds << 80 | 7 << 76 | (chance >> 62) << 64 | 0b10 << 62
    return str(UUID(int=value | chance & (1 << 62) - 1))
