"""The mechanism ids that a scenario's truth may name: the catalogue's, and the lab's own faults."""

from __future__ import annotations

IDS = frozenset({
    "dns.cache_pollution_outside", "dns.empty_noerror", "dns.encrypted_dns_block",
    "dns.handshake_accepting_sinkhole", "dns.injection.blockpage_ip", "dns.injection.bogon",
    "dns.injection.double_answer", "dns.injection.forged_public", "dns.nxdomain",
    "dns.refused_servfail", "dns.resolver_rewrite_all_resolvers", "dns.timeout",
    "flaky.ecmp", "flaky.probabilistic",
    "http.403_injected", "http.451", "http.blockpage_200", "http.empty_or_truncated",
    "http.host_rst", "http.redirect_302", "http.transparent_proxy",
    "ip.allowlist", "ip.bgp_hijack_blackhole", "ip.curfew_schedule", "ip.nullroute",
    "ip.nullroute.unreachable", "ip.partial_list", "ip.shutdown_bgp",
    "ip.shutdown_mobile_only", "ip.shutdown_stealth",
    "lab.correlator_killed", "lab.lying_agent",
    "local.agent_killed", "local.captive_portal", "local.clock_skew", "local.ipv6_broken",
    "local.resolver_broken", "local.tls_broken",
    "quic.sni_block", "quic.udp443_block",
    "residual.3tuple", "residual.4tuple",
    "scope.collateral_substring", "scope.ipv4_vs_ipv6", "scope.per_isp", "scope.regional",
    "scope.transit_leak",
    "server.bot_challenge", "server.certificate_expired", "server.geoblock_low_layer",
    "server.geoblock_page", "server.outage_cdn_pop", "server.outage_global",
    "tcp.port_protocol_filter", "tcp.rst_on_syn", "tcp.syn_drop",
    "throttle.handshake_delay", "throttle.ip_association", "throttle.sni_policing",
    "tls.ech_esni_block", "tls.mitm_cert", "tls.sni_drop", "tls.sni_rst",
    "tls.sni_tail_freeze",
})  # fmt: skip
"""What each kind of lab can play of them, and the judge tell of them, is a part of this."""
