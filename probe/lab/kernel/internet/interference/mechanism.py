"""Mechanism id → policies, by table: an Event of a scenario becomes what the router can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from dns.rcode import NXDOMAIN, REFUSED

from probe.config.load import ConfigError
from probe.lab.answers import BOGON, BOGON_V6, NOTICE_PAGE, POOL, POOL_V6
from probe.lab.kernel.internet.forge import http_response, packed
from probe.lab.kernel.internet.hello import matches
from probe.lab.kernel.internet.interference.policy import (
    AddressDrop,
    AnyAct,
    Cut,
    Delay,
    Divert,
    DnsForgery,
    DnsSilence,
    HttpAnswer,
    NameDrop,
    NameFreeze,
    NamePolice,
    NameReset,
    Policy,
    SynReset,
)
from probe.lab.kernel.plan import Host, Plan, Role
from probe.lab.scenario import Event
from probe.model import NetworkKind

HTML = {"Content-Type": "text/html; charset=utf-8"}


class UnknownMechanism(ConfigError):  # noqa: N818 — named for what it says
    """Its str is one sentence that lists what is known."""


class NothingHit(ConfigError):  # noqa: N818 — named for what it says
    """The event names what, or happens where, the plan has nothing; its str is one sentence."""


# ── where and what ───────────────────────────────────────────────────────────────────────────


def is_inside(event: Event, host: Host) -> bool:
    """Whether the host stands where the event happens: each of its three lists narrows."""
    vantage = host.vantage.id if host.vantage else host.name
    return (
        (not event.countries or host.country in event.countries)
        and (not event.networks or host.asn in event.networks)
        and (not event.vantages or vantage in event.vantages)
    )


def blocked_names(event: Event, plan: Plan) -> tuple[str, ...]:
    """List the host names that the event hits; empty means all."""
    keys = [f"{s}/{f}" for s in event.services for f in event.features] or list(event.services)
    if event.features and not event.services:
        keys = [key for key in plan.names if key.partition("/")[2] in event.features]
    found = {name for key in keys for name in plan.names.get(key, ())}
    if (event.services or event.features) and not found:
        raise NothingHit(f"{event.mechanism}: the plan has no host names of {', '.join(keys)}")
    return tuple(sorted(found | {name.rstrip(".").lower() for name in event.names}))


def blocked_addresses(event: Event, plan: Plan) -> tuple[bytes, ...]:
    """List the addresses of those names and their subdomains; empty means all."""
    names = blocked_names(event, plan)
    if not names:
        return ()
    found = {packed(a) for name, zone in plan.zone.items() if matches(name, names) for a in zone}
    if not found:
        raise NothingHit(f"{event.mechanism}: no address of {', '.join(names)} is in the plan")
    return tuple(sorted(found, key=lambda address: (len(address), address)))


def _addresses(hosts: Iterable[Host]) -> tuple[bytes, ...]:
    return tuple(packed(a) for host in hosts for a in (host.v4, host.v6) if a)


def _hosts(event: Event, plan: Plan) -> list[Host]:
    hosts = [host for host in plan.hosts if is_inside(event, host)]
    if not hosts:
        raise NothingHit(f"{event.mechanism}: no host of the plan is where the event happens")
    return hosts


def _on_vantages(event: Event, plan: Plan, *acts: AnyAct) -> tuple[Policy, ...]:
    """Act on the first hop of the probe hosts.

    Their questions to any resolver pass there, an operator's resolver's to the world do not.
    """
    vantages = [host for host in _hosts(event, plan) if host.role is Role.VANTAGE]
    if not vantages:
        raise NothingHit(f"{event.mechanism}: no probe host is where the event happens")
    clients = _addresses(vantages)
    return tuple(Policy(clients=clients, act=act, share=event.share) for act in acts)


# ── one builder per kind ─────────────────────────────────────────────────────────────────────


def _forge_pool(event: Event, plan: Plan, *, together: bool) -> tuple[Policy, ...]:
    taken = {host.v4 for host in plan.hosts}
    pool = tuple((a, POOL_V6) for a in POOL if a not in taken)
    names = blocked_names(event, plan)
    sets = pool[:2] if together else pool
    act = DnsForgery(names=names, answers=sets, pool=not together, swallow=False)
    return _on_vantages(event, plan, act)


def _forge_bogon(event: Event, plan: Plan) -> tuple[Policy, ...]:
    names = blocked_names(event, plan)
    act = DnsForgery(names=names, answers=((BOGON, BOGON_V6),), swallow=False)
    return _on_vantages(event, plan, act)


def _forge_notice(event: Event, plan: Plan) -> tuple[Policy, ...]:
    act = DnsForgery(names=blocked_names(event, plan), answers=(_notices(plan),))
    return _on_vantages(event, plan, act)


def _notices(plan: Plan) -> tuple[str, ...]:
    """Give the notice host's addresses, v4 first."""
    host = next((host for host in plan.hosts if host.v4 == plan.notice), None)
    return (plan.notice, host.v6) if host and host.v6 else (plan.notice,)


