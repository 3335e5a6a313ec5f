"""OONI's own quality conditions and famous field measurements, judged; and conditions like them.

The truths of the first two tables are those of the corpus' README; the hand-made ones are ours.
"""

from __future__ import annotations

import pytest

from probe.interop import ooni
from probe.interop.refusal import ForeignError, Reason
from probe.judge.paired.weighing import verdicts, weigh
from probe.model import Cause, State, Verdict
from tests.interop import made as m
from tests.interop.corpus import CORPUS, needs_corpus

OK, DOWN, FILTERING = Cause.OK, Cause.SERVICE_OUTAGE, Cause.FILTERING
UNSURE = None
"""`insufficient`, whatever leads."""

QA: dict[str, Cause | None] = {
    "badSSLWithExpiredCertificate": DOWN,
    "badSSLWithUnknownAuthorityWithConsistentDNS": DOWN,
    "cloudflareCAPTCHAWithHTTP": Cause.GEO_BLOCK,
    "controlFailureWithSuccessfulHTTPSWebsite": OK,
    "dnsBlockingAndroidDNSCacheNoData": FILTERING,
    "dnsBlockingBOGON": FILTERING,
    "dnsHijackingToLocalhostWithHTTP": FILTERING,
    "dnsHijackingToProxyWithHTTPSURL": UNSURE,
    "ghostDNSBlockingWithHTTP": UNSURE,
    "httpBlockingConnectionReset": FILTERING,
    "httpDiffWithConsistentDNS": FILTERING,
    "idnaWithoutCensorshipLowercase": OK,
    "largeFileWithHTTP": OK,
    "localhostWithHTTP": DOWN,
    "localhostWithHTTPS": DOWN,
    "redirectWithBrokenLocationForHTTPS": UNSURE,
    "redirectWithConsistentDNSAndThenConnectionRefusedForHTTPS": FILTERING,
    "redirectWithConsistentDNSAndThenConnectionResetForHTTP": FILTERING,
    "redirectWithConsistentDNSAndThenEOFForHTTPS": FILTERING,
    "redirectWithConsistentDNSAndThenNXDOMAIN": FILTERING,
    "redirectWithConsistentDNSAndThenTimeoutForHTTP": FILTERING,
    "redirectWithMoreThanTenRedirectsAndHTTP": DOWN,
    "successWithHTTPS": OK,
    "tcpBlockingConnectTimeout": FILTERING,
    "throttlingWithHTTPS": Cause.THROTTLING,
    "tlsBlockingConnectionResetWithConsistentDNS": FILTERING,
    "websiteDownNXDOMAIN": DOWN,
    "websiteDownTCPConnect": DOWN,
}

FIELD: dict[str, Cause | None] = {
    "web_connectivity_ir_fp": FILTERING,
    "requests_none": UNSURE,
    "report1": OK,
    "web_connectivity_no_body": OK,
    "firefoxcom": OK,
    "8844": OK,
    "web_connectivity_US_2022-11-10_www.theguardian.com": OK,
    "noipv6": OK,
    "web_connectivity_b64_hdr": UNSURE,
    "web_connectivity_null": UNSURE,
    "web_connectivity_AE_2019-11-18_thepiratebay.org": UNSURE,
    "web_connectivity_IE_2020-03-03_www.efindlove.com": UNSURE,
    "web_connectivity_RU_2020-03-03_rutor.org": FILTERING,
}
REFUSED = {"bug_351": Reason.CLIENT_BUG, "test_keys_none": Reason.NO_TEST_KEYS}


def judged(text: bytes) -> Verdict:
    look = ooni.read(text)
    given = verdicts([weigh(look)], look.own.at)
    assert {(v.leading, v.state) for v in given} == {(given[0].leading, given[0].state)}
    return given[0]


def holds(text: bytes, truth: Cause | None) -> None:
    found = judged(text)
    if truth is UNSURE:
        assert found.state is State.INSUFFICIENT
        return
    assert (found.leading, found.state is not State.INSUFFICIENT) == (truth, True)


