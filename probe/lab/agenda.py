"""The timeline of a scenario as changes in order, with the disturbances asked for.

Pure. Who plays a change follows from its mechanism: an origin (`server.*`), a probe host
(`local.*`), the lab's own processes (`lab.*`), else the internet between them.
"""

from __future__ import annotations

import msgspec

from probe.config.shape import Seconds
from probe.lab import vantages
from probe.lab.scenario import Event, LabNetwork, Scenario

AGENT_KILLED = "local.agent_killed"
RESOLVER_BROKEN = "local.resolver_broken"
CORRELATOR_KILLED = "lab.correlator_killed"
CERTIFICATE_EXPIRED = "server.certificate_expired"
HOSTS = (AGENT_KILLED, RESOLVER_BROKEN, CORRELATOR_KILLED)
"""The mechanisms that the orchestrator plays itself."""
WORDS = {
    AGENT_KILLED: "an agent is killed (kill -9)",
    RESOLVER_BROKEN: "a probe host's resolver breaks",
    CORRELATOR_KILLED: "the correlator is killed (kill -9)",
}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    at: float
    """Seconds from the scenario's start: real ones, or the story's at a pace of 1."""
    key: str
    """Which event: it begins and ends under the same key."""
    event: Event
    begins: bool


def agenda(
    scenario: Scenario, extra: tuple[Event, ...] = (), pace: float | None = None
) -> tuple[Change, ...]:
    """Every beginning and every end, in order.

    `pace` is seconds per story second: the kernel lab's, unless told.
    """
    pace = scale(scenario) if pace is None else pace
    changes = []
    for number, event in enumerate((*scenario.timeline, *extra)):
        key = f"{number}-{event.mechanism}"
        changes.append(Change(at=event.at * pace, key=key, event=event, begins=True))
        if event.until is not None:
            end = event.until * pace
            changes.append(Change(at=end, key=key, event=event, begins=False))
    return tuple(sorted(changes, key=lambda change: (change.at, change.begins)))


def scale(scenario: Scenario) -> float:
    """Real seconds for one story second."""
    return scenario.kernel_round / scenario.round


def disturbances(scenario: Scenario) -> tuple[Event, ...]:
    """One agent killed and another's resolver broken, a round before anything happens.

    They never take away the last witness: the killed one stands in a network or at least a
    country with others, among the affected where there is such a one; the broken one elsewhere.
    """
    onset = min((event.at for event in scenario.timeline), default=Seconds(2 * scenario.round))
    before = Seconds(max(0.0, onset - scenario.round))
    killed = _killed(scenario)
    resolver = _broken(scenario, killed)
    return (
        Event(
            at=before, mechanism=AGENT_KILLED, vantages=(vantages.name(killed, killed.vantages),)
        ),
        Event(at=before, mechanism=RESOLVER_BROKEN, vantages=(vantages.name(resolver, 1),)),
    )


def describe(event: Event) -> str:
    where = ", ".join(
        [*event.vantages, *(f"AS{number}" for number in event.networks), *event.countries]
    )
    what = ", ".join([*event.services, *event.names])
    features = f" ({', '.join(event.features)})" if event.features else ""
    name = WORDS.get(event.mechanism, event.mechanism)
    form = f" as {event.form}" if event.mechanism == "server.outage_global" else ""
    return f"{name}{form}{f' on {what}' if what else ''}{features}: {where or 'everywhere'}"


def _killed(scenario: Scenario) -> LabNetwork:
    affected = {country for truth in scenario.expected for country in truth.countries}

    def suitable(network: LabNetwork) -> tuple[bool, bool, int]:
        siblings = [n for n in scenario.networks if n.country == network.country]
        return network.country in affected, network.vantages > 1, len(siblings)

    return max(scenario.networks, key=suitable)


def _broken(scenario: Scenario, killed: LabNetwork) -> LabNetwork:
    affected = {country for truth in scenario.expected for country in truth.countries}
    affected.add(killed.country)
    elsewhere = [n for n in scenario.networks if n.country not in affected]
    return (elsewhere or [n for n in scenario.networks if n is not killed] or [killed])[-1]
