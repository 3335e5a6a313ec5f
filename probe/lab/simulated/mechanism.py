"""Mechanism id → what it does to a measurement that it hits, and which it hits: by table.

What the kernel lab plays is played here as that shows it (tests/lab/simulated/test_fidelity.py);
the rest of the catalogue follows mechanisms.json. What a probe of ours cannot see (ECH) is played
as nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

from probe.lab.answers import NOTICE_PAGE, PROXY_HEADERS, Reply, faulty
from probe.lab.scenario import Event, Form
from probe.lab.simulated.act import ROUTERS, Act, Family, Lookup, Truth
from probe.lab.simulated.seat import SYSTEM, Seat
from probe.measure.failure import EOF, FAILED_HANDSHAKE, REFUSED, RESET, TIMEOUT

HTML = "text/html; charset=utf-8"
FREEZE_BYTES = 16_384
POLICED_BYTES_A_SECOND = 16_250.0
"""130 kbit/s."""


class Aim(StrEnum):
    """What an event hits, of what a vantage measures."""

    NAMES = "names"
    """The names it lists and those below them; all, where it lists none."""
    ADDRESSES = "addresses"
    """Whatever stands at the addresses of those names."""
    SERVICES = "services"
    """Services alone, never a control unless the event says so."""
    ALL = "all"
    """Everything."""
    FOREIGN = "foreign"
    """Everything but what stands in the vantage's own country."""


class Uplink(StrEnum):
    """What becomes of the results meanwhile."""

    UP = "up"
    CUT = "cut"
    """They wait in the spool."""
    DEAD = "dead"
    """There are none: nothing measures."""


Make = Callable[[Event, Seat], Act]


