"""Every mechanism that the kernel lab plays, measured by the real chain over real packets; run as a script.

All of them are in force at the same time, each on names or in a country of its own, so that the
waiting is done once. `HOME` → one JSON object: vantage → endpoint → observations.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from probe.clock import SystemClock
from probe.config.shape import Measuring, Referring, Seconds
from probe.lab.agenda import Change
from probe.lab.kernel.layout import doors, plan
from probe.lab.kernel.plan import Host, Plan
from probe.lab.kernel.sandbox.namespace import Namespace, enter_sandbox, inside
from probe.lab.kernel.world import World
from probe.lab.scenario import (
    Dependency,
    DependencyKind,
    Event,
    Form,
    LabNetwork,
    Scenario,
    Site,
)
from probe.lab.world import NEUTRAL_NAME, catalogue
from probe.measure.chain import instruments, measure
from probe.model import Control, Endpoint, Feature, NetworkKind, Observation, Service

Seen = dict[str, dict[str, tuple[Observation, ...]]]

TEXT = "this page is well"
LONG_BYTES = 30_000
HERE, HERE_SIX, ABROAD = "tr-as47331-1", "tr-as9121-1", "de-as3320-1"
THIRD = "tr-as34984-1"
SECONDS = ("tr-as47331-2", "tr-as9121-2", "tr-as34984-2")
"""A second probe host of each network of TR: it looks at what hits parts of a network."""
FURTHER = ("nl-as1136-1", "se-as1257-1")
SPOKEN = ("quic.sni_block", "quic.udp443_block")
NAMED = (
    *SPOKEN,
    "dns.encrypted_dns_block", "dns.cache_pollution_outside", "dns.handshake_accepting_sinkhole",
    "dns.resolver_rewrite_all_resolvers", "http.empty_or_truncated", "http.transparent_proxy",
    "residual.3tuple", "residual.4tuple", "scope.collateral_substring", "scope.ipv4_vs_ipv6",
    "scope.per_isp", "scope.regional", "scope.transit_leak", "server.geoblock_low_layer",
    "tcp.port_protocol_filter", "throttle.ip_association",
    "dns.empty_noerror", "dns.injection.blockpage_ip", "dns.injection.bogon",
    "dns.injection.double_answer", "dns.injection.forged_public", "dns.nxdomain",
    "dns.refused_servfail", "dns.timeout", "http.403_injected", "http.451", "http.blockpage_200",
    "http.host_rst", "http.redirect_302", "ip.bgp_hijack_blackhole", "ip.nullroute",
    "ip.nullroute.unreachable", "ip.partial_list", "tcp.rst_on_syn", "tcp.syn_drop",
    "throttle.handshake_delay", "throttle.sni_policing", "tls.mitm_cert", "tls.sni_drop",
    "tls.sni_rst", "tls.sni_tail_freeze",
)  # fmt: skip
"""Each on a service of its own, in one country."""
AT_ONCE = 8
"""Of one vantage: handshakes cost time on a busy machine, and what is late would look like silence."""
BARE = {"port": "tcp://www.port.com:443", "name": "dns:www.name.com"}
"""Services that are asked for less than a page, and nothing is done to them."""
PLAIN = {name for name in NAMED if name.startswith("http.")}
BEHIND = ("dns-encrypted-dns-block", "sited-names")
"""Services that are asked for of encrypted resolvers as well."""
FAULTS: dict[str, dict[str, object]] = {
    "http_5xx": {"mechanism": "server.outage_global"},
    "rejection": {"mechanism": "server.outage_global", "form": Form.REJECTION},
    "app_error": {"mechanism": "server.outage_global", "form": Form.APP_ERROR},
    "silence": {"mechanism": "server.outage_global", "form": Form.SILENCE},
    "geo": {"mechanism": "server.geoblock_page", "countries": ("TR",)},
    "challenge": {"mechanism": "server.bot_challenge"},
    "expired": {"mechanism": "server.certificate_expired"},
    "ran_out": {"mechanism": "server.outage_global", "form": Form.EXPIRED},
    "unreachable": {"mechanism": "server.outage_global", "form": Form.UNREACHABLE},
    "no_name": {"mechanism": "server.outage_global", "form": Form.NO_NAME},
    "slow": {"mechanism": "server.outage_global", "form": Form.SLOW, "delay": Seconds(1)},
    "sited": {
        "services": (),
        "mechanism": "server.outage_cdn_pop",
        "dependencies": ("cloudflare",),
        "sites": ("AMS",),
    },
    "sited_names": {
        "services": (),
        "mechanism": "server.outage_cdn_pop",
        "dependencies": ("names",),
        "sites": ("near",),
        "form": Form.NO_NAME,
    },
}
CHANCE = ("flaky.ecmp", "flaky.probabilistic")
"""Each on a service of its own, which is looked at again and again."""
OFTEN = 20
"""Of eight looks, one time in two hundred all tests of some vantages were let pass by chance."""
ROUTE = "ip.bgp_hijack_blackhole"
TWINS = ("not-scope-collateral-substring-either", "sited-too", "sited-names-too")
"""One whose name contains that of another service; others on the same delivery network, and the
same name servers."""
SITED = Dependency(
    id="cloudflare",
    kind=DependencyKind.CDN,
    services=("sited", "sited-too"),
    sites=(Site(id="AMS", countries=("NL", "SE")), Site(id="FRA")),
)
SITED_NAMES = Dependency(
    id="names",
    kind=DependencyKind.DNS,
    services=("sited-names", "sited-names-too"),
    sites=(Site(id="near", countries=("NL", "SE")), Site(id="far")),
)
COUNTRIES: dict[str, tuple[str, ...]] = {
    "dns.cache_pollution_outside": ("NL",),
    "quic.udp443_block": ("NL",),
    ROUTE: ("NL", "SE", "BR"),
}
"""Where it is another country than TR, or more of them."""
PARTS: dict[str, dict[str, object]] = {
    "scope.per_isp": {"networks": (47331, 9121)},
    "scope.regional": {"vantages": SECONDS},
    "scope.collateral_substring": {
        "services": (),
        "names": ("scope-collateral-substring",),
    },
}
DELAYED = ("throttle.handshake_delay", "throttle.ip_association")
PLACED: dict[str, tuple[str, dict[str, object]]] = {
    "ip.shutdown_bgp": ("EG", {}),
    "ip.curfew_schedule": ("SY", {}),
    "ip.shutdown_stealth": ("IR", {}),
    "ip.allowlist": ("RU", {"services": ("well",)}),
    "ip.shutdown_mobile_only": ("MM", {}),
    "local.resolver_broken": ("US", {"vantages": ("us-as70-1",)}),
    "local.captive_portal": ("FR", {}),
    "local.clock_skew": ("JP", {}),
    "local.ipv6_broken": ("BR", {}),
}
"""Each in a country of its own, on all that is measured there."""


def slug(name: str) -> str:
    return name.replace(".", "-").replace("_", "-")


def service(name: str) -> Service:
    key = slug(name)
    scheme = "http" if name in PLAIN else "https"
    endpoint = Endpoint(
        id=key,
        url=BARE.get(name, f"{scheme}://www.{key}.com/"),
        expect=TEXT,
        forbid=("Something went wrong",),
        min_bytes=LONG_BYTES if name.startswith(("tls.sni_tail", "throttle.sni")) else 0,
    )
    return Service(
        id=key, name=key, features=(Feature(id="web", name="web", endpoints=(endpoint,)),)
    )


def scenario() -> Scenario:
    others = enumerate(PLACED.items())
    return Scenario(
        name="played",
        title="",
        length=Seconds(600),
        services=tuple(
            service(name) for name in ("well", *NAMED, *FAULTS, *CHANCE, *TWINS, *BARE)
        ),
        dependencies=(SITED, SITED_NAMES),
        encrypted_dns=BEHIND,
        quic=tuple(map(slug, SPOKEN)),
        two_addresses=(slug("ip.partial_list"),),
        networks=(
            LabNetwork(country="TR", asn=47331, name="TTNet", vantages=2),
            LabNetwork(country="TR", asn=9121, name="Telekom", ipv6=True, vantages=2),
            LabNetwork(country="TR", asn=34984, name="Superonline", vantages=2),
            LabNetwork(country="DE", asn=3320, name="Deutsche Telekom"),
            LabNetwork(country="NL", asn=1136, name="KPN"),
            LabNetwork(country="SE", asn=1257, name="Tele2"),
            LabNetwork(country="MM", asn=136255, name="Home"),
            *(
                LabNetwork(
                    country=code,
                    asn=65 + n,
                    name=code,
                    kind=NetworkKind.MOBILE,
                    vantages=1 if name.startswith("local.") else 2,
                    ipv6=code == "BR",
                )
                for n, (name, (code, _)) in others
            ),
        ),
        timeline=tuple(events()),
    )


def events() -> Iterable[Event]:
    for name in (*NAMED, *CHANCE):
        told: dict[str, object] = {
            "services": (slug(name),),
            "countries": COUNTRIES.get(name, ("TR",)),
            "delay": Seconds(0.6 if name in DELAYED else 0),
            "share": 0.6 if name in CHANCE else 1.0,
            **PARTS.get(name, {}),
        }
        yield Event(at=Seconds(0), mechanism=name, **told)  # type: ignore[arg-type]
    polluting = slug("dns.cache_pollution_outside")
    yield Event(
        at=Seconds(0),
        mechanism="dns.injection.double_answer",
        services=(polluting,),
        countries=("TR",),
    )
    for name, told in FAULTS.items():
        yield Event(at=Seconds(0), **{"services": (slug(name),), **told})  # type: ignore[arg-type]
    for name, (code, told) in PLACED.items():
        yield Event(at=Seconds(0), mechanism=name, countries=(code,), **told)  # type: ignore[arg-type]


def asked(vantage: str) -> tuple[Endpoint, ...]:
    """What is compared at a vantage: everything where names are hit, else one of each kind."""
    told = catalogue(scenario())
    every = [e for s in told.services for f in s.features for e in f.endpoints]
    code = vantage[:2].upper()
    controls = (*own(told.controls, code), *own(told.controls, ""))
    if vantage in {HERE, HERE_SIX, THIRD, ABROAD, *FURTHER}:
        return (*every, *controls)
    if vantage in SECONDS:
        chosen = {slug(name) for name in ("well", "scope.regional")}
        return (*(one for one in every if one.id in chosen), *controls)
    if code in {"BR", "MM"}:
        return (*(one for one in every if one.id in {"well", slug(ROUTE)}), *controls)
    return (every[0], *controls)


def own(controls: Iterable[Control], code: str) -> tuple[Endpoint, ...]:
    """The first control of a country, or of abroad."""
    return tuple(c.endpoint for c in controls if c.country == code)[:1]


def known(controls: Iterable[Control], code: str) -> tuple[Endpoint, ...]:
    """What a country's resolver has been asked for before: what is spared there as well."""
    spared = next(
        (told["services"] for at, told in PLACED.values() if at == code and "services" in told), ()
    )
    return (*own(controls, code), *(e for e in asked(HERE)[:1] if spared))


