"""Whether what was said is what is true: expected incidents held against those the correlator opened.

An expectation is answered by an incident of the same cause, scope and service (or of a cause and a
scope that it holds right as well) that names the same places and features, is sure enough and says
what it must. An incident that answers nothing may be on its way to an answer (a part of the right
places, the right cause): that is neither right nor false. Everything else is false, but for a
fault of one vantage that is blamed on that vantage.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from probe.lab.scenario import Expected
from probe.model import STRENGTH, Cause, Incident, Scope

EVERYWHERE = frozenset({Scope.GLOBAL, Scope.DEPENDENCY})
"""Scopes that need no list of countries."""


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What the correlator held at one moment of a run."""

    at: float
    """Story seconds from the scenario's start."""
    incidents: tuple[Incident, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one expectation."""

    expected: Expected
    incident: str = ""
    """The id of the incident that answers it at the end, or empty."""
    statement: str = ""
    """Its words, when it last answered."""
    seconds: float | None = None
    """Story seconds from its onset until the answer stood, to stand until the end."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    right: bool
    seconds_to_right: float | None
    """The slowest answer's; None when one is missing, 0 when none was expected."""
    answers: tuple[Answer, ...]
    false: tuple[Incident, ...]
    """Incidents as they were when they were false, at any time; one entry for each and cause."""
    unanswering: tuple[Incident, ...] = ()
    """What stood in the end and answers no expectation, though it may be a part of one."""


def score(expected: Sequence[Expected], sights: Sequence[Sight]) -> Score:
    """Judge a whole run; sights in order of time."""
    answers = tuple(_answer(entry, sights) for entry in expected)
    wrong = _false_ever(expected, sights)
    last = sights[-1].incidents if sights else ()
    rest = tuple(i for i in last if not private(i) and not _settled(i, answers))
    known = [answer.seconds for answer in answers if answer.seconds is not None]
    whole = len(known) == len(answers)
    return Score(
        right=bool(sights) and whole and not rest and not wrong,
        seconds_to_right=max(known, default=0.0) if whole and sights else None,
        answers=answers,
        false=wrong,
        unanswering=rest,
    )


def causes(expected: Expected) -> frozenset[Cause]:
    """Causes that are right: the one, and those that no probe could have told from it."""
    return frozenset((expected.cause, *expected.also))


def scopes(expected: Expected) -> frozenset[Scope]:
    return frozenset((expected.scope, *expected.scopes))


def answered_by(expected: Expected, incident: Incident) -> bool:
    """Whether the incident says exactly this."""
    return (
        same_matter(expected, incident)
        and incident.scope in scopes(expected)
        and same_places(expected, incident)
        and _same_features(expected, incident)
        and _sure_and_worded(expected, incident)
    )


def underway_to(expected: Expected, incident: Incident, at: float) -> bool:
    """Whether the incident is a part of this truth: right as far as it goes."""
    return (
        same_matter(expected, incident)
        and at >= expected.onset
        and set(incident.countries) <= set(expected.countries or incident.countries)
        and set(incident.features) <= set(expected.features or incident.features)
        and _within_networks(expected, incident)
    )


def false_at(expected: Sequence[Expected], incident: Incident, at: float) -> bool:
    """Whether saying this at that time was wrong."""
    return not private(incident) and not any(
        underway_to(entry, incident, at) for entry in expected
    )


def private(incident: Incident) -> bool:
    """Whether it is a fault of one vantage that is blamed on that vantage: its operator's business."""
    return incident.cause is Cause.LOCAL_FAULT and incident.scope is Scope.VANTAGE


def same_matter(expected: Expected, incident: Incident) -> bool:
    return incident.cause in causes(expected) and _of_service(expected, incident)


def _of_service(expected: Expected, incident: Incident) -> bool:
    """A disruption belongs to no service; where it is right as well, or something else, it may."""
    other = incident.cause is not expected.cause and "" in {expected.service, incident.service}
    return incident.service == expected.service or other


def same_places(expected: Expected, incident: Incident) -> bool:
    """A truth without countries is wherever it is felt, whichever countries the incident lists."""
    if scopes(expected) & EVERYWHERE and not expected.countries:
        return True
    networks = not expected.networks or set(incident.networks) == set(expected.networks)
    return networks and set(incident.countries) == set(expected.countries)


def _within_networks(expected: Expected, incident: Incident) -> bool:
    """Networks matter where the truth itself is one of networks."""
    if scopes(expected) != {Scope.NETWORKS} or not expected.networks:
        return True
    return set(incident.networks) <= set(expected.networks)


def _same_features(expected: Expected, incident: Incident) -> bool:
    """What belongs to no service has no features."""
    named = bool(expected.features and incident.service)
    return not named or set(incident.features) == set(expected.features)


def _sure_and_worded(expected: Expected, incident: Incident) -> bool:
    named = not expected.mechanisms or bool(set(expected.mechanisms) & set(incident.mechanisms))
    sure = STRENGTH[incident.state] >= STRENGTH[expected.at_least]
    return named and sure and all(text in incident.statement for text in expected.says)


def _settled(incident: Incident, answers: Sequence[Answer]) -> bool:
    """Whether it answers, or did for as long as there was something to answer."""
    return any(
        incident.id == answer.incident
        if answer.expected.until is not None
        else answered_by(answer.expected, incident)
        for answer in answers
    )


def _answer(expected: Expected, sights: Sequence[Sight]) -> Answer:
    """Go back from the end for as long as the expectation is answered."""
    since, by, words = None, "", ""
    for sight in reversed(sights):
        if expected.until is not None and sight.at > expected.until:
            continue
        found = next((i for i in sight.incidents if answered_by(expected, i)), None)
        if found is None or sight.at < expected.onset:
            break
        since, by, words = sight.at, by or found.id, words or found.statement
    seconds = None if since is None else since - expected.onset
    return Answer(expected=expected, incident=by, statement=words, seconds=seconds)


def _false_ever(expected: Sequence[Expected], sights: Sequence[Sight]) -> tuple[Incident, ...]:
    seen: dict[tuple[str, Cause], Incident] = {}
    for sight in sights:
        for incident in sight.incidents:
            if false_at(expected, incident, sight.at):
                seen.setdefault((incident.id, incident.cause), incident)
    return tuple(seen.values())
