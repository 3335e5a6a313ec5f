"""Every mechanism that the kernel lab plays, measured by the real chain over real packets; run as a script.

All of them are in force at the same time, each on names or in a country of its own, so that the
waiting is done once. `HOME` → one JSON object: vantage → endpoint → observations.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from probe.clock import SystemClock
from probe.config.shape import Measuring, Seconds
from probe.lab.agenda import Change
from probe.lab.kernel.layout import plan
from probe.lab.kernel.plan import Plan
from probe.lab.kernel.sandbox.namespace import Namespace, enter_sandbox, inside
from probe.lab.kernel.world import World
from probe.lab.scenario import Event, Form, LabNetwork, Scenario
from probe.lab.world import NEUTRAL_NAME, catalogue
from probe.measure.chain import instruments, measure
from probe.model import Control, Endpoint, Feature, NetworkKind, Observation, Service

Seen = dict[str, dict[str, tuple[Observation, ...]]]

TEXT = "this page is well"
LONG_BYTES = 30_000
HERE, HERE_SIX, ABROAD = "tr-as47331-1", "tr-as9121-1", "de-as3320-1"
NAMED = (
    "dns.empty_noerror", "dns.injection.blockpage_ip", "dns.injection.bogon",
    "dns.injection.double_answer", "dns.injection.forged_public", "dns.nxdomain",
    "dns.refused_servfail", "dns.timeout", "http.403_injected", "http.451", "http.blockpage_200",
    "http.host_rst", "http.redirect_302", "ip.bgp_hijack_blackhole", "ip.nullroute",
    "ip.nullroute.unreachable", "ip.partial_list", "tcp.rst_on_syn", "tcp.syn_drop",
    "throttle.handshake_delay", "throttle.sni_policing", "tls.mitm_cert", "tls.sni_drop",
    "tls.sni_rst", "tls.sni_tail_freeze",
)  # fmt: skip
"""Each on a service of its own, in one country."""
TWICE = ("dns.injection.bogon", "ip.nullroute", "ip.partial_list", "tls.mitm_cert", "tls.sni_rst")
"""Looked at over IPv6 as well, and from abroad."""
AT_ONCE = 10
"""Of one vantage: handshakes cost time on a busy machine, and what is late would look like silence."""
PLAIN = {name for name in NAMED if name.startswith("http.")}
FAULTS: dict[str, dict[str, object]] = {
    "http_5xx": {"mechanism": "server.outage_global"},
    "rejection": {"mechanism": "server.outage_global", "form": Form.REJECTION},
    "app_error": {"mechanism": "server.outage_global", "form": Form.APP_ERROR},
    "silence": {"mechanism": "server.outage_global", "form": Form.SILENCE},
    "geo": {"mechanism": "server.geoblock_page", "countries": ("TR",)},
    "challenge": {"mechanism": "server.bot_challenge"},
    "expired": {"mechanism": "server.certificate_expired"},
}
PLACED: dict[str, tuple[str, dict[str, object]]] = {
    "ip.shutdown_bgp": ("EG", {}),
    "ip.curfew_schedule": ("SY", {}),
    "ip.shutdown_stealth": ("IR", {}),
    "ip.allowlist": ("RU", {"services": ("well",)}),
    "ip.shutdown_mobile_only": ("MM", {}),
    "local.resolver_broken": ("US", {"vantages": ("us-as70-1",)}),
    "local.captive_portal": ("FR", {}),
}
"""Each in a country of its own, on all that is measured there."""


def slug(name: str) -> str:
    return name.replace(".", "-").replace("_", "-")


def service(name: str) -> Service:
    key = slug(name)
    scheme = "http" if name in PLAIN else "https"
    endpoint = Endpoint(
        id=key,
        url=f"{scheme}://www.{key}.com/",
        expect=TEXT,
        forbid=("Something went wrong",),
        min_bytes=LONG_BYTES if name.startswith(("tls.sni_tail", "throttle.sni")) else 0,
    )
    return Service(
        id=key, name=key, features=(Feature(id="web", name="web", endpoints=(endpoint,)),)
    )


def scenario() -> Scenario:
    others = enumerate(PLACED.values())
    return Scenario(
        name="played",
        title="",
        length=Seconds(600),
        services=tuple(service(name) for name in ("well", *NAMED, *FAULTS)),
        networks=(
            LabNetwork(country="TR", asn=47331, name="TTNet"),
            LabNetwork(country="TR", asn=9121, name="Telekom", ipv6=True),
            LabNetwork(country="DE", asn=3320, name="Deutsche Telekom"),
            *(
                LabNetwork(country=code, asn=65 + n, name=code, kind=NetworkKind.MOBILE)
                for n, (code, _) in others
            ),
        ),
        timeline=tuple(events()),
    )


def events() -> Iterable[Event]:
    for name in NAMED:
        delay = Seconds(0.05 if name == "throttle.handshake_delay" else 0)
        yield Event(
            at=Seconds(0), mechanism=name, services=(slug(name),), countries=("TR",), delay=delay
        )
    for name, told in FAULTS.items():
        yield Event(at=Seconds(0), services=(slug(name),), **told)  # type: ignore[arg-type]
    for name, (code, told) in PLACED.items():
        yield Event(at=Seconds(0), mechanism=name, countries=(code,), **told)  # type: ignore[arg-type]


def asked(vantage: str) -> tuple[Endpoint, ...]:
    """What is compared at a vantage: everything where names are hit, else one of each kind."""
    told = catalogue(scenario())
    every = [e for s in told.services for f in s.features for e in f.endpoints]
    if vantage == HERE:
        return tuple(every)
    if vantage in {HERE_SIX, ABROAD}:
        chosen = {slug(name) for name in (*TWICE, *FAULTS)}
        return tuple(one for one in every if one.id in chosen)
    code = vantage[:2].upper()
    return (every[0], *own(told.controls, code), *own(told.controls, ""))


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
        dns_timeout=Seconds(2),  # a resolver of the lab gives up after 0.9 s
        connect_timeout=Seconds(2),
        tls_timeout=Seconds(4),
        http_timeout=Seconds(5),
        late_answers=Seconds(1),
        resolver=laid.resolvers[asn],
        second_resolver=laid.public_resolver,
        neutral_name=NEUTRAL_NAME,
        trust=str(trust),
        ipv6=ipv6,
    )


async def look(
    endpoints: Iterable[Endpoint], tools: Measuring
) -> dict[str, tuple[Observation, ...]]:
    kit, room = instruments(tools, SystemClock()), asyncio.Semaphore(AT_ONCE)

    async def one(endpoint: Endpoint) -> tuple[Observation, ...]:
        async with room:
            return await measure(endpoint, kit)

    async with asyncio.TaskGroup() as group:
        tasks = {endpoint.id: group.create_task(one(endpoint)) for endpoint in endpoints}
    return {key: task.result() for key, task in tasks.items()}


def visit(
    place: Namespace, endpoints: Iterable[Endpoint], tools: Measuring
) -> dict[str, tuple[Observation, ...]]:
    """Measure from a namespace: this thread's loop opens its sockets there."""
    with inside(place):
        return asyncio.run(look(endpoints, tools))


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
            # What a resolver has not found by then it cannot find once its country is cut off.
            warm = [
                threads.submit(
                    visit, world.wired.hosts[h.name], known(controls, h.country), tools[h.name]
                )
                for h in hosts
            ]
            for one in warm:
                one.result()
            for number, event in enumerate(world.scenario.timeline):
                world.apply(Change(at=0, key=str(number), event=event, begins=True))
            looks = {
                h.name: threads.submit(
                    visit, world.wired.hosts[h.name], asked(h.name), tools[h.name]
                )
                for h in hosts
            }
            seen = {name: one.result() for name, one in looks.items()}
    finally:
        world.stop()
    (home / "seen.json").write_bytes(msgspec.json.encode(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