@needs_corpus
@pytest.mark.parametrize(("name", "truth"), QA.items())
def test_a_quality_condition_is_seen_for_what_it_is(name: str, truth: Cause | None) -> None:
    holds((CORPUS / f"ooni_qa/{name}.json").read_bytes(), truth)


@needs_corpus
@pytest.mark.parametrize(("name", "truth"), FIELD.items())
def test_a_field_measurement_is_seen_for_what_it_is(name: str, truth: Cause | None) -> None:
    holds((CORPUS / f"ooni_field/{name}.json").read_bytes(), truth)


@needs_corpus
@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_a_field_measurement_that_is_none_is_refused(name: str, reason: Reason) -> None:
    with pytest.raises(ForeignError) as caught:
        ooni.read((CORPUS / f"ooni_field/{name}.json").read_bytes())
    assert caught.value.reason is reason


@needs_corpus
def test_a_robot_check_is_the_services_own() -> None:
    found = judged((CORPUS / "ooni_qa/cloudflareCAPTCHAWithHTTP.json").read_bytes())
    assert found.mechanisms == ("server.bot_challenge",)


# ── conditions of the same kind, made by hand ────────────────────────────────────────────────

PLAIN = f"http://{m.NAME}/"
MARKS = {"X-Served-By": "cache-1", "Cf-Ray": "1-SIN"}
_here = [m.query(m.SITE), m.query(m.SITE, engine="udp"), m.query(m.SITE, engine="doh")]
_denied = [
    m.query(failure="dns_nxdomain_error"),
    m.query(failure="dns_nxdomain_error", engine="udp"),
]
_led = [m.query(m.STRANGER, asn=m.STRANGER_AS), m.query(m.SITE, engine="doh")]
_detour = [m.tcp(), m.tls(), m.http()]


def https(**also: object) -> m.Json:
    return m.well(**also)


def plain(answer: m.Json, **also: object) -> m.Json:
    keys: m.Json = {
        "queries": _here, "tcp_connect": [m.tcp(port=80), m.tcp()],
        "tls_handshakes": [m.tls(only=True)], "requests": [answer],
        "control": m.control(m.SITE, headers=MARKS),
    }  # fmt: skip
    return m.record(PLAIN, **(keys | also))


def page(body: str = m.PAGE, code: int | None = 200, **also: object) -> m.Json:
    return m.http(PLAIN, code, body, **also)  # type: ignore[arg-type]


def redirected(*steps: m.Json, **keys: object) -> m.Json:
    first = m.http("https://bit.ly/1", 301, "", headers={"Location": keys.pop("to", f"https://{m.NAME}/")}, ip="67.199.248.11")  # type: ignore[dict-item]  # fmt: skip
    base: m.Json = {
        "queries": [m.query("67.199.248.11", name="bit.ly"), m.query(m.SITE, depth=1)],
        "tcp_connect": [m.tcp("67.199.248.11")], "tls_handshakes": [m.tls("67.199.248.11", name="bit.ly")],
        "requests": [*reversed(steps), first], "control": m.control("67.199.248.11"),
    }  # fmt: skip
    return m.record("https://bit.ly/1", **(base | keys))


