"""Takes addresses out of text that came from outside: a volunteer's must not travel with a fact."""

from __future__ import annotations

import re
from ipaddress import ip_address

PLACEHOLDER = "[address]"

_CANDIDATE = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)"
    r"|(?<![\w:.])[0-9A-Fa-f:]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*",
)

_DOTS, _COLONS = 3, 2
"""Fewer of both are in no address."""


def scrub(text: str) -> str:
    """Replace every IPv4 and IPv6 address by a placeholder."""
    if text.count(".") < _DOTS and text.count(":") < _COLONS:
        return text
    return _CANDIDATE.sub(_replace, text)


def _replace(found: re.Match[str]) -> str:
    whole = found.group()
    core = whole.rstrip(".:") if not whole.endswith("::") else whole
    for candidate in (whole, core):
        try:
            ip_address(candidate)
        except ValueError:
            continue
        return PLACEHOLDER + whole[len(candidate) :]
    return whole
