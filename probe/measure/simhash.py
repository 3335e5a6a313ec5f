"""A small digest of a page's words that is alike for pages alike (Charikar 2002): pure.

The words themselves cannot be read back from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from itertools import islice

READ = 64 * 1024
"""Bytes of a body that are read."""
MOST_WORDS = 2000
FEWEST_WORDS = 8
"""A page of fewer is told apart by its digest; by so few words pages are alike by chance."""

_TAG = re.compile(rb"<[^<>]{0,1000}>")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2,40}")
"""Without digits: dates, ticket numbers and the reader's address are another's on every page."""
_BITS = 64
_LANE = 16
"""Bits of one counter: it holds more than MOST_WORDS."""
_SPREAD = [sum(((byte >> bit) & 1) << (_LANE * bit) for bit in range(8)) for byte in range(256)]
"""A byte, each of its bits in a counter of its own."""


def simhash(body: bytes) -> str:
    """Give 64 bits in hex, each as most of the page's different words have it; or nothing."""
    words = set(islice(_words(body), MOST_WORDS))
    if len(words) < FEWEST_WORDS:
        return ""
    counts = [0] * (_BITS // 8)
    for word in words:
        for place, byte in enumerate(blake2b(word, digest_size=_BITS // 8).digest()):
            counts[place] += _SPREAD[byte]
    half = len(words) / 2
    lanes = (count >> (_LANE * bit) & 0xFFFF for count in counts for bit in reversed(range(8)))
    bits = "".join("1" if lane > half else "0" for lane in lanes)
    return f"{int(bits, 2):016x}"


def _words(body: bytes) -> Iterator[bytes]:
    text = _TAG.sub(b" ", body[:READ])
    return (found.group().lower() for found in _WORD.finditer(text))
