"""A URL taken apart into what the steps need: scheme, host, port, what to ask for. Pure."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import msgspec

PORTS = {"http": 80, "https": 443}

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""What inet_aton() would read as an address, or a part of one."""
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LONGEST_NAME = 253
_LONGEST_URL = 8000
_KEPT = "/?&=;:@!$'()*+,%~-._[]|"


class BadUrlError(ValueError):
    """Not a URL that can be probed; the text says what is wrong with it."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    scheme: str
    """http or https; tcp where only the port is of interest."""
    host: str
    """In ASCII (IDNA), lower case, without a trailing dot; an address without brackets."""
    port: int
    target: str
    """Path and query, as the request line wants them."""
    literal: bool
    """The host is an address, not a name."""

    @property
    def authority(self) -> str:
        """The host as a URL and the Host header write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS.get(self.scheme) else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse(url: str) -> Site:
    """Take a URL apart. Raises BadUrlError."""
    parts = split(url)
    if parts.scheme not in PORTS:
        raise BadUrlError(f"the scheme must be http or https, not {parts.scheme or 'nothing'!r}")
    host = host_of(parts)
    return Site(
        scheme=parts.scheme,
        host=host,
        port=port_of(parts) or PORTS[parts.scheme],
        target=_target(parts),
        literal=is_address(host),
    )


def join(site: Site, location: str) -> Site:
    """Follow a Location header from here; user names in it are dropped. Raises BadUrlError."""
    location = location.strip()
    try:
        # urljoin() would read `http://` and `http:///x`, which name no host, as from here.
        return parse(location if _ABSOLUTE.match(location) else urljoin(site.url, location))
    except BadUrlError:
        raise
    except ValueError as error:
        raise BadUrlError(str(error)) from None


def is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def split(url: str) -> SplitResult:
    """Split a URL of a bearable length. Raises BadUrlError."""
    if len(url) > _LONGEST_URL:
        raise BadUrlError(f"it is longer than {_LONGEST_URL} characters")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise BadUrlError(str(error)) from None


def host_of(parts: SplitResult) -> str:
    """Give the host as a Site has it. Raises BadUrlError."""
    host = (parts.hostname or "").removesuffix(".")
    if not host:
        raise BadUrlError("it names no host")
    if is_address(host) and "%" not in host:
        return host
    if "[" in parts.netloc:
        raise BadUrlError(f"{host!r} in brackets is no IPv6 address")
    try:
        name = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise BadUrlError(f"{host!r} is not a host name") from None
    labels = name.split(".")
    proper = len(name) <= _LONGEST_NAME and all(map(_LABEL.fullmatch, labels))
    if not proper or _NUMBER.fullmatch(labels[-1]):
        raise BadUrlError(f"{host!r} is not a host name")
    return name


def port_of(parts: SplitResult) -> int | None:
    """Give the port that the URL names. Raises BadUrlError."""
    with suppress(ValueError):
        if parts.port != 0:
            return parts.port
    raise BadUrlError("the port must be from 1 to 65535")


def _target(parts: SplitResult) -> str:
    path = quote(parts.path, safe=_KEPT) or "/"
    return f"{path}?{quote(parts.query, safe=_KEPT)}" if parts.query else path
