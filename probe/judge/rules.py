"""The table of what a sight speaks for, how strongly, and in one sentence each.

The first MAIN row that fits a sight is what happened; every EXTRA row that fits is said beside
it. `category` chooses the emission of the hypotheses; `weights` are what the category cannot say:
a likelihood ratio in nats toward a cause (attribution.md, sections 1.5, 7.4), counted once for
each network. Row ids are a public contract: renaming one is a breaking change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

import msgspec

from probe.judge.control import (
    Reference,
    abroad,
    answered_abroad,
    genuine,
    proven_abroad,
    same_page_here_alone,
    shown_abroad,
    slow,
)
from probe.judge.sight import CERTIFICATE, UNREACHABLE, Contrast, Sight
from probe.model import Author, Cause, Expectation, Layer, Standing

VERSION = "worksforwhom-rules-1"
CAP = 6.0
"""Most nats any one row may carry: no single sight decides."""


class Category(StrEnum):
    """What the hypotheses count."""

    __hash__ = str.__hash__  # as that of Cause

    OK = "ok"
    SLOW = "slow"
    DNS_FORGED = "dns_forged"
    DNS_RCODE = "dns_rcode"
    DNS_TIMEOUT = "dns_timeout"
    TCP_TIMEOUT = "tcp_timeout"
    TCP_RESET = "tcp_reset"
    UNREACHABLE = "unreachable"
    TLS_RESET = "tls_reset"
    TLS_TIMEOUT = "tls_timeout"
    FALSE_CERTIFICATE = "false_certificate"
    BAD_CERTIFICATE = "bad_certificate"
    """The service's own that no longer verifies."""
    HTTP_RESET = "http_reset"
    HTTP_TIMEOUT = "http_timeout"
    REFUSED = "refused"
    """403 and 451."""
    SERVER_ERROR = "server_error"
    APP_ERROR = "app_error"
    BLOCK_PAGE = "block_page"
    OTHER = "other"
    NOTHING = "nothing"
    """Not evidence about the endpoint at all."""


Condition = Callable[[Sight, Reference], bool]


class Row(msgspec.Struct, frozen=True, eq=False):
    id: str
    layer: str
    condition: Condition
    category: Category
    author: Author
    sentence: str
    source: str
    mechanism: str = ""
    weights: Mapping[Cause, float] = {}
    standing: Standing = Standing.SCORED


# ── conditions ───────────────────────────────────────────────────────────────────────────────


def _failed(layer: Layer, *names: str) -> Condition:
    wanted = frozenset(names)
    return lambda s, _: s.layer is layer and s.failure in wanted


def _with(condition: Condition, **facts: object) -> Condition:
    """Narrow a condition to sights with these facts."""

    def fits(s: Sight, k: Reference) -> bool:
        return condition(s, k) and all(getattr(s, name) == value for name, value in facts.items())

    return fits


def _both(first: Condition, second: Condition) -> Condition:
    return lambda s, k: first(s, k) and second(s, k)


def _answer(*, secure: bool) -> Condition:
    return lambda s, _: s.answered and not s.met and s.secure is secure


def _status(low: int, high: int, *, secure: bool = True) -> Condition:
    return lambda s, _: (
        s.answered and not s.met and s.secure is secure and low <= (s.status or 0) <= high
    )


def _unmet(what: Expectation) -> Condition:
    return lambda s, _: s.answered and s.secure and s.expectation is what


def _cert(s: Sight, _: Reference) -> bool:
    return s.layer is Layer.TLS and s.failure in CERTIFICATE


def _everywhere(s: Sight, k: Reference) -> bool:
    return bool(s.leaf) and shown_abroad(k, s.vantage.country, s.leaf) > 0


def _at_genuine(s: Sight, k: Reference) -> bool:
    return genuine(k, s.vantage.country, s.tried)


def _at_stranger(s: Sight, k: Reference) -> bool:
    """At an address that no other country validates or is even told, though others are proven."""
    country = s.vantage.country
    known = genuine(k, country, s.tried) or answered_abroad(k, country, s.tried)
    elsewhere = proven_abroad(k, country) or abroad(k.met, country) > 0
    return bool(s.tried) and not known and elsewhere


