"""What an endpoint's URL asks for: a page, an open port, or the addresses of a name. Pure.

`http:` and `https:` are asked for a page; `tcp://host:port` only whether a connection can be made;
`dns:name`, or `dns://resolver/name?type=AAAA`, what the name resolves to (RFC 4501), with
`dns+tls://name@resolver/name`, and `dns+tcp` and `dns+https` alike, over another transport.
"""

from __future__ import annotations

from functools import lru_cache
from typing import final
from urllib.parse import SplitResult

import msgspec

from probe.measure.message import TYPES, Question
from probe.measure.resolver import Server, named
from probe.measure.site import PORTS, BadUrlError, Site, host_of, is_address, parse, port_of, split
from probe.model import Layer

OVER = "dns+"
WANTED = "the scheme must be http, https, tcp or dns"


@final
class Name(msgspec.Struct, frozen=True):
    """A name to be resolved, and nothing more."""

    question: Question
    server: Server | None
    """None for the resolver that is asked anyway."""

    @property
    def host(self) -> str:
        return self.question.name


Goal = Site | Name


@lru_cache(4096)
def goal(url: str) -> Goal:
    """Read an endpoint's URL. Raises BadUrlError."""
    parts = split(url)
    if parts.scheme.startswith(OVER):
        return _over(parts)
    if "@" in parts.netloc:
        raise BadUrlError("it has a user name in it; leave out what stands before the @")
    if parts.scheme in PORTS:
        return parse(url)
    if parts.scheme == "tcp":
        return _port(parts)
    if parts.scheme == "dns":
        return _name(parts)
    raise BadUrlError(f"{WANTED}, not {parts.scheme or 'nothing'!r}")


@lru_cache(4096)
def depth(url: str) -> Layer:
    """How deep a chain goes for it where all goes well. Raises BadUrlError."""
    match goal(url):
        case Name():
            return Layer.DNS
        case Site(scheme="tcp"):
            return Layer.TCP
        case Site():
            return Layer.HTTP


def _port(parts: SplitResult) -> Site:
    host, port = host_of(parts), port_of(parts)
    if not port or parts.path not in {"", "/"} or parts.query:
        raise BadUrlError("it must be tcp://host:port")
    return Site(scheme="tcp", host=host, port=port, target="", literal=is_address(host))


def _name(parts: SplitResult) -> Name:
    path = parts.path.removeprefix("/")
    host = host_of(split(f"dns://{path}"))
    if "/" in path or ":" in path or is_address(host):
        raise BadUrlError(f"{path!r} is not a name")
    kind = parts.query.lower().removeprefix("type=").upper() if parts.query else "A"
    if kind not in TYPES:
        raise BadUrlError(f"it asks for {kind!r}; a name is asked for type=A or type=AAAA")
    return Name(Question(host, kind), _server(parts.netloc))


def _over(parts: SplitResult) -> Name:
    """What stands before the last slash is the resolver's, as it is written elsewhere."""
    path, _, name = parts.path.rpartition("/")
    server = f"{parts.scheme.removeprefix(OVER)}://{parts.netloc}{path}"
    plain = _name(parts._replace(netloc="", path=name))
    return Name(plain.question, _server(server))


def _server(text: str) -> Server | None:
    try:
        return named(text) if text else None
    except ValueError as error:
        raise BadUrlError(f"the resolver {error}") from None
