"""The table itself: every row can be reached, says a sentence, weighs within bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from probe.judge.control import Reference, reference
from probe.judge.evidence import find
from probe.judge.reading import read
from probe.judge.row import CAP, Category
from probe.judge.rules import EXTRA, MAIN, ROWS, VERSION
from probe.judge.told import Told
from probe.model import (
    Author,
    DifferentialTest,
    DnsLookup,
    Expectation,
    Fingerprint,
    Header,
    Layer,
    Observation,
    Standing,
    Transport,
)
from tests.judge import worlds as w

CASE = w.Case(w.ROSTER[0], "chirp", "web", "chirp-web", w.START)
ABROAD = w.Case(
    next(v for v in w.ROSTER if v.country == "DE"), "chirp", "web", "chirp-web", w.START
)
KNOWN = reference(Told([read(w.measurement(ABROAD, w.ok(ABROAD)))]))
BLIND = Reference()
PLACE, MUTE = f"{w.OURS} 443", "generic_timeout_error"
SPOKEN = msgspec.structs.replace(KNOWN, spoken={PLACE: "DE"})
UP = (w.dns(CASE, CASE.address), w.tcp(CASE, CASE.address), w.tls(CASE, CASE.address))
A = CASE.address


def page(
    status: int,
    expectation: Expectation = Expectation.STATUS,
    *,
    title: str = "",
    headers: tuple[Header, ...] = (),
) -> tuple[Observation, ...]:
    return (*UP, w.http(CASE, A, status, expectation, title=title, headers=headers))


def plain(status: int, *, title: str = "", location: str = "") -> tuple[Observation, ...]:
    answer = w.http(
        CASE, A, status, Expectation.STATUS, scheme="http", title=title, location=location
    )
    return (w.dns(CASE, A), w.tcp(CASE, A), answer)


def handshake(failure: str, neutral: str | None = None) -> tuple[Observation, ...]:
    steps = (w.dns(CASE, A), w.tcp(CASE, A), w.tls(CASE, A, failure))
    if neutral is None:
        return steps
    return (
        *steps,
        w.tls(CASE, A, neutral, name="example.com", test=DifferentialTest.NEUTRAL_NAME),
    )


def connect(failure: str) -> tuple[Observation, ...]:
    return (w.dns(CASE, A), w.tcp(CASE, A, failure))


OWN, SWAP, PACE, PORT, OTHER = (
    DifferentialTest.OWN_ADDRESS,
    DifferentialTest.HOST_SWAP,
    DifferentialTest.GOODPUT,
    DifferentialTest.OTHER_PORT,
    DifferentialTest.SECOND_ADDRESS,
)
OURS = "11.45.1.1"


def beside(test: DifferentialTest, step: Observation) -> Observation:
    return msgspec.structs.replace(step, test=test)


def ours(failure: str = "") -> tuple[Observation, ...]:
    steps = (
        w.tcp(CASE, OURS), w.tls(CASE, OURS, name="example.com"),
        w.tcp(CASE, OURS), w.tls(CASE, OURS, failure),
    )  # fmt: skip
    return tuple(beside(OWN, step) for step in steps)


def after(failure: str) -> tuple[Observation, ...]:
    steps = (w.tcp(CASE, A), w.tls(CASE, A, failure, name="example.com"))
    return tuple(beside(DifferentialTest.AFTER, step) for step in steps)


def harmless(took: float) -> tuple[Observation, ...]:
    """Hands shaken at the address under a harmless name."""
    steps = (w.tcp(CASE, A), w.tls(CASE, A, name="example.com", took=took))
    return tuple(beside(DifferentialTest.NEUTRAL_NAME, step) for step in steps)


def plain_cut() -> tuple[Observation, ...]:
    cut = w.http(CASE, A, failure="connection_reset", scheme="http")
    return (w.dns(CASE, A), w.tcp(CASE, A), cut)


def swapped(*failures: str) -> tuple[Observation, ...]:
    steps = [
        step
        for failure in failures
        for step in (w.tcp(CASE, A), w.http(CASE, A, failure=failure, scheme="http"))
    ]
    return tuple(beside(SWAP, step) for step in steps)


def quartered(step: Observation, took: float) -> Observation:
    each = tuple(took * part / 4 for part in range(1, 5))
    return msgspec.structs.replace(step, quarters=each)


def paced(
    control: float, named: float | None, *, even: bool = False, late: float = 0.0
) -> tuple[Observation, ...]:
    """Fetch 64 KiB under both names, in so many seconds; None freezes."""
    frozen = w.http(CASE, OURS, failure="generic_timeout_error")
    last = (
        msgspec.structs.replace(frozen, received=12_000)
        if named is None
        else msgspec.structs.replace(w.http(CASE, OURS, took=named), length=65536)
    )
    whole = msgspec.structs.replace(w.http(CASE, OURS, took=control), length=65536)
    steps = (
        w.tcp(CASE, OURS),
        w.tls(CASE, OURS),
        quartered(whole, control) if even else whole,
        w.tcp(CASE, OURS),
        w.tls(CASE, OURS, took=0.05 + late),
        quartered(last, named or 0.0) if even else last,
    )
    return tuple(beside(PACE, step) for step in steps)


def named(failure: str) -> tuple[Observation, ...]:
    return (w.dns(CASE, failure=failure),)


def also_abroad(maker: w.Maker) -> Reference:
    return reference(Told([read(w.measurement(ABROAD, maker(ABROAD)))]))


PACED = msgspec.structs.replace(KNOWN, late={w.measurement(CASE, ()).id: 0.2})
STRANGER = "31.13.77.33"
COMMON = msgspec.structs.replace(KNOWN, common=frozenset({("TR", STRANGER)}))
SAME = msgspec.structs.replace(KNOWN, pages={"d": frozenset({("TR", 47330), ("TR", 47331)})})


def plain_page(case: w.Case) -> tuple[Observation, ...]:
    page = w.http(case, case.address, 200, Expectation.MISSING, scheme="http", title="Notice")
    return (
        w.dns(case, case.address),
        w.tcp(case, case.address),
        msgspec.structs.replace(page, digest="d"),
    )


def elsewhere(maker: w.Maker) -> tuple[Observation, ...]:
    return maker(replace(CASE, pinned=STRANGER))


TRUE_SECOND = w.dns(CASE, A, test=DifferentialTest.SECOND_RESOLVER)
SECOND = w.dns(CASE, "11.77.0.1", test=DifferentialTest.SECOND_RESOLVER)
LATE = DnsLookup(at=w.START, took=0.1, name="x", answers=("31.13.7.7",), late=(A,))
NATIONAL = Fingerprint("national", "nat", ("TR",))
SIX = "2a00:1450::1"
TWO = msgspec.structs.replace(KNOWN, valid={**KNOWN.valid, SIX: "DE", "11.77.0.9": "DE"})
FALSE = "31.13.7.7"
BELIED = msgspec.structs.replace(
    KNOWN, belied={FALSE: "CN"}, answers={**KNOWN.answers, FALSE: "CN"}
)
LATER = msgspec.structs.replace(LATE, late=(A, "31.13.9.9"))
DIRECT = msgspec.structs.replace(KNOWN, direct="DE")


def over(address: str, lost: str) -> tuple[Observation, ...]:
    """A whole answer from one address, while another is lost."""
    case = replace(CASE, pinned=address)
    return (w.tcp(CASE, lost, "generic_timeout_error"), *w.ok(case))


def relayed() -> tuple[Observation, ...]:
    headers = (Header(name="Via", value="1.1 cache"),)
    return (w.dns(CASE, A), w.tcp(CASE, A), w.http(CASE, A, scheme="http", headers=headers))


def noticed(status: int) -> tuple[Observation, ...]:
    title = "Access to this website has been blocked"
    return (
        w.dns(CASE, A),
        w.tcp(CASE, A),
        w.http(CASE, A, status, Expectation.STATUS, scheme="http", title=title),
    )


def frozen() -> tuple[Observation, ...]:
    stalled = w.http(CASE, A, failure="generic_timeout_error")
    return (*UP, msgspec.structs.replace(stalled, length=12_000))


def shut() -> tuple[Observation, ...]:
    refused = w.tcp(CASE, A, "connection_refused")
    return (
        *handshake("connection_reset"),
        msgspec.structs.replace(refused, test=DifferentialTest.NEUTRAL_NAME),
    )


def odd_host() -> tuple[Observation, ...]:
    """The name leads to an address of the very country's notice."""
    return (
        msgspec.structs.replace(w.dns(CASE, "11.9.9.9"), fingerprint=NATIONAL),
        w.tcp(CASE, "11.9.9.9", "connection_reset"),
    )