def _at_common(s: Sight, k: Reference) -> bool:
    """At a stranger's address that this country's resolvers give for several endpoints."""
    here = any((s.vantage.country, address) in k.common for address in s.tried)
    return here and _at_stranger(s, k)


def _same_page(s: Sight, k: Reference) -> bool:
    country = s.vantage.country
    elsewhere = abroad(k.met, country) > 0
    return elsewhere and same_page_here_alone(k, country, s.digest)


def _proven(s: Sight, k: Reference) -> bool:
    return proven_abroad(k, s.vantage.country)


def _false_bogon(s: Sight, k: Reference) -> bool:
    country = s.vantage.country
    return s.bogon and not s.met and proven_abroad(k, country)


def _late_truth(s: Sight, k: Reference) -> bool:
    """A second answer names a proven address, and the first names none."""
    country = s.vantage.country
    return genuine(k, country, s.doubled) and not genuine(k, country, s.answers)


def _any(_: Sight, __: Reference) -> bool:
    return True


_RESET = ("connection_reset", "connection_aborted", "eof_error", "network_reset")
_LATE = ("generic_timeout_error", "timed_out")
_SILENT = frozenset({*_LATE, "dns_temporary_failure", "dns_non_recoverable_failure"})
_tls_reset = _failed(Layer.TLS, *_RESET)
_tls_late = _failed(Layer.TLS, *_LATE)
_tcp_late = _failed(Layer.TCP, *_LATE)
_http_reset = _failed(Layer.HTTP, *_RESET)
_rcode = _failed(Layer.DNS, "dns_servfail_error", "dns_refused_error", "dns_server_misbehaving")
_S, _N, _0 = Author.SERVER, Author.NETWORK, Author.NOBODY
_SRV, _FIL, _GEO, _LOC = (
    Cause.SERVICE_OUTAGE, Cause.FILTERING, Cause.GEO_BLOCK, Cause.LOCAL_FAULT,
)  # fmt: skip
_THR = Cause.THROTTLING
_NOT = Standing.UNINTERPRETABLE
_C = Category

# ── the main rows: the first that fits is what happened ──────────────────────────────────────

