"""Starts the lab's DNS servers and origins: sockets opened in their namespaces, one process each."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

import msgspec

from probe.config.load import ConfigError
from probe.lab import line
from probe.lab.agenda import CERTIFICATE_EXPIRED
from probe.lab.answers import EARLY_PORT, PROXY_PORT
from probe.lab.kernel.hosts import encrypted, nameserver, origin
from probe.lab.kernel.hosts.answers import FAULTS, Client
from probe.lab.kernel.hosts.authority import Authority
from probe.lab.kernel.hosts.zones import knowledge
from probe.lab.kernel.internet.interference.aim import NothingHit, blocked_names, hosts_inside
from probe.lab.kernel.plan import Host, Plan, Role
from probe.lab.kernel.sandbox.namespace import inside
from probe.lab.kernel.sandbox.wiring import Wired
from probe.lab.scenario import DependencyKind, Event, Form, Scenario
from probe.lab.world import pages, served, stands_on

MECHANISMS = (*FAULTS, CERTIFICATE_EXPIRED)
BACKLOG = 256
NOTICE_NAME = "notice.operator.net"


class Server:
    """A process that reads its duty, and then orders, from its standard input."""

    def __init__(
        self, module: str, duty: msgspec.Struct, sockets: list[socket.socket], log: Path
    ) -> None:
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 — our own module
                [sys.executable, "-m", module],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[own.fileno() for own in sockets],
            )
        for own in sockets:
            own.close()
        self.order(duty)

    def order(self, order: msgspec.Struct) -> None:
        """Send one line; raises BrokenPipeError when the process is gone."""
        if self._process.stdin is not None:
            self._process.stdin.write(line.encode(order))
            self._process.stdin.flush()

    def stop(self) -> None:
        """End it by ending its input; it closes its sockets itself."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Servers:
    def __init__(
        self, scenario: Scenario, plan: Plan, wired: Wired, authority: Authority, logs: Path
    ) -> None:
        self._faults: dict[str, Event] = {}
        self._broken: dict[str, Event] = {}
        self._unheard: dict[str, Event] = {}
        self._plan = plan
        self._clients = clients(plan, scenario)
        self._addresses = {host.name: (host.v4, host.v6) for host in plan.hosts}
        self._names = plan.names
        self._carried = carried(scenario, plan)
        self.dns = _dns(plan, wired, authority, logs)
        self.origins = _origins(scenario, plan, wired, authority, logs)

    def fault(self, key: str, event: Event, *, begins: bool) -> None:
        """Let a `server.*` event begin or end at the origins."""
        _switch(self._faults, key, self._named(event), begins=begins)
        faults = tuple(f for f in self._faults.values() if not _has_expired(f))
        expired = [e for e in self._faults.values() if _has_expired(e)]
        hosts = tuple(name for event in expired for name in self._concerned(event))
        self.origins.order(origin.Order(faults=faults, expired=hosts))

    def break_resolver(self, key: str, event: Event, *, begins: bool) -> None:
        """Let names fail, or work again, for the event's vantages."""
        _switch(self._broken, key, event, begins=begins)
        self._tell_resolvers()

    def unhear(self, key: str, event: Event, *, begins: bool) -> None:
        """Let the name servers of an event that is spelt answer nobody, or everybody again."""
        _switch(self._unheard, key, event, begins=begins)
        self._tell_resolvers()

    def _tell_resolvers(self) -> None:
        broken = [self._addresses[v] for e in self._broken.values() for v in e.vantages]
        unheard = tuple(
            nameserver.Unheard(
                names=blocked_names(event, self._plan),
                clients=tuple(
                    a for h in hosts_inside(event, self._plan) if h.vantage for a in h.addresses
                ),
                share=event.share,
            )
            for event in self._unheard.values()
        )
        known = tuple(a for pair in broken for a in pair if a)
        self.dns.order(nameserver.Order(broken=known, unheard=unheard))

    def spelt(self, event: Event) -> Event:
        """As the function of that name."""
        return spelt(event, self._plan, self._carried, self._clients)

    def stop(self) -> None:
        self.dns.stop()
        self.origins.stop()

    def _named(self, event: Event) -> Event:
        """Name the hosts that stand on what the event names."""
        more = [name for each in event.dependencies for name in self._carried.get(each, ())]
        return msgspec.structs.replace(event, names=(*event.names, *more))

    def _concerned(self, event: Event) -> tuple[str, ...]:
        keys = [
            key
            for service in event.services
            for key in ([f"{service}/{f}" for f in event.features] or [service])
        ]
        return (*event.names, *(name for key in keys for name in self._names.get(key, ())))


