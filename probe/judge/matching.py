"""Which of the troubles of one moment continues which incident, and which is said already."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from probe.judge.grouping import Group
from probe.judge.outages import MOST
from probe.judge.view import View
from probe.model import STRENGTH, Author, Cause, Incident, State

CLOSE_ROUNDS = 3
REOPEN_ROUNDS = 10
_BY_COUNTRY = frozenset({Cause.FILTERING, Cause.THROTTLING, Cause.NETWORK_DISRUPTION})


def match(incidents: Sequence[Incident], groups: Sequence[Group], view: View) -> dict[str, Group]:
    """Incident id → the group that continues it: first by cause, then by place and features."""
    recent = sorted(
        (i for i in incidents if _recent(i, view)),
        key=lambda i: (i.closed is not None, i.opened, i.id),
    )
    matched: dict[str, Group] = {}
    taken: set[int] = set()
    for fits in (_same, _same_otherwise):
        for incident in recent:
            if incident.id in matched:
                continue
            left = (g for g in groups if id(g) not in taken)
            group = next((g for g in left if fits(incident, g, view)), None)
            if group is not None:
                matched[incident.id] = group
                taken.add(id(group))
    return matched


def absorbed(group: Group, incidents: Sequence[Incident], view: View) -> bool:
    """Whether an open outage of a dependency says it already: it ends raggedly, not as another.

    Who sees it fail for rounds after nobody could name the dependency any more sees the service's.
    """
    return any(
        held.closed is None
        and held.cause is Cause.DEPENDENCY_OUTAGE
        and held.service == group.service
        and set(group.features) <= set(held.features)
        and _left_of(held, group)
        and not _outlived(held, group, view)
        for held in incidents
    )


def _left_of(incident: Incident, group: Group) -> bool:
    """Whether it is a part of the outage by another name.

    A filter is, that is not sure and that no network signed, on networks that all were in it: where a
    route is lost some get it back before others, and what is left in one country looks like a border.
    """
    if group.cause is Cause.SERVICE_OUTAGE:
        return _mostly(group.countries, incident.countries)
    signed = any(piece.author is Author.NETWORK for piece in group.evidence)
    unsure = group.cause is Cause.FILTERING and group.state is not State.CONFIRMED and not signed
    return unsure and bool(group.networks) and set(group.networks) <= set(incident.networks)


def _outlived(incident: Incident, group: Group, view: View) -> bool:
    """Whether looks show the group that are newer than an incident which none has shown for rounds.

    What goes on in few of its countries is what is left of it.
    """
    shown = group.seen or view.now
    over = view.now - incident.updated >= CLOSE_ROUNDS * view.round and shown > incident.updated
    return over and _mostly(incident.countries, group.countries)


def _mostly(countries: Collection[str], others: Collection[str]) -> bool:
    return sum(country in others for country in countries) >= MOST * len(countries)


def settled(group: Group, incidents: Sequence[Incident]) -> Group:
    """Give the service's name to what an open outage bears that was confirmed under both: none flaps."""
    held = (i for i in incidents if group.cause is Cause.DEPENDENCY_OUTAGE and _renamed(i))
    for incident in held:
        if incident.service == group.service and {*incident.features} & {*group.features}:
            return msgspec.structs.replace(group, cause=incident.cause, scope=incident.scope)
    return group


def _renamed(incident: Incident) -> bool:
    names = {change.cause for change in incident.history if change.state is State.CONFIRMED}
    return (
        incident.closed is None
        and incident.cause is Cause.SERVICE_OUTAGE
        and Cause.DEPENDENCY_OUTAGE in names
    )


def _recent(incident: Incident, view: View) -> bool:
    return incident.closed is None or view.now - incident.updated <= REOPEN_ROUNDS * view.round


def _same(incident: Incident, group: Group, _: View) -> bool:
    if (incident.cause, incident.service) != (group.cause, group.service):
        return False
    if group.cause is Cause.LOCAL_FAULT:
        return bool(set(incident.networks) & set(group.networks))
    return group.cause not in _BY_COUNTRY or bool(set(incident.countries) & set(group.countries))


def _same_otherwise(incident: Incident, group: Group, view: View) -> bool:
    """The same trouble under another cause: an incident is re-attributed, not doubled.

    What was confirmed keeps its name, and a trouble that began after the incident was last seen
    is another one.
    """
    return (
        incident.closed is None
        and (incident.state is not State.CONFIRMED or _refines(group, incident, view))
        and (group.since or incident.updated) <= incident.updated
        and Cause.LOCAL_FAULT not in {incident.cause, group.cause}
        and incident.service == group.service
        and bool(set(incident.countries) & set(group.countries))
        and (not group.service or bool(set(incident.features) & set(group.features)))
        and (group.service != "" or bool(set(incident.networks) & set(group.networks)))
    )


def _refines(group: Group, incident: Incident, view: View) -> bool:
    """Whether what a service was blamed for turns out to be shared with others, or shared no more."""
    if STRENGTH[group.state] <= STRENGTH[State.SUSPECTED]:
        return False
    if (incident.cause, group.cause) == (Cause.DEPENDENCY_OUTAGE, Cause.SERVICE_OUTAGE):
        return _outlived(incident, group, view)
    return (incident.cause, group.cause) == (Cause.SERVICE_OUTAGE, Cause.DEPENDENCY_OUTAGE)
