"""What every noun is made of."""

from __future__ import annotations

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every noun is: immutable, keyword-only, defaults left out on the wire."""
