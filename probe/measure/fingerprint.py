"""Which known block notice a page or an address is: by lists of fingerprints, in bounded time.

Bodies are only here, and none is kept: so a page is held against the lists where it is measured,
and the name of what it matched travels with the facts. A match is a fact; whether it speaks of
filtering is the judge's. Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from probe.config.fingerprint import (
    BODY,
    DNS,
    FALSE_POSITIVE,
    HEADER,
    SCOPES,
    Pattern,
    Piece,
)
from probe.measure import page
from probe.model import Fingerprint

SCANNED = 32 * 1024
"""Bytes of a body that are looked at: a notice is a short page."""
_WINDOW = 6
"""Bytes by which patterns are looked up: one pass over a page names the few that may be in it."""
_MOST_TRIES = 64
"""Of one piece with gaps, at one place after the other."""
_MOST_KEPT = 256
_FLEETING = frozenset(
    {"date", "age", "expires", "last-modified", "etag", "set-cookie", "cf-ray", "x-timer"}
)
"""Headers that differ from round to round: by them no page is looked up anew."""

Headers = Sequence[tuple[str, str]]


class Fingerprints:
    """The patterns of all lists, ready to be looked up."""

    def __init__(self, patterns: Iterable[Pattern] = ()) -> None:
        self._answers: dict[str, list[Pattern]] = defaultdict(list)
        self._headers: dict[str, list[Pattern]] = defaultdict(list)
        self._pages: list[Pattern] = []
        for pattern in patterns:
            if pattern.place == DNS:
                self._answers[pattern.pieces[0][0].decode()].append(pattern)
            elif pattern.place.startswith(HEADER):
                self._headers[pattern.place.removeprefix(HEADER)].append(pattern)
            else:
                self._pages.append(pattern)
        self._by_window, self._short = _indexed(self._pages)
        self._kept: dict[tuple[str, tuple[tuple[str, str], ...]], Fingerprint | None] = {}

    def __bool__(self) -> bool:
        return bool(self._answers or self._headers or self._pages)

    def of_answers(self, answers: Iterable[str]) -> Fingerprint | None:
        """Name the notice at one of the addresses, or under one of the names that lead there."""
        if not self._answers:
            return None
        found = [held for answer in answers for held in self._answers.get(answer, ())]
        return _surest(found)

    def of_page(self, headers: Headers, body: bytes, digest: str) -> Fingerprint | None:
        """Name the notice that a page is; what is also a known false positive is none."""
        if not self:
            return None
        steady = tuple(pair for pair in headers if pair[0].lower() not in _FLEETING)
        key = (digest, steady)
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = _surest([*self._in_headers(headers), *self._in_page(headers, body)])
        return self._kept[key]

    def _in_headers(self, headers: Headers) -> Iterator[Pattern]:
        for name, value in headers:
            for pattern in self._headers.get(name.lower(), ()):
                if _found(pattern, value.encode("utf-8", "replace")):
                    yield pattern

    def _in_page(self, headers: Headers, body: bytes) -> Iterator[Pattern]:
        if not self._pages:
            return
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        charset = page.charset(body, kind)
        text = body[:SCANNED]
        if charset.lower() not in {"utf-8", "utf8", "us-ascii", "ascii"}:
            text = page.text(text, charset).encode()
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        whole = lines.encode("utf-8", "replace")[:SCANNED] + b"\r\n" + text
        windows = {whole[at : at + _WINDOW] for at in range(len(whole) - _WINDOW + 1)}
        likely = (
            held for key in windows & self._by_window.keys() for held in self._by_window[key]
        )
        for pattern in (*likely, *self._short):
            if _found(pattern, text if pattern.place == BODY else whole):
                yield pattern


def _indexed(patterns: Sequence[Pattern]) -> tuple[dict[bytes, list[Pattern]], list[Pattern]]:
    """Put each pattern under that window of it which the fewest others have."""
    windows = {pattern: _windows(pattern) for pattern in patterns}
    usual = Counter(window for held in windows.values() for window in held)
    found: dict[bytes, list[Pattern]] = defaultdict(list)
    short: list[Pattern] = []
    for pattern, held in windows.items():
        if held:
            found[min(held, key=lambda window: (usual[window], window))].append(pattern)
        else:
            short.append(pattern)
    return dict(found), short


def _windows(pattern: Pattern) -> set[bytes]:
    longest = max((part for piece in pattern.pieces for part in piece), key=len)
    return {longest[at : at + _WINDOW] for at in range(len(longest) - _WINDOW + 1)}


def _surest(found: Sequence[Pattern]) -> Fingerprint | None:
    named = [pattern.fingerprint for pattern in found]
    if any(one.scope == FALSE_POSITIVE for one in named):
        return None
    return min(named, key=_sureness, default=None)


def _sureness(one: Fingerprint) -> tuple[int, str]:
    return SCOPES.index(one.scope), one.name


def _found(pattern: Pattern, text: bytes) -> bool:
    whole = pattern.pieces[0][0]
    match pattern.kind:
        case "full":
            return text.strip() == whole.strip()
        case "prefix":
            return text.startswith(whole)
        case _:
            return _in_order(pattern.pieces, text)


def _in_order(pieces: Iterable[Piece], text: bytes) -> bool:
    """Find every piece after the one before it: the first place of each is as good as any."""
    at = 0
    for piece in pieces:
        at = _after(piece, text, at)
        if at < 0:
            return False
    return True


def _after(piece: Piece, text: bytes, at: int) -> int:
    """Find a piece from here on; give where it ends, or -1."""
    for _ in range(_MOST_TRIES):
        at = text.find(piece[0], at)
        if at < 0:
            return -1
        end = _fits(piece, text, at)
        if end >= 0:
            return end
        at += 1
    return -1


def _fits(piece: Piece, text: bytes, at: int) -> int:
    end = at
    for number, part in enumerate(piece):
        end += 1 if number else 0
        if not text.startswith(part, end):
            return -1
        end += len(part)
    return end
