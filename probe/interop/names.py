"""OONI's names of failures, old and new, as ours, and what is read of its tags and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from probe.interop.form import Failed
from probe.measure.scrub import scrub
from probe.model import DifferentialTest, Failure, Transport
from probe.transport.plausible import LAST_AS

LEGACY = {
    "dns_lookup_error": "dns_nxdomain_error",
    "dns_name_error": "dns_nxdomain_error",
    "dns_server_failure": "dns_servfail_error",
    "connection_refused_error": "connection_refused",
    "connect_error": "connection_refused",
    "connection_lost_error": "connection_reset",
    "deferred_timeout_error": "generic_timeout_error",
    "response_never_received": "eof_error",
    "task_timed_out": "generic_timeout_error",
    "tcp_timed_out_error": "generic_timeout_error",
    "network_unreachable_error": "network_unreachable",
    "host_unreachable_error": "host_unreachable",
    "connection_reset_by_peer": "connection_reset",
    "http_invalid_redirect_url": "http_invalid_redirect_location_host",
    "ssl_invalid_hostname_error": "ssl_invalid_hostname",
}
"""Names of legacy probes and of the test helper (ooni.md, section b)."""
UNNAMED = ("unknown_failure", "unknown_error", "ssl_error")
"""A failure of which the probe did not know what it was; its words follow the name."""
MAX_DETAIL = 200
TESTED = "x_test="
"""Our tag of a step outside the plain chain."""
ENGINES = {
    Transport.UDP: "udp",
    Transport.TCP: "tcp",
    Transport.TLS: "dot",
    Transport.HTTPS: "doh",
}
TRANSPORTS = {engine: transport for transport, engine in ENGINES.items()}
_HOP = re.compile(r"depth=(\d{1,3})")


def failure(said: Failed) -> Failure | None:
    """Name a failure as we do; the free text of one without a name becomes its detail."""
    if said is None or said is False or said == "":
        return None
    if said is True:
        return Failure(name="unknown_failure")
    for name in UNNAMED:
        if said.startswith(name):
            rest = said[len(name) :].lstrip(": ")
            return Failure(name=name, detail=scrub(rest)[:MAX_DETAIL])
    return Failure(name=LEGACY.get(said, said[:100]))


def unnamed(name: str) -> bool:
    """Whether a failure's name says nothing of what failed."""
    return name.startswith(UNNAMED)


def hop(tags: Iterable[str] | None) -> int | None:
    """The redirect that a step belongs to; None where the version does not say."""
    for tag in tags or ():
        found = _HOP.fullmatch(tag)
        if found:
            return int(found.group(1))
    return None


def test(tags: Iterable[str] | None) -> DifferentialTest | None:
    """Which test of ours a step was, where we wrote it ourselves."""
    for tag in tags or ():
        if tag.startswith(TESTED) and tag[len(TESTED) :] in set(DifferentialTest):
            return DifferentialTest(tag[len(TESTED) :])
    return None


def certificate_only(tags: Iterable[str] | None) -> bool:
    """Whether a connection was made only to see the certificate for the name."""
    return "fetch_body=false" in (tags or ())


def aside(tags: Iterable[str] | None) -> bool:
    """Whether a step stood beside the chain: no request was to follow it."""
    return certificate_only(tags) or test(tags) is not None


def place(text: str | None) -> tuple[str, int]:
    """Split `address:port`; ("", 0) where there is none."""
    if not text:
        return "", 0
    host, _, port = text.rpartition(":")
    address = host.strip("[]")
    return (address, int(port)) if is_address(address) and port.isdecimal() else ("", 0)


@lru_cache(maxsize=65536)
def is_address(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def host(url: str) -> str:
    """The URL's host in lower case, a name in its wire form; empty where there is none."""
    try:
        found = (urlsplit(url).hostname or "").lower()
        return found if found.isascii() else found.encode("idna").decode()
    except (ValueError, UnicodeError):
        return ""


def port(url: str) -> int:
    try:
        parts = urlsplit(url)
        said = parts.port
    except ValueError:
        return 0
    return said or (443 if parts.scheme == "https" else 80)


def number(text: str | None) -> int:
    """`AS123` as a number; 0 for none."""
    digits = (text or "").upper().removeprefix("AS")
    known = digits.isdecimal() and len(digits) <= len(str(LAST_AS)) and int(digits) <= LAST_AS
    return int(digits) if known else 0
