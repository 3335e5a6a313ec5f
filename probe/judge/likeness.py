"""Which pages are one page: by the digests of their words, which an agent makes (measure.simhash)."""

from __future__ import annotations

from collections.abc import Mapping

NEAR = 8
"""Bits of 64 in which one page differs from itself got twice, at most: pages that share nothing
differ in 32 ± 4, and a notice that tells another date, address and name each time in up to 5."""
MOST_KINDS = 64
"""Different pages of one endpoint that are told apart by likeness; more are told by digest alone."""


def near(one: str, other: str) -> bool:
    """Whether two pages are alike; a page without a digest of its words is like none."""
    if not one or not other:
        return False
    return (int(one, 16) ^ int(other, 16)).bit_count() <= NEAR


def kinds(words: Mapping[str, str]) -> dict[str, str]:
    """Give each page (its digest; its words' digest) the first page that it is like."""
    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for digest in sorted(words):
        like = next((one for one, held in first.items() if near(words[digest], held)), digest)
        if like == digest and len(first) < MOST_KINDS:
            first[digest] = words[digest]
        found[digest] = like
    return found
