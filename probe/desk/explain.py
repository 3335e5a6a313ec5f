"""Why an incident was said: every step from measurements to the sentence, as data.

What is given is what the judge itself asks and answers, at the moment from which the incident's
last words come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from probe.desk.connected import connected
from probe.desk.desk import Height, Question, height
from probe.desk.grounds import Weighed, beside, offline, weighed
from probe.desk.numbering import Numbers, numbered
from probe.desk.ordering import Ordered
from probe.desk.timeline import Moment
from probe.judge.hypothesis.judging import Weighing, weigh
from probe.judge.hypothesis.weighing import Matter
from probe.judge.paired import rules as paired
from probe.judge.rules import ROWS
from probe.judge.tracks import Tracks
from probe.judge.view import window_start
from probe.model import (
    Author,
    Cause,
    Change,
    Evidence,
    Incident,
    Measurement,
    Paired,
    Scope,
    Standing,
    Verdict,
)
from probe.web import render
from probe.web.render import PublicIncident, Witness


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that fired on a measurement."""

    rule: str
    sentence: str
    source: str
    standing: Standing
    author: Author
    layer: str
    mechanism: str
    category: str
    """What the hypotheses count it as; empty for a rule of one look beside its helper's."""
    weights: dict[Cause, float]
    """Nats toward a cause; of a look beside its helper's, the share of belief."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A measurement behind an incident, its steps, and what fired on it."""

    witness: Witness | None
    """None where it is no longer at hand."""
    measurement: str
    """Empty of a probe host that fell silent."""
    probe: int
    """Number of the probe host in its network; 0 where that is not known."""
    helper: Witness | None
    """The helper's look, where there was one."""
    fired: tuple[Fired, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    incident: PublicIncident
    """As it was at that judging."""
    at: datetime
    """The judging that is explained: the last one that said anything new of it, but its end."""
    ended: datetime
    """The last judging of all, whose words `probe judge` lists."""
    listed: str
    """Those words, where they are others."""
    onset: datetime
    """When it began, as seen in the measurements: `opened` of the incident."""
    first_said: datetime
    """The judging that first said it: `opened` of the history."""
    seen: tuple[Seen, ...]
    """First step: measurements, the strongest first, and the rules that fired."""
    weighed: tuple[Weighed, ...]
    """Second: how each cause was weighed, in each feature and country, and the gate."""
    grouped: str
    """Third: why these verdicts are one incident."""
    history: tuple[Change, ...]
    statement: str
    """Last: the sentence."""


def explain(question: Question, items: Ordered, name: str) -> Explanation | None:
    """Explain an incident by its id; None where none is named so."""
    found = height(question, items, name)
    if found is None:
        return None
    held, numbers = found.incident, numbered(found.moment.view.roster)
    known = _witnesses(items, {piece.measurement for piece in held.evidence} - {""})
    return Explanation(
        incident=render.incident(held), at=found.moment.view.now, ended=found.end,
        listed=_listed(found), onset=held.opened,
        first_said=held.history[0].at if held.history else held.updated,
        seen=tuple(_seen(held.evidence, known, numbers)),
        weighed=tuple(_weighed(held, found.moment, items, numbers)), grouped=_grouped(held),
        history=held.history, statement=held.statement,
    )  # fmt: skip


def _listed(found: Height) -> str:
    return found.last.statement if found.last.statement != found.incident.statement else ""


def _witnesses(
    items: Ordered, wanted: set[str]
) -> Mapping[str, tuple[Measurement, Measurement | None]]:
    found: dict[str, tuple[Measurement, Measurement | None]] = {}
    for item in items:
        own, control = (item.own, item.control) if isinstance(item, Paired) else (item, None)
        if own.id in wanted:
            found.setdefault(own.id, (own, control))
        if len(found) == len(wanted):
            break
    return found


def _seen(
    evidence: Iterable[Evidence],
    known: Mapping[str, tuple[Measurement, Measurement | None]],
    numbers: Numbers,
) -> Iterable[Seen]:
    by_witness: dict[tuple[str, str], list[Evidence]] = {}
    for piece in evidence:
        by_witness.setdefault((piece.measurement, piece.vantage), []).append(piece)
    for (name, vantage), pieces in by_witness.items():
        own, control = known.get(name, (None, None))
        yield Seen(
            measurement=name, probe=numbers.get(vantage, 0),
            witness=render.witness(own) if own else None,
            helper=render.witness(control) if control else None,
            fired=tuple(_fired(piece) for piece in pieces),
        )  # fmt: skip


def _fired(piece: Evidence) -> Fired:
    row, look = ROWS.get(piece.rule), paired.BY_ID.get(piece.rule)
    weights = row.weights if row else look.shares if look else {}
    return Fired(
        rule=piece.rule, sentence=piece.sentence, standing=piece.standing, author=piece.author,
        layer=piece.layer, mechanism=piece.mechanism, weights=dict(weights),
        source=row.source if row else look.source if look else "",
        category=row.category.value if row else "",
    )  # fmt: skip


def _weighed(
    held: Incident, moment: Moment, items: Ordered, numbers: Numbers
) -> Iterable[Weighed]:
    weighing, view = _again(items, moment), moment.view
    healths = weighing.heard.healths
    for verdict in moment.verdicts:
        if not _of(held, verdict):
            continue
        matter = _matter(weighing, verdict.service, verdict.feature, verdict.country)
        if not verdict.service:
            yield offline(verdict, connected(verdict, healths, view, numbers))
        elif matter is not None:
            yield weighed(verdict, matter, view, numbers, healths)
        else:
            yield beside(verdict)


def _again(items: Ordered, moment: Moment) -> Weighing:
    """Weigh what the judging saw once more, for what it leaves out of its verdicts."""
    first, last = window_start(moment.view), moment.view.now
    tracks = Tracks()
    for item in items:
        if isinstance(item, Measurement) and first < item.at <= last:
            tracks.add((item,))
    return weigh(tracks, moment.view)


def _of(held: Incident, verdict: Verdict) -> bool:
    """Whether a verdict is one of those that an incident is made of: of countries, as wholes.

    What is said of a network's connectivity is said of that network alone.
    """
    mine = verdict.service == held.service and verdict.country in held.countries
    if not verdict.service and held.scope in {Scope.NETWORKS, Scope.VANTAGE}:
        return mine and verdict.network in held.networks
    return mine and not verdict.network and (not held.features or verdict.feature in held.features)


def _matter(weighing: Weighing, service: str, feature: str, country: str) -> Matter | None:
    for matter in weighing.matters:
        if (matter.service, matter.feature) == (service, feature) and country in matter:
            return matter
    return None


SCOPES = {
    "global": "the service's side leads in most countries that were looked at, so they are one incident",
    "countries": "verdicts of one cause on one service in these countries belong together",
    "networks": "verdicts of one cause on one service in these networks alone belong together",
    "dependency": "services that share what is named fail together, so each is put down to it",
    "vantage": "the trouble is one probe host's own",
}


def _grouped(held: Incident) -> str:
    networks = ", ".join(f"AS{asn}" for asn in held.networks)
    return (
        f"{SCOPES[held.scope.value]}: {held.cause.value} of {held.service or 'the network'} "
        f"({', '.join(held.features) or 'all of it'}) in {', '.join(held.countries)}, on {networks or 'no network'}"
    )
