"""Takes addresses out of text that came from outside: a volunteer's must not travel with a fact."""

from __future__ import annotations

import re
from ipaddress import ip_address

PLACEHOLDER = "[address]"

_CANDIDATE = re.compile(
    r"(?<![\d.])\d{1,3}(\.|-|_|%2[Ee])\d{1,3}\1\d{1,3}\1\d{1,3}(?!\d|\.\d)"
    r"|(?<![\w:.])[0-9A-Fa-f:]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*",
)
"""Also as links and host names write one: `host-192-0-2-7`, `ip=192%2E0%2E2%2E7`."""

_ESCAPED = re.compile("%3[Aa]")
_FEWEST = ((".", 3), (":", 2), ("-", 3), ("_", 3), ("%", 3))
"""With fewer of each there is no address."""


def scrub(text: str) -> str:
    """Replace every IPv4 and IPv6 address by a placeholder."""
    if all([text.count(sign) < fewest for sign, fewest in _FEWEST]):  # noqa: C419 — a list is faster
        return text
    plain = _CANDIDATE.sub(_replace, text)
    if "%3" not in plain:
        return plain
    opened = _ESCAPED.sub(":", plain)
    cleaned = _CANDIDATE.sub(_replace, opened)
    return plain if cleaned == opened else cleaned


def _replace(found: re.Match[str]) -> str:
    whole = found.group()
    if found.group(1):
        parts = whole.split(found.group(1))
        return PLACEHOLDER if all(int(part) < 256 for part in parts) else whole  # noqa: PLR2004 — a byte
    core = whole.rstrip(".:") if not whole.endswith("::") else whole
    for candidate in (whole, core):
        try:
            ip_address(candidate)
        except ValueError:
            continue
        return PLACEHOLDER + whole[len(candidate) :]
    return whole
