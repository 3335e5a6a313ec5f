"""The table of what a look beside its helper's says: how belief divides, in one sentence each.

The first row that fits is what happened. `shares` divide belief as such a look alone divides it
between equal rivals (after ooni/data's rules.py, attribution.md 1.5, and the known mistakes of
ooni.md, section e); what they leave of 1 is spread over all causes. Row ids are a public
contract: renaming one is a breaking change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from probe.judge.paired import conditions as when
from probe.judge.paired.facts import Facts
from probe.model import Author, Cause, Standing

_C = Cause
_S, _N, _0 = Author.SERVER, Author.NETWORK, Author.NOBODY
_NOT = Standing.UNINTERPRETABLE

Condition = Callable[[Facts], bool]


class Row(msgspec.Struct, frozen=True, eq=False):
    id: str
    layer: str
    condition: Condition
    shares: Mapping[Cause, float]
    author: Author
    sentence: str
    source: str
    mechanism: str = ""
    standing: Standing = Standing.SCORED
    """UNINTERPRETABLE: the look leans to a cause, and does not separate it from its rival."""


_FIL, _SRV, _OK, _LOC, _GEO, _THR = (
    _C.FILTERING, _C.SERVICE_OUTAGE, _C.OK, _C.LOCAL_FAULT, _C.GEO_BLOCK, _C.THROTTLING,
)  # fmt: skip

# fmt: off
ROWS: tuple[Row, ...] = (
    # ── the service's own word over a certificate valid for its name ─────────────────────────
    Row("pair.led_astray_secure", "http", when.led_astray_secure, {_OK: 0.46, _FIL: 0.38}, _0,
        "a redirect over plain HTTP led to another site than the helper was shown", "explorer#497, backend#453: 302 to a notice",
        "http.redirect_302", _NOT),
    Row("pair.challenge", "http", when.challenged, {_GEO: 0.80, _OK: 0.08, _SRV: 0.05}, _S,
        "the service asks whether this visitor is a robot, and not the helper: its own refusal, no filter",
        "probe#2661, #1734; mechanisms.json: server.bot_challenge", "server.bot_challenge"),
    Row("pair.secure_down", "http", when.secure_down, {_SRV: 0.85, _OK: 0.05}, _S,
        "the service answers with an error over a valid certificate, and fails for the helper too", "netblocks.md 5.3 (4)",
        "server.outage_global"),
    Row("pair.secure_refused", "http", when.secure_refused, {_GEO: 0.78, _OK: 0.08, _SRV: 0.06}, _S,
        "the service refuses this visitor over a valid certificate, and serves the helper", "attribution.md 1.4; RFC 7725",
        "server.geoblock_page"),
    Row("pair.secure_refused_alone", "http", when.secure_refused_alone, {_GEO: 0.42, _OK: 0.32, _SRV: 0.12}, _S,
        "the service refuses this visitor over a valid certificate; the helper has nothing to compare", "attribution.md 1.4",
        "server.geoblock_page", _NOT),
    Row("pair.secure_error", "http", when.secure_error, {_SRV: 0.55, _GEO: 0.28, _OK: 0.08}, _S,
        "the service answers this visitor with a server error over a valid certificate", "netblocks.md 5.3 (4)",
        "server.outage_global", _NOT),
    Row("pair.proxied", "dns", when.proxied, {_OK: 0.49, _FIL: 0.40}, _S,
        "the certificate is valid, yet unencrypted resolvers all name an address in the vantage's own network, and encrypted ones do not: a proxy may stand on the path",
        "probe#1975: transparent proxies", "http.transparent_proxy", _NOT),
    Row("pair.secure", "http", when.secure, {_OK: 0.97}, _S,
        "an answer over a certificate valid for the name: it needs no comparison", "ooni.md (a): the TLS-validity rule"),

    # ── names ───────────────────────────────────────────────────────────────────────────────
    Row("pair.page_same", "http", when.page_same, {_OK: 0.95}, _0,
        "the page over plain HTTP is the one that the helper was given", "ooni.md (a): HTTP diff"),
    Row("pair.led_home", "http", when.led_home, {_LOC: 0.55, _FIL: 0.22, _OK: 0.10}, _0,
        "a redirect leads to a private address: a portal or a gateway at the vantage's own site", "ooni.md (e): captive portals, pipeline#165",
        "local.captive_portal", _NOT),
    Row("pair.bogon_everywhere", "dns", when.bogon_everywhere, {_SRV: 0.90, _FIL: 0.04}, _S,
        "the name resolves to a private address for the helper too: its owner's mistake", "ooni/data rules.py: bogon in the control",
        "server.outage_global"),
    Row("pair.bogon", "dns", when.bogon, {_FIL: 0.93, _LOC: 0.03}, _N,
        "the name resolves to a private address here, and to public ones for the helper", "ooni/data rules.py: bogon not in the control",
        "dns.injection.bogon"),
    Row("pair.notice_address", "dns", when.notice_address, {_FIL: 0.95, _LOC: 0.02}, _N,
        "the name resolves to the address of a well-known block notice", "attribution.md 4, 6", "dns.injection.blockpage_ip"),
    Row("pair.notice", "http", when.noticed, {_FIL: 0.95, _LOC: 0.02}, _N,
        "a well-known block notice came instead of the page", "attribution.md 4", "http.blockpage_200"),
    Row("pair.bogon_alone", "dns", when.bogon_alone, {_SRV: 0.38, _FIL: 0.37, _LOC: 0.14}, _0,
        "the name resolves to a private address; there is no helper's answer to compare", "ooni/data rules.py: no control",
        "dns.injection.bogon", _NOT),
    Row("pair.nameless", "dns", when.nameless, {_SRV: 0.93}, _S,
        "neither the vantage's resolvers nor the helper's know an address for the name", "ooni/data rules.py: failure, control failing",
        "server.outage_global"),
    Row("pair.ghost", "dns", when.ghost, {_SRV: 0.46, _FIL: 0.42}, _0,
        "resolvers here name an address, and the helper is told that the name does not exist: it may be dead, and still be answered for here",
        "probe#2308: ghost blocking", "dns.injection.blockpage_ip", _NOT),
    Row("pair.unsure_name", "dns", when.unsure_name, {_SRV: 0.44, _FIL: 0.36}, _0,
        "the name is denied here; the helper was told no address either, nor that there is none", "probe#1735: answers that cannot be compared",
        "dns.nxdomain", _NOT),
    Row("pair.denied_sealed", "dns", when.denied_sealed, {_FIL: 0.90, _LOC: 0.04}, _0,
        "the vantage's resolver gives no address, while the helper and another resolver asked from here do", "ooni/data rules.py: failure, control well",
        "dns.nxdomain"),
    Row("pair.offline", "dns", when.offline, {_LOC: 0.60, _FIL: 0.22, _C.NETWORK_DISRUPTION: 0.10}, _0,
        "no resolver answers the vantage at all", "ooni.md (b): local names", "local.resolver_broken", _NOT),
    Row("pair.denied", "dns", when.denied, {_FIL: 0.84, _LOC: 0.06, _SRV: 0.04}, _0,
        "the vantage's resolver denies the name, which the helper resolves", "ooni/data rules.py: failure, control well",
        "dns.nxdomain"),
    Row("pair.unresolved", "dns", when.unresolved, {_FIL: 0.60, _LOC: 0.22, _SRV: 0.08}, _0,
        "the vantage's resolver fails for the name or does not answer, and the helper resolves it", "censoredplanet: timeouts are weak",
        "dns.timeout"),
    Row("pair.denied_alone", "dns", when.denied_alone, {_SRV: 0.40, _FIL: 0.36, _LOC: 0.12}, _0,
        "the name does not resolve; there is no helper's answer to compare", "ooni/data rules.py: no control", "dns.nxdomain", _NOT),
    Row("pair.false_certificate", "dns", when.stranger_certificate, {_FIL: 0.93, _LOC: 0.03}, _N,
        "the name resolves to an address of another network than for the helper, whose certificate is not the service's",
        "CERTainty; ooni/data rules.py", "dns.injection.forged_public"),
    Row("pair.stranger_page", "dns", when.stranger_page, {_FIL: 0.90, _OK: 0.04}, _0,
        "the name resolves to an address of another network than for the helper, where another page answers", "ooni.md (a): DNS consistency",
        "dns.injection.blockpage_ip"),
    Row("pair.stranger_dead", "dns", when.stranger_dead, {_FIL: 0.82, _OK: 0.04, _LOC: 0.04}, _0,
        "the name resolves to an address of another network than for the helper, and nothing of the service answers there",
        "ooni/data rules.py: answer unmatched", "dns.injection.forged_public"),

    Row("pair.denied_later", "dns", when.denied_later, {_FIL: 0.80, _SRV: 0.06, _LOC: 0.05}, _0,
        "the name that the endpoint redirects to does not resolve here; the helper was led to its page", "ooni.md (a): failure after a redirect",
        "dns.nxdomain"),

    # ── connections ─────────────────────────────────────────────────────────────────────────
    Row("pair.own_stack", "local", when.own_stack, {_LOC: 0.60, _OK: 0.25}, _0,
        "only the vantage's own network stack or its IPv6 failed", "ooni.md (b): local names", "", _NOT),
    Row("pair.endless_everywhere", "http", when.endless_everywhere, {_SRV: 0.90}, _S,
        "redirects without end, for the helper too", "ooni.md (a): expected failure", "server.outage_global"),
    Row("pair.unreadable", "http", when.unreadable, {_OK: 0.70, _SRV: 0.16}, _0,
        "names and addresses are right and answer; beyond that, neither side says what failed (an old probe's own store of certificates often did)",
        "probe#2344, #2459, probe-engine#769: trust stores"),
    Row("pair.broken_redirect", "http", when.broken_redirect, {_SRV: 0.42, _FIL: 0.38, _GEO: 0.08}, _0,
        "the answer redirects to nowhere, and the helper is led on", "probe#2628", "http.redirect_302", _NOT),
    Row("pair.certificate_everywhere", "tls", when.certificate_everywhere, {_SRV: 0.93}, _S,
        "the certificate does not verify, for the helper either", "netblocks.md 5.1: cert_expiry", "server.outage_global"),
    Row("pair.down_too", "tcp", when.barred_too, {_SRV: 0.90, _FIL: 0.05}, _0,
        "the same address fails for the helper too", "ooni/data rules.py: control failing", "server.outage_global"),
    Row("pair.page_fails_too", "http", when.page_fails_too, {_SRV: 0.78, _FIL: 0.12}, _0,
        "it fails here, and the helper gets no page either", "ooni/data rules.py: control failing", "server.outage_global"),
    Row("pair.helpless", "tcp", when.helpless, {_LOC: 0.35, _FIL: 0.28, _SRV: 0.22}, _0,
        "it fails here, and the helper was not reached either: the vantage's own connection may be at fault", "ooni.md (a): no control is unmeasured", "", _NOT),
    Row("pair.alone", "tcp", when.failed_alone, {_SRV: 0.37, _FIL: 0.36, _LOC: 0.12}, _0,
        "it fails here, and the helper has nothing to compare", "ooni.md (a): no control is unmeasured", "", _NOT),
    Row("pair.mitm", "tls", when.certificate, {_FIL: 0.80, _LOC: 0.12}, _N,
        "an address that presents a valid certificate to the helper presents a false one here", "ooni/data rules.py: ssl_ error, control well",
        "tls.mitm_cert"),
    Row("pair.throttled", "http", when.starved, {_THR: 0.66, _FIL: 0.24, _SRV: 0.05}, _0,
        "the answer begins, then starves until the deadline, while the helper gets it whole", "ooni dd-007; attribution.md 1.2",
        "throttle.sni_policing"),
    Row("pair.tls_reset", "tls", when.tls_reset, {_FIL: 0.84, _SRV: 0.06}, _0,
        "the connection is cut in the TLS handshake, and not for the helper", "ooni/data rules.py: reset, control well", "tls.sni_rst"),
    Row("pair.tls_silent", "tls", when.tls_silent, {_FIL: 0.80, _SRV: 0.08, _LOC: 0.04}, _0,
        "the TLS handshake is never answered here, and is for the helper", "ooni/data rules.py: other, control well", "tls.sni_drop"),
    Row("pair.tls_other", "tls", when.tls, {_FIL: 0.62, _SRV: 0.16, _LOC: 0.10}, _0,
        "the TLS handshake fails here, and not for the helper", "ooni/data rules.py: other, control well", "tls.sni_rst"),
    Row("pair.unreachable", "tcp", when.unreachable, {_LOC: 0.40, _FIL: 0.36, _C.NETWORK_DISRUPTION: 0.10}, _0,
        "the network says that the address cannot be reached; the helper reaches it", "ooni.md (b): local names", "ip.nullroute", _NOT),
    Row("pair.tcp_refused", "tcp", when.tcp_refused, {_FIL: 0.74, _SRV: 0.12}, _0,
        "the connection is refused or reset here, and not for the helper", "ooni/data rules.py: TCP failure, control well", "tcp.rst_on_syn"),
    Row("pair.tcp_silent", "tcp", when.tcp, {_FIL: 0.75, _SRV: 0.12, _LOC: 0.05}, _0,
        "the address never answers here, and answers the helper", "ooni/data rules.py: TCP failure, control well", "ip.nullroute"),
    Row("pair.http_reset", "http", when.http_reset, {_FIL: 0.82, _SRV: 0.07}, _0,
        "the connection is cut after the request names the service, and not for the helper", "ooni.md (a): http-failure", "http.host_rst"),
    Row("pair.http_silent", "http", when.http_silent, {_FIL: 0.76, _SRV: 0.08, _THR: 0.06}, _0,
        "the request is never answered here, and is for the helper", "ooni.md (a): http-failure", "http.empty_or_truncated"),

    # ── another page over plain HTTP ────────────────────────────────────────────────────────
    Row("pair.plain_alone", "http", when.plain_proven, {_OK: 0.80, _FIL: 0.08}, _0,
        "a page came from an address with a certificate valid for the name; there is no helper's page to compare", "ooni.md (a): E001"),
    Row("pair.plain_unproven", "http", when.plain_alone, {_OK: 0.55, _FIL: 0.20, _SRV: 0.05}, _0,
        "a page came over plain HTTP; there is no helper's page to compare", "ooni.md (a): no control is unmeasured", "", _NOT),
    Row("pair.led_astray", "http", when.led_astray, {_FIL: 0.85, _OK: 0.06}, _0,
        "a redirect over plain HTTP led to another site, with another page than the helper was shown", "explorer#497, backend#453",
        "http.redirect_302"),
    Row("pair.plain_refused", "http", when.plain_refused, {_GEO: 0.72, _FIL: 0.10, _OK: 0.08}, _S,
        "the service's own servers refuse this visitor, by headers that the helper's page has too", "probe#1734: server-side refusals",
        "server.geoblock_page"),
    Row("pair.plain_error", "http", when.plain_error, {_SRV: 0.62, _GEO: 0.18, _OK: 0.08}, _0,
        "the service's own servers answer this visitor with an error, by headers that the helper's page has too", "probe#2333",
        "server.outage_global"),
    Row("pair.plain_own_words", "http", when.own_words, {_OK: 0.72, _FIL: 0.10, _GEO: 0.08}, _0,
        "another page than the helper's, by the same servers", "ooni.md (e): localised pages"),
    Row("pair.stub", "http", when.stub, {_OK: 0.50, _FIL: 0.24, _SRV: 0.10}, _0,
        "another page than the helper's, whose own is too bare to compare: a forwarder's or a parked name's", "probe#2310: parked and changed sites", "", _NOT),
    Row("pair.refused_unmarked", "http", when.refused_unmarked, {_GEO: 0.42, _FIL: 0.40}, _0,
        "a refusal over plain HTTP with no sign of who wrote it", "mechanisms.json: http.403_injected", "http.403_injected", _NOT),
    Row("pair.page_other", "http", when.page_other, {_FIL: 0.74, _OK: 0.10, _GEO: 0.06}, _0,
        "another page than the helper's, with nothing in common with it", "ooni.md (a): HTTP diff", "http.blockpage_200"),
    Row("pair.nothing", "", lambda _: True, {_OK: 0.2}, _0,
        "the look shows nothing that any other row reads", "—", "", _NOT),
)
# fmt: on

DENIALS = {
    "dns_servfail_error": "dns.refused_servfail",
    "dns_refused_error": "dns.refused_servfail",
    "dns_server_misbehaving": "dns.refused_servfail",
    "dns_no_answer": "dns.empty_noerror",
    "android_dns_cache_no_data": "dns.empty_noerror",
    "generic_timeout_error": "dns.timeout",
    "timed_out": "dns.timeout",
    "dns_temporary_failure": "dns.timeout",
}
"""How a resolver kept an address back, by its failure's name; all else denies the name."""
_DENIED = "dns.nxdomain"

BY_ID = {row.id: row for row in ROWS}
"""The table by its rows' ids."""


def fitting(seen: Facts) -> Row:
    """Choose the first row that fits; the last fits everything."""
    return next(row for row in ROWS if row.condition(seen))


def mechanism(row: Row, seen: Facts) -> str:
    """Name the row's mechanism; where a name was kept back, by how it was."""
    if row.mechanism != _DENIED:
        return row.mechanism
    return DENIALS.get(seen.own.failure or seen.sight.failure, _DENIED)
