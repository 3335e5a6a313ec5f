"""Which pages are one page: by the digests of their words, which an agent makes (measure.simhash)."""

from __future__ import annotations

import re
from collections.abc import Mapping

NEAR = 8
"""Bits of 64 in which one page differs from itself got twice, at most: pages that share nothing
differ in 32 ± 4, and a notice that tells another date, address and name each time in up to 5."""
MOST_KINDS = 64
"""Different pages of one endpoint that are told apart by likeness; more are told by digest alone."""

_DIGEST = re.compile(r"[0-9a-f]{16}")


def near(one: str, other: str) -> bool:
    """Whether two pages are alike; a page without a digest of its words is like none."""
    here, there = _bits(one), _bits(other)
    return here is not None and there is not None and (here ^ there).bit_count() <= NEAR


def kinds(words: Mapping[str, str]) -> dict[str, str]:
    """Give each page (its digest; its words' digest) the first page that it is like."""
    first: dict[str, int] = {}
    found: dict[str, str] = {}
    for digest in sorted(words):
        bits = _bits(words[digest])
        like = digest if bits is None else _first(first, bits) or digest
        if bits is not None and like == digest and len(first) < MOST_KINDS:
            first[digest] = bits
        found[digest] = like
    return found


def _bits(text: str) -> int | None:
    """Read a digest; an agent may send anything for one."""
    return int(text, 16) if _DIGEST.fullmatch(text) else None


def _first(kinds: Mapping[str, int], bits: int) -> str:
    return next((name for name, held in kinds.items() if (bits ^ held).bit_count() <= NEAR), "")
