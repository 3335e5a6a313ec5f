"""An incident in careful words: what is seen, by how many, where; what it is not; what is unknown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from probe.judge import beside, phrases, ways
from probe.judge.apart import apart, separately
from probe.judge.cells import server_countries, tested
from probe.judge.hypothesis.connectivity import NEARLY_ALL
from probe.judge.hypothesis.gate import CONFIRMED, LIKELY, SUSPECTED
from probe.judge.outages import struck
from probe.judge.view import View
from probe.model import STRENGTH, Author, Cause, Incident, Scope, State, Statement, Verdict

STATES = {
    State.CONFIRMED: "Confirmed",
    State.LIKELY: "Likely",
    State.SUSPECTED: "Suspected",
    State.INSUFFICIENT: "Unclear",
}
CERTAINTY = ((CONFIRMED, "very high"), (LIKELY, "high"), (SUSPECTED, "moderate"), (0.0, "low"))


def describe(
    incident: Incident, incidents: Sequence[Incident], verdicts: Sequence[Verdict], view: View
) -> Statement:
    """Say an incident; `incidents` are all of the moment, `verdicts` what it rests on."""
    own = [v for v in verdicts if v.service == incident.service and _about(v, incident)]
    text = f"{STATES[incident.state]}: {_TEXTS[incident.cause](incident, incidents, own, view)}"
    return Statement(incident=incident.id, at=view.now, text=text, doubt=_doubt(incident, own))


def _about(verdict: Verdict, incident: Incident) -> bool:
    """Whether it is on one of its features; connectivity has none."""
    if verdict.feature:
        return verdict.feature in incident.features
    return verdict.country in incident.countries


# ── one paragraph for each cause ─────────────────────────────────────────────────────────────


def _outage(
    incident: Incident, incidents: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    word = "international outages" if len(incident.countries) > 1 else "an outage"
    first = f"{phrases.service(incident, view)} is experiencing {word} affecting {phrases.features(incident, view)}: {_seen_by(incident, own)}."
    well = f"{_healthy(incident, view)}"
    there = beside.reached(incident, own, view)
    return " ".join(filter(None, (first, well, there, apart(incident, incidents, own, view))))


def _dependency(
    incident: Incident, incidents: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    if not incident.service:
        return (
            f"probes in {phrases.places(incident)} that use {phrases.shared(incident)} get no names "
            "resolved, while those beside them that use other resolvers do. "
            "This says nothing about any country, network or service."
        )
    others = [
        phrases.service(i, view)
        for i in incidents
        if i.cause is incident.cause
        and i.id != incident.id
        and i.closed is None
        and i.shared == incident.shared
    ]
    what = f" ({phrases.shared(incident)})" if incident.shared else ""
    alone = f"with what it stands on{what}"
    together = f"together with {phrases.listed(others)}, with what these services share{what}"
    first = (
        f"{phrases.service(incident, view)} is failing, {together if others else alone}: "
        f"{phrases.features(incident, view)} in {phrases.places(incident)}; {_seen_by(incident, own, where=True)}."
    )
    there = beside.reached(incident, own, view)
    return " ".join(filter(None, (first, there, apart(incident, incidents, own, view))))


FATE = {Cause.FILTERING: "restricted", Cause.THROTTLING: "slowed down"}


def _restriction(
    incident: Incident, incidents: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    first = (
        f"measurements {_shown(incident, phrases.service(incident, view))} {FATE[incident.cause]} in {phrases.places(incident)}"
        f"{ways.told(incident, own, view)}. Affected: {phrases.features(incident, view)}."
    )
    others = (beside.told(incident, own, view), separately(incident, incidents, view))
    return " ".join(filter(None, (first, *phrases.over_quic(incident.evidence), *others)))


def _geo_block(
    incident: Incident, _: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    if not any(piece.author is Author.SERVER for piece in incident.evidence):
        return _kept_apart(incident, own, view)
    return (
        f"{phrases.service(incident, view)} itself refuses visitors from {phrases.places(incident)}: "
        f"a refusal over valid certificates comes from {phrases.features(incident, view)}"
        f"{phrases.on(incident.networks, view)}. {beside.told(incident, own, view)} "
        "This is the service's refusal, not a restriction by networks."
    )


def _kept_apart(incident: Incident, own: Sequence[Verdict], view: View) -> str:
    """Nobody signs it: a refusal below HTTP and a block by address are one silence."""
    return (
        f"{phrases.service(incident, view)} cannot be reached from {phrases.places(incident)}"
        f"{ways.told(incident, own, view)}. "
        f"Affected: {phrases.features(incident, view)}. {beside.told(incident, own, view)} "
        "It may be the service that refuses what comes from there, or the networks there that "
        "keep it out: nothing that was measured tells the two apart."
    )


def _disruption(
    incident: Incident, _: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    """A network of which nothing is suspected yet is named only where its whole country is said lost."""
    known = {v.network for v in own if v.network}
    least = State.INSUFFICIENT if incident.scope is Scope.COUNTRIES else State.SUSPECTED
    held = [v for v in own if v.network and STRENGTH[v.state] >= STRENGTH[least]]
    hit = {v.network for v in held if v.leading is incident.cause}
    lost = sorted({*incident.networks, *hit})
    there = sum(int(v.vantages) for v in own if v.network and v.leading is Cause.OK)
    level = _level(incident, len(lost), len(known), there)
    partly = phrases.witnesses(incident, view) if not lost or level == PARTIAL else ()
    return (
        f"network data show {level} disruption of internet connectivity in {phrases.places(incident)}"
        f"{phrases.on(sorted({*lost, *partly}), view)}: {phrases.lost(incident)}, "
        f"while {phrases.reporting(there)} keep reporting. Cause and intent are not known."
    )


PARTIAL = "a partial"


def _level(incident: Incident, lost: int, known: int, there: int) -> str:
    """By the networks that are lost, of those known, and the probes `there` that keep reporting."""
    if incident.scope is not Scope.COUNTRIES:
        return "an operator-level"
    silenced = incident.vantages >= NEARLY_ALL * (incident.vantages + there)
    dark = lost > 1 and lost >= NEARLY_ALL * known and silenced
    return "a country-level" if dark else PARTIAL


def _local(incident: Incident, _: Sequence[Incident], __: Sequence[Verdict], view: View) -> str:
    cause = f" like others of its {phrases.shared(incident)}," if incident.shared else ""
    return (
        f"a probe in {phrases.places(incident)}{phrases.on(incident.networks, view)} is unwell{cause} and is "
        "left out of every verdict. This says nothing about the country or the network."
    )


def _nothing(incident: Incident, _: Sequence[Incident], __: Sequence[Verdict], view: View) -> str:
    return f"{phrases.service(incident, view)} is reachable in {phrases.places(incident)}."


Paragraph = Callable[[Incident, Sequence[Incident], Sequence[Verdict], View], str]
_TEXTS: dict[Cause, Paragraph] = {
    Cause.OK: _nothing,
    Cause.SERVICE_OUTAGE: _outage,
    Cause.DEPENDENCY_OUTAGE: _dependency,
    Cause.FILTERING: _restriction,
    Cause.THROTTLING: _restriction,
    Cause.NETWORK_DISRUPTION: _disruption,
    Cause.GEO_BLOCK: _geo_block,
    Cause.LOCAL_FAULT: _local,
}


def _shown(incident: Incident, service: str) -> str:
    """What is but suspected is shown by nothing yet."""
    sure = STRENGTH[incident.state] > STRENGTH[State.SUSPECTED]
    return f"show {service}" if sure else f"suggest that {service} is"


# ── parts of sentences ───────────────────────────────────────────────────────────────────────


SIGNED = (
    (frozenset({"tls.expired", "tls.lapsed"}), "shown a certificate of its own that has expired"),
    (frozenset({"tls.refused_everywhere"}), "shown the same certificate, which does not verify"),
)  # fmt: skip


def _seen_by(incident: Incident, own: Sequence[Verdict], *, where: bool = False) -> str:
    """How many networks see what; of fewer countries than were named before it is said when."""
    looked = [v for v in own if v.network and tested(v)]
    hit = struck(incident.cause, incident.countries, own)
    networks, countries = len({v.network for v in hit}), len({v.country for v in hit})
    late = "at the last look " if where and countries < len(incident.countries) else ""
    return (
        f"{late}{phrases.counted(networks, 'network')} of {len({v.network for v in looked})} in "
        f"{phrases.counted(countries, 'country', 'countries')} {_symptom(incident, own, networks)}"
    )


def _symptom(incident: Incident, own: Sequence[Verdict], number: int) -> str:
    see = phrases.by(number, "see")
    if server_countries(own) and any(p.author is Author.SERVER for p in incident.evidence):
        rules = {p.rule for p in incident.evidence}
        signed = next((words for told, words in SIGNED if told & rules), "")
        errors = f"{see} the service's own errors over valid certificates"
        return f"{'is' if number == 1 else 'are'} {signed}" if signed else errors
    whose = "its" if number == 1 else "their"
    return f"{see} it fail ({phrases.seen(incident.evidence)}) while {whose} controls are well"


def _healthy(incident: Incident, view: View) -> str:
    if not incident.healthy:
        return ""
    names = phrases.feature_names(incident.service, incident.healthy, view)
    return f"Not affected: {phrases.listed(names)}."


_SHORT = {
    State.SUSPECTED: (LIKELY, "for more than a suspicion"),
    State.LIKELY: (CONFIRMED, "to confirm it"),
}
"""By state, from which confidence on support alone would allow for more, and what it lacks."""


MOST_SURE = 0.99
"""As sure as anything is said to be."""


def _doubt(incident: Incident, own: Sequence[Verdict]) -> str:
    """How sure, on how much, and what keeps it from being more; and what nobody looked at."""
    sure = next(words for floor, words in CERTAINTY if incident.confidence >= floor)
    floor, lacking = _SHORT.get(incident.state, (math.inf, ""))
    share = f"{min(incident.confidence, MOST_SURE):.2f}"
    seen_by = f"on {phrases.lookers(incident.vantages, incident.evidence, 'vantage')}"
    basis = f"Confidence {sure} ({share}), {seen_by}."
    if incident.confidence >= floor:
        basis = (
            f"No other explanation fits what was seen as well ({share}, {seen_by}), "
            f"but the evidence does not suffice {lacking}."
        )
    blind = {v.network for v in own if v.network} - {v.network for v in own if tested(v)}
    unseen = f" {phrases.counted(len(blind), 'network')} could not be looked at." if blind else ""
    return basis + unseen