EXAMPLES: dict[str, tuple[tuple[Observation, ...], Reference]] = {
    "ok.slow_body": ((*UP, w.http(CASE, A, took=9.0)), PACED),
    "ok.slow_address": ((*w.delayed(CASE), *harmless(3.0)), PACED),
    "ok.slow": (w.delayed(CASE), PACED),
    "ok.half": (over(SIX, A), TWO),
    "ok.partly": (over(A, "11.77.0.9"), TWO),
    "ok.proxied": (relayed(), DIRECT),
    "ok.encrypted_dns": ((*w.ok(CASE), *w.encrypted_cut(CASE)), KNOWN),
    "ok.quic_name": ((*w.ok(CASE), *w.over_quic(CASE, "", MUTE, MUTE)), KNOWN),
    "ok.quic": ((*w.ok(CASE), *w.over_quic(CASE, MUTE, None, MUTE)), SPOKEN),
    "ok.named": (w.ok(CASE)[:1], KNOWN),
    "ok.connected": (w.ok(CASE)[:2], KNOWN),
    "ok.met": (w.ok(CASE), KNOWN),
    "local.own_stack": (connect("network_down"), KNOWN),
    "http.notice_redirect": (plain(302, location="http://internetpositif.id/"), KNOWN),
    "dns.foreign_notice": ((w.dns(CASE, "10.10.34.34"), w.tcp(CASE, "10.10.34.34", "connection_reset")), KNOWN),
    "dns.notice_address": (odd_host(), KNOWN),
    "http.notice_403": (noticed(403), KNOWN),
    "http.notice_451": (noticed(451), KNOWN),
    "http.notice": (w.block_page(CASE), KNOWN),
    "http.challenge": (page(403, title="Just a moment..."), KNOWN),
    "http.rate_limited": (page(429), KNOWN),
    "http.5xx": (w.server_error(CASE), KNOWN),
    "http.451": (w.geo_block(CASE), KNOWN),
    "http.not_here": (page(200, Expectation.MISSING, title="Sorry: not available in your country"), KNOWN),
    "http.forbidden_text": (w.app_error(CASE), KNOWN),
    "http.403": (w.rejection(CASE), KNOWN),
    "http.4xx": (page(404), KNOWN),
    "http.missing_text": (page(200, Expectation.MISSING), KNOWN),
    "http.short": (page(200, Expectation.SHORT), KNOWN),
    "http.unexpected": (page(302), KNOWN),
    "http.plain_5xx": (plain(502), KNOWN),
    "http.plain_refusal": (plain(403, title="Access denied | a.example used Cloudflare to restrict access"), KNOWN),
    "dns.notice_page": (elsewhere(plain_page), COMMON),
    "http.same_page": (plain_page(CASE), SAME),
    "http.unknown_page": (plain(200, title="Notice"), KNOWN),
    "dns.bogon": (w.bogon(CASE), KNOWN),
    "dns.sinkhole": ((LATE, w.tcp(CASE, FALSE), w.tls(CASE, FALSE, "generic_timeout_error")), KNOWN),
    "dns.several_answers": ((LATER, w.tcp(CASE, FALSE, "generic_timeout_error")), KNOWN),
    "dns.late_truth": ((LATE, w.tcp(CASE, "31.13.7.7", "generic_timeout_error")), KNOWN),
    "dns.bogon_unproven": (w.bogon(CASE), BLIND),
    "tls.expired": (w.expired(CASE), also_abroad(w.expired)),
    "tls.lapsed": (w.expired(CASE), BLIND),
    "tls.refused_everywhere": (w.mitm(CASE), also_abroad(w.mitm)),
    "tls.mitm": (w.mitm(CASE), KNOWN),
    "dns.notice_host": (elsewhere(w.forged), COMMON),
    "dns.polluted": ((w.dns(CASE, FALSE), w.tcp(CASE, FALSE, "generic_timeout_error"), TRUE_SECOND), BELIED),
    "dns.forged_common": ((w.dns(CASE, STRANGER), w.tcp(CASE, STRANGER, "connection_refused")), COMMON),
    "dns.forged": (w.forged(CASE), KNOWN),
    "tls.expired_here": (w.expired(CASE, verify=18), BLIND),
    "tls.refused": (w.forged(CASE), BLIND),
    "dns.forged_silent": ((w.dns(CASE, "31.13.7.7"), w.tcp(CASE, "31.13.7.7", "generic_timeout_error"), SECOND), KNOWN),
    "tls.reset_name": (w.sni_reset(CASE), KNOWN),
    "tls.reset_lasting": (shut(), KNOWN),
    "tls.reset_alike": (handshake("eof_error", "eof_error"), KNOWN),
    "tls.reset": (handshake("connection_reset"), KNOWN),
    "tls.timeout_name": (w.sni_drop(CASE), KNOWN),
    "tls.timeout_alike": (handshake("generic_timeout_error", "generic_timeout_error"), KNOWN),
    "tls.timeout": (handshake("generic_timeout_error"), KNOWN),
    "tls.refusal": (handshake("ssl_failed_handshake"), KNOWN),
    "tcp.timeout_port": ((*connect("generic_timeout_error"), beside(PORT, w.tcp(CASE, A))), KNOWN),
    "tcp.timeout": (w.null_route(CASE), KNOWN),
    "tcp.reset": (w.tcp_reset(CASE), KNOWN),
    "tcp.refused": (connect("connection_refused"), KNOWN),
    "tcp.unreachable": (connect("host_unreachable"), KNOWN),
    "http.cut_short": ((*UP, w.http(CASE, A, failure="eof_error")), KNOWN),
    "http.reset": ((*UP, w.http(CASE, A, failure="connection_reset")), KNOWN),
    "http.frozen": (frozen(), KNOWN),
    "http.timeout": (w.silence(CASE), KNOWN),
    "http.other": ((*UP, w.http(CASE, A, failure="unknown_failure: odd")), KNOWN),
    "dns.nxdomain_here": (named("dns_nxdomain_error"), KNOWN),
    "dns.nxdomain": (named("dns_nxdomain_error"), BLIND),
    "dns.rcode": (named("dns_servfail_error"), KNOWN),
    "dns.no_answer": (named("dns_no_answer"), KNOWN),
    "dns.timeout": (named("generic_timeout_error"), KNOWN),
    "other.unreadable": (named("unknown_failure: odd"), KNOWN),
}  # fmt: skip
EXTRAS: dict[str, tuple[Observation, ...]] = {
    "test.second_resolver_same": (*w.forged(CASE), w.dns(CASE, STRANGER, test=DifferentialTest.SECOND_RESOLVER)),
    "test.second_resolver_answers": w.nxdomain(CASE),
    "test.second_resolver_knows": w.second_knows(CASE),
    "test.second_resolver_hears": w.dns_timeout(CASE),
    "test.second_resolver_alike": w.nxdomain_everywhere(CASE),
    "test.encrypted_resolver_cut": (*w.silence(CASE), *w.encrypted_cut(CASE)),
    "test.quic_name_cut": (*handshake("connection_reset"), *w.over_quic(CASE, "", MUTE, MUTE)),
    "test.quic_cut": (*handshake("connection_reset"), *ours(), *w.over_quic(CASE, MUTE, None, MUTE)),
    "test.quic_answers": (*handshake("connection_reset"), *w.over_quic(CASE, "", "", "")),
    "test.neutral_alike": (*connect("generic_timeout_error"), w.tls(CASE, A, "generic_timeout_error", name="example.com", test=DifferentialTest.NEUTRAL_NAME)),
    "test.own_address_cut": (*handshake("connection_reset"), *ours("connection_reset")),
    "test.own_address_passes": (*handshake("connection_reset"), *ours()),
    "test.after_passes": (*after(""), *handshake("connection_reset", "connection_reset")),
    "test.after_alike": (*after("connection_reset"), *handshake("connection_reset", "connection_reset")),
    "test.host_passes": (*plain_cut(), *swapped("")),
    "test.host_alike": (*plain_cut(), *swapped("connection_reset")),
    "test.host_follows": (*plain_cut(), *swapped("", "", "connection_reset")),
    "test.other_port_answers": (*connect("generic_timeout_error"), beside(PORT, w.tcp(CASE, A))),
    "test.second_address_answers": (*connect("generic_timeout_error"), beside(OTHER, w.tcp(CASE, "11.9.9.9"))),
    "test.path_ends_near": w.null_route_near(CASE),
    "test.path_reaches": w.null_route_at_the_door(CASE),
    "test.neutral_quick": (*w.delayed(CASE), *harmless(0.1)),
    "test.goodput_frozen": (*w.silence(CASE), *paced(0.1, None)),
    "test.goodput_name": (*w.silence(CASE), *paced(0.1, 4.0)),
    "test.goodput_held": (*w.silence(CASE), *paced(0.1, 4.0, even=True)),
    "test.handshake_late": (*w.silence(CASE), *paced(0.1, 0.1, late=1.0)),
    "test.goodput_alike": (*w.silence(CASE), *paced(0.1, 0.12)),
    "cert.valid": w.silence(CASE),
}  # fmt: skip


