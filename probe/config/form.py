"""Whether one text has the form that its field asks for."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from probe.model.country import CODES, UNKNOWN
from probe.model.letters import commands

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LISTEN = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9.-]*)):(?P<port>[0-9]{1,5})"
)
LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
DNS = re.compile(
    r"(?:dns:(?://(?P<server>[^/?#]*)/)?|dns\+(?P<other>[a-z]+://[^/?#]*(?:/[^?#]*)?)/)"
    r"(?P<name>[^/?#:]+)(?:\?type=(?:A|AAAA))?",
    re.IGNORECASE,
)
RESOLVER = re.compile(
    r"(?:(?P<transport>tcp|(?P<sealed>tls|(?P<web>https)))://(?(sealed)(?:(?P<name>[^@/]+)@)?))?"
    r"(?P<place>\[[^\[\]/@]+\]|[^:\[\]/@]+|[^\[\]/@]*:[^\[\]/@]*:[^\[\]/@]*)"
    r"(?::(?P<port>[0-9]{1,5}))?(?(web)(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?)",
    re.IGNORECASE,
)
"""Where a resolver stands, and how it is spoken to; the name is its certificate's."""
RESOLVER_WANTED = (
    "an address[:port], or tcp://address, tls://name@address, https://name@address/dns-query"
)
MAX_PORT = 65535
MAX_NAME = 253
MAX_URL = 8000
METHODS = ("GET", "HEAD", "OPTIONS", "POST")


def is_id(text: str) -> bool:
    return bool(ID.fullmatch(text))


def is_name(text: str) -> bool:
    """For people, in any script, and no more than text wherever it is shown."""
    return not commands(text)


def is_country(text: str) -> bool:
    return text in CODES or text == UNKNOWN


def is_country_or_empty(text: str) -> bool:
    return not text or is_country(text)


def is_url(text: str) -> bool:
    if not text.isprintable() or " " in text or not text.isascii() or len(text) > MAX_URL:
        return False
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in {"http", "https"}
            and is_host((parts.hostname or "").removesuffix("."))
            and parts.username is None
            and parts.port != 0
        )
    except ValueError:
        return False


def is_endpoint_url(text: str) -> bool:
    """As `is_url`; or `tcp://host:port`, or `dns:name` with a resolver and a type (RFC 4501)."""
    port = text.removesuffix("/").removeprefix("tcp://") if text.startswith("tcp://") else ""
    return is_url(text) or is_reachable(port) or is_dns_url(text)


def is_dns_url(text: str) -> bool:
    found = DNS.fullmatch(text)
    if not found or is_address(found["name"]) or not is_host(found["name"].removesuffix(".")):
        return False
    server = found["other"] or found["server"]
    return not server or is_resolver(server)


def is_host(text: str) -> bool:
    """A DNS name, its last label no number (RFC 3696, section 2), or an address."""
    if is_address(text):
        return "%" not in text
    labels = text.split(".")
    named = len(text) <= MAX_NAME and all(map(LABEL.fullmatch, labels))
    return named and not labels[-1].isdigit()


def is_host_or_empty(text: str) -> bool:
    return not text or (is_host(text) and not is_address(text))


def is_guarded_url(text: str) -> bool:
    """Https anywhere, http on loopback alone: a token must not cross a network in the clear."""
    return is_url(text) and (urlsplit(text).scheme == "https" or _is_loopback(text))


def is_listen(text: str) -> bool:
    if not text or re.fullmatch(r"fd:[0-9]{1,4}", text):
        return True
    found = LISTEN.fullmatch(text)
    if not found or int(found["port"]) > MAX_PORT:
        return False
    return found["v6"] is None or is_address(found["v6"])


def is_reachable(text: str) -> bool:
    """`host:port` or `[v6]:port` of another machine."""
    host, _, port = text.rpartition(":")
    named = is_host(host) and ":" not in host
    bracketed = host.startswith("[") and host.endswith("]") and is_address(host[1:-1])
    return (named or bracketed) and is_port(port)


def is_port(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,5}", text)) and 0 < int(text) <= MAX_PORT


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_resolver(text: str) -> bool:
    found = RESOLVER.fullmatch(text)
    if not found or len(text) > MAX_URL or not is_address(found["place"].strip("[]")):
        return False
    name, port = found["name"], found["port"]
    named = not name or (is_host(name) and not is_address(name))
    return named and (port is None or is_port(port))


def is_resolver_or_system(text: str) -> bool:
    return text == "system" or is_resolver(text)


def is_reachable_or_empty(text: str) -> bool:
    return not text or is_reachable(text)


def is_page_url_or_empty(text: str) -> bool:
    """Paths are added at its end, so it has no query and no fragment."""
    return not text or (is_url(text) and not set("?#") & set(text))


def is_resolver_or_empty(text: str) -> bool:
    return not text or is_resolver(text)


def is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def is_one_of(*allowed: str) -> Callable[[str], bool]:
    return lambda text: text in allowed


def is_sha256_or_empty(text: str) -> bool:
    return not text or bool(re.fullmatch(r"[0-9a-fA-F]{64}", text))


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)
