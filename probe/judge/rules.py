"""The table of what a sight speaks for, how strongly, and in one sentence each.

The first MAIN row that fits a sight is what happened; every EXTRA row that fits is said beside
it. `category` chooses the emission of the hypotheses; `weights` are what the category cannot say:
a likelihood ratio in nats toward a cause (attribution.md, sections 1.5, 7.4), counted once for
each network. Row ids are a public contract: renaming one is a breaking change.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from probe.judge.conditions import (
    FREEZES,
    LATE,
    RESET,
    SILENT,
    UNSIGNED,
    Condition,
    answer,
    anything,
    at_common,
    at_genuine,
    at_stranger,
    both,
    cert,
    encrypted_cut,
    everywhere,
    failed,
    false_bogon,
    foreign_notice,
    got,
    having,
    http_late,
    http_reset,
    late_truth,
    lost_family,
    lost_part,
    policed,
    polluted,
    proven,
    proxied,
    rcode,
    rested,
    same_page,
    several_forged,
    slow_by_name,
    slow_for_all,
    tcp_late,
    tls_late,
    tls_reset,
    unmet,
    with_status,
)  # fmt: skip
from probe.judge.control import answered_abroad, genuine, slow
from probe.judge.sight import UNREACHABLE, Contrast
from probe.judge.traits import SLOW_SECONDS
from probe.model import Author, Cause, Expectation, Layer, Standing

VERSION = "worksforwhom-rules-1"
THROTTLED, UNTHROTTLED = 1 / 3, 2 / 3
"""Of a control's goodput: below the one a name is slowed, from the other on it is not."""
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
    Row("ok.slow_body", "http", policed, _C.SLOW, _0,
        "hands are shaken quickly, and then the answer comes far slower than in other countries and from this vantage's controls",
        "mechanisms.json: throttle.sni_policing", "throttle.sni_policing", {_THR: 1.0}),
    Row("ok.slow_address", "throttle", slow_for_all, _C.SLOW, _0,
        "the answer is whole but took far longer than in other countries and than this vantage's controls; a harmless name at the same address is as slow",
        "mechanisms.json: throttle.ip_association", "throttle.ip_association", {_THR: 1.0}),
    Row("ok.slow", "http", slow, _C.SLOW, _0,
        "the answer is whole but took far longer than in other countries and than this vantage's controls",
        "ooni dd-007; attribution.md 1.2", "throttle.handshake_delay", {_THR: 1.0}),
    Row("ok.half", "tcp", lost_family, _C.OK, _S,
        "a whole answer came over IPv6; IPv4 is lost here and proven elsewhere",
        "mechanisms.json", "scope.ipv4_vs_ipv6"),
    Row("ok.partly", "tcp", lost_part, _C.OK, _S,
        "a whole answer came from one address; another of the same name is lost here and proven elsewhere",
        "mechanisms.json", "ip.partial_list"),
    Row("ok.proxied", "http", proxied, _C.OK, _0,
        "a whole answer came over plain HTTP through a proxy that no other country sees",
        "mechanisms.json", "http.transparent_proxy"),
    Row("ok.encrypted_dns", "dns", both(lambda s, _: s.met, encrypted_cut), _C.OK, _S,
        "a whole answer came; an encrypted resolver is cut off here, while plain DNS or a harmless name at its address passes",
        "mechanisms.json", "dns.encrypted_dns_block"),
    Row("ok.named", "dns", got(Layer.DNS), _C.OK, _0,
        "the name has addresses, and nothing more is asked for", "RFC 4501: dns URIs"),
    Row("ok.connected", "tcp", got(Layer.TCP), _C.OK, _0,
        "the port takes connections, and nothing more is asked for", "blackbox_exporter: the tcp prober"),
    Row("ok.met", "http", lambda s, _: s.met and s.goal is Layer.HTTP, _C.OK, _S,
        "a whole answer that meets the expectations", "ooni.md (a): a verified answer needs no comparison"),
    Row("local.own_stack", "local", lambda s, _: s.own and not s.answered, _C.NOTHING, _0,
        "only the vantage's own network stack or its IPv6 failed", "ooni.md (b): local names",
        weights={_LOC: 1.0}, standing=_NOT),
    Row("http.notice_redirect", "http", lambda s, _: bool(s.notice) and s.redirected, _C.BLOCK_PAGE, _N,
        "a redirect leads to a well-known block notice", "attribution.md 4", "http.redirect_302", {_FIL: 5.0}),
    Row("dns.foreign_notice", "dns", both(lambda s, _: bool(s.notice) and not s.answered, foreign_notice),
        _C.DNS_FORGED, _N, "the name resolves to the address of another country's well-known block notice",
        "mechanisms.json: expected countries", "scope.transit_leak", {_FIL: 5.0}),
    Row("dns.notice_address", "dns", lambda s, _: bool(s.notice) and not s.answered, _C.DNS_FORGED, _N,
        "the name resolves to the address of a well-known block notice", "attribution.md 4, 6",
        "dns.injection.blockpage_ip", {_FIL: 5.0}),
    Row("http.notice_403", "http", lambda s, _: bool(s.notice) and not s.secure and s.status == 403,  # noqa: PLR2004
        _C.BLOCK_PAGE, _N, "a well-known block notice came instead of the page, as a refusal (403)",
        "attribution.md 4", "http.403_injected", {_FIL: 5.0}),
    Row("http.notice_451", "http", lambda s, _: bool(s.notice) and not s.secure and s.status == 451,  # noqa: PLR2004
        _C.BLOCK_PAGE, _N, "a well-known block notice came instead of the page, for legal reasons (451)",
        "attribution.md 4; RFC 7725", "http.451", {_FIL: 5.0}),
    Row("http.notice", "http", lambda s, _: bool(s.notice) and not s.secure, _C.BLOCK_PAGE, _N,
        "a well-known block notice came instead of the page", "attribution.md 4", "http.blockpage_200", {_FIL: 5.0}),
    Row("http.challenge", "http", lambda s, _: s.answered and s.challenge, _C.NOTHING, _S,
        "the service asks whether the visitor is a robot: it says nothing about users", "mechanisms.json: server.bot_challenge",
        "server.bot_challenge", {_GEO: 0.5}, _NOT),
    Row("http.rate_limited", "http", with_status(429, 429), _C.APP_ERROR, _S,
        "the service answers 429, too many requests, over a valid certificate", "RFC 6585", weights={_SRV: 0.5}),
    Row("http.5xx", "http", with_status(500, 599), _C.SERVER_ERROR, _S,
        "the service answers with a server error over a valid certificate", "netblocks.md 5.3 (4)",
        "server.outage_global", {_SRV: 2.0}),
    Row("http.forbidden_text", "http", unmet(Expectation.FORBIDDEN), _C.APP_ERROR, _S,
        "the service's own error text came over a valid certificate", "netblocks.md 5.3 (4)",
        "server.outage_global", {_SRV: 2.0}),
    Row("http.451", "http", with_status(451, 451), _C.REFUSED, _S,
        "the service refuses for legal reasons (451) over a valid certificate", "RFC 7725; mechanisms.json: http.451",
        "server.geoblock_page", {_GEO: 2.0, _FIL: -3.0}),
    Row("http.403", "http", with_status(403, 403), _C.REFUSED, _S,
        "the service refuses the request (403) over a valid certificate", "mechanisms.json: server.geoblock_page",
        "server.geoblock_page", {_FIL: -3.0}),
    Row("http.4xx", "http", with_status(400, 499), _C.APP_ERROR, _S,
        "the service rejects the request over a valid certificate", "netblocks.md 5.3 (4)",
        "server.outage_global", {_SRV: 1.0}),
    Row("http.missing_text", "http", unmet(Expectation.MISSING), _C.APP_ERROR, _S,
        "the page over a valid certificate lacks the text of a well service", "netblocks.md 5.3 (4)",
        "server.outage_global", {_SRV: 1.0}),
    Row("http.short", "http", unmet(Expectation.SHORT), _C.APP_ERROR, _S,
        "the page over a valid certificate is shorter than a whole answer", "netblocks.md 5.3 (4)",
        "server.outage_global", {_SRV: 0.5}),
    Row("http.unexpected", "http", answer(secure=True), _C.APP_ERROR, _S,
        "an unexpected answer came over a valid certificate", "netblocks.md 5.3 (4)", weights={_SRV: 0.5}),
    Row("http.plain_5xx", "http", with_status(500, 599, secure=False), _C.SERVER_ERROR, _0,
        "a server error came over plain HTTP, where anyone on the path can write it", "attribution.md 1.6 (5)"),
    Row("http.plain_refusal", "http", lambda s, _: s.answered and not s.met and not s.secure and bool(s.refusal),
        _C.REFUSED, _0, "a refusal in the words of the service's own front came, over plain HTTP",
        "mechanisms.json: server.geoblock_page", "server.geoblock_page", {_FIL: -1.0}),
    Row("dns.notice_page", "dns", both(answer(secure=False), at_common), _C.DNS_FORGED, _N,
        "several names resolve to one address that no other country is told, and a page of its own answers there",
        "mechanisms.json", "dns.injection.blockpage_ip", {_FIL: 4.0}),
    Row("http.same_page", "http", both(answer(secure=False), same_page), _C.BLOCK_PAGE, _0,
        "the same unknown page comes over plain HTTP on several networks here, and in no other country",
        "attribution.md 1.1: pages cluster by who wrote them", "http.blockpage_200", {_FIL: 1.0}),
    Row("http.unknown_page", "http", answer(secure=False), _C.OTHER, _0,
        "an unknown page came over plain HTTP; it matches no known notice", "attribution.md 4: unmatched is unknown"),
    Row("dns.bogon", "dns", false_bogon, _C.DNS_FORGED, _N,
        "the name resolves to a private or reserved address here and to proven ones elsewhere",
        "mechanisms.json", "dns.injection.bogon", {_FIL: 4.0}),
    Row("dns.sinkhole", "dns", both(failed(Layer.TLS, *RESET, *LATE), late_truth), _C.DNS_FORGED, _N,
        "the address of a first DNS answer takes connections and stays silent; a second answer has the true addresses",
        "mechanisms.json", "dns.handshake_accepting_sinkhole", {_FIL: 5.0}),
    Row("dns.several_answers", "dns", several_forged, _C.DNS_FORGED, _N,
        "several DNS answers came, each with other addresses, and the true ones among the later",
        "gfw.report: triplet censors", "dns.injection.double_answer", {_FIL: 5.0}),
    Row("dns.late_truth", "dns", late_truth, _C.DNS_FORGED, _N,
        "a second DNS answer with the true addresses came after a first with others",
        "gfw.report: triplet censors", "dns.injection.forged_public", {_FIL: 5.0}),
    Row("dns.bogon_unproven", "dns", lambda s, _: s.bogon, _C.DNS_RCODE, _0,
        "the name resolves to a private or reserved address, and nowhere is a true one proven",
        "ooni/data rules.py: bogon in the control too"),
    Row("tls.expired", "tls", both(having(cert, expired=True), everywhere), _C.BAD_CERTIFICATE, _S,
        "the service's certificate has expired; other countries are shown the same one", "netblocks.md 5.1: cert_expiry",
        "server.outage_global", {_SRV: 3.0}),
    Row("tls.refused_everywhere", "tls", both(cert, everywhere), _C.BAD_CERTIFICATE, _S,
        "the certificate does not verify; other countries are shown the same one", "attribution.md 6 (TLS)",
        "server.outage_global", {_SRV: 2.0}),
    Row("tls.mitm", "tls", both(cert, at_genuine), _C.FALSE_CERTIFICATE, _N,
        "an address that other countries reach with a valid certificate presents a false one here",
        "mechanisms.json", "tls.mitm_cert", {_FIL: 4.0}),
    Row("dns.notice_host", "dns", both(cert, at_common), _C.DNS_FORGED, _N,
        "several names resolve to one host with a certificate of its own, which no other country is told",
        "mechanisms.json", "dns.injection.blockpage_ip", {_FIL: 4.0}),
    Row("dns.polluted", "dns", polluted, _C.DNS_FORGED, _N,
        "the resolver gives an address that is forged in another country; another resolver gives the true ones",
        "mechanisms.json", "dns.cache_pollution_outside", {_FIL: 3.0}),
    Row("dns.forged_common", "dns", both(lambda s, _: s.layer in {Layer.TCP, Layer.TLS}, at_common), _C.DNS_FORGED, _N,
        "several names resolve to one address that is not the service's, and that no other country is told",
        "mechanisms.json", "dns.injection.forged_public", {_FIL: 4.0}),
    Row("dns.forged", "dns", both(cert, at_stranger), _C.DNS_FORGED, _N,
        "the name resolves to an address whose certificate is not the service's, and which no other country is told",
        "CERTainty; mechanisms.json", "dns.injection.forged_public", {_FIL: 4.0}),
    Row("tls.expired_here", "tls", having(cert, expired=True), _C.BAD_CERTIFICATE, _0,
        "the certificate has expired; no other country's view is there to compare", "netblocks.md 5.1"),
    Row("tls.refused", "tls", cert, _C.OTHER, _0,
        "the certificate does not verify; no other country's view is there to compare", "attribution.md 1.6 (5)"),
    Row("dns.forged_silent", "dns", both(lambda s, _: s.layer in {Layer.TCP, Layer.TLS} and s.second is Contrast.PASSES
        and not set(s.answers) & set(s.second_answers), at_stranger), _C.DNS_FORGED, _N,
        "the name resolves to a dead address that no other country is told; another resolver gives others",
        "mechanisms.json: dns.handshake_accepting_sinkhole", "dns.injection.forged_public", {_FIL: 3.0}),
    Row("tls.reset_name", "tls", having(tls_reset, neutral=Contrast.PASSES), _C.TLS_RESET, _N,
        "the connection is cut when the TLS handshake names the service; a neutral name at the same address passes",
        "attribution.md 7.4", "tls.sni_rst", {_FIL: 3.9}),
    Row("tls.reset_lasting", "tls", lambda s, k: tls_reset(s, k) and s.traits.shut, _C.TLS_RESET, _0,
        "the connection is cut when the TLS handshake names the service, and then the address takes no connection at all",
        "mechanisms.json", "residual.3tuple", {_FIL: 1.0}),
    Row("tls.reset_alike", "tls", having(tls_reset, neutral=Contrast.ALIKE), _C.TLS_RESET, _0,
        "the connection is cut in the TLS handshake, for a neutral name at the same address too", "attribution.md 7.4",
        weights={_FIL: -1.0}),
    Row("tls.reset", "tls", tls_reset, _C.TLS_RESET, _0,
        "the connection is cut in the TLS handshake", "ooni/data rules.py", "tls.sni_rst"),
    Row("tls.timeout_name", "tls", having(tls_late, neutral=Contrast.PASSES), _C.TLS_TIMEOUT, _N,
        "the connection falls silent when the TLS handshake names the service; a neutral name at the same address passes",
        "attribution.md 7.4", "tls.sni_drop", {_FIL: 3.9}),
    Row("tls.timeout_alike", "tls", having(tls_late, neutral=Contrast.ALIKE), _C.TLS_TIMEOUT, _0,
        "the TLS handshake is never answered, for a neutral name at the same address too", "attribution.md 7.4",
        "tcp.port_protocol_filter", {_FIL: -1.0}),
    Row("tls.timeout", "tls", tls_late, _C.TLS_TIMEOUT, _0,
        "the TLS handshake is never answered", "ooni/data rules.py", "tls.sni_drop"),
    Row("tls.refusal", "tls", lambda s, _: s.layer is Layer.TLS, _C.OTHER, _0,
        "the TLS handshake ends with an error", "RFC 8446, 6.2"),
    Row("tcp.timeout_port", "tcp", lambda s, k: tcp_late(s, k) and s.trials.port_answers is True, _C.TCP_TIMEOUT, _0,
        "one port of the address never answers a connection, while another of its ports does", "mechanisms.json: a port sweep", "tcp.syn_drop"),
    Row("tcp.timeout", "tcp", tcp_late, _C.TCP_TIMEOUT, _0,
        "the address never answers a connection", "mechanisms.json", "ip.nullroute"),
    Row("tcp.reset", "tcp", failed(Layer.TCP, *RESET), _C.TCP_RESET, _0,
        "the connection is reset while it opens", "mechanisms.json", "tcp.rst_on_syn"),
    Row("tcp.refused", "tcp", failed(Layer.TCP, "connection_refused"), _C.TCP_RESET, _0,
        "the connection is refused", "mechanisms.json", "tcp.rst_on_syn"),
    Row("tcp.unreachable", "tcp", failed(Layer.TCP, *UNREACHABLE), _C.UNREACHABLE, _0,
        "the network says that the address cannot be reached", "mechanisms.json", "ip.nullroute"),
    Row("http.cut_short", "http", failed(Layer.HTTP, "eof_error"), _C.HTTP_RESET, _0,
        "the connection ends before the answer is whole", "censoredplanet: outcome.md", "http.empty_or_truncated"),
    Row("http.reset", "http", http_reset, _C.HTTP_RESET, _0,
        "the connection is cut after the request", "mechanisms.json", "http.host_rst"),
    Row("http.frozen", "http", lambda s, k: http_late(s, k) and bool(s.valid)
        and FREEZES[0] <= s.traits.stalled <= FREEZES[1], _C.HTTP_TIMEOUT, _0,
        "over a valid certificate the answer begins, and stalls after some kilobytes", "mechanisms.json", "tls.sni_tail_freeze"),
    Row("http.timeout", "http", failed(Layer.HTTP, *LATE), _C.HTTP_TIMEOUT, _0,
        "the request is never answered", "netblocks.md 5.1", "http.empty_or_truncated"),
    Row("http.other", "http", lambda s, _: s.layer is Layer.HTTP, _C.OTHER, _0,
        "the answer cannot be read", "ooni.md (b)"),
    Row("dns.nxdomain_here", "dns", both(failed(Layer.DNS, "dns_nxdomain_error"), proven), _C.DNS_RCODE, _0,
        "the resolver denies a name whose addresses other countries know and have proven",
        "mechanisms.json; attribution.md 7.4", "dns.nxdomain", {_FIL: 2.0, _LOC: -1.0}),
    Row("dns.nxdomain", "dns", failed(Layer.DNS, "dns_nxdomain_error"), _C.DNS_RCODE, _0,
        "the resolver says that the name does not exist", "mechanisms.json", "dns.nxdomain"),
    Row("dns.rcode", "dns", rcode, _C.DNS_RCODE, _0,
        "the resolver refuses or fails to resolve the name", "mechanisms.json", "dns.refused_servfail"),
    Row("dns.no_answer", "dns", failed(Layer.DNS, "dns_no_answer"), _C.DNS_RCODE, _0,
        "the resolver knows the name and no address", "mechanisms.json", "dns.empty_noerror"),
    Row("dns.timeout", "dns", failed(Layer.DNS, *LATE, "dns_temporary_failure", "dns_non_recoverable_failure"),
        _C.DNS_TIMEOUT, _0, "the resolver never answers for the name", "mechanisms.json", "dns.timeout"),
    Row("other.unreadable", "", anything, _C.OTHER, _0, "a failure that no other rule reads", "—"),
)