LESS = {"ok.named": Layer.DNS, "ok.connected": Layer.TCP}
"""Rows of endpoints that ask for less than a page."""


def test_every_row_has_its_example() -> None:
    assert list(EXAMPLES) == [row.id for row in MAIN]
    assert list(EXTRAS) == [row.id for row in EXTRA]


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_example_of_a_row_fires_that_row(rule: str) -> None:
    steps, known = EXAMPLES[rule]
    made = w.measurement(CASE, steps)
    asked = msgspec.structs.replace(made, goal=LESS.get(rule, Layer.HTTP))
    assert find(read(asked), known).main.id == rule


@pytest.mark.parametrize("rule", EXTRAS)
def test_the_example_of_an_extra_row_fires_it_beside_the_main_one(rule: str) -> None:
    known = PACED if rule == "test.neutral_quick" else SPOKEN
    found = find(read(w.measurement(CASE, EXTRAS[rule])), known)
    assert rule in [row.id for row in found.extra]


@pytest.mark.parametrize("rule", ROWS)
def test_a_row_says_a_sentence_names_its_source_and_weighs_within_bounds(rule: str) -> None:
    row = ROWS[rule]
    assert row.sentence.strip()
    assert row.source
    assert not row.sentence.endswith(".")
    assert all(abs(nats) <= CAP for nats in row.weights.values())


