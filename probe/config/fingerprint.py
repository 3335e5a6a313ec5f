"""Lists of block-page fingerprints, read: OONI's CSV and Censored Planet's JSON lines.

A list is other people's work and changes without us: a file or line that cannot be used is left
out and named, and the rest serves.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

import msgspec

from probe.model import Fingerprint
from probe.model.country import CODES

MOST_BYTES = 16 * 1024 * 1024
"""Of one file."""
MOST_LINES = 50_000
MOST_SPAN = 20
"""Lines of one record, whose pattern may have several."""
LONGEST_PATTERN = 2000
SHORTEST_LITERAL = 4
"""Bytes: less is found on any page."""

FALSE_POSITIVE = "fp"
SCOPES = ("nat", "isp", "prod", "inst", "vbw", FALSE_POSITIVE)
"""OONI's, from the surest to the vaguest; what has another is taken for vague."""
VAGUE = "vbw"
PLANET = {
    "a_prod": "prod",
    "b_nat": "nat",
    "c_isp": "isp",
    "d_corp": "inst",
    "e_unk": VAGUE,
    "f_gen": VAGUE,
}
"""What a name of Censored Planet's begins with says whose notice it is; the names of its
false positives begin otherwise."""
COLUMNS = {"name", "scope", "location_found", "pattern_type", "pattern"}
KINDS = ("full", "prefix", "contains", "regexp")
DNS, BODY, PAGE = "dns", "body", "page"
HEADER = "header."
PLACES = re.compile(r"dns|body|header\.[a-z0-9-]{1,60}")

_UNCLOSED = "unexpected end of data"
"""The csv module's words for a quote that is still open."""
_META = set("|*+?()[]^$")
_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{1,62}")
_COUNTRY = re.compile(r"_([a-z]{2})(?:_|$)")

Piece = tuple[bytes, ...]
"""Texts with one byte of any kind between each two."""


class Pattern(msgspec.Struct, frozen=True):
    """What to look for: pieces in this order, with anything between them; no regular expression."""

    place: str
    """`dns`, `body`, `header.NAME`, or `page`: the header's lines and the body."""
    kind: str
    """`full`, `prefix` or `contains`."""
    pieces: tuple[Piece, ...]
    fingerprint: Fingerprint


class Loaded(msgspec.Struct, frozen=True):
    """What can be used, and what cannot: `file:line: why`."""

    patterns: tuple[Pattern, ...] = ()
    refused: tuple[str, ...] = ()


class _UnusableError(ValueError):
    """A line that is left out; the text says why."""


def load(paths: Iterable[str]) -> Loaded:
    """Read the lists; what cannot be read is in `refused`, and nothing is raised."""
    return _loaded(tuple((path, _stamp(path)) for path in paths))


@lru_cache(2)
def _loaded(files: tuple[tuple[str, tuple[int, int]], ...]) -> Loaded:
    patterns: dict[Pattern, None] = {}
    refused: list[str] = []
    for path, _ in files:
        for number, found in _file(path):
            if isinstance(found, Pattern):
                patterns[found] = None
            else:
                refused.append(f"{path}:{number}: {found}" if number else f"{path}: {found}")
    return Loaded(tuple(patterns), tuple(refused))


def _stamp(path: str) -> tuple[int, int]:
    try:
        seen = Path(path).stat()
    except (OSError, ValueError):
        return 0, 0
    return seen.st_mtime_ns, seen.st_size


