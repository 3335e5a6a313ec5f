"""Takes addresses out of text that came from outside: a volunteer's must not travel with a fact.

Whose address it is cannot be known from here (behind a NAT nobody is told his own), so all are
taken out, in every way that a page, a header or an error has been seen to write one.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from ipaddress import ip_address

PLACEHOLDER = "[address]"

_BYTE = r"(?:0[xX][0-9A-Fa-f]{1,2}|0[0-7]{3}|\d{1,3})"
_PARTED = re.compile(rf"(?<![\d.]){_BYTE}(\.|-|_){_BYTE}\1{_BYTE}\1{_BYTE}(?!\d|\.\d)")
"""Decimal, octal, hexadecimal; also as links and host names write one: `host-192-0-2-7`."""
_COLONS = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*")
_NIBBLES = re.compile(r"(?<![\w.])(?:[0-9A-Fa-f]\.){15,31}[0-9A-Fa-f](?!\w|\.\w\.)")
"""As reverse DNS has them (RFC 3596), of a /64 or longer."""
_DASHED = re.compile(r"(?<![\w-])[0-9A-Fa-f]{1,4}(?:-[0-9A-Fa-f]{1,4}){7}(?![\w-])")
_WHOLE = re.compile(
    r"(?<![\w.])(?<!max-age=)(?<!maxage=)(?:0[xX][0-9A-Fa-f]{7,8}|\d{8,12})(?![\w]|\.\d)"
)
"""A whole number; ages of a cache are that long too, and say what they are."""
_SMALLEST, _LARGEST = 2**24, 2**32 - 1
"""Below, it is an address of 0.0.0.0/8, which nobody has."""
_ENCODED = re.compile(r"[A-Za-z0-9+_-]{10,}={0,2}")
"""Base64 that has an address in it; the letters of one never come to a slash."""
_ESCAPED = re.compile(r"%(?:25)*(2[DdEe]|3[0-9Aa]|[46][1-6]|[57]8|5[Ff])")
"""Percent signs before what an address is written with, and if they are escaped themselves."""
_LONG = re.compile(r"\d{8}|0[xX][0-9A-Fa-f]{7}")


def scrub(text: str) -> str:
    """Replace every IPv4 and IPv6 address by a placeholder, however it is written."""
    plain = _whole(_parted(text))
    if "%" not in plain:
        return plain
    opened = _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), plain)
    cleaned = _whole(_parted(opened))
    return plain if cleaned == opened else cleaned


def _whole(text: str) -> str:
    """Replace what has no sign between its parts."""
    if _LONG.search(text):
        text = _WHOLE.sub(_replacing(_is_number), text)
    return _ENCODED.sub(_decoded, text)


def _parted(text: str) -> str:
    """Look only for what there are signs enough for: most texts have none."""
    if text.count(":") > 1:
        text = _COLONS.sub(_six, text)
    dots, dashes = text.count("."), text.count("-")
    if dots > 14:  # noqa: PLR2004 — of sixteen nibbles
        text = _NIBBLES.sub(PLACEHOLDER, text)
    if dashes > 6:  # noqa: PLR2004 — of eight groups
        text = _DASHED.sub(PLACEHOLDER, text)
    if dots > 2 or dashes > 2 or text.count("_") > 2:  # noqa: PLR2004 — of four bytes
        text = _PARTED.sub(_replacing(_is_parted), text)
    return text


def _replacing(is_one: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
    return lambda found: PLACEHOLDER if is_one(found.group()) else found.group()


def _is_parted(written: str) -> bool:
    return all(_byte(part) < 256 for part in re.split(r"[.\-_]", written))  # noqa: PLR2004 — a byte


def _byte(part: str) -> int:
    if part[:2] in {"0x", "0X"}:
        return int(part, 16)
    return int(part, 8 if len(part) > 3 else 10)  # noqa: PLR2004 — 0377 alone needs four


def _is_number(written: str) -> bool:
    if written[:2] in {"0x", "0X"}:
        base = 16
    else:
        base = 8 if written.startswith("0") and not set(written) & set("89") else 10
    return _SMALLEST <= int(written, base) <= _LARGEST


def _decoded(found: re.Match[str]) -> str:
    written = found.group()
    bare = written.rstrip("=").replace("+", "-")
    try:
        meant = urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode("ascii")
    except (NotBase64, UnicodeDecodeError):
        return written
    return PLACEHOLDER if meant.isprintable() and _parted(meant) != meant else written


def _six(found: re.Match[str]) -> str:
    whole = found.group()
    core = whole.rstrip(".:") if not whole.endswith("::") else whole
    for candidate in (whole, core):
        try:
            ip_address(candidate)
        except ValueError:
            continue
        return PLACEHOLDER + whole[len(candidate) :]
    return whole
