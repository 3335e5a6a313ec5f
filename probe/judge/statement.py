"""An incident in careful words: what is seen, by how many, where; what it is not; what is unknown."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from probe.judge import phrases, ways
from probe.judge.grouping import IN_A_COUNTRY, MOST, OUTAGES, STRENGTH, tested
from probe.judge.hypothesis.connectivity import NEARLY_ALL
from probe.judge.hypothesis.gate import CONFIRMED, LIKELY, SUSPECTED
from probe.judge.view import View
from probe.model import Author, Cause, Incident, Scope, State, Statement, Verdict

NOT_RELATED = "Incident not related to country-level internet disruptions or filtering."
NONE_OBSERVED = "No evidence of filtering was observed."
SERVER_COUNTRIES = 3
"""Countries with the service's own words, before filtering may be ruled out."""
LEANING = 0.5
LATELY_ROUNDS = 60
"""For so long after a network's doing was told it is not denied of what else befalls the service."""

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
    return " ".join(filter(None, (first, well, _apart(incident, incidents, own, view))))


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
    return f"{first} {_apart(incident, incidents, own, view)}"


FATE = {Cause.FILTERING: "restricted", Cause.THROTTLING: "slowed down"}


def _restriction(
    incident: Incident, incidents: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    first = (
        f"measurements show {phrases.service(incident, view)} {FATE[incident.cause]} in {phrases.places(incident)}"
        f"{ways.told(incident, own, view)}. Affected: {phrases.features(incident, view)}."
    )
    outside = f"{_outside(incident, own)}{_separately(incident, incidents, view)}"
    return " ".join((first, *phrases.over_quic(incident.evidence), outside))


def _geo_block(
    incident: Incident, _: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    if not any(piece.author is Author.SERVER for piece in incident.evidence):
        return _kept_apart(incident, own, view)
    return (
        f"{phrases.service(incident, view)} itself refuses visitors from {phrases.places(incident)}: "
        f"a refusal over valid certificates comes from {phrases.features(incident, view)}"
        f"{phrases.on(incident.networks, view)}. {_outside(incident, own)} "
        "This is the service's refusal, not a restriction by networks."
    )


def _kept_apart(incident: Incident, own: Sequence[Verdict], view: View) -> str:
    """Nobody signs it: a refusal below HTTP and a block by address are one silence."""
    return (
        f"{phrases.service(incident, view)} cannot be reached from {phrases.places(incident)}"
        f"{ways.told(incident, own, view)}. "
        f"Affected: {phrases.features(incident, view)}. {_outside(incident, own)} "
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


# ── what it is not ───────────────────────────────────────────────────────────────────────────


def _apart(
    incident: Incident, incidents: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    """Rule filtering out only on positive grounds; else say what was and was not seen.

    What the server itself said of this failure in so many countries was said, though now fewer hear it.
    Neither is said of a service of which filtering is told anywhere, or was lately.
    """
    beside = _separately(incident, incidents, view).strip()
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
    ruled_out = heard and _lively(own)
    return " ".join(filter(None, (NOT_RELATED if ruled_out else NONE_OBSERVED, beside)))


def standing(incident: Incident, incidents: Sequence[Incident], view: View) -> str:
    """Its words as they were, but for the denial of what is told by now."""
    if NONE_OBSERVED in incident.statement and restricted(incident, incidents, view):
        return incident.statement.replace(f"{NONE_OBSERVED} ", "")
    return incident.statement


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


def network_authored(verdicts: Iterable[Verdict]) -> bool:
    """Whether any network wrote what is seen of a feature, anywhere.

    By one probe again and again, or by two of a country: one sight alone may be chance.
    """
    pieces = {
        ((v.feature, v.country), p.vantage, p.measurement)
        for v in verdicts
        for p in v.evidence
        if p.author is Author.NETWORK
    }
    probes = Counter(place for place, _ in {(place, vantage) for place, vantage, _ in pieces})
    again = Counter((place, vantage) for place, vantage, _ in pieces)
    return any(n > 1 for n in (*probes.values(), *again.values()))


def server_countries(verdicts: Iterable[Verdict]) -> int:
    """Countries where the service's own failure came over a valid certificate."""
    return len(
        {
            v.country
            for v in verdicts
            if v.leading in {Cause.SERVICE_OUTAGE, Cause.DEPENDENCY_OUTAGE}
            and any(p.author is Author.SERVER for p in v.evidence)
        }
    )


def _lively(own: Sequence[Verdict]) -> bool:
    """Whether enough networks looked to have seen a filter."""
    cells = [v for v in own if v.network]
    return sum(map(tested, cells)) >= MOST * len(cells) and len(cells) >= SERVER_COUNTRIES


def _separately(incident: Incident, incidents: Sequence[Incident], view: View) -> str:
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
    return f" A separate incident is under way: {phrases.listed(told)}." if told else ""


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


def _outside(incident: Incident, own: Sequence[Verdict]) -> str:
    """What other countries see of the same features meanwhile; which are well is told by all of them."""
    told: dict[str, set[Cause]] = defaultdict(set)
    for v in own:
        if not v.network and tested(v) and v.country not in incident.countries:
            told[v.country].add(v.leading)
    if not told:
        return "No other country was there to compare."
    well = sum(causes == {Cause.OK} for causes in told.values())
    down = sum(not causes.isdisjoint(OUTAGES) for causes in told.values())
    beside = f"; {down} {phrases.by(down, 'see')} it fail by itself" if down else ""
    among = phrases.counted(len(told), "observed country", "observed countries")
    return f"Outside, {well} of {among} {phrases.by(well, 'reach')} the service meanwhile{beside}."


# ── parts of sentences ───────────────────────────────────────────────────────────────────────


SIGNED = (
    (frozenset({"tls.expired", "tls.lapsed"}), "shown a certificate of its own that has expired"),
    (frozenset({"tls.refused_everywhere"}), "shown the same certificate, which does not verify"),
)  # fmt: skip


def _seen_by(incident: Incident, own: Sequence[Verdict], *, where: bool = False) -> str:
    """How many networks see what; of fewer countries than were named before it is said when."""
    looked = [v for v in own if v.network and tested(v)]
    hit = [v for v in looked if v.leading is incident.cause]
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
    seen_by = f"on {phrases.counted(incident.vantages, 'vantage')}"
    basis = f"Confidence {sure} ({share}), {seen_by}."
    if incident.confidence >= floor:
        basis = (
            f"No other explanation fits what was seen as well ({share}, {seen_by}), "
            f"but the evidence does not suffice {lacking}."
        )
    blind = {v.network for v in own if v.network} - {v.network for v in own if tested(v)}
    unseen = f" {phrases.counted(len(blind), 'network')} could not be looked at." if blind else ""
    return basis + unseen