def _file(path: str) -> Iterator[tuple[int, Pattern | str]]:
    """Each line's pattern, or why there is none; line 0 is the file itself."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        yield 0, f"cannot be read: {getattr(error, 'strerror', None) or error}"
        return
    if len(data) > MOST_BYTES:
        yield 0, f"is larger than {MOST_BYTES} bytes"
        return
    text = data.decode("utf-8-sig", "replace")
    yield from _planet(text) if text.lstrip().startswith("{") else _ooni(text)


# ── OONI's columns ───────────────────────────────────────────────────────────────────────────


def _ooni(text: str) -> Iterator[tuple[int, Pattern | str]]:
    lines = list(io.StringIO(text, newline=""))
    header, at = _record(lines, 0)
    if isinstance(header, str) or not set(header) >= COLUMNS:
        yield 1, f"neither JSON lines nor a CSV with the columns {', '.join(sorted(COLUMNS))}"
        return
    while at < min(len(lines), MOST_LINES):
        number = at + 1
        row, at = _record(lines, at, len(header))
        if row:
            yield (
                number,
                row if isinstance(row, str) else _row(dict(zip(header, row, strict=False))),
            )
    if at < len(lines):
        yield at, f"only the first {MOST_LINES} lines are used"


def _record(lines: Sequence[str], at: int, columns: int = 0) -> tuple[list[str] | str, int]:
    """Read the record of a line, or say what is wrong with it; and give where the next begins.

    A quote that nobody closes takes no line with it but its own.
    """
    wrong = ""
    for end in range(at + 1, min(at + MOST_SPAN, len(lines)) + 1):
        try:
            (row,) = csv.reader(lines[at:end], strict=True)
        except csv.Error as error:
            wrong = str(error)
            if wrong != _UNCLOSED:
                break
        else:
            if end == at + 1 or len(row) == columns:
                return row, end
            break
    return f"is no record of a CSV{f': {wrong}' if wrong else ''}", at + 1


def _row(row: dict[str, str]) -> Pattern | str:
    place = row.get("location_found", "").lower()
    kind = row.get("pattern_type", "")
    if not row.get("name") or not PLACES.fullmatch(place):
        return "has no name" if not row.get("name") else f"{place!r} is no place of a pattern"
    if kind not in KINDS:
        return f"{kind!r} is no type of a pattern; it must be one of {', '.join(KINDS)}"
    if place == DNS and not (kind == "full" and _is_answer(row.get("pattern", ""))):
        return "a pattern of dns must be a full address, or the full name that a CNAME gives"
    scope = row.get("scope", "")
    countries = re.findall(r"[A-Z]{2}", row.get("expected_countries") or "")
    known = Fingerprint(row["name"], scope if scope in SCOPES else VAGUE, tuple(countries))
    try:
        return _pattern(place, kind, row.get("pattern", ""), known)
    except _UnusableError as error:
        return str(error)


def _is_answer(text: str) -> bool:
    try:
        return str(ip_address(text)) == text
    except ValueError:
        return _NAME.fullmatch(text) is not None


# ── Censored Planet's lines ──────────────────────────────────────────────────────────────────


def _planet(text: str) -> Iterator[tuple[int, Pattern | str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if number > MOST_LINES:
            yield number, f"only the first {MOST_LINES} lines are used"
            return
        if line.strip():
            yield number, _line(line)


def _line(line: str) -> Pattern | str:
    try:
        held = json.loads(line)
    except (ValueError, RecursionError):
        return "is not JSON"
    if not isinstance(held, dict):
        return "is not a JSON object"
    name, pattern = held.get("fingerprint"), held.get("pattern")
    if not isinstance(name, str) or not isinstance(pattern, str) or not name:
        return 'must have "fingerprint" and "pattern", both texts'
    scope = PLANET.get("_".join(name.split("_")[:2]), FALSE_POSITIVE)
    country = _COUNTRY.search(name[len("x_") :])
    named = country.group(1).upper() if country else ""
    countries = (named,) if named in CODES and scope != FALSE_POSITIVE else ()
    try:
        return _pattern(PAGE, "regexp", pattern, Fingerprint(f"cp.{name}", scope, countries))
    except _UnusableError as error:
        return str(error)


# ── patterns ─────────────────────────────────────────────────────────────────────────────────


def _pattern(place: str, kind: str, text: str, known: Fingerprint) -> Pattern:
    if not text or len(text) > LONGEST_PATTERN:
        raise _UnusableError(f"the pattern is empty, or longer than {LONGEST_PATTERN} letters")
    pieces = _pieces(text) if kind == "regexp" else ((text.encode("utf-8", "replace"),),)
    longest = max((len(part) for piece in pieces for part in piece), default=0)
    if kind in {"contains", "regexp"} and longest < SHORTEST_LITERAL:
        raise _UnusableError(
            f"no part of the pattern has {SHORTEST_LITERAL} bytes: any page has it"
        )
    return Pattern(place, "contains" if kind == "regexp" else kind, pieces, known)


def _pieces(text: str) -> tuple[Piece, ...]:
    """Read the regular expressions that are used: text, escaped letters, `.` and `.*`.

    More would let a list decide how long a page is searched.
    """
    pieces: list[list[str]] = [[""]]
    letters = iter(re.findall(r"\\.|\.\*|.", text, re.DOTALL))
    for letter in letters:
        if letter == ".*":
            pieces.append([""])
        elif letter == ".":
            pieces[-1].append("")
        elif letter in _META or (letter[0] == "\\" and (len(letter) == 1 or letter[1].isalnum())):
            raise _UnusableError(
                f"{letter!r} is not supported in a pattern; escape it as \\{letter[-1]}"
            )
        else:
            pieces[-1][-1] += letter[-1]
    made = (tuple(part.encode("utf-8", "replace") for part in piece) for piece in pieces)
    return tuple(piece for piece in made if any(piece))