def settings(laid: Plan, asn: int, trust: Path, *, ipv6: bool) -> Measuring:
    return Measuring(
        dns_timeout=Seconds(2.5),  # a resolver of the lab gives up after 0.9 s
        connect_timeout=Seconds(2),
        tls_timeout=Seconds(3),
        http_timeout=Seconds(4),
        late_answers=Seconds(1),
        resolver=laid.resolvers[asn],
        second_resolver=laid.public_resolver,
        neutral_name=NEUTRAL_NAME,
        reference=Referring(address=laid.reference),
        quic=False,
        residual=Seconds(0),  # all names are looked at in one go
        background=0,
        tests_per_minute=100_000,
        trust=str(trust),
        ipv6=ipv6,
    )


def encrypted(tools: Measuring) -> Measuring:
    """Ask encrypted resolvers as well, whether anything fails or not."""
    return msgspec.structs.replace(tools, second_resolver=doors(plan(scenario())), background=1.0)


def spoken(tools: Measuring) -> Measuring:
    """Try QUIC as well, whether anything fails or not."""
    return msgspec.structs.replace(tools, quic=True, background=1.0)


TAINTING = {slug("residual.3tuple")}
"""Looked at last: whatever they are tried at, a server of ours as well, is cut for all afterwards."""


async def look(
    endpoints: Sequence[Endpoint], tools: Measuring
) -> dict[str, tuple[Observation, ...]]:
    kit, room = instruments(tools, SystemClock()), asyncio.Semaphore(AT_ONCE)
    beyond = {name: instruments(encrypted(tools), SystemClock()) for name in BEHIND}
    beyond |= {slug(name): instruments(spoken(tools), SystemClock()) for name in SPOKEN}

    async def one(endpoint: Endpoint) -> tuple[Observation, ...]:
        async with room:
            return await measure(endpoint, beyond.get(endpoint.id, kit))

    seen: dict[str, tuple[Observation, ...]] = {}
    for last in (False, True):
        chosen = [endpoint for endpoint in endpoints if (endpoint.id in TAINTING) is last]
        async with asyncio.TaskGroup() as group:
            tasks = {endpoint.id: group.create_task(one(endpoint)) for endpoint in chosen}
        seen |= {key: task.result() for key, task in tasks.items()}
    return seen