def _has_expired(event: Event) -> bool:
    return event.mechanism == CERTIFICATE_EXPIRED or event.form is Form.EXPIRED


def carried(scenario: Scenario, plan: Plan) -> dict[str, tuple[str, ...]]:
    """Dependency → the host names that stand on it."""
    return {
        dependency.id: tuple(
            name
            for key, names in plan.names.items()
            for name in names
            if "/" in key and stands_on(dependency, *key.split("/"))
        )
        for dependency in scenario.dependencies
    }


def spelt(
    event: Event, plan: Plan, carried: Mapping[str, Iterable[str]], known: Mapping[str, Client]
) -> Event:
    """Write out what only dependencies and their sites say: host names, and who is served there.

    Raises NothingHit where no probe host is.
    """
    if not event.dependencies:
        return event
    names = {name for each in event.dependencies for name in carried[each]}
    if event.names or event.services or event.features:
        names &= {*blocked_names(event, plan)}
    near = {
        client.vantage
        for client in known.values()
        if {client.sites.get(each) for each in event.dependencies} & {*event.sites}
    }
    near = near & {*event.vantages} if event.vantages else near
    if event.sites and not near:
        raise NothingHit(f"{event.mechanism}: no probe host is served from {event.sites[0]}")
    return msgspec.structs.replace(
        event, names=tuple(sorted(names)), services=(), features=(), dependencies=(), sites=(),
        vantages=tuple(sorted(near)) if event.sites else event.vantages,
    )  # fmt: skip


def _switch(events: dict[str, Event], key: str, event: Event, *, begins: bool) -> None:
    if begins:
        events[key] = event
    else:
        events.pop(key, None)


def _dns(plan: Plan, wired: Wired, authority: Authority, logs: Path) -> Server:
    known, sockets = knowledge(plan), list[socket.socket]()
    root = next(host.v4 for host in plan.hosts if host.name == "ns-root")

    def opened(host: Host, port: int, kind: int = socket.SOCK_DGRAM) -> int:
        sockets.append(_socket(wired, host, host.v4, port, kind))
        return sockets[-1].fileno()

    def sealed(own: nameserver.Resolving, host: Host) -> nameserver.Resolving:
        """Open what only the public resolver has."""
        if host.role is not Role.PUBLIC_RESOLVER or not plan.resolver_name:
            return own
        return msgspec.structs.replace(
            own,
            tls=opened(host, encrypted.TLS_PORT, socket.SOCK_STREAM),
            https=opened(host, encrypted.HTTPS_PORT, socket.SOCK_STREAM),
            certificate=str(authority.issue(plan.resolver_name, host.v4)),
        )

    nameservers = tuple(
        nameserver.NameServing(fd=opened(host, nameserver.DNS_PORT), knowledge=known[host.name])
        for host in plan.hosts
        if host.role is Role.NAMESERVER
    )
    resolvers = tuple(
        sealed(
            nameserver.Resolving(
                fd=opened(host, nameserver.DNS_PORT), upstream=opened(host, 0), root=root
            ),
            host,
        )
        for host in plan.hosts
        if host.role in {Role.ISP_RESOLVER, Role.PUBLIC_RESOLVER}
    )
    duty = nameserver.Duty(nameservers=nameservers, resolvers=resolvers)
    return Server("probe.lab.kernel.hosts.nameserver", duty, sockets, logs / "dns.log")


