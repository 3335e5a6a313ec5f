"""Every row of the table: how a measurement ends under it, and what the judge reads in that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from probe.lab.simulated.mechanism import MECHANISMS, Aim, Uplink, known
from probe.model import DnsLookup
from tests.lab.simulated.worlds import ending, event, main_rule, measured, scenario, seat, service

CATALOGUE = Path(__file__).parents[4] / "shared" / "reference" / "mechanisms.json"
ABROAD = ("de-as3320-1", "gb-as2856-1")
LATE, CUT = "generic_timeout_error", "connection_reset"
WELL = "HttpExchange met"
ENDS = {
    "dns.injection.forged_public": f"TcpConnect {LATE}",
    "dns.injection.double_answer": f"TcpConnect {LATE}",
    "dns.injection.bogon": "DnsLookup dns_bogon_error",
    "dns.injection.blockpage_ip": "TlsHandshake ssl_invalid_hostname",
    "dns.nxdomain": "DnsLookup dns_nxdomain_error",
    "dns.refused_servfail": "DnsLookup dns_refused_error",
    "dns.timeout": f"DnsLookup {LATE}",
    "dns.empty_noerror": "DnsLookup dns_no_answer",
    "dns.resolver_rewrite_all_resolvers": "TlsHandshake ssl_invalid_hostname",
    "dns.cache_pollution_outside": f"TcpConnect {LATE}",
    "dns.handshake_accepting_sinkhole": f"TlsHandshake {LATE}",
    "ip.nullroute": f"TcpConnect {LATE}",
    "ip.nullroute.unreachable": "TcpConnect host_unreachable",
    "ip.bgp_hijack_blackhole": f"TcpConnect {LATE}",
    "ip.partial_list": f"TcpConnect {LATE}",
    "ip.shutdown_bgp": f"DnsLookup {LATE}",
    "ip.curfew_schedule": f"DnsLookup {LATE}",
    "ip.shutdown_stealth": "DnsLookup dns_servfail_error",
    "ip.allowlist": WELL,  # for what it lists, as here
    "ip.shutdown_mobile_only": WELL,  # for a network that is not mobile
    "tcp.rst_on_syn": "TcpConnect connection_refused",
    "tcp.syn_drop": f"TcpConnect {LATE}",
    "tcp.port_protocol_filter": f"TlsHandshake {LATE}",
    "tls.sni_drop": f"TlsHandshake {LATE}",
    "tls.mitm_cert": "TlsHandshake ssl_invalid_hostname",
    "server.outage_global": "HttpExchange status",
    "server.outage_cdn_pop": "HttpExchange status",
    "server.geoblock_page": "HttpExchange status",
    "server.geoblock_low_layer": f"TcpConnect {LATE}",
    "server.bot_challenge": "HttpExchange status",
    "server.certificate_expired": "TlsHandshake ssl_invalid_certificate",
    "residual.4tuple": f"TlsHandshake {LATE}",
    "scope.ipv4_vs_ipv6": f"TcpConnect {LATE}",
    "scope.transit_leak": "DnsLookup dns_bogon_error",
    "local.captive_portal": "TlsHandshake ssl_invalid_hostname",
    "local.resolver_broken": "DnsLookup dns_servfail_error",
    "local.clock_skew": "TlsHandshake ssl_invalid_certificate",
    "local.tls_broken": "TlsHandshake ssl_failed_handshake",
    **dict.fromkeys(
        ("tls.sni_rst", "residual.3tuple", "scope.per_isp", "scope.regional", "lab.lying_agent",
         "scope.collateral_substring", "http.blockpage_200", "http.redirect_302",
         "http.403_injected", "http.451"), f"TlsHandshake {CUT}"),
}  # fmt: skip
"""An HTTPS endpoint of 4 KB over IPv4; what is not here ends well, or by chance."""
UNSEEN = {
    "tls.ech_esni_block",
    *("quic.udp443_block", "quic.sni_block"),  # of what only some scenarios try
    "dns.encrypted_dns_block",  # of resolvers alone, which only some scenarios ask
    *("http.host_rst", "http.transparent_proxy", "http.empty_or_truncated"),  # within TLS
    *("tls.sni_tail_freeze", "throttle.sni_policing"),  # so short a page
    *("throttle.handshake_delay", "throttle.ip_association"),  # without a delay
    *("local.ipv6_broken", "local.agent_killed", "lab.correlator_killed"),
}
CHANCE = {"flaky.probabilistic", "flaky.ecmp"}
READ = {
    "dns.injection.forged_public": ("dns.forged_silent", "dns.late_truth"),
    "dns.injection.double_answer": ("dns.several_answers",),
    "dns.injection.bogon": ("dns.bogon",),
    "dns.handshake_accepting_sinkhole": ("dns.sinkhole",),
    "scope.transit_leak": ("dns.foreign_notice",),
    "dns.injection.blockpage_ip": ("dns.forged",),
    "dns.nxdomain": ("dns.nxdomain_here",),
    "dns.refused_servfail": ("dns.rcode",),
    "dns.timeout": ("dns.timeout",),
    "dns.empty_noerror": ("dns.no_answer",),
    "ip.nullroute": ("tcp.timeout",),
    "ip.nullroute.unreachable": ("tcp.unreachable",),
    "tcp.rst_on_syn": ("tcp.refused",),
    "tcp.syn_drop": ("tcp.timeout_port",),
    "tls.sni_rst": ("tls.reset_name",),
    "tls.sni_drop": ("tls.timeout_name",),
    "tls.mitm_cert": ("tls.mitm",),
    "server.outage_global": ("http.5xx",),
    "server.geoblock_page": ("http.451",),
    "server.bot_challenge": ("http.challenge",),
    "residual.3tuple": ("tls.reset_lasting",),
    "tcp.port_protocol_filter": ("tls.timeout_alike",),
}
"""The judge's main rule for it, where it has one of its own."""