def _refuse(event: Event, plan: Plan, *, rcode: int) -> tuple[Policy, ...]:
    return _on_vantages(event, plan, DnsForgery(names=blocked_names(event, plan), rcode=rcode))


def _dns_silence(event: Event, plan: Plan) -> tuple[Policy, ...]:
    return _on_vantages(event, plan, DnsSilence(names=blocked_names(event, plan)))


def _all_dns_silence(event: Event, plan: Plan) -> tuple[Policy, ...]:
    return _on_vantages(event, plan, DnsSilence())


def _address_drop(
    event: Event, plan: Plan, *, syn_only: bool = False, unreachable: bool = False
) -> tuple[Policy, ...]:
    addresses = blocked_addresses(event, plan)
    act = AddressDrop(addresses=addresses, syn_only=syn_only, unreachable=unreachable)
    return _on_vantages(event, plan, act)


def _partial_drop(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Every other address of the names, v4 before v6."""
    return _on_vantages(event, plan, AddressDrop(addresses=blocked_addresses(event, plan)[::2]))


def _syn_reset(event: Event, plan: Plan) -> tuple[Policy, ...]:
    return _on_vantages(event, plan, SynReset(addresses=blocked_addresses(event, plan)))


def _by_name(
    event: Event, plan: Plan, *, act: Callable[[tuple[str, ...]], AnyAct]
) -> tuple[Policy, ...]:
    return _on_vantages(event, plan, act(blocked_names(event, plan)))


def _http_answer(
    event: Event, plan: Plan, *, status: str, moved: bool = False
) -> tuple[Policy, ...]:
    """Plain requests are answered; TLS cannot be, so there the name is reset."""
    names = blocked_names(event, plan)
    named = next((n for n, zone in plan.zone.items() if plan.notice in zone), plan.notice)
    headers = {**HTML, "Location": f"http://{named}/"} if moved else HTML
    response = http_response(status, headers, NOTICE_PAGE)
    return _on_vantages(
        event, plan, HttpAnswer(names=names, response=response), NameReset(names=names)
    )


def _divert(event: Event, plan: Plan, *, ports: tuple[int, ...]) -> tuple[Policy, ...]:
    addresses = blocked_addresses(event, plan)
    to = tuple(packed(address) for address in _notices(plan))
    return _on_vantages(event, plan, *(Divert(addresses=addresses, port=p, to=to) for p in ports))


def _delay(event: Event, plan: Plan) -> tuple[Policy, ...]:
    act = Delay(seconds=float(event.delay), addresses=blocked_addresses(event, plan))
    return _on_vantages(event, plan, act)


def _cut_all(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Nothing passes, not even inside."""
    return (Policy(clients=_addresses(_hosts(event, plan)), act=Cut(), share=event.share),)


def _cut_mobile(event: Event, plan: Plan) -> tuple[Policy, ...]:
    mobile = {h.asn for h in plan.hosts if h.vantage and h.vantage.kind is NetworkKind.MOBILE}
    hosts = [host for host in _hosts(event, plan) if host.asn in mobile]
    if not hosts:
        raise NothingHit(f"{event.mechanism}: no mobile network is where the event happens")
    return (Policy(clients=_addresses(hosts), act=Cut(), share=event.share),)


def _cut_abroad(event: Event, plan: Plan, *, allowed: bool = False) -> tuple[Policy, ...]:
    """Each country keeps what is in it; with `allowed` also what the event names."""
    policies: list[Policy] = []
    extra = blocked_addresses(event, plan) if allowed else ()
    hosts = [host for host in _hosts(event, plan) if host.country]
    for country in sorted({host.country for host in hosts}):
        home = [host for host in plan.hosts if host.country == country]
        for resolver in (False, True):
            inside = [h for h in hosts if h.country == country and _is_resolver(h) is resolver]
            roots = _copied_roots(plan, home) if resolver else ()
            act = Cut(spared=(*_addresses(home), *extra, *roots))
            policies.append(Policy(clients=_addresses(inside), act=act, share=event.share))
    return tuple(policies)


def _copied_roots(plan: Plan, home: Iterable[Host]) -> tuple[bytes, ...]:
    """Name servers that a resolver still asks: those of the core, where its country has none."""
    if any(host.role is Role.NAMESERVER for host in home):
        return ()
    return _addresses(h for h in plan.hosts if h.role is Role.NAMESERVER and not h.country)


def _is_resolver(host: Host) -> bool:
    return host.role is Role.ISP_RESOLVER


# ── the table ────────────────────────────────────────────────────────────────────────────────

Builder = Callable[[Event, Plan], tuple[Policy, ...]]

MECHANISMS: dict[str, Builder] = {
    "dns.injection.forged_public": partial(_forge_pool, together=False),
    "dns.injection.double_answer": partial(_forge_pool, together=True),
    "dns.injection.bogon": _forge_bogon,
    "dns.injection.blockpage_ip": _forge_notice,
    "dns.nxdomain": partial(_refuse, rcode=NXDOMAIN),
    "dns.refused_servfail": partial(_refuse, rcode=REFUSED),
    "dns.empty_noerror": partial(_refuse, rcode=0),
    "dns.timeout": _dns_silence,
    "ip.nullroute": _address_drop,
    "ip.nullroute.unreachable": partial(_address_drop, unreachable=True),
    "ip.bgp_hijack_blackhole": _address_drop,
    "ip.partial_list": _partial_drop,
    "ip.shutdown_bgp": _cut_all,
    "ip.curfew_schedule": _cut_all,
    "ip.shutdown_stealth": _cut_abroad,
    "ip.shutdown_mobile_only": _cut_mobile,
    "ip.allowlist": partial(_cut_abroad, allowed=True),
    "tcp.rst_on_syn": _syn_reset,
    "tcp.syn_drop": partial(_address_drop, syn_only=True),
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
    "throttle.handshake_delay": _delay,
    "throttle.sni_policing": partial(_by_name, act=lambda names: NamePolice(names=names)),
    "local.resolver_broken": _all_dns_silence,
    "local.captive_portal": partial(_divert, ports=(80, 443)),
}
"""Ids of the mechanism catalogue; `ip.nullroute.unreachable` is the lab's own variant of one."""


def known() -> tuple[str, ...]:
    """Mechanism ids that the internet can play; the others are the hosts' or the orchestrator's."""
    return tuple(sorted(MECHANISMS))


def policies(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """Turn the event into policies; raises UnknownMechanism, NothingHit."""
    build = MECHANISMS.get(event.mechanism)
    if build is None:
        raise UnknownMechanism(
            f"{event.mechanism!r} is no mechanism that the internet can play; it knows {', '.join(known())}"
        )
    return build(event, plan)
