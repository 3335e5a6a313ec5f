"""What every noun is made of."""

from __future__ import annotations

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What every noun is: immutable, keyword-only, defaults left out on the wire.

    `gc=False`: an immutable record can be in no cycle, and a collector that walks a window of
    millions again and again costs many times what decoding them does.
    """
