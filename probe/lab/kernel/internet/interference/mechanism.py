"""Mechanism id → policies, by table: an Event of a scenario becomes what the router can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import msgspec
from dns.rcode import NXDOMAIN, REFUSED, SERVFAIL

from probe.config.load import ConfigError
from probe.lab.answers import (
    BOGON,
    BOGON_V6,
    EARLY_PORT,
    LEAKED,
    NOTICE_PAGE,
    POOL_V6,
    PROXY_PORT,
    SINK,
)
from probe.lab.kernel.internet.forge import http_response, packed
from probe.lab.kernel.internet.interference.aim import (
    NothingHit,
    addresses_of,
    blocked_addresses,
    blocked_names,
    hosts_inside,
    on_vantages,
)
from probe.lab.kernel.internet.interference.lookups import (
    forge,
    forge_notice,
    forge_pool,
    notices,
    pollute,
    refuse,
    resolvers,
    silence,
)
from probe.lab.kernel.internet.interference.policy import (
    ROUTERS,
    AddressDrop,
    AnyAct,
    Cut,
    Delay,
    Divert,
    DnsForgery,
    DnsSilence,
    HttpAnswer,
    NameDelay,
    NameDrop,
    NameFreeze,
    NamePolice,
    NameReset,
    Policy,
    QuicDrop,
    SynReset,
)
from probe.lab.kernel.plan import Host, Plan, Role
from probe.lab.scenario import Event, Form
from probe.model import NetworkKind

Builder = Callable[[Event, Plan], tuple[Policy, ...]]

HTML = {"Content-Type": "text/html; charset=utf-8"}
CUT_SHORT = http_response("200 OK", HTML, NOTICE_PAGE)[: -len(NOTICE_PAGE)] + b"<!doctype"
DNS_OVER_TLS = 853
RESIDUAL_SECONDS = 180.0
USUAL_SHARE = 0.5
"""Of the flows that are hit, where a mechanism is one of chance and the event leaves it open."""


class UnknownMechanism(ConfigError):  # noqa: N818 — named for what it says
    """Its str is one sentence that lists what is known."""


# ── one builder per kind ─────────────────────────────────────────────────────────────────────


def _cut_encrypted(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Of the public resolver: its port for TLS is dead, and a handshake that names it is reset."""
    if not plan.resolver_name:
        raise NothingHit(f"{event.mechanism}: no resolver of the plan is asked encrypted")
    drop = AddressDrop(addresses=(packed(plan.public_resolver),), ports=(DNS_OVER_TLS,))
    return on_vantages(event, plan, drop, NameReset(names=(plan.resolver_name,)))


