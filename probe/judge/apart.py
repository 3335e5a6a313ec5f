"""What an incident is not, and what is told beside it: how far filtering may be ruled out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from probe.judge import phrases
from probe.judge.cells import network_authored, server_countries, tested
from probe.judge.grouping import IN_A_COUNTRY
from probe.judge.outages import MOST
from probe.judge.view import View
from probe.model import STRENGTH, Cause, Incident, Scope, State, Verdict

NOT_RELATED = "Incident not related to country-level internet disruptions or filtering."
NONE_OBSERVED = "No evidence of filtering was observed."
SERVER_COUNTRIES = 3
"""Countries with the service's own words, before filtering may be ruled out."""
LEANING = 0.5
LATELY_ROUNDS = 60
"""For so long after a network's doing was told it is not denied of what else befalls the service."""
UNDER_WAY, WAS = "A separate incident is under way: ", "A separate incident was under way: "
_BESIDE = re.compile(rf"{UNDER_WAY}.*?\.(?= [A-Z]|$)")


def apart(
    incident: Incident, incidents: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    """Rule filtering out only on positive grounds; else say what was and was not seen.

    What the server itself said of this failure in so many countries was said, though now fewer hear it.
    Neither is said of a service of which filtering is told anywhere, or was lately.
    """
    beside = separately(incident, incidents, view)
    if network_authored(own) or any(
        v.leading is Cause.FILTERING and v.confidence > LEANING for v in own
    ):
        return (
            beside
            or "The same is seen in all these countries, which no one country's filter explains."
        )
    if restricted(incident, incidents, view):
        return " ".join(filter(None, (beside, _before(incident, incidents, view))))
    heard = server_countries(own) >= SERVER_COUNTRIES or NOT_RELATED in incident.statement
    ruled_out = heard and _lively(own) and not _disrupted(incident, incidents)
    return " ".join(filter(None, (NOT_RELATED if ruled_out else NONE_OBSERVED, beside)))


def standing(incident: Incident, incidents: Sequence[Incident], view: View) -> str:
    """Its words as they were, but for the denial of what is told by now, and what is over beside it."""
    words = incident.statement
    now = "" if incident.closed is not None else separately(incident, incidents, view)
    words = _BESIDE.sub(lambda said: now or said[0].replace(UNDER_WAY, WAS), words)
    if _disrupted(incident, incidents):
        words = words.replace(NOT_RELATED, NONE_OBSERVED)
    if restricted(incident, incidents, view):
        words = words.replace(f"{NOT_RELATED} ", "").replace(f"{NONE_OBSERVED} ", "")
    return words


def _disrupted(incident: Incident, incidents: Sequence[Incident]) -> bool:
    """Whether connectivity is told to be lost, or suspected to be, in a country of the incident's.

    What is global is so of the countries too that nobody could look from.
    """
    lost = {
        country
        for i in incidents
        if i.closed is None and (i.cause, i.scope) == (Cause.NETWORK_DISRUPTION, Scope.COUNTRIES)
        for country in i.countries
    }
    return bool(lost if incident.scope is Scope.GLOBAL else lost.intersection(incident.countries))


def restricted(incident: Incident, incidents: Sequence[Incident], view: View) -> bool:
    """Whether a network's doing is told of the same service, or was lately: even of this very trouble."""
    open_ = any(
        i.closed is None and i.cause in IN_A_COUNTRY and i.service == incident.service
        for i in incidents
        if i.id != incident.id
    )
    return open_ or bool(_before(incident, incidents, view))


def _before(incident: Incident, incidents: Sequence[Incident], view: View) -> str:
    """What was told as a network's doing, likely at the least, and is over or bears another name now."""
    since = incident.opened - LATELY_ROUNDS * view.round
    over = [
        f"{_OTHER[i.cause]} {_where(i)} until {i.closed:%H:%M} UTC"
        for i in incidents
        if i.id != incident.id and i.service == incident.service
        and i.cause in IN_A_COUNTRY and STRENGTH[i.state] > 1
        and i.closed is not None and i.closed >= since
    ]  # fmt: skip
    named = {
        change.cause: f"Earlier this was told as {_OTHER[change.cause]}."
        for change in incident.history
        if change.cause in IN_A_COUNTRY and change.state and STRENGTH[change.state] > 1
    }
    lately = f"Told of it lately: {phrases.listed(over)}." if over else ""
    return " ".join(filter(None, (*named.values(), lately)))


def _lively(own: Sequence[Verdict]) -> bool:
    """Whether enough networks looked to have seen a filter."""
    cells = [v for v in own if v.network]
    return sum(map(tested, cells)) >= MOST * len(cells) and len(cells) >= SERVER_COUNTRIES


def separately(incident: Incident, incidents: Sequence[Incident], view: View) -> str:
    """Name the other incident of the same service: two causes are held apart."""
    others = [
        i
        for i in incidents
        if i.id != incident.id and i.closed is None and i.service == incident.service and i.service
    ]
    told = [
        f"{_UNSURE.get(i.state, '')}{_OTHER[i.cause]} {_where(i)} ({phrases.features(i, view)})"
        for i in others
        if i.cause in _OTHER
    ]
    return f"{UNDER_WAY}{phrases.listed(told)}." if told else ""


_UNSURE = {State.SUSPECTED: "a suspicion of ", State.INSUFFICIENT: "a suspicion of "}
_OTHER = {
    Cause.SERVICE_OUTAGE: "an outage of the service itself",
    Cause.DEPENDENCY_OUTAGE: "an outage of what the service depends on",
    Cause.FILTERING: "filtering",
    Cause.THROTTLING: "throttling",
    Cause.GEO_BLOCK: "a refusal by the service",
}


def _where(incident: Incident) -> str:
    return (
        "in several countries"
        if incident.scope is Scope.GLOBAL
        else f"in {phrases.places(incident)}"
    )
