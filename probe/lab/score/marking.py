"""What was said of an expected incident, and whether it was right: in side, in cause and place. Pure.

Only what stands counts: incidents that are open and at least suspected. The statement's words and
mechanisms are another matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from probe.lab import truth
from probe.lab.scenario import Expected
from probe.lab.score.outcome import Outcome
from probe.lab.truth import Sight
from probe.model import SIDES, STRENGTH, Cause, Incident, Scope, Side, State

WHOLE_AFTER = 900
"""Story seconds after which all features must be named, and not only some."""


def standing(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    return tuple(i for i in incidents if i.closed is None and STRENGTH[i.state])


def outcome(
    entry: Expected, expected: Sequence[Expected], sights: Sequence[Sight], at: int
) -> Outcome:
    """Mark one expected incident, `at` story seconds after its onset; sights in order of time."""
    last = moment(entry, at)
    seen = [sight for sight in sights if sight.at <= last]
    held = [i for i in (seen[-1].incidents if seen else ()) if answers(entry, i)]
    others = [other for other in expected if other is not entry]
    since = _since(entry, seen, at)
    return Outcome(
        expected=entry.cause,
        at=at,
        answered=tuple(dict.fromkeys(i.cause for i in held)),
        shown=_shown(entry, held),
        side_right=_side_right(entry, others, held, last),
        right=since is not None,
        missed=entry.cause is Cause.FILTERING
        and not any(i.cause in truth.causes(entry) for i in held),
        seconds=since - entry.onset if since is not None else None,
    )


def moment(entry: Expected, at: int) -> float:
    """Give the story time at which it is looked at; how its end is told does not count."""
    asked = entry.onset + at
    return asked if entry.until is None else min(asked, entry.until)


def answers(entry: Expected, incident: Incident) -> bool:
    """Whether the incident speaks of that service in those places, whatever it says."""
    own = truth.private(incident) and Side.OWN not in sides(entry)
    return not own and _of_service(entry, incident) and overlap(entry, incident)


def overlap(entry: Expected, incident: Incident) -> bool:
    """Global, and no place at all, are everywhere."""
    if incident.scope is Scope.GLOBAL or not incident.countries or not entry.countries:
        return True
    if not set(entry.countries) & set(incident.countries):
        return False
    networks = {entry.scope, incident.scope} == {Scope.NETWORKS} and incident.networks
    return not (networks and entry.networks) or bool(set(entry.networks) & set(incident.networks))


def sides(entry: Expected) -> frozenset[Side]:
    return frozenset(SIDES[cause] for cause in truth.causes(entry))


def right(entry: Expected, incident: Incident, at: float) -> bool:
    """Whether it says this so long after the onset: cause, scope, places, and features by then."""
    return _fits(entry, incident, at, entry.at_least)


def detects(entry: Expected, incident: Incident) -> bool:
    """Whether it is a right `likely`, or weaker where nothing stronger can be asked for."""
    eased = min(entry.at_least, State.LIKELY, key=STRENGTH.__getitem__)
    return _fits(entry, incident, 0, eased)


def _fits(entry: Expected, incident: Incident, at: float, least: State) -> bool:
    return (
        truth.same_matter(entry, incident)
        and incident.scope in truth.scopes(entry)
        and truth.same_places(entry, incident)
        and STRENGTH[incident.state] >= STRENGTH[least]
        and _features(entry, incident, at)
    )


def false_filtering(expected: Sequence[Expected], incident: Incident, at: float) -> bool:
    """Whether it is confirmed as filtering where, or before, anything of the kind is true."""
    if incident.cause is not Cause.FILTERING or incident.state is not State.CONFIRMED:
        return False
    true = [
        entry
        for entry in expected
        if Cause.FILTERING in truth.causes(entry)
        and entry.service in {"", incident.service}
        and entry.onset <= at
    ]
    return not true or any(
        not any(country in entry.countries or not entry.countries for entry in true)
        for country in incident.countries
    )


def _of_service(entry: Expected, incident: Incident) -> bool:
    """A disruption belongs to no service, and so to every one."""
    return entry.service == incident.service or "" in {entry.service, incident.service}


def _side_right(
    entry: Expected, others: Sequence[Expected], held: Sequence[Incident], at: float
) -> bool:
    own = sides(entry)
    rivals = (
        i
        for i in held
        if SIDES[i.cause] not in own
        and not truth.private(i)
        and not any(truth.underway_to(other, i, at) for other in others)
    )
    return any(SIDES[i.cause] in own for i in held) and not any(rivals)


def _since(entry: Expected, seen: Sequence[Sight], at: int) -> float | None:
    """Go back from the last sight for as long as it is right."""
    since = None
    for sight in reversed(seen):
        held = sight.incidents if sight.at >= entry.onset else ()
        if not any(right(entry, incident, at) for incident in held):
            break
        since = sight.at
    return since


def _shown(entry: Expected, held: Sequence[Incident]) -> Cause | None:
    good = [i for i in held if i.cause in truth.causes(entry)]
    if good:
        return entry.cause
    best = max(held, key=lambda i: (STRENGTH[i.state], i.confidence, i.id), default=None)
    return None if best is None else best.cause


def _features(entry: Expected, incident: Incident, at: float) -> bool:
    """Some of them while it grows, all of them later; what belongs to no service has none."""
    if not entry.features or not incident.service:
        return True
    named, true = set(incident.features), set(entry.features)
    return named == true if at >= WHOLE_AFTER else bool(named) and named <= true
