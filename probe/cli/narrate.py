"""An observation in words, for a person at a terminal. Pure; it judges nothing."""

from __future__ import annotations

from probe.model import (
    DifferentialTest,
    DnsLookup,
    Expectation,
    Failure,
    HttpExchange,
    Observation,
    QuicHandshake,
    TcpConnect,
    TlsHandshake,
    Transport,
)
from probe.model.letters import tame

PHRASES = {
    "generic_timeout_error": "no answer in time",
    "connection_reset": "the connection was reset",
    "connection_refused": "the connection was refused",
    "connection_aborted": "the connection was aborted",
    "eof_error": "the other end closed the connection before its time",
    "host_unreachable": "no route to the host",
    "network_unreachable": "this machine has no route there",
    "network_down": "this machine's network is down",
    "permission_denied": "this machine does not allow it",
    "dns_nxdomain_error": "the resolver says that the name does not exist",
    "dns_no_answer": "the name has no address",
    "dns_refused_error": "the resolver refuses to answer",
    "dns_servfail_error": "the resolver failed",
    "dns_server_misbehaving": "the resolver's answer makes no sense",
    "dns_bogon_error": "a private address: never connected to",
    "ssl_unknown_authority": "the certificate is signed by nobody known",
    "ssl_invalid_hostname": "the certificate is for another name, or the name is not served there",
    "ssl_invalid_certificate": "the certificate is not valid (expired, say)",
    "ssl_failed_handshake": "the TLS handshake failed",
    "http_invalid_redirect_location_host": "the redirect leads nowhere that can be followed",
    "quic_incompatible_version": "the server speaks no version of QUIC that we do",
    "http_request_failed": "the answer is not proper HTTP",
}
"""OONI's failure names in plain words."""

_SHORTFALLS = {
    Expectation.STATUS: "not a status of a well service",
    Expectation.MISSING: "the expected text is missing",
    Expectation.FORBIDDEN: "a text that betrays a failure is in the body",
    Expectation.SHORT: "shorter than a whole answer",
}

_MOST_NAMES = 3

TESTS = {
    DifferentialTest.SECOND_RESOLVER: "test: another resolver",
    DifferentialTest.CERTIFICATE: "test: the certificate at that address",
    DifferentialTest.SECOND_ADDRESS: "test: another of its addresses",
    DifferentialTest.NEUTRAL_NAME: "test: a harmless name at that address",
    DifferentialTest.OWN_ADDRESS: "test: both names at a server of ours",
    DifferentialTest.HOST_SWAP: "test: another Host, without TLS",
    DifferentialTest.OTHER_PORT: "test: another port at that address",
    DifferentialTest.PATH: "test: how far packets get",
    DifferentialTest.GOODPUT: "test: the pace from a server of ours",
    DifferentialTest.QUIC: "test: over QUIC, at a server of ours and there",
    DifferentialTest.AFTER: "test: a harmless name, after a time of rest",
}


def layer(seen: Observation) -> str:
    """Name a step's layer."""
    match seen:
        case DnsLookup():
            return "DNS"
        case TcpConnect():
            return "TCP"
        case TlsHandshake():
            return "TLS"
        case HttpExchange():
            return "HTTP"
        case QuicHandshake():
            return "QUIC"


def describe(seen: Observation) -> str:
    """Say what a step did, in one line without its failure; a terminal obeys nothing in it."""
    return tame(_described(seen))


def _described(seen: Observation) -> str:
    match seen:
        case DnsLookup():
            answers = ", ".join(seen.answers) or "nothing"
            late = f" (and later {', '.join(seen.late)})" if seen.late else ""
            return f"{seen.query} of {seen.name} at {_resolver(seen)} → {answers}{late}"
        case TcpConnect():
            limit = f", past {seen.ttl - 1} routers at most" if seen.ttl else ""
            return f"{seen.address} port {seen.port}{limit}"
        case TlsHandshake():
            shown = ", ".join(part for part in (seen.version, _certificate(seen)) if part)
            return f"{seen.server_name}: {shown}" if shown else seen.server_name
        case HttpExchange():
            return _exchange(seen)
        case QuicHandshake():
            return f"{seen.server_name} at {seen.address} port {seen.port}, over UDP"


def phrase(failure: Failure) -> str:
    """Say a failure in words, with its name for those who look it up."""
    words = PHRASES.get(failure.name, failure.detail or failure.name)
    number = f", errno {failure.errno}" if failure.errno else ""
    alert = f", alert {failure.alert}" if failure.alert is not None else ""
    return tame(f"{words} ({failure.name}{number}{alert})")


def trouble(seen: Observation) -> str:
    """Say what is wrong with a step; empty when nothing is."""
    if isinstance(seen, TcpConnect) and seen.router:
        return f"it ended at a router ({seen.router})"
    if seen.failure:
        broke = isinstance(seen, DnsLookup) and seen.failed_at
        return phrase(seen.failure) + (f", on the resolver's {broke.upper()}" if broke else "")
    if isinstance(seen, HttpExchange) and seen.expectation in _SHORTFALLS:
        return _SHORTFALLS[seen.expectation] + (f": {seen.matched!r}" if seen.matched else "")
    return ""


def _resolver(seen: DnsLookup) -> str:
    """Name who was asked, and how where that is not by datagram."""
    name = f" ({seen.server_name})" if seen.server_name else ""
    over = f" over {seen.transport.upper()}" if seen.transport is not Transport.UDP else ""
    return f"{seen.resolver}{name}{over}"


def _exchange(seen: HttpExchange) -> str:
    parts = [seen.method, seen.url]
    if seen.status is not None:
        parts.append(f"→ {seen.status}, {seen.length} bytes")
    if seen.quarters and seen.quarters[-1]:
        parts.append(f"(its quarters after {', '.join(f'{s:g}' for s in seen.quarters)} s)")
    if seen.title:
        parts.append(f"“{seen.title}”")
    if seen.location:
        parts.append(f"on to {seen.location}")
    return " ".join(parts)


def _certificate(seen: TlsHandshake) -> str:
    if not seen.chain:
        return ""
    leaf = seen.chain[0]
    names = ", ".join(leaf.names[:_MOST_NAMES]) or leaf.subject
    more = " …" if len(leaf.names) > _MOST_NAMES else ""
    return f"certificate for {names}{more}, by {leaf.issuer}"
