"""What is done to questions and answers of DNS: builders of policies."""

from __future__ import annotations

from probe.lab.answers import POOL, POOL_V6
from probe.lab.kernel.internet.forge import packed
from probe.lab.kernel.internet.interference.aim import blocked_names, on_vantages
from probe.lab.kernel.internet.interference.policy import DnsForgery, DnsSilence, Policy, Sink
from probe.lab.kernel.plan import Plan
from probe.lab.scenario import Event


def forge_pool(event: Event, plan: Plan, *, together: bool) -> tuple[Policy, ...]:
    taken = {host.v4 for host in plan.hosts}
    pool = tuple((a, POOL_V6) for a in POOL if a not in taken)
    names = blocked_names(event, plan)
    sets = pool[:2] if together else pool
    act = DnsForgery(names=names, answers=sets, pool=not together, swallow=False)
    return on_vantages(event, plan, act)


def forge(
    event: Event, plan: Plan, *, answers: tuple[str, ...], sunk: bool = False
) -> tuple[Policy, ...]:
    """Forge those addresses, before the true ones; `sunk` where connections to them are taken."""
    names = blocked_names(event, plan)
    act = DnsForgery(names=names, answers=(answers,), swallow=False)
    sink = (Sink(addresses=tuple(map(packed, answers))),) if sunk else ()
    return on_vantages(event, plan, act, *sink)


def pollute(event: Event, plan: Plan) -> tuple[Policy, ...]:
    """A forged answer in the caches of the operators' resolvers: others say the truth."""
    answer = next((a, POOL_V6) for a in POOL if a not in {host.v4 for host in plan.hosts})
    names = blocked_names(event, plan)
    act = DnsForgery(names=names, servers=resolvers(plan), answers=(answer,))
    return on_vantages(event, plan, act)


def resolvers(plan: Plan) -> tuple[bytes, ...]:
    return tuple(packed(address) for address in plan.resolvers.values())


def forge_notice(event: Event, plan: Plan) -> tuple[Policy, ...]:
    act = DnsForgery(names=blocked_names(event, plan), answers=(notices(plan),))
    return on_vantages(event, plan, act)


def notices(plan: Plan) -> tuple[str, ...]:
    """Give the notice host's addresses, v4 first."""
    host = next((host for host in plan.hosts if host.v4 == plan.notice), None)
    return (plan.notice, host.v6) if host and host.v6 else (plan.notice,)


def refuse(event: Event, plan: Plan, *, rcode: int) -> tuple[Policy, ...]:
    return on_vantages(event, plan, DnsForgery(names=blocked_names(event, plan), rcode=rcode))


def silence(event: Event, plan: Plan) -> tuple[Policy, ...]:
    return on_vantages(event, plan, DnsSilence(names=blocked_names(event, plan)))
