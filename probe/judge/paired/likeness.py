"""Whether two answers over plain HTTP are the same page: by status, length, headers and title."""

from __future__ import annotations

from enum import StrEnum

from probe.model import HttpExchange

SIMILAR = 0.7
"""Ratio of the lengths of one page got twice (ooni.md, section a)."""
TELLING_WORD = 5
"""Letters from which a title's word counts."""
SHARED_TITLE = 0.5
STUB_BYTES = 1000
"""A page so short and without a title is a forwarder's or a parked name's: nothing compares."""
COMMON = frozenset({
    "accept-ranges", "age", "alt-svc", "cache-control", "connection", "content-encoding",
    "content-language", "content-length", "content-security-policy", "content-type", "date", "etag",
    "expires", "last-modified", "link", "location", "p3p", "pragma", "referrer-policy", "server",
    "set-cookie", "strict-transport-security", "transfer-encoding", "vary", "via",
    "x-content-type-options", "x-frame-options", "x-xss-protection", "keep-alive", "retry-after",
})  # fmt: skip
"""Header names that any server or box may send: sharing them says nothing."""


class Likeness(StrEnum):
    NOTHING = "nothing"
    """One side has no page."""
    SAME = "same"
    OWN_WORDS = "own_words"
    """Another page, with headers that only the service's servers send."""
    OTHER = "other"
    """Another page, that shares nothing."""
    STUB = "stub"
    """The helper's own page has nothing to compare with."""


def likeness(here: HttpExchange | None, there: HttpExchange | None) -> Likeness:
    """Hold the vantage's final answer against the helper's."""
    if here is None or there is None or there.failure is not None or here.status is None:
        return Likeness.NOTHING
    status = here.status == there.status
    if status and _alike(here, there):
        return Likeness.SAME
    if _marks(here) & _marks(there):
        return Likeness.OWN_WORDS
    bare = status and there.length < STUB_BYTES and not there.title
    return Likeness.STUB if bare else Likeness.OTHER


def _alike(here: HttpExchange, there: HttpExchange) -> bool:
    """Any one likeness is enough: a page changes, and so do its length and its title."""
    cut = here.truncated and not here.title
    marked = bool(_marks(here) & _marks(there))
    return marked or cut or _title(here.title, there.title) or _length(here, there)


def _marks(page: HttpExchange) -> set[str]:
    return {header.name.lower() for header in page.headers} - COMMON


def _title(one: str, other: str) -> bool:
    here, there = _words(one), _words(other)
    if not here or not there:
        return False
    return len(here & there) >= SHARED_TITLE * len(here | there)


def _words(title: str) -> set[str]:
    return {word for word in title.lower().split() if len(word) >= TELLING_WORD}


def _length(here: HttpExchange, there: HttpExchange) -> bool:
    if here.truncated or not here.length or not there.length:
        return False
    small, large = sorted((here.length, there.length))
    return small > SIMILAR * large
