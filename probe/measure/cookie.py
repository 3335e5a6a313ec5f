"""Cookies from one redirect to the next, for sites that turn in a circle without; never kept. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_MOST = 50
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Cookie:
    name: str
    value: str
    domain: str
    below: bool
    """Good for names below the domain too."""


Jar = tuple[Cookie, ...]


def received(jar: Jar, host: str, headers: Iterable[tuple[str, str]]) -> Jar:
    """Take in an answer's Set-Cookie headers; a newer cookie replaces its elder."""
    kept = {(cookie.name, cookie.domain): cookie for cookie in jar}
    for name, text in headers:
        cookie = _read(text, host) if name.lower() == "set-cookie" else None
        if cookie is not None:
            kept[cookie.name, cookie.domain] = cookie
    return tuple(kept.values())[-_MOST:]


def sent(jar: Jar, host: str) -> str:
    """Write the Cookie header's value for a host; empty when there is nothing to send."""
    return "; ".join(
        f"{cookie.name}={cookie.value}"
        for cookie in jar
        if host == cookie.domain or (cookie.below and host.endswith(f".{cookie.domain}"))
    )


def _read(text: str, host: str) -> Cookie | None:
    pair, *attributes = text[:_LONGEST].split(";")
    name, found, value = pair.strip().partition("=")
    if not found or not name or not text.isprintable():
        return None
    asked = (part.strip().partition("=") for part in attributes)
    domains = [value.lstrip(".").lower() for key, _, value in asked if key.lower() == "domain"]
    domain = domains[-1] if domains else ""
    if not domain:
        return Cookie(name, value, host, below=False)
    if host != domain and not host.endswith(f".{domain}"):
        return None
    return Cookie(name, value, domain, below=True)
