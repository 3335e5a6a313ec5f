"""What an event hits, and where: the hosts, names and addresses of a plan that it means; pure."""

from __future__ import annotations

from collections.abc import Iterable

from probe.config.load import ConfigError
from probe.lab.kernel.internet.forge import packed
from probe.lab.kernel.internet.hello import matches
from probe.lab.kernel.internet.interference.policy import AnyAct, Policy
from probe.lab.kernel.plan import Host, Plan, Role
from probe.lab.scenario import Event


class NothingHit(ConfigError):  # noqa: N818 — named for what it says
    """The event names what, or happens where, the plan has nothing; its str is one sentence."""


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


def addresses_of(hosts: Iterable[Host]) -> tuple[bytes, ...]:
    return tuple(packed(a) for host in hosts for a in host.addresses)


def hosts_inside(event: Event, plan: Plan) -> list[Host]:
    hosts = [host for host in plan.hosts if is_inside(event, host)]
    if not hosts:
        raise NothingHit(f"{event.mechanism}: no host of the plan is where the event happens")
    return hosts


def on_vantages(event: Event, plan: Plan, *acts: AnyAct) -> tuple[Policy, ...]:
    """Act on the first hop of the probe hosts.

    Their questions to any resolver pass there, an operator's resolver's to the world do not.
    """
    vantages = [host for host in hosts_inside(event, plan) if host.role is Role.VANTAGE]
    if not vantages:
        raise NothingHit(f"{event.mechanism}: no probe host is where the event happens")
    clients = addresses_of(vantages)
    return tuple(Policy(clients=clients, act=act, share=event.share) for act in acts)