def _origins(
    scenario: Scenario, plan: Plan, wired: Wired, authority: Authority, logs: Path
) -> Server:
    servings, spoken = list[origin.Serving](), list[origin.Serving]()
    sockets = list[socket.socket]()

    def opened(host: Host, address: str, port: int, kind: int = socket.SOCK_STREAM) -> int:
        sockets.append(_socket(wired, host, address, port, kind))
        return sockets[-1].fileno()

    spoken_at = speaking(scenario, plan)
    for host in plan.hosts:
        if host.role is Role.ORIGIN:
            name = host.name.removeprefix("origin-")
            certificate = str(authority.issue(name))
            expired = str(authority.issue(name, expired=True))
            early = str(authority.issue(name, early=True))
            for address in host.addresses:
                secure = origin.Serving(
                    fd=opened(host, address, 443),
                    host=name,
                    certificate=certificate,
                    expired=expired,
                )
                ahead = origin.Serving(fd=opened(host, address, EARLY_PORT), certificate=early)
                plain = origin.Serving(fd=opened(host, address, 80), host=name)
                servings += [secure, ahead, plain]
                if name in spoken_at:
                    udp = opened(host, address, 443, socket.SOCK_DGRAM)
                    spoken.append(origin.Serving(fd=udp, certificate=certificate))
        elif host.role is Role.NOTICE:
            servings.append(origin.Serving(fd=opened(host, host.v4, PROXY_PORT), proxy=True))
    # Its certificate is good, but for another name than those whose visitors are sent here.
    certificate = str(authority.issue(NOTICE_NAME))
    notices = tuple(
        origin.Serving(fd=opened(host, host.v4, port), certificate=chain)
        for host in plan.hosts
        if host.role is Role.NOTICE
        for port, chain in ((80, ""), (443, certificate))
    )
    duty = origin.Duty(
        servings=tuple(servings),
        spoken=tuple(spoken),
        notices=notices,
        pages=pages(scenario),
        clients=clients(plan, scenario),
        fronts=fronts(scenario),
    )
    return Server("probe.lab.kernel.hosts.origin", duty, sockets, logs / "origin.log")


def speaking(scenario: Scenario, plan: Plan) -> frozenset[str]:
    """Host names whose servers speak QUIC."""
    if scenario.quic and find_spec("aioquic") is None:
        raise ConfigError(
            "quic: nothing on this machine speaks QUIC; install the extra `quic`, "
            "as in `pip install 'worksforwhom[lab,quic]'`, or take it out of the scenario"
        )
    return frozenset(name for service in scenario.quic for name in plan.names[service])


def fronts(scenario: Scenario) -> dict[str, str]:
    """`service/feature` → the delivery network in front of it."""
    return {
        f"{service.id}/{feature.id}": dependency.id
        for dependency in scenario.dependencies
        if dependency.kind is DependencyKind.CDN
        for service in scenario.services
        for feature in service.features
        if stands_on(dependency, service.id, feature.id)
    }


def clients(plan: Plan, scenario: Scenario) -> dict[str, Client]:
    """Who stands behind an address, for origins that serve by country or by site."""
    sited = [dependency for dependency in scenario.dependencies if dependency.sites]
    return {
        address: Client(
            country=host.country,
            asn=host.asn,
            vantage=host.name,
            sites={d.id: served(d.sites, host.vantage) for d in sited},
        )
        for host in plan.hosts
        if host.vantage is not None
        for address in filter(None, (host.v4, host.v6))
    }


def _socket(wired: Wired, host: Host, address: str, port: int, kind: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside(wired.hosts[host.name]):
        own = socket.socket(family, kind)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.bind((address, port))
    if kind == socket.SOCK_STREAM:
        own.listen(BACKLOG)
    return own
