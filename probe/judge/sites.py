"""Which delivery network answered, and from which of its sites, by the headers it adds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from probe.model import Header

_READ = {
    "cf-ray": ("cloudflare", re.compile(r"-([A-Z]{3})$")),
    "x-amz-cf-pop": ("cloudfront", re.compile(r"^([A-Z]{3})\d")),
    "x-served-by": ("fastly", re.compile(r"-([A-Z]{3})$")),
}
"""Header → network, and where the airport code of the site stands in its value
(attribution.md, 7.6)."""


def site(headers: Iterable[Header]) -> tuple[str, str]:
    """Return network and site, `("cloudflare", "LHR")`; empty strings where none is told."""
    for header in headers:
        name = header.name.lower()
        if name in _READ:
            return _read(name, header.value)
    return "", ""


@lru_cache(maxsize=4096)
def _read(name: str, value: str) -> tuple[str, str]:
    network, place = _READ[name]
    found = place.search(value.strip())
    return network, found.group(1) if found else ""