def visit(
    place: Namespace, endpoints: Iterable[Endpoint], tools: Measuring
) -> dict[str, tuple[Observation, ...]]:
    """Measure from a namespace: this thread's loop opens its sockets there.

    What is hit by chance is looked at often, under its id and a number.
    """
    with inside(place):
        return asyncio.run(look([*endpoints, *again(endpoints)], tools))


def again(endpoints: Iterable[Endpoint]) -> Iterable[Endpoint]:
    chosen = {slug(name) for name in CHANCE}
    for endpoint in endpoints:
        for number in range(1, OFTEN) if endpoint.id in chosen else ():
            yield msgspec.structs.replace(endpoint, id=f"{endpoint.id}#{number}")


def patient(tools: Measuring) -> Measuring:
    """Wait as long as servers take to begin on a busy machine."""
    long = Seconds(20)
    return msgspec.structs.replace(
        tools, dns_timeout=long, connect_timeout=long, tls_timeout=long, http_timeout=long
    )


def few(hosts: Iterable[Host]) -> list[Host]:
    """Those who look at little: first, lest they starve beside the others."""
    return [h for h in hosts if h.name not in {HERE, HERE_SIX, THIRD, ABROAD, *FURTHER}]


def main(home: Path) -> None:
    enter_sandbox()
    world = World(scenario(), home)
    laid = plan(world.scenario)
    hosts = [host for host in laid.hosts if host.vantage]
    bundle = world.processes.bundle
    tools = {h.name: settings(laid, h.asn, bundle, ipv6=bool(h.v6)) for h in hosts}
    controls = catalogue(world.scenario).controls
    seen: Seen = {}
    try:
        with ThreadPoolExecutor(len(hosts)) as threads:
            # What a resolver has not found by then it cannot find once its country is cut off;
            # and the servers have begun to serve.
            warm = [
                threads.submit(
                    visit,
                    world.wired.hosts[h.name],
                    known(controls, h.country),
                    patient(tools[h.name]),
                )
                for h in hosts
            ]
            for one in warm:
                one.result()
            for number, event in enumerate(world.scenario.timeline):
                world.apply(Change(at=0, key=str(number), event=event, begins=True))
            for wave in (few(hosts), [h for h in hosts if h not in few(hosts)]):
                looks = {
                    h.name: threads.submit(
                        visit, world.wired.hosts[h.name], asked(h.name), tools[h.name]
                    )
                    for h in wave
                }
                seen |= {name: one.result() for name, one in looks.items()}
    finally:
        world.stop()
    (home / "seen.json").write_bytes(msgspec.json.encode(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
