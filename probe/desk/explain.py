"""Why an incident was said: every step from measurements to the sentence, as data.

What is given is what the judge itself asks and answers, at the moment from which the incident's
last words come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from probe.desk.desk import Question, height
from probe.desk.grounds import Weighed, beside, weighed
from probe.desk.ordering import Ordered
from probe.desk.timeline import Moment
from probe.judge.hypothesis.judging import Weighing, weigh
from probe.judge.hypothesis.weighing import Matter
from probe.judge.paired import rules as paired
from probe.judge.rules import ROWS
from probe.judge.tracks import Tracks
from probe.judge.view import window_start
from probe.model import Author, Cause, Change, Evidence, Incident, Measurement, Paired, Standing
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
    helper: Witness | None
    """The helper's look, where there was one."""
    fired: tuple[Fired, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    incident: PublicIncident
    at: datetime
    """The judging that is explained."""
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
    moment, held = found
    wanted = {piece.measurement for piece in held.evidence}
    return Explanation(
        incident=render.incident(held), at=moment.view.now,
        seen=tuple(_seen(held.evidence, _witnesses(items, wanted))),
        weighed=tuple(_weighed(held, moment, items)), grouped=_grouped(held),
        history=held.history, statement=held.statement,
    )  # fmt: skip


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
    evidence: Iterable[Evidence], known: Mapping[str, tuple[Measurement, Measurement | None]]
) -> Iterable[Seen]:
    by_witness: dict[str, list[Evidence]] = {}
    for piece in evidence:
        by_witness.setdefault(piece.measurement, []).append(piece)
    for name, pieces in by_witness.items():
        own, control = known.get(name, (None, None))
        yield Seen(
            measurement=name, witness=render.witness(own) if own else None,
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


def _weighed(held: Incident, moment: Moment, items: Ordered) -> Iterable[Weighed]:
    weighing = _again(items, moment)
    for verdict in moment.verdicts:
        if verdict.network or not _of(held, verdict.service, verdict.feature, verdict.country):
            continue
        matter = _matter(weighing, verdict.service, verdict.feature, verdict.country)
        if matter is not None:
            yield weighed(verdict, matter, moment.view)
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


def _of(held: Incident, service: str, feature: str, country: str) -> bool:
    mine = service == held.service and country in held.countries
    return mine and (not held.features or feature in held.features)


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