class Mechanism(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    make: Make
    aim: Aim = Aim.NAMES
    uplink: Uplink = Uplink.UP
    mobile: bool = False
    """Hits mobile networks alone."""
    contains: bool = False
    """Hits every name that merely contains one of those listed."""
    spares: bool = False
    """What the event lists is spared, all else is hit."""


def _is(act: Act) -> Make:
    return lambda _event, _seat: act


def _named(act: Act) -> Mechanism:
    return Mechanism(make=_is(act))


def _placed(act: Act) -> Mechanism:
    return Mechanism(make=_is(act), aim=Aim.ADDRESSES)


def _resolved(lookup: Lookup, *, everywhere: bool = True) -> Mechanism:
    """Forge what a vantage's own resolver says, or what any does: its questions pass the forger."""
    return _named(Act(lookup=lookup, second=lookup if everywhere else None))


def _page(status: int, *, leads: bool = False) -> Mechanism:
    """Answer plain requests; within TLS, where that cannot be, reset at the name."""
    reply = Reply(status=status, body=NOTICE_PAGE, kind=HTML)
    return _named(Act(reply=reply, plain=True, leads=leads, shake=RESET))


def _delayed(event: Event, _seat: Seat) -> Act:
    return Act(delay=float(event.delay))


def _partly(_event: Event, seat: Seat) -> Act:
    return Act(connect=TIMEOUT, addresses=seat.addresses[::2])


def _late(event: Event, _seat: Seat) -> Act:
    """Delay what names it; where the event names nothing, all there is."""
    named = event.services or event.features or event.names
    return Act(late=float(event.delay)) if named else Act(delay=float(event.delay))


def _served(event: Event, seat: Seat) -> Act:
    """Fail as the service does, in the event's form."""
    match event.form:
        case Form.UNREACHABLE:
            return SHUT_OUT
        case Form.NO_NAME:
            failing = Lookup(rcode=SERVFAIL)
            return Act(lookup=failing, second=failing, unheard=True)
        case Form.EXPIRED:
            return Act(certificate="expired")
        case Form.SLOW:
            return Act(linger=float(event.delay))
        case _:
            return Act(reply=_marked(faulty(event, seat.page), seat))


def _refusing_below(event: Event, _seat: Seat) -> Act:
    """Refuse a country without a word of HTTP: its packets, or its resolvers' questions."""
    if event.form is Form.NO_NAME:
        return Act(lookup=Lookup(rcode=SERVFAIL))
    return SHUT_OUT


def _marked(reply: Reply, seat: Seat) -> Reply:
    """Leave on it the headers of the front that the well answer has."""
    own = [header for header in seat.reply.headers if header not in reply.headers]
    kept = reply.headers if not seat.depends else reply.headers[1:]
    return msgspec.structs.replace(reply, headers=(*kept, *own))


def _expired(_event: Event, _seat: Seat) -> Act:
    return Act(certificate="expired")


def _cut_off(_event: Event, seat: Seat) -> Act:
    """Only the way abroad is gone: the operator's resolver still answers, that it cannot ask.

    What is on an allowlist it is let ask for, or few would reach what they are allowed.
    """
    own = seat.prober.resolver == SYSTEM
    return Act(lookup=Lookup(rcode=SERVFAIL) if own else MUTE, second=MUTE, connect=TIMEOUT)


NXDOMAIN, SERVFAIL, REFUSED_CODE = 3, 2, 5
MUTE = Lookup(failure=TIMEOUT)
NOTHING = Act()
SHUT_OUT = Act(connect=TIMEOUT, behind=ROUTERS)
DARK = Act(lookup=MUTE, second=MUTE, connect=TIMEOUT)
UNRESOLVED = Act(lookup=Lookup(rcode=SERVFAIL), second=Lookup(rcode=SERVFAIL))
SAID = Act(shake=RESET)
POOLED = Lookup(truth=Truth.POOL)

MECHANISMS: dict[str, Mechanism] = {
    "dns.injection.forged_public": _resolved(Lookup(truth=Truth.POOL, late=True)),
    "dns.injection.double_answer": _resolved(Lookup(truth=Truth.PAIR, late=True)),
    "dns.injection.bogon": _resolved(Lookup(truth=Truth.BOGON, late=True)),
    "dns.injection.blockpage_ip": _resolved(Lookup(truth=Truth.NOTICE)),
    "dns.nxdomain": _resolved(Lookup(rcode=NXDOMAIN)),
    "dns.refused_servfail": _resolved(Lookup(rcode=REFUSED_CODE)),
    "dns.timeout": _resolved(MUTE),
    "dns.empty_noerror": _resolved(Lookup(truth=Truth.NONE)),
    "dns.resolver_rewrite_all_resolvers": _resolved(Lookup(truth=Truth.NOTICE)),
    "dns.cache_pollution_outside": _resolved(POOLED, everywhere=False),
    "dns.handshake_accepting_sinkhole": _resolved(
        Lookup(truth=Truth.POOL, accepts=True, late=True)
    ),
    "dns.encrypted_dns_block": Mechanism(make=_is(Act(unsealed=True)), aim=Aim.ALL),
    "ip.nullroute": _placed(Act(connect=TIMEOUT)),
    "ip.nullroute.unreachable": _placed(Act(connect="host_unreachable")),
    "ip.bgp_hijack_blackhole": _placed(Act(connect=TIMEOUT, behind=2)),
    "ip.partial_list": Mechanism(make=_partly, aim=Aim.ADDRESSES),
    "ip.shutdown_bgp": Mechanism(make=_is(DARK), aim=Aim.ALL, uplink=Uplink.CUT),
    "ip.curfew_schedule": Mechanism(make=_is(DARK), aim=Aim.ALL, uplink=Uplink.CUT),
    "ip.shutdown_mobile_only": Mechanism(
        make=_is(DARK), aim=Aim.ALL, uplink=Uplink.CUT, mobile=True
    ),
    "ip.shutdown_stealth": Mechanism(make=_cut_off, aim=Aim.FOREIGN, uplink=Uplink.CUT),
    "ip.allowlist": Mechanism(make=_cut_off, aim=Aim.FOREIGN, uplink=Uplink.CUT, spares=True),
    "tcp.rst_on_syn": _placed(Act(connect=REFUSED)),
    "tcp.syn_drop": _placed(Act(connect=TIMEOUT, ports=(443,), streams=True)),
    "tcp.port_protocol_filter": _placed(Act(shake=TIMEOUT, alike=True, request=TIMEOUT)),
    "tls.sni_rst": _named(SAID),
    "tls.sni_drop": _named(Act(shake=TIMEOUT)),
    "tls.sni_tail_freeze": _named(Act(budget=FREEZE_BYTES)),
    "tls.mitm_cert": _placed(Act(diverts=(443,))),
    "tls.ech_esni_block": _named(NOTHING),
    "http.host_rst": _named(Act(request=RESET, plain=True)),
    "http.blockpage_200": _page(200),
    "http.redirect_302": _page(302, leads=True),
    "http.403_injected": _page(403),
    "http.451": _page(451),
    "http.transparent_proxy": _named(Act(headers=PROXY_HEADERS, plain=True)),
    "http.empty_or_truncated": _named(Act(request=EOF, plain=True)),
    "server.outage_global": Mechanism(make=_served, aim=Aim.SERVICES),
    "server.outage_cdn_pop": Mechanism(make=_served, aim=Aim.SERVICES),
    "server.geoblock_page": Mechanism(make=_served, aim=Aim.SERVICES),
    "server.geoblock_low_layer": Mechanism(make=_refusing_below, aim=Aim.SERVICES),
    "server.bot_challenge": Mechanism(make=_served, aim=Aim.SERVICES),
    "server.certificate_expired": Mechanism(make=_expired, aim=Aim.SERVICES),
    "quic.udp443_block": Mechanism(make=_is(Act(unspoken=True)), aim=Aim.ALL),
    "quic.sni_block": _named(Act(unspoken=True)),
    "throttle.sni_policing": _named(Act(rate=POLICED_BYTES_A_SECOND)),
    "throttle.handshake_delay": Mechanism(make=_late),
    "throttle.ip_association": Mechanism(make=_delayed, aim=Aim.ADDRESSES),
    "residual.3tuple": _named(Act(shake=RESET, aftermath=REFUSED)),
    "residual.4tuple": _named(Act(shake=TIMEOUT)),
    "flaky.probabilistic": _named(SAID),
    "flaky.ecmp": _named(SAID),
    "scope.per_isp": _named(SAID),
    "scope.regional": _named(SAID),
    "scope.ipv4_vs_ipv6": _placed(Act(connect=TIMEOUT, family=Family.V4)),
    "scope.transit_leak": _resolved(Lookup(truth=Truth.LEAKED, late=True)),
    "scope.collateral_substring": Mechanism(make=_is(SAID), contains=True),
    "local.captive_portal": Mechanism(make=_is(Act(diverts=(80, 443))), aim=Aim.ALL),
    "local.resolver_broken": Mechanism(make=_is(UNRESOLVED), aim=Aim.ALL),
    "local.clock_skew": Mechanism(make=_is(Act(certificate="early")), aim=Aim.ALL),
    "local.ipv6_broken": Mechanism(make=_is(Act(connect=TIMEOUT, family=Family.V6)), aim=Aim.ALL),
    "local.tls_broken": Mechanism(make=_is(Act(shake=FAILED_HANDSHAKE, alike=True)), aim=Aim.ALL),
    "local.agent_killed": Mechanism(make=_is(NOTHING), aim=Aim.ALL, uplink=Uplink.DEAD),
    "lab.correlator_killed": Mechanism(make=_is(NOTHING), aim=Aim.ALL, uplink=Uplink.CUT),
    "lab.lying_agent": Mechanism(make=_is(SAID), aim=Aim.SERVICES),
}
"""Ids of the mechanism catalogue, and the lab's own: a name of `flaky`, `residual` and `scope` is
played as name-based resets, whose share, place or aftermath is what the id speaks of."""

USUAL_SHARE = {"flaky.probabilistic": 0.5, "flaky.ecmp": 0.5}
"""The share of flows that is hit where the event leaves it at all of them."""


def known() -> tuple[str, ...]:
    """Every mechanism that a timeline of the simulated lab may name."""
    return tuple(sorted(MECHANISMS))