HAND: dict[str, tuple[m.Json, Cause | None]] = {
    "well over https": (https(), OK),
    "well over http": (plain(page()), OK),
    "well over http, localised title and length": (plain(page(m.NOTE, headers=MARKS)), OK),
    "no IPv6 route": (https(tcp_connect=[m.tcp("2606:2800:220:1::1", failure="network_unreachable"), m.tcp()]), OK),
    "certificate for another name, everywhere": (https(tls_handshakes=[m.tls(failure="ssl_invalid_hostname")], requests=[], control=m.control(m.SITE, http_failure="ssl_invalid_hostname", tls_failures={f"{m.SITE}:443": "ssl_invalid_hostname"})), DOWN),
    "false certificate here alone": (https(tls_handshakes=[m.tls(failure="ssl_unknown_authority")], requests=[]), FILTERING),
    "answer leads to a false certificate": (https(queries=_led, tcp_connect=[m.tcp(m.STRANGER), m.tcp()], tls_handshakes=[m.tls(m.STRANGER, "ssl_unknown_authority"), m.tls()], requests=[m.http()]), FILTERING),
    "answer leads to a dead address": (https(queries=_led, tcp_connect=[m.tcp(m.STRANGER, failure="connection_refused"), m.tcp()], requests=[m.http()]), FILTERING),
    "answer leads to a cache with a valid certificate": (https(queries=[m.query(m.STRANGER, asn=m.STRANGER_AS)], tcp_connect=[m.tcp(m.STRANGER)], tls_handshakes=[m.tls(m.STRANGER)], requests=[m.http(ip=m.STRANGER)]), OK),
    "answer in clear leads to a proxy at home, http": (plain(page(ip=m.STRANGER), queries=[m.query(m.STRANGER, asn=137), m.query(m.STRANGER, asn=137, engine="udp"), m.query(m.SITE, engine="doh")], tls_handshakes=[m.tls(m.STRANGER, only=True)]), UNSURE),
    "answer of the same network as the helper's": (plain(page(ip="93.184.216.40"), queries=[m.query("93.184.216.40")], tls_handshakes=[]), OK),
    "robot check over https": (https(requests=[m.http(code=503, body="<title>Just a moment...</title>", headers={"Server": "cloudflare"})]), Cause.GEO_BLOCK),
    "refusal over https": (https(requests=[m.http(code=451, body=m.NOTE)]), Cause.GEO_BLOCK),
    "refusal by the service over http": (plain(page(m.NOTE, 403, headers=MARKS)), Cause.GEO_BLOCK),
    "refusal by nobody knows whom over http": (plain(page(m.NOTE, 403)), UNSURE),
    "error of the service, for the helper too": (https(requests=[m.http(code=503, body="")], control=m.control(m.SITE, status=503)), DOWN),
    "control failed over http": (plain(page(), control=None, control_failure="connection_reset"), OK),
    "control failed, and no proof": (plain(page(), tls_handshakes=[], control=None, control_failure="connection_reset"), UNSURE),
    "control failed, and so did all else": (https(tcp_connect=[m.tcp(failure="generic_timeout_error")], tls_handshakes=[], requests=[], control=None, control_failure="generic_timeout_error"), UNSURE),
    "name denied, detour works": (https(queries=[_denied[0], m.query(m.SITE, engine="doh")]), FILTERING),
    "name denied, nothing else asked": (m.record(queries=_denied[:1], tcp_connect=[], requests=[], control=m.control(m.SITE)), FILTERING),
    "name denied by all here": (m.record(queries=_denied, control=m.control(m.SITE)), FILTERING),
    "name unknown to everybody": (m.record(queries=_denied, control=m.control(dns="dns_name_error", http_failure="dns_lookup_error")), DOWN),
    "name without any address": (m.record(queries=[m.query(failure="dns_no_answer")], control=m.control(dns="dns_no_answer", http_failure="dns_lookup_error")), DOWN),
    "name without any address, which the helper calls no failure": (m.record(queries=[m.query(failure="dns_no_answer")], control=m.control(http_failure="dns_lookup_error")), DOWN),
    "name denied, which the helper knows without an address": (m.record(queries=_denied, control=m.control("example.net", http_failure="dns_lookup_error")), UNSURE),
    "no resolver answers at all": (m.record(queries=[m.query(failure="generic_timeout_error"), m.query(failure="generic_timeout_error", engine="udp"), m.query(failure="generic_timeout_error", engine="doh")], control=m.control(m.SITE)), UNSURE),
    "answer is loopback": (https(queries=[m.query("127.0.0.1"), m.query("127.0.0.1", engine="udp"), m.query(m.SITE, engine="doh")]), FILTERING),
    "answer is private for the helper too": (m.record(queries=[m.query("192.168.1.1")], control=m.control("192.168.1.1", http_failure="unknown_error")), DOWN),
    "dead name, refused port": (m.record("https://ghost.example/", queries=[m.query(m.STRANGER, asn=m.STRANGER_AS, name="ghost.example"), m.query(failure="dns_nxdomain_error", engine="doh", name="ghost.example")], tcp_connect=[m.tcp(m.STRANGER, failure="connection_refused")], control=m.control(dns="dns_name_error", http_failure="dns_lookup_error", tcp_failures={f"{m.STRANGER}:443": "connection_refused_error"})), UNSURE),
    "other page from a stranger's address": (plain(page(m.NOTE, ip=m.STRANGER), queries=_led, tcp_connect=[m.tcp(m.STRANGER, 80)], tls_handshakes=[]), FILTERING),
    "connection refused here alone": (https(tcp_connect=[m.tcp(failure="connection_refused")], tls_handshakes=[], requests=[]), FILTERING),
    "silent for the helper too": (https(tcp_connect=[m.tcp(failure="generic_timeout_error")], tls_handshakes=[], requests=[], control=m.control(http_failure="generic_timeout_error", tcp_failures={f"{m.SITE}:443": "generic_timeout_error"})), DOWN),
    "handshake cut by a clean end": (https(tls_handshakes=[m.tls(failure="eof_error")], requests=[]), FILTERING),
    "handshake never answered": (https(tls_handshakes=[m.tls(failure="generic_timeout_error")], requests=[]), FILTERING),
    "request cut": (plain(page(code=None, body="", failure="eof_error")), FILTERING),
    "request never answered": (plain(page(code=None, body="", failure="generic_timeout_error")), FILTERING),
    "body starves": (https(requests=[m.http(body="a little", failure="generic_timeout_error")]), Cause.THROTTLING),
    "large file cut off over https": (https(requests=[m.http(body="x" * 4096, cut=True)]), OK),
    "redirect, then refused": (redirected(tcp_connect=[m.tcp("67.199.248.11"), m.tcp(failure="connection_refused", depth=1)]), FILTERING),
    "redirect, then a silent handshake": (redirected(tcp_connect=[m.tcp("67.199.248.11"), m.tcp(depth=1)], tls_handshakes=[m.tls("67.199.248.11", name="bit.ly"), m.tls(failure="generic_timeout_error", depth=1)]), FILTERING),
    "redirect, then fails for the helper too": (redirected(tcp_connect=[m.tcp("67.199.248.11"), m.tcp(failure="generic_timeout_error", depth=1)], control=m.control("67.199.248.11", http_failure="generic_timeout_error")), DOWN),
    "redirect to nowhere over http": (plain(page("", 302, headers={"Location": "http://"}, failure="http_invalid_redirect_location_host")), UNSURE),
    "redirect to a portal at home": (plain(page("", 302, headers={"Location": "http://192.168.0.1/login"}, failure="http_invalid_redirect_location_host")), UNSURE),
    "redirect over http to another site's page": (plain(page("", 302, headers={"Location": "http://notice.example/"}), requests=[m.http("http://notice.example/", 200, m.NOTE, ip=m.STRANGER, depth=1), page("", 302, headers={"Location": "http://notice.example/"})]), FILTERING),
    "moved to another name, same page": (plain(page("", 301, headers={"Location": "https://new.example/"}), requests=[m.http("https://new.example/", depth=1), page("", 301, headers={"Location": "https://new.example/"})], tls_handshakes=[m.tls(only=True), m.tls(name="new.example", depth=1)]), OK),
    "notice by its words": (plain(page("<title>Blocked</title>This site is blocked by order of the court")), FILTERING),
}  # fmt: skip


def encoded(name: str) -> bytes:
    """Give a made condition's record."""
    return m.encoded(HAND[name][0])


@pytest.mark.parametrize("name", HAND)
def test_a_condition_of_the_same_kind_is_seen_for_what_it_is(name: str) -> None:
    text, truth = HAND[name]
    holds(m.encoded(text), truth)


@pytest.mark.parametrize("name", [n for n, (_, truth) in HAND.items() if truth is not FILTERING])
def test_nothing_but_filtering_is_called_filtering(name: str) -> None:
    found = judged(m.encoded(HAND[name][0]))
    assert found.leading is not FILTERING or found.state is State.INSUFFICIENT
