"""Which delivery network answered, and from which of its sites, by the headers it adds."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from probe.judge.once import Once
from probe.model import Header

_READ = {
    "cf-ray": ("cloudflare", ".*-", ""),
    "x-amz-cf-pop": ("cloudfront", "", "[0-9].*"),
    "x-served-by": ("fastly", ".*-", ""),
}
"""Header → network, and what is before and behind the airport code of its site in the value
(attribution.md, 7.6). The rest of it is another with every answer."""
NOWHERE = ("", "")
_PLACE = "[A-Z]{3}"
_VALUES = {
    name: (network, re.compile(f"{before}({_PLACE}){behind}", re.DOTALL).fullmatch)
    for name, (network, before, behind) in _READ.items()
}


def site(headers: Iterable[Header]) -> tuple[str, str]:
    """Return network and site, `("cloudflare", "LHR")`; empty strings where none is told."""
    for header in headers:
        name = header.name.lower()
        if name in _VALUES:
            network, place = _VALUES[name]
            found = place(header.value.strip())
            return _SITES[network, found[1] if found else ""]
    return NOWHERE


def _sign(name: str, before: str, behind: str) -> str:
    value = f"{before}({_PLACE}){behind}".replace(".", r'[^"\\]')
    return rf'(?i:{name})"\s*,\s*"(?:{value}")?'


_SIGNS = "|".join([_sign(name, *around) for name, (_, *around) in _READ.items()])
_FIRST = "".join(sorted({letter for name in _READ for letter in (name[0], name[0].upper())}))
_WRITTEN = re.compile(rf'\["(?=[{_FIRST}])(?:{_SIGNS})'.encode()).search
"""The first such header in JSON, and its place if that is told without oddities: a group of each.

It is found in no string: there, a quote behind a bracket is the end, or has a backslash before it.
"""


def written(headers: bytes) -> tuple[str, str]:
    """As `site`, of headers in JSON that has no blanks between a bracket and a name."""
    found = _WRITTEN(headers)
    if found is None:
        return NOWHERE
    told = _PLACES[found.groups()]
    return told or site(msgspec.json.decode(headers, type=tuple[Header, ...]))


def _told(places: tuple[bytes | None, ...]) -> tuple[str, str] | None:
    for (network, *_), place in zip(_READ.values(), places, strict=True):
        if place is not None:
            return _SITES[network, place.decode()]
    return None


_SITES: Once[tuple[str, str], tuple[str, str]] = Once(lambda told: told, 4096)
"""Each held once: a window is large."""
_PLACES = Once(_told, 4096)