# fmt: off
MAIN: tuple[Row, ...] = (
    Row("ok.slow", "http", slow, _C.SLOW, _0,
        "the answer is whole but took far longer than in other countries and than this vantage's controls",
        "ooni dd-007; attribution.md 1.2", "throttle.handshake_delay", {_THR: 1.0}),
    Row("ok.met", "http", lambda s, _: s.met, _C.OK, _S,
        "a whole answer that meets the expectations", "ooni.md (a): a verified answer needs no comparison"),
    Row("local.own_stack", "local", lambda s, _: s.own and not s.answered, _C.NOTHING, _0,
        "only the vantage's own network stack or its IPv6 failed", "ooni.md (b): local names",
        weights={_LOC: 1.0}, standing=_NOT),
    Row("http.notice_redirect", "http", lambda s, _: bool(s.notice) and s.redirected, _C.BLOCK_PAGE, _N,
        "a redirect leads to a well-known block notice", "attribution.md 4", "http.redirect_302", {_FIL: 5.0}),
    Row("dns.notice_address", "dns", lambda s, _: bool(s.notice) and not s.answered, _C.DNS_FORGED, _N,
        "the name resolves to the address of a well-known block notice", "attribution.md 4, 6",
        "dns.injection.blockpage_ip", {_FIL: 5.0}),
    Row("http.notice", "http", lambda s, _: bool(s.notice) and not s.secure, _C.BLOCK_PAGE, _N,
        "a well-known block notice came instead of the page", "attribution.md 4", "http.blockpage_200", {_FIL: 5.0}),
    Row("http.challenge", "http", lambda s, _: s.answered and s.challenge, _C.NOTHING, _S,
        "the service asks whether the visitor is a robot: it says nothing about users", "mechanisms.json: server.bot_challenge",
        "server.bot_challenge", {_GEO: 0.5}, _NOT),
    Row("http.rate_limited", "http", _status(429, 429), _C.APP_ERROR, _S,
        "the service answers 429, too many requests, over a valid certificate", "RFC 6585", weights={_SRV: 0.5}),
    Row("http.5xx", "http", _status(500, 599), _C.SERVER_ERROR, _S,
        "the service answers with a server error over a valid certificate", "netblocks.md 5.3 (4)",
        "server.outage_global", {_SRV: 2.0}),
    Row("http.forbidden_text", "http", _unmet(Expectation.FORBIDDEN), _C.APP_ERROR, _S,
        "the service's own error text came over a valid certificate", "netblocks.md 5.3 (4)",
        "server.outage_global", {_SRV: 2.0}),
    Row("http.451", "http", _status(451, 451), _C.REFUSED, _S,
        "the service refuses for legal reasons (451) over a valid certificate", "RFC 7725; mechanisms.json: http.451",
        "server.geoblock_page", {_GEO: 2.0, _FIL: -3.0}),
    Row("http.403", "http", _status(403, 403), _C.REFUSED, _S,
        "the service refuses the request (403) over a valid certificate", "mechanisms.json: server.geoblock_page",
        "server.geoblock_page", {_FIL: -3.0}),
    Row("http.4xx", "http", _status(400, 499), _C.APP_ERROR, _S,
        "the service rejects the request over a valid certificate", "netblocks.md 5.3 (4)",
        "server.outage_global", {_SRV: 1.0}),
    Row("http.missing_text", "http", _unmet(Expectation.MISSING), _C.APP_ERROR, _S,
        "the page over a valid certificate lacks the text of a well service", "netblocks.md 5.3 (4)",
        "server.outage_global", {_SRV: 1.0}),
    Row("http.short", "http", _unmet(Expectation.SHORT), _C.APP_ERROR, _S,
        "the page over a valid certificate is shorter than a whole answer", "netblocks.md 5.3 (4)",
        "server.outage_global", {_SRV: 0.5}),
    Row("http.unexpected", "http", _answer(secure=True), _C.APP_ERROR, _S,
        "an unexpected answer came over a valid certificate", "netblocks.md 5.3 (4)", weights={_SRV: 0.5}),
    Row("http.plain_5xx", "http", _status(500, 599, secure=False), _C.SERVER_ERROR, _0,
        "a server error came over plain HTTP, where anyone on the path can write it", "attribution.md 1.6 (5)"),
    Row("http.plain_refusal", "http", lambda s, _: s.answered and not s.met and not s.secure and bool(s.refusal),
        _C.REFUSED, _0, "a refusal in the words of the service's own front came, over plain HTTP",
        "mechanisms.json: server.geoblock_page", "server.geoblock_page", {_FIL: -1.0}),
    Row("dns.notice_page", "dns", _both(_answer(secure=False), _at_common), _C.DNS_FORGED, _N,
        "several names resolve to one address that no other country is told, and a page of its own answers there",
        "mechanisms.json", "dns.injection.blockpage_ip", {_FIL: 4.0}),
    Row("http.same_page", "http", _both(_answer(secure=False), _same_page), _C.BLOCK_PAGE, _0,
        "the same unknown page comes over plain HTTP on several networks here, and in no other country",
        "attribution.md 1.1: pages cluster by who wrote them", "http.blockpage_200", {_FIL: 1.0}),
    Row("http.unknown_page", "http", _answer(secure=False), _C.OTHER, _0,
        "an unknown page came over plain HTTP; it matches no known notice", "attribution.md 4: unmatched is unknown"),
    Row("dns.bogon", "dns", _false_bogon, _C.DNS_FORGED, _N,
        "the name resolves to a private or reserved address here and to proven ones elsewhere",
        "mechanisms.json", "dns.injection.bogon", {_FIL: 4.0}),
    Row("dns.late_truth", "dns", _late_truth, _C.DNS_FORGED, _N,
        "a second DNS answer with the true addresses came after a first with others",
        "gfw.report: triplet censors", "dns.injection.double_answer", {_FIL: 5.0}),
    Row("dns.bogon_unproven", "dns", lambda s, _: s.bogon, _C.DNS_RCODE, _0,
        "the name resolves to a private or reserved address, and nowhere is a true one proven",
        "ooni/data rules.py: bogon in the control too"),
    Row("tls.expired", "tls", _both(_with(_cert, expired=True), _everywhere), _C.BAD_CERTIFICATE, _S,
        "the service's certificate has expired; other countries are shown the same one", "netblocks.md 5.1: cert_expiry",
        "server.outage_global", {_SRV: 3.0}),
    Row("tls.refused_everywhere", "tls", _both(_cert, _everywhere), _C.BAD_CERTIFICATE, _S,
        "the certificate does not verify; other countries are shown the same one", "attribution.md 6 (TLS)",
        "server.outage_global", {_SRV: 2.0}),
    Row("tls.mitm", "tls", _both(_cert, _at_genuine), _C.FALSE_CERTIFICATE, _N,
        "an address that other countries reach with a valid certificate presents a false one here",
        "mechanisms.json", "tls.mitm_cert", {_FIL: 4.0}),
    Row("dns.forged_common", "dns", _both(lambda s, _: s.layer in {Layer.TCP, Layer.TLS}, _at_common), _C.DNS_FORGED, _N,
        "several names resolve to one address that is not the service's, and that no other country is told",
        "mechanisms.json", "dns.injection.blockpage_ip", {_FIL: 4.0}),
    Row("dns.forged", "dns", _both(_cert, _at_stranger), _C.DNS_FORGED, _N,
        "the name resolves to an address whose certificate is not the service's, and which no other country is told",
        "CERTainty; mechanisms.json", "dns.injection.forged_public", {_FIL: 4.0}),
    Row("tls.expired_here", "tls", _with(_cert, expired=True), _C.BAD_CERTIFICATE, _0,
        "the certificate has expired; no other country's view is there to compare", "netblocks.md 5.1"),
    Row("tls.refused", "tls", _cert, _C.OTHER, _0,
        "the certificate does not verify; no other country's view is there to compare", "attribution.md 1.6 (5)"),
    Row("dns.forged_silent", "dns", _both(lambda s, _: s.layer in {Layer.TCP, Layer.TLS} and s.second is Contrast.PASSES
        and not set(s.answers) & set(s.second_answers), _at_stranger), _C.DNS_FORGED, _N,
        "the name resolves to a dead address that no other country is told; another resolver gives others",
        "mechanisms.json: dns.handshake_accepting_sinkhole", "dns.injection.forged_public", {_FIL: 3.0}),
    Row("tls.reset_name", "tls", _with(_tls_reset, neutral=Contrast.PASSES), _C.TLS_RESET, _N,
        "the connection is cut when the TLS handshake names the service; a neutral name at the same address passes",
        "attribution.md 7.4", "tls.sni_rst", {_FIL: 3.9}),
    Row("tls.reset_alike", "tls", _with(_tls_reset, neutral=Contrast.ALIKE), _C.TLS_RESET, _0,
        "the connection is cut in the TLS handshake, for a neutral name at the same address too", "attribution.md 7.4",
        weights={_FIL: -1.0}),
    Row("tls.reset", "tls", _tls_reset, _C.TLS_RESET, _0,
        "the connection is cut in the TLS handshake", "ooni/data rules.py", "tls.sni_rst"),
    Row("tls.timeout_name", "tls", _with(_tls_late, neutral=Contrast.PASSES), _C.TLS_TIMEOUT, _N,
        "the connection falls silent when the TLS handshake names the service; a neutral name at the same address passes",
        "attribution.md 7.4", "tls.sni_drop", {_FIL: 3.9}),
    Row("tls.timeout_alike", "tls", _with(_tls_late, neutral=Contrast.ALIKE), _C.TLS_TIMEOUT, _0,
        "the TLS handshake is never answered, for a neutral name at the same address too", "attribution.md 7.4",
        weights={_FIL: -1.0}),
    Row("tls.timeout", "tls", _tls_late, _C.TLS_TIMEOUT, _0,
        "the TLS handshake is never answered", "ooni/data rules.py", "tls.sni_drop"),
    Row("tls.refusal", "tls", lambda s, _: s.layer is Layer.TLS, _C.OTHER, _0,
        "the TLS handshake ends with an error", "RFC 8446, 6.2"),
    Row("tcp.timeout", "tcp", _tcp_late, _C.TCP_TIMEOUT, _0,
        "the address never answers a connection", "mechanisms.json", "ip.nullroute"),
    Row("tcp.reset", "tcp", _failed(Layer.TCP, *_RESET), _C.TCP_RESET, _0,
        "the connection is reset while it opens", "mechanisms.json", "tcp.rst_on_syn"),
    Row("tcp.refused", "tcp", _failed(Layer.TCP, "connection_refused"), _C.TCP_RESET, _0,
        "the connection is refused", "mechanisms.json", "tcp.rst_on_syn"),
    Row("tcp.unreachable", "tcp", _failed(Layer.TCP, *UNREACHABLE), _C.UNREACHABLE, _0,
        "the network says that the address cannot be reached", "mechanisms.json", "ip.nullroute"),
    Row("http.reset", "http", _http_reset, _C.HTTP_RESET, _0,
        "the connection is cut after the request", "mechanisms.json", "http.host_rst"),
    Row("http.timeout", "http", _failed(Layer.HTTP, *_LATE), _C.HTTP_TIMEOUT, _0,
        "the request is never answered", "netblocks.md 5.1", "http.empty_or_truncated"),
    Row("http.other", "http", lambda s, _: s.layer is Layer.HTTP, _C.OTHER, _0,
        "the answer cannot be read", "ooni.md (b)"),
    Row("dns.nxdomain_here", "dns", _both(_failed(Layer.DNS, "dns_nxdomain_error"), _proven), _C.DNS_RCODE, _0,
        "the resolver denies a name whose addresses other countries know and have proven",
        "mechanisms.json; attribution.md 7.4", "dns.nxdomain", {_FIL: 2.0, _LOC: -1.0}),
    Row("dns.nxdomain", "dns", _failed(Layer.DNS, "dns_nxdomain_error"), _C.DNS_RCODE, _0,
        "the resolver says that the name does not exist", "mechanisms.json", "dns.nxdomain"),
    Row("dns.rcode", "dns", _rcode, _C.DNS_RCODE, _0,
        "the resolver refuses or fails to resolve the name", "mechanisms.json", "dns.refused_servfail"),
    Row("dns.no_answer", "dns", _failed(Layer.DNS, "dns_no_answer"), _C.DNS_RCODE, _0,
        "the resolver knows the name and no address", "mechanisms.json", "dns.empty_noerror"),
    Row("dns.timeout", "dns", _failed(Layer.DNS, *_LATE, "dns_temporary_failure", "dns_non_recoverable_failure"),
        _C.DNS_TIMEOUT, _0, "the resolver never answers for the name", "mechanisms.json", "dns.timeout"),
    Row("other.unreadable", "", _any, _C.OTHER, _0, "a failure that no other rule reads", "—"),
)