def _cut_quic(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Of everything: UDP to the port of the web."""
    return on_vantages(event, plan, AddressDrop(ports=(443,), datagrams=True))


def _all_dns_silence(event: Event, plan: Plan) -> tuple[Policy, ...]:
    return on_vantages(event, plan, DnsSilence())


def _address_drop(
    event: Event,
    plan: Plan,
    *,
    ports: tuple[int, ...] = (),
    syn_only: bool = False,
    data_only: bool = False,
    unreachable: bool = False,
) -> tuple[Policy, ...]:
    addresses = blocked_addresses(event, plan)
    act = AddressDrop(
        addresses=addresses,
        ports=ports,
        syn_only=syn_only,
        data_only=data_only,
        unreachable=unreachable,
    )
    return on_vantages(event, plan, act)


def _behind(routers: int, build: Builder) -> Builder:
    """Let it stand so many routers away from the clients."""
    return lambda event, plan: tuple(
        msgspec.structs.replace(policy, behind=routers) for policy in build(event, plan)
    )


def _drop_v4(event: Event, plan: Plan) -> tuple[Policy, ...]:
    four = tuple(a for a in blocked_addresses(event, plan) if len(a) == 4)  # noqa: PLR2004
    return on_vantages(event, plan, AddressDrop(addresses=four))


def _refuse_below(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Do to a service's visitors what takes no word of HTTP, in the event's form."""
    if event.form is not Form.NO_NAME:
        return _behind(ROUTERS, _address_drop)(event, plan)
    outage = event.mechanism.startswith("server.outage")
    act = DnsForgery(
        names=blocked_names(event, plan),
        servers=() if outage else resolvers(plan),
        rcode=SERVFAIL,
    )
    return on_vantages(event, plan, act)


def _partial_drop(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Every other address of the names, v4 before v6."""
    return on_vantages(event, plan, AddressDrop(addresses=blocked_addresses(event, plan)[::2]))


def _syn_reset(event: Event, plan: Plan) -> tuple[Policy, ...]:
    return on_vantages(event, plan, SynReset(addresses=blocked_addresses(event, plan)))


def _by_name(
    event: Event, plan: Plan, *, act: Callable[[tuple[str, ...]], AnyAct]
) -> tuple[Policy, ...]:
    return on_vantages(event, plan, act(blocked_names(event, plan)))


def _linger(event: Event, plan: Plan) -> tuple[Policy, ...]:
    seconds = float(event.delay) or RESIDUAL_SECONDS
    act = NameReset(names=blocked_names(event, plan), residual=seconds)
    return on_vantages(event, plan, act)


def _http_answer(
    event: Event, plan: Plan, *, status: str, moved: bool = False
) -> tuple[Policy, ...]:
    """Plain requests are answered; TLS cannot be, so there the name is reset."""
    names = blocked_names(event, plan)
    named = next((n for n, zone in plan.zone.items() if plan.notice in zone), plan.notice)
    headers = {**HTML, "Location": f"http://{named}/"} if moved else HTML
    response = http_response(status, headers, NOTICE_PAGE)
    return on_vantages(
        event, plan, HttpAnswer(names=names, response=response), NameReset(names=names)
    )


def _http_cut(event: Event, plan: Plan) -> tuple[Policy, ...]:
    return on_vantages(
        event, plan, HttpAnswer(names=blocked_names(event, plan), response=CUT_SHORT)
    )


def _proxy(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Of plain requests over IPv4."""
    act = Divert(
        addresses=tuple(a for a in blocked_addresses(event, plan) if len(a) == 4),  # noqa: PLR2004
        port=80,
        to_port=PROXY_PORT,
        to=tuple(packed(address) for address in notices(plan)),
    )
    return on_vantages(event, plan, act)


def _by_chance(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Which flows are hit follows from the client's address and port, as it does of parallel paths."""
    share = USUAL_SHARE if event.share >= 1.0 else event.share
    told = msgspec.structs.replace(event, share=share)
    return _by_name(told, plan, act=lambda names: NameReset(names=names))


def _divert(event: Event, plan: Plan, *, ports: tuple[int, ...]) -> tuple[Policy, ...]:
    addresses = blocked_addresses(event, plan)
    to = tuple(packed(address) for address in notices(plan))
    return on_vantages(event, plan, *(Divert(addresses=addresses, port=p, to=to) for p in ports))


def _skew(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Move the certificates instead of the clock: to who verifies them it is the same."""
    return on_vantages(event, plan, Divert(port=443, to_port=EARLY_PORT))


def _cut_v6(event: Event, plan: Plan) -> tuple[Policy, ...]:
    clients = tuple(a for a in addresses_of(hosts_inside(event, plan)) if len(a) != 4)  # noqa: PLR2004
    four = tuple(packed(host.v4) for host in plan.hosts)
    return (Policy(clients=clients, act=Cut(spared=four), share=event.share),)


def _delay(event: Event, plan: Plan) -> tuple[Policy, ...]:
    act = Delay(seconds=float(event.delay), addresses=blocked_addresses(event, plan))
    return on_vantages(event, plan, act)


def _delay_name(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Delay what names it; where the event names nothing, all there is."""
    if not (event.services or event.features or event.names):
        return _delay(event, plan)
    act = NameDelay(names=blocked_names(event, plan), seconds=float(event.delay))
    return on_vantages(event, plan, act)


def _cut_all(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Nothing passes, not even inside."""
    return (Policy(clients=addresses_of(hosts_inside(event, plan)), act=Cut(), share=event.share),)


def _cut_mobile(event: Event, plan: Plan) -> tuple[Policy, ...]:
    mobile = {h.asn for h in plan.hosts if h.vantage and h.vantage.kind is NetworkKind.MOBILE}
    hosts = [host for host in hosts_inside(event, plan) if host.asn in mobile]
    if not hosts:
        raise NothingHit(f"{event.mechanism}: no mobile network is where the event happens")
    return (Policy(clients=addresses_of(hosts), act=Cut(), share=event.share),)


def _cut_abroad(event: Event, plan: Plan, *, allowed: bool = False) -> tuple[Policy, ...]:
    """Each country keeps what is in it; with `allowed` also what the event names."""
    policies: list[Policy] = []
    extra = blocked_addresses(event, plan) if allowed else ()
    hosts = [host for host in hosts_inside(event, plan) if host.country]
    for country in sorted({host.country for host in hosts}):
        home = [host for host in plan.hosts if host.country == country]
        for resolver in (False, True):
            inside = [h for h in hosts if h.country == country and _is_resolver(h) is resolver]
            roots = _copied_roots(plan, home) if resolver else ()
            act = Cut(spared=(*addresses_of(home), *extra, *roots))
            policies.append(Policy(clients=addresses_of(inside), act=act, share=event.share))
    return tuple(policies)


def _copied_roots(plan: Plan, home: Iterable[Host]) -> tuple[bytes, ...]:
    """Name servers that a resolver still asks: those of the core, where its country has none."""
    if any(host.role is Role.NAMESERVER for host in home):
        return ()
    return addresses_of(h for h in plan.hosts if h.role is Role.NAMESERVER and not h.country)


def _is_resolver(host: Host) -> bool:
    return host.role is Role.ISP_RESOLVER


# ── the table ────────────────────────────────────────────────────────────────────────────────

MECHANISMS: dict[str, Builder] = {
    "dns.injection.forged_public": partial(forge_pool, together=False),
    "dns.injection.double_answer": partial(forge_pool, together=True),
    "dns.injection.bogon": partial(forge, answers=(BOGON, BOGON_V6)),
    "dns.injection.blockpage_ip": forge_notice,
    "dns.nxdomain": partial(refuse, rcode=NXDOMAIN),
    "dns.refused_servfail": partial(refuse, rcode=REFUSED),
    "dns.empty_noerror": partial(refuse, rcode=0),
    "dns.timeout": silence,
    "dns.resolver_rewrite_all_resolvers": forge_notice,
    "dns.cache_pollution_outside": pollute,
    "dns.handshake_accepting_sinkhole": partial(forge, answers=(SINK, POOL_V6), sunk=True),
    "dns.encrypted_dns_block": _cut_encrypted,
    "ip.nullroute": _address_drop,
    "ip.nullroute.unreachable": partial(_address_drop, unreachable=True),
    "ip.bgp_hijack_blackhole": _behind(2, _address_drop),
    "ip.partial_list": _partial_drop,
    "ip.shutdown_bgp": _cut_all,
    "ip.curfew_schedule": _cut_all,
    "ip.shutdown_stealth": _cut_abroad,
    "ip.shutdown_mobile_only": _cut_mobile,
    "ip.allowlist": partial(_cut_abroad, allowed=True),
    "tcp.rst_on_syn": _syn_reset,
    "tcp.syn_drop": partial(_address_drop, ports=(443,), syn_only=True),
    "tcp.port_protocol_filter": partial(_address_drop, data_only=True),
    "tls.sni_rst": partial(_by_name, act=lambda names: NameReset(names=names)),
    "tls.sni_drop": partial(_by_name, act=lambda names: NameDrop(names=names)),
    "tls.sni_tail_freeze": partial(_by_name, act=lambda names: NameFreeze(names=names)),
    "tls.mitm_cert": partial(_divert, ports=(443,)),
    "http.host_rst": partial(
        _by_name, act=lambda names: NameReset(names=names, tls=False, http=True)
    ),
    "http.blockpage_200": partial(_http_answer, status="200 OK"),
    "http.redirect_302": partial(_http_answer, status="302 Found", moved=True),
    "http.403_injected": partial(_http_answer, status="403 Forbidden"),
    "http.451": partial(_http_answer, status="451 Unavailable For Legal Reasons"),
    "http.transparent_proxy": _proxy,
    "http.empty_or_truncated": _http_cut,
    "server.geoblock_low_layer": _refuse_below,
    "quic.udp443_block": _cut_quic,
    "quic.sni_block": partial(_by_name, act=lambda names: QuicDrop(names=names)),
    "throttle.handshake_delay": _delay_name,
    "throttle.ip_association": _delay,
    "throttle.sni_policing": partial(_by_name, act=lambda names: NamePolice(names=names)),
    "residual.3tuple": _linger,
    "residual.4tuple": partial(_by_name, act=lambda names: NameDrop(names=names)),
    "flaky.probabilistic": _by_chance,
    "flaky.ecmp": _by_chance,
    "scope.per_isp": partial(_by_name, act=lambda names: NameReset(names=names)),
    "scope.regional": partial(_by_name, act=lambda names: NameReset(names=names)),
    "scope.ipv4_vs_ipv6": _drop_v4,
    "scope.transit_leak": partial(forge, answers=(LEAKED, BOGON_V6)),
    "scope.collateral_substring": partial(
        _by_name, act=lambda names: NameReset(names=names, within=True)
    ),
    "local.resolver_broken": _all_dns_silence,
    "local.captive_portal": partial(_divert, ports=(80, 443)),
    "local.clock_skew": _skew,
    "local.ipv6_broken": _cut_v6,
}
"""Ids of the mechanism catalogue; `ip.nullroute.unreachable` is the lab's own variant of one."""

OUTAGES: dict[str, Builder] = {
    "server.outage_global": _refuse_below,
    "server.outage_cdn_pop": _refuse_below,
}
"""Mechanisms of the origins, in the forms that take no word of HTTP."""


def known() -> tuple[str, ...]:
    """Mechanism ids that the internet can play; the others are the hosts' or the orchestrator's."""
    return tuple(sorted(MECHANISMS))


def policies(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Turn the event into policies; raises UnknownMechanism, NothingHit."""
    build = MECHANISMS.get(event.mechanism) or OUTAGES.get(event.mechanism)
    if build is None:
        raise UnknownMechanism(
            f"{event.mechanism!r} is no mechanism that the internet can play; it knows {', '.join(known())}"
        )
    return build(event, plan)
