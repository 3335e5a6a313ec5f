"""Which delivery network answered, and from which of its sites, by the headers it adds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from probe.model import Header

_Read = tuple[str, slice, re.Pattern[str]]
_READ: dict[str, _Read] = {
    "cf-ray": ("cloudflare", slice(-4, None), re.compile(r"-([A-Z]{3})$")),
    "x-amz-cf-pop": ("cloudfront", slice(4), re.compile(r"^([A-Z]{3})\d")),
    "x-served-by": ("fastly", slice(-4, None), re.compile(r"-([A-Z]{3})$")),
}
"""Header → network, where in its value the airport code of the site stands, and how
(attribution.md, 7.6). The rest of it is another with every answer."""
NOWHERE = ("", "")


def site(headers: Iterable[Header]) -> tuple[str, str]:
    """Return network and site, `("cloudflare", "LHR")`; empty strings where none is told."""
    for header in headers:
        name = header.name.lower()
        if name in _READ:
            return _read(name, header.value.strip()[_READ[name][1]])
    return NOWHERE


_WRITTEN = tuple((f'["{name}","'.encode(), name) for name in _READ)


def written(headers: bytes) -> tuple[str, str]:
    """As `site`, of headers in JSON as msgspec writes it: without blanks or a letter escaped."""
    lower = headers.lower()
    found = [(at, len(sign), name) for sign, name in _WRITTEN if (at := lower.find(sign)) >= 0]
    if not found:
        return NOWHERE
    at, length, name = min(found)
    value = headers[at + length : headers.index(b'"', at + length)]
    if b"\\" in value:
        return site(msgspec.json.decode(headers, type=tuple[Header, ...]))
    return _read(name, value.decode().strip()[_READ[name][1]])


@lru_cache(maxsize=4096)
def _read(name: str, value: str) -> tuple[str, str]:
    network, _, place = _READ[name]
    found = place.search(value)
    return network, found.group(1) if found else ""