# ── the extra rows: each that fits is said beside the main one ───────────────────────────────

EXTRA: tuple[Row, ...] = (
    Row("test.second_resolver_answers", "dns",
        lambda s, k: s.layer is Layer.DNS and s.second is Contrast.PASSES and s.failure not in _SILENT
        and (genuine(k, s.vantage.country, s.second_answers) or answered_abroad(k, s.vantage.country, s.second_answers)),
        _C.NOTHING, _N, "another resolver gives this vantage addresses that other countries know",
        "attribution.md 6, 7.4", weights={_FIL: 3.0, _SRV: -3.0}),
    Row("test.second_resolver_hears", "dns",
        lambda s, _: s.layer is Layer.DNS and s.second is Contrast.PASSES and s.failure in _SILENT, _C.NOTHING, _0,
        "another resolver answers this vantage for the name", "censoredplanet: timeouts are too common to count",
        weights={_FIL: 1.0, _SRV: -2.0}),
    Row("test.second_resolver_alike", "dns",
        lambda s, _: s.layer is Layer.DNS and s.second is Contrast.ALIKE, _C.NOTHING, _0,
        "another resolver fails for the name too", "attribution.md 6", weights={_SRV: 0.5}),
    Row("test.neutral_alike", "tcp",
        lambda s, _: s.layer is Layer.TCP and s.neutral is Contrast.ALIKE, _C.NOTHING, _0,
        "a neutral name at the same address fails alike: the address, not the name", "attribution.md 7.4"),
    Row("cert.valid", "tls", lambda s, _: bool(s.valid) and not s.answered, _C.NOTHING, _0,
        "an address in the answer presented a valid certificate: the DNS answer is true", "attribution.md 1.6 (5)",
        weights={_FIL: -0.5}),
)
# fmt: on

ROWS = {row.id: row for row in (*MAIN, *EXTRA)}