def test_ids_are_unique_and_the_rule_set_has_a_version() -> None:
    assert len(ROWS) == len(MAIN) + len(EXTRA)
    assert VERSION


def test_the_last_main_row_takes_everything() -> None:
    steps: tuple[Callable[[], tuple[Observation, ...]], ...] = (tuple,)
    assert MAIN[-1].condition(read(w.measurement(CASE, steps[0]())), BLIND)


def test_only_the_network_is_blamed_for_what_only_it_can_write() -> None:
    network = {row.id for row in ROWS.values() if row.author is Author.NETWORK}
    assert not {row for row in network if row.startswith(("http.5", "http.4", "tcp.", "ok."))}
    assert {row.category for row in MAIN if row.standing is Standing.UNINTERPRETABLE} == {
        Category.NOTHING
    }


CUT_RESOLVER = "tls 9.9.9.9 dns.quad9.net"
CLOSED = (*w.ok(CASE), *w.encrypted_cut(CASE, "connection_refused"))
ENDS = {
    "it answers abroad": ((*w.ok(CASE), *w.encrypted_cut(CASE)), {"sealed": "DE", "cut": "DE"}, True),
    "it is cut off abroad alike": ((*w.ok(CASE), *w.encrypted_cut(CASE)), {"cut": "DE"}, False),
    "it refuses, and who knows whom": (CLOSED, {}, False),
    "it refuses here alone": (CLOSED, {"sealed": "DE"}, True),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_an_encrypted_resolver_is_held_against_what_others_see_of_it(name: str) -> None:
    steps, others, told = ENDS[name]
    beside = {key: {CUT_RESOLVER: frozenset({code})} for key, code in others.items()}
    known = msgspec.structs.replace(KNOWN, **beside)
    found = find(read(w.measurement(CASE, steps)), known)
    assert (found.main.id == "ok.encrypted_dns") is told
    assert (found.category, found.failing) == (Category.OK, False)


WELL_OVER_TCP = [
    w.over_quic(CASE, *ends)
    for ends in (
        ("", MUTE, MUTE), ("", "connection_reset", ""), (MUTE, None, MUTE), ("", "", MUTE),
        ("", "", "ssl_invalid_hostname"), (MUTE, None, "connection_refused"), ("", "", ""),
    )
]  # fmt: skip


@pytest.mark.parametrize("steps", WELL_OVER_TCP)
def test_what_quic_shows_never_weighs_on_a_service_that_is_well_over_tcp(
    steps: tuple[Observation, ...],
) -> None:
    found = find(read(w.measurement(CASE, (*w.ok(CASE), *steps))), SPOKEN)
    assert (found.category, found.failing, found.extra) == (Category.OK, False, ())
    assert not found.main.weights


UDP = {
    "our server speaks it abroad": (MUTE, {PLACE: "DE"}, True),
    "it speaks it nowhere else": (MUTE, {}, False),
    "it is heard by others of the same country alone": (
        MUTE,
        {PLACE: CASE.vantage.country},
        False,
    ),
    "it refuses": ("connection_refused", {PLACE: "DE"}, False),
}


@pytest.mark.parametrize("name", UDP)
def test_a_silence_over_udp_is_held_against_who_hears_the_same_server(name: str) -> None:
    end, spoken, told = UDP[name]
    known = msgspec.structs.replace(KNOWN, spoken=spoken)
    found = find(
        read(w.measurement(CASE, (*w.ok(CASE), *w.over_quic(CASE, end, None, MUTE)))), known
    )
    assert (found.main.id == "ok.quic") is told


def test_where_nothing_passes_over_tcp_either_nothing_is_said_of_udp() -> None:
    lost = (*connect(MUTE), *w.over_quic(CASE, MUTE, None, MUTE))
    assert "test.quic_cut" not in [
        row.id for row in find(read(w.measurement(CASE, lost)), SPOKEN).extra
    ]


def test_who_answers_over_quic_is_known_from_what_others_saw() -> None:
    seen = read(w.measurement(ABROAD, (*w.ok(ABROAD), *w.over_quic(ABROAD, "", "", MUTE))))
    assert reference(Told([seen])).spoken == {PLACE: ABROAD.vantage.country}


def test_the_same_false_address_counts_where_it_came_in_the_clear() -> None:
    test = DifferentialTest.SECOND_RESOLVER
    plain = w.dns(CASE, STRANGER, test=test)
    true = msgspec.structs.replace(w.dns(CASE, A, test=test), transport=Transport.TLS)
    found = find(read(w.measurement(CASE, (*w.forged(CASE), plain, true))), KNOWN)
    assert "test.second_resolver_same" in [row.id for row in found.extra]


def test_a_header_alone_is_no_notice() -> None:
    marked = page(200, Expectation.MISSING, headers=(Header(name="Via", value="1.1 proxy"),))
    assert find(read(w.measurement(CASE, marked)), KNOWN).main.id == "http.missing_text"