def test_every_mechanism_of_the_catalogue_is_known() -> None:
    if not CATALOGUE.exists():
        pytest.skip(f"no {CATALOGUE.name} beside this checkout")
    assert {row["id"] for row in json.loads(CATALOGUE.read_text())} <= set(MECHANISMS)


def test_every_row_is_tried() -> None:
    assert set(ENDS) | UNSEEN | CHANCE == set(known())


@pytest.mark.parametrize("mechanism", [name for name in known() if name not in CHANCE])
def test_how_a_measurement_ends(mechanism: str) -> None:
    told = scenario(event(mechanism, countries=("TR",)))
    assert ending(told) == ENDS.get(mechanism, WELL)
    assert ending(told, "gb-as2856-1") == WELL


PLAIN = {
    "http.host_rst": f"HttpExchange {CUT}",
    "http.empty_or_truncated": "HttpExchange eof_error",
    "http.blockpage_200": "HttpExchange missing",
    "http.redirect_302": "HttpExchange missing",
    "http.403_injected": "HttpExchange status",
    "http.451": "HttpExchange status",
    "http.transparent_proxy": WELL,
    "local.captive_portal": "HttpExchange missing",
}


@pytest.mark.parametrize(("mechanism", "end"), PLAIN.items())
def test_how_a_plain_request_ends(mechanism: str, end: str) -> None:
    plain = service("chirp", "web", scheme="http")
    assert ending(scenario(event(mechanism), services=(plain,))) == end


def test_what_freezes_or_polices_needs_a_long_page() -> None:
    long = service("chirp", "web", min_bytes=40_000)
    frozen = scenario(event("tls.sni_tail_freeze"), services=(long,))
    assert ending(frozen) == f"HttpExchange {LATE}"
    policed = scenario(event("throttle.sni_policing"), services=(long,))
    assert ending(policed) == WELL
    assert measured(policed).took > measured(scenario(services=(long,))).took + 1


@pytest.mark.parametrize(
    ("mechanism", "late"),
    [
        ("throttle.handshake_delay", [False, True, True, False, False]),
        ("throttle.ip_association", [True] * 5),
    ],
)
def test_a_delay_is_added_each_way_to_what_names_it_or_to_all_at_the_address(
    mechanism: str, late: list[bool]
) -> None:
    """TCP, TLS and HTTP of the chain; then TCP and TLS of the harmless name."""
    steps = measured(scenario(event(mechanism, delay=0.5))).observations
    assert [step.took > 1 for step in steps if not isinstance(step, DnsLookup)] == late


def test_broken_ipv6_leaves_ipv4_alone() -> None:
    told = scenario(event("local.ipv6_broken", services=()))
    steps = measured(told, "de-as3320-1").observations
    tcp = {":" in getattr(s, "address", ""): s.failure for s in steps if hasattr(s, "source_port")}
    assert tcp[True] is not None
    assert tcp[False] is None


@pytest.mark.parametrize(("mechanism", "rules"), READ.items())
def test_what_the_judge_reads_in_it(mechanism: str, rules: tuple[str, ...]) -> None:
    told = scenario(event(mechanism, countries=("TR",)))
    row = main_rule(*(measured(told, name) for name in ("tr-as47331-1", *ABROAD)))
    assert row.id in rules
    elsewhere = ("server.", "ip.", "residual.", "scope.", "tcp.port", "dns.handshake")
    if row.mechanism and not row.mechanism.startswith(elsewhere):
        assert row.layer == row.mechanism.partition(".")[0] == mechanism.partition(".")[0]


def test_what_cuts_a_country_off_keeps_its_results_back() -> None:
    cutting = {name for name, row in MECHANISMS.items() if row.uplink is Uplink.CUT}
    shut = {
        name for name in MECHANISMS if name.startswith(("ip.shutdown", "ip.curfew", "ip.allow"))
    }
    assert cutting == shut | {"lab.correlator_killed"}


def test_a_local_fault_hits_all_that_a_prober_measures() -> None:
    local = [name for name in MECHANISMS if name.startswith("local.")]
    assert {MECHANISMS[name].aim for name in local} == {Aim.ALL}
    told = scenario(event("local.resolver_broken", services=(), vantages=("tr-as47331-1",)))
    for name in ("web.chirp", "web.other", "foreign", "domestic"):
        assert ending(told, name=name) == "DnsLookup dns_servfail_error"
    assert ending(told, "tr-as47331-2") == WELL
    assert seat(told).control is False
