"""Every mechanism of the catalogue: what the agent reports of it, and by which rule the judge names it.

The measurements are real, made over the packets of a kernel lab where all of them are at work
(tests/lab/simulated/played.py); the judge sees them as five rounds (judged.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from probe.lab.kernel.world import playable
from probe.measure.outcome import outcome
from probe.model import SIDES, Cause, Side, State, Verdict
from tests.lab.kernel.inside import needs_namespaces
from tests.lab.kernel.judged import verdicts
from tests.lab.simulated.played import FAULTS, HERE, Seen, slug
from tests.lab.test_scenarios_readme import rows

CATALOGUE = Path(__file__).parents[4] / "shared" / "reference" / "mechanisms.json"
LATE, RESET = "generic_timeout_error", "connection_reset"
WELL = "http"


class Told(NamedTuple):
    """How a mechanism shows itself."""

    reported: str
    """Layer and failure that the agent reports at the end of the chain."""
    rule: str
    layer: str
    country: str = "TR"
    service: str | None = None
    """None: the one that is named for the mechanism."""
    leading: Cause | None = Cause.FILTERING
    """None where one round of silence or refusal leaves the cause open."""
    vantage: str = HERE


def placed(rule: str, layer: str, country: str, leading: Cause, reported: str) -> Told:
    """Of what hits all that a country, or a vantage, does."""
    asn = {"EG": 65, "IR": 67, "RU": 68, "MM": 69, "US": 70, "FR": 71, "JP": 72}[country]
    vantage = f"{country.lower()}-as{asn}-1"
    return Told(reported, rule, layer, country, "", leading, vantage)


OUTAGE, LOST, OWN = Cause.SERVICE_OUTAGE, Cause.NETWORK_DISRUPTION, Cause.LOCAL_FAULT
TOLD: dict[str, Told] = {
    "dns.injection.forged_public": Told(f"tcp {LATE}", "dns.late_truth", "dns"),
    "dns.injection.double_answer": Told(f"tcp {LATE}", "dns.several_answers", "dns"),
    "dns.injection.bogon": Told("dns dns_bogon_error", "dns.bogon", "dns"),
    "dns.injection.blockpage_ip": Told("tls ssl_invalid_hostname", "dns.notice_host", "dns"),
    "dns.nxdomain": Told("dns dns_nxdomain_error", "dns.nxdomain_here", "dns"),
    "dns.refused_servfail": Told("dns dns_refused_error", "dns.rcode", "dns", leading=None),
    "dns.timeout": Told(f"dns {LATE}", "dns.timeout", "dns", leading=None),
    "dns.empty_noerror": Told("dns dns_no_answer", "dns.no_answer", "dns", leading=None),
    "dns.resolver_rewrite_all_resolvers": Told(
        "tls ssl_invalid_hostname", "test.second_resolver_same", "dns"
    ),
    "dns.cache_pollution_outside": Told(
        f"tcp {LATE}", "dns.polluted", "dns", "NL", vantage="nl-as1136-1"
    ),
    "dns.encrypted_dns_block": Told(WELL, "ok.encrypted_dns", "dns", leading=Cause.OK),
    "dns.handshake_accepting_sinkhole": Told(f"tls {LATE}", "dns.sinkhole", "dns"),
    "ip.nullroute": Told(f"tcp {LATE}", "tcp.timeout", "tcp"),
    "ip.partial_list": Told(WELL, "ok.partly", "tcp"),
    "ip.bgp_hijack_blackhole": Told(
        f"tcp {LATE}", "together.ip.bgp_hijack_blackhole", "ip", "SE",
        leading=Cause.DEPENDENCY_OUTAGE, vantage="se-as1257-1",
    ),
    "ip.shutdown_stealth": placed(
        "together.ip.shutdown_stealth", "ip", "IR", LOST, "dns dns_servfail_error"
    ),
    "ip.shutdown_bgp": placed("together.ip.shutdown_bgp", "ip", "EG", LOST, f"dns {LATE}"),
    "ip.shutdown_mobile_only": placed(
        "together.ip.shutdown_mobile_only", "ip", "MM", LOST, f"dns {LATE}"
    ),
    "ip.allowlist": placed("together.ip.allowlist", "ip", "RU", LOST, WELL),
    "tcp.syn_drop": Told(f"tcp {LATE}", "tcp.timeout_port", "tcp", leading=None),
    "tcp.rst_on_syn": Told("tcp connection_refused", "tcp.refused", "tcp"),
    "tcp.port_protocol_filter": Told(f"tls {LATE}", "tls.timeout_alike", "tls"),
    "tls.sni_rst": Told(f"tls {RESET}", "tls.reset_name", "tls"),
    "tls.sni_drop": Told(f"tls {LATE}", "tls.timeout_name", "tls"),
    "tls.sni_tail_freeze": Told(f"http {LATE}", "http.frozen", "http", leading=None),
    "tls.mitm_cert": Told("tls ssl_invalid_hostname", "tls.mitm", "tls"),
    "http.host_rst": Told(f"http {RESET}", "http.reset", "http", leading=None),
    "http.blockpage_200": Told("http expectation_missing", "http.notice", "http"),
    "http.redirect_302": Told("http expectation_missing", "http.notice_redirect", "http"),
    "http.403_injected": Told("http expectation_status", "http.notice_403", "http"),
    "http.451": Told("http expectation_status", "http.notice_451", "http"),
    "http.transparent_proxy": Told(WELL, "ok.proxied", "http", leading=Cause.OK),
    "http.empty_or_truncated": Told("http eof_error", "http.cut_short", "http", leading=None),
    "server.geoblock_page": Told(
        "http expectation_status", "http.451", "http", service="geo", leading=Cause.GEO_BLOCK
    ),
    "server.bot_challenge": Told(
        "http expectation_status", "http.challenge", "http", service="challenge", leading=None
    ),
    "server.outage_global": Told(
        "http expectation_status", "http.5xx", "http", service="http-5xx", leading=OUTAGE
    ),
    "server.outage_cdn_pop": Told(
        "http expectation_status", "together.server.outage_cdn_pop", "server", "NL",
        "sited", Cause.DEPENDENCY_OUTAGE, "nl-as1136-1",
    ),
    "server.geoblock_low_layer": Told(
        f"tcp {LATE}", "together.server.geoblock_low_layer", "server", leading=Cause.GEO_BLOCK
    ),
    "quic.sni_block": Told(WELL, "ok.quic_name", "quic", leading=Cause.OK),
    "quic.udp443_block": Told(
        WELL, "ok.quic", "quic", "NL", leading=Cause.OK, vantage="nl-as1136-1"
    ),
    "throttle.sni_policing": Told(WELL, "ok.slow_body", "http", leading=Cause.THROTTLING),
    "throttle.handshake_delay": Told(
        WELL, "test.neutral_quick", "throttle", leading=Cause.THROTTLING
    ),
    "throttle.ip_association": Told(
        WELL, "ok.slow_address", "throttle", leading=Cause.THROTTLING
    ),
    "residual.3tuple": Told(f"tls {RESET}", "tls.reset_lasting", "tls"),
    "flaky.probabilistic": Told("", "together.flaky.probabilistic", "tls"),
    "scope.per_isp": Told(f"tls {RESET}", "together.scope.per_isp", "tls"),
    "scope.regional": Told(
        f"tls {RESET}", "together.scope.regional", "tls", vantage="tr-as47331-2"
    ),
    "scope.ipv4_vs_ipv6": Told(f"tcp {LATE}", "ok.half", "tcp", leading=None),
    "scope.transit_leak": Told("dns dns_bogon_error", "dns.foreign_notice", "dns"),
    "scope.collateral_substring": Told(
        f"tls {RESET}", "together.scope.collateral_substring", "tls",
        service="not-scope-collateral-substring-either",
    ),
    "local.captive_portal": placed(
        "health.captive_portal", "local", "FR", OWN, "tls ssl_invalid_hostname"
    ),
    "local.resolver_broken": placed(
        "health.resolver_broken", "local", "US", OWN, "dns dns_servfail_error"
    ),
    "local.clock_skew": placed(
        "health.clock_wrong", "local", "JP", OWN, "tls ssl_invalid_certificate"
    ),
}  # fmt: skip
UNTOLD = {cells[0].strip("`") for cells in rows("What a client cannot see")}
UNPLAYED = {"tls.ech_esni_block"}
NETWORKS = ("dns.", "ip.", "tcp.", "tls.", "http.", "residual.", "scope.", "flaky.", "throttle.")


@pytest.fixture(scope="module")
def judged(seen: Seen) -> tuple[Verdict, ...]:
    return verdicts(seen)


@pytest.mark.skipif(
    not CATALOGUE.exists(), reason="the mechanism catalogue is not beside the checkout"
)
def test_what_is_told_and_what_cannot_be_are_the_whole_catalogue() -> None:
    catalogue = [entry["id"] for entry in json.loads(CATALOGUE.read_text())]
    assert sorted([*TOLD, *UNTOLD]) == sorted(catalogue)
    assert len(catalogue) == 57
    assert len(TOLD) >= 45


def test_what_is_told_is_played_and_most_of_the_rest() -> None:
    assert set(TOLD) <= set(playable())
    assert set(UNTOLD) - set(playable()) == UNPLAYED


@needs_namespaces
@pytest.mark.parametrize("mechanism", TOLD)
def test_the_agent_reports_how_it_ends(mechanism: str, seen: Seen) -> None:
    told = TOLD[mechanism]
    endpoint = "well" if told.service == "" else told.service or slug(mechanism)
    came = outcome(seen[told.vantage][endpoint])
    assert f"{came.layer} {came.failure}".strip() == told.reported or not told.reported


@needs_namespaces
@pytest.mark.parametrize("mechanism", TOLD)
def test_the_judge_names_it_by_its_evidence(mechanism: str, judged: tuple[Verdict, ...]) -> None:
    told = TOLD[mechanism]
    service = slug(mechanism) if told.service is None else told.service
    mine = [v for v in judged if (v.service, v.country) == (service, told.country)]
    pieces = {(p.rule, p.mechanism, p.layer) for v in mine for p in v.evidence}
    assert (told.rule, mechanism, told.layer) in pieces
    if told.leading is not None:
        assert told.leading in {v.leading for v in mine}


@needs_namespaces
@pytest.mark.parametrize("service", [slug(name) for name in FAULTS])
def test_what_is_the_services_own_is_no_interference(
    service: str, judged: tuple[Verdict, ...]
) -> None:
    asked = [v for v in judged if v.service == service and v.country in {"TR", "DE", "NL", "SE"}]
    told = [v for v in asked if v.state is not State.INSUFFICIENT]
    assert {SIDES[v.leading] for v in told} <= {Side.SERVICE, Side.NONE}
    assert not [m for v in told for m in v.mechanisms if m.startswith(NETWORKS)]


@needs_namespaces
@pytest.mark.parametrize(("service", "rule"), [("port", "ok.connected"), ("name", "ok.named")])
def test_what_is_asked_for_less_than_a_page_is_well_when_that_comes(
    service: str, rule: str, judged: tuple[Verdict, ...]
) -> None:
    told = [v for v in judged if v.service == service and v.country in {"TR", "DE", "NL", "SE"}]
    assert {v.leading for v in told} == {Cause.OK}
    assert {p.rule for v in told for p in v.evidence} == {rule}


@needs_namespaces
@pytest.mark.parametrize("country", ["US", "FR", "JP", "BR"])
def test_what_is_a_vantages_own_is_no_interference(
    country: str, judged: tuple[Verdict, ...]
) -> None:
    told = [v for v in judged if v.country == country and v.service in {"", "well"}]
    assert {SIDES[v.leading] for v in told} <= {Side.OWN, Side.NONE}
    named = {m for v in told for m in v.mechanisms} | {
        p.mechanism for v in told for p in v.evidence
    }
    assert not [m for m in named if m.startswith(NETWORKS)]


@needs_namespaces
@pytest.mark.parametrize(
    ("mechanism", "cause"),
    [
        ("server.geoblock_low_layer", Cause.GEO_BLOCK),
        ("ip.nullroute", Cause.FILTERING),
        ("tcp.rst_on_syn", Cause.FILTERING),
    ],
)
def test_of_a_silence_that_either_side_can_have_made_a_trace_tells_whose_it_is(
    mechanism: str, cause: Cause, judged: tuple[Verdict, ...]
) -> None:
    told = [
        v
        for v in judged
        if (v.service, v.country) == (slug(mechanism), "TR") and v.state is not State.INSUFFICIENT
    ]
    named = {piece.rule for v in told for piece in v.evidence}
    assert {v.leading for v in told} == {cause}
    assert ("test.path_ends_near" in named) is (cause is Cause.FILTERING)
    assert ("test.path_reaches" in named) is (cause is Cause.GEO_BLOCK)