# ── the extra rows: each that fits is said beside the main one ───────────────────────────────

EXTRA: tuple[Row, ...] = (
    Row("test.second_resolver_same", "dns",
        lambda s, k: (cert(s, k) or s.answered) and at_stranger(s, k) and bool(s.second_answers)
        and set(s.trials.plain or s.second_answers) <= set(s.answers), _C.NOTHING, _0,
        "another resolver gives this vantage the same false address", "mechanisms.json",
        "dns.resolver_rewrite_all_resolvers"),
    Row("test.second_resolver_answers", "dns",
        lambda s, k: s.layer is Layer.DNS and s.second is Contrast.PASSES and s.failure not in UNSIGNED
        and (genuine(k, s.vantage.country, s.second_answers) or answered_abroad(k, s.vantage.country, s.second_answers)),
        _C.NOTHING, _N, "another resolver gives this vantage addresses that other countries know",
        "attribution.md 6, 7.4", weights={_FIL: 3.0, _SRV: -3.0}),
    Row("test.second_resolver_knows", "dns",
        lambda s, k: s.layer is Layer.DNS and s.second is Contrast.PASSES and s.failure in UNSIGNED - SILENT
        and (genuine(k, s.vantage.country, s.second_answers) or answered_abroad(k, s.vantage.country, s.second_answers)),
        _C.NOTHING, _0, "where the resolver fails for the name another one knows it: the name's own servers may refuse the first",
        "advancing censored planet: of failing resolutions 19 % were geo-blocks by name servers", weights={_FIL: 3.0, _GEO: 3.0, _SRV: -3.0}),
    Row("test.second_resolver_hears", "dns",
        lambda s, _: s.layer is Layer.DNS and s.second is Contrast.PASSES and s.failure in SILENT, _C.NOTHING, _0,
        "another resolver answers this vantage for the name", "censoredplanet: timeouts are too common to count",
        weights={_FIL: 1.0, _SRV: -2.0}),
    Row("test.second_resolver_alike", "dns",
        lambda s, _: s.layer is Layer.DNS and s.second is Contrast.ALIKE, _C.NOTHING, _0,
        "another resolver fails for the name too", "attribution.md 6", weights={_SRV: 0.5}),
    Row("test.encrypted_resolver_cut", "dns", encrypted_cut, _C.NOTHING, _0,
        "an encrypted resolver is cut off here, while plain DNS or a harmless name at its address passes: that is the place's, not the service's",
        "mechanisms.json; Basso 2021", "dns.encrypted_dns_block"),
    Row("test.neutral_alike", "tcp",
        lambda s, _: s.layer is Layer.TCP and s.neutral is Contrast.ALIKE, _C.NOTHING, _0,
        "a neutral name at the same address fails alike: the address, not the name", "attribution.md 7.4"),
    Row("test.own_address_cut", "tls", lambda s, _: s.trials.name_follows is True, _C.NOTHING, _N,
        "the service's name is cut at a server of ours as well, where a harmless name passes: no outage explains that",
        "attribution.md 6, 7.4", "tls.sni_rst", {_FIL: 5.0}),
    Row("test.own_address_passes", "tls",
        lambda s, _: s.layer is Layer.TLS and s.trials.name_follows is False, _C.NOTHING, _0,
        "the service's name passes at a server of ours", "attribution.md 6", weights={_FIL: -1.0}),
    Row("test.after_passes", "tls", rested(passes=True), _C.NOTHING, _N,
        "left alone for a time the address answers a harmless name, and once the service's name was said it answers none: that outlasts the name, and is no outage",
        "attribution.md 6: residual windows", "residual.3tuple", {_FIL: 3.0}),
    Row("test.after_alike", "tls", rested(passes=False), _C.NOTHING, _0,
        "left alone for a time the address does not answer a harmless name either: the address, not what a name left there",
        "attribution.md 6: residual windows"),
    Row("test.host_passes", "http", lambda s, _: s.layer is Layer.HTTP and s.trials.host_passes is True, _C.NOTHING, _N,
        "a harmless Host at the same address is answered where the service's is cut", "attribution.md 7.4: as a neutral name",
        "http.host_rst", {_FIL: 3.9}),
    Row("test.host_alike", "http", lambda s, _: s.layer is Layer.HTTP and s.trials.host_passes is False, _C.NOTHING, _0,
        "a harmless Host at the same address fails alike", "attribution.md 7.4", weights={_FIL: -1.0}),
    Row("test.host_follows", "http", lambda s, _: s.trials.host_follows is True, _C.NOTHING, _N,
        "the service's Host is cut, or answered by another, at a server of ours as well", "attribution.md 6, 7.4",
        "http.host_rst", {_FIL: 5.0}),
    Row("test.other_port_answers", "tcp", lambda s, _: s.trials.port_answers is True, _C.NOTHING, _0,
        "another port at the same address takes connections", "mechanisms.json: tcp.port_protocol_filter"),
    Row("test.second_address_answers", "tcp", lambda s, _: s.trials.address_answers is True, _C.NOTHING, _0,
        "another address of the name takes connections", "attribution.md 6"),
    Row("test.neutral_quick", "throttle", slow_by_name, _C.NOTHING, _N,
        "hands are shaken late under the service's name, and quickly under a harmless one at the same address",
        "mechanisms.json: throttle.handshake_delay", "throttle.handshake_delay", {_THR: 3.0}),
    Row("test.goodput_frozen", "tls", lambda s, _: s.trials.frozen > 0, _C.NOTHING, _N,
        "a body from a server of ours freezes under the service's name, and comes whole under a harmless one",
        "attribution.md 1.2, 7.4", "tls.sni_tail_freeze", {_FIL: 5.0}),
    Row("test.goodput_name", "throttle", lambda s, _: s.trials.pace is not None and s.trials.pace < THROTTLED, _C.NOTHING, _N,
        "a body from a server of ours comes far slower under the service's name than under a harmless one",
        "attribution.md 1.2, 7.4", "throttle.sni_policing", {_THR: 3.9}),
    Row("test.goodput_held", "throttle", lambda s, _: s.trials.held > 0, _C.NOTHING, _N,
        "under the service's name a body from a server of ours is held at one rate from quarter to quarter, and under a harmless one it is not: a policer's mark",
        "mechanisms.json: throttle.sni_policing; attribution.md 6: plateau", "throttle.sni_policing", {_THR: 2.0}),
    Row("test.handshake_late", "throttle",
        lambda s, _: s.trials.shaken is not None and s.trials.shaken >= SLOW_SECONDS, _C.NOTHING, _N,
        "with a server of ours hands are shaken far later under the service's name than under a harmless one",
        "mechanisms.json: throttle.handshake_delay", "throttle.handshake_delay", {_THR: 3.0}),
    Row("test.goodput_alike", "throttle",
        lambda s, _: s.trials.pace is not None and s.trials.pace >= UNTHROTTLED, _C.NOTHING, _0,
        "a body from a server of ours comes as fast under the service's name as under a harmless one",
        "attribution.md 1.2", weights={_THR: -1.0}),
    Row("cert.valid", "tls", lambda s, _: bool(s.valid) and not s.answered, _C.NOTHING, _0,
        "an address in the answer presented a valid certificate: the DNS answer is true", "attribution.md 1.6 (5)",
        weights={_FIL: -0.5}),
)
# fmt: on

ROWS = {row.id: row for row in (*MAIN, *EXTRA)}
