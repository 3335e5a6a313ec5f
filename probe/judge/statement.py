"""An incident in careful words: what is seen, by how many, where; what it is not; what is unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from probe.judge.grouping import MOST, tested
from probe.judge.places import country
from probe.judge.view import View
from probe.model import Author, Cause, Evidence, Incident, Scope, State, Statement, Verdict

NOT_RELATED = "Incident not related to country-level internet disruptions or filtering."
NONE_OBSERVED = "No evidence of filtering was observed."
SERVER_COUNTRIES = 3
"""Countries with the service's own words, before filtering may be ruled out."""
MOST_NAMED = 4
LEANING = 0.5

STATES = {
    State.CONFIRMED: "Confirmed",
    State.LIKELY: "Likely",
    State.SUSPECTED: "Suspected",
    State.INSUFFICIENT: "Unclear",
}
CERTAINTY = ((0.95, "very high"), (0.80, "high"), (0.50, "moderate"), (0.0, "low"))

SEEN = (
    ("tls.reset_name", "connections are reset when the TLS handshake names the service, while a neutral name at the same address passes"),
    ("tls.timeout_name", "connections fall silent when the TLS handshake names the service, while a neutral name at the same address passes"),
    ("test.after_passes", "once the service's name was said its addresses answer nobody, while left alone they answer a harmless name"),
    ("tls.mitm", "addresses of the service present a false certificate there"),
    ("dns.bogon", "its names resolve to private or reserved addresses"),
    ("dns.notice_address", "its names resolve to the address of a block notice"),
    ("dns.notice_page", "its names resolve to one address that is not the service's, where a page of its own answers"),
    ("dns.forged_common", "its names resolve to one address that is not the service's"),
    ("dns.forged", "its names resolve to addresses that are not the service's"),
    ("dns.late_truth", "forged DNS answers arrive ahead of the true ones"),
    ("dns.forged_silent", "its names resolve to addresses that are not the service's"),
    ("http.notice", "a block notice comes instead of the page"),
    ("http.same_page", "the same unknown page comes instead of the service's, there and nowhere else"),
    ("http.notice_redirect", "requests are redirected to a block notice"),
    ("test.second_resolver_answers", "the networks' resolvers deny its names, while another resolver knows them"),
    ("dns.nxdomain_here", "resolvers say that its names do not exist, which other countries resolve"),
    ("dns.nxdomain", "resolvers say that its names do not exist"),
    ("dns.rcode", "resolvers fail for its names"),
    ("dns.timeout", "resolvers never answer for its names"),
    ("tls.reset", "connections are cut in the TLS handshake"),
    ("tls.timeout", "the TLS handshake is never answered"),
    ("tcp.timeout_port", "one port of its addresses never answers, while another does"),
    ("tcp.timeout", "its addresses never answer"),
    ("tcp.unreachable", "its addresses cannot be reached"),
    ("tcp.refused", "connections are refused"),
    ("tcp.reset", "connections are reset while they open"),
    ("http.reset", "connections are cut after the request"),
    ("http.timeout", "requests are never answered"),
    ("test.goodput_held", "its name is held at one pace, far below that of a harmless name"),
    ("ok.slow_body", "it answers quickly, and then what it sends comes far more slowly than elsewhere and than from other services there"),
    ("test.neutral_quick", "hands are shaken late under its name, and quickly under a harmless one at the same address"),
    ("ok.slow_address", "its address is far slower than elsewhere and than other services there, whatever name is said"),
    ("ok.slow", "it answers, but far more slowly than elsewhere and than other services there"),
)  # fmt: skip
"""Rule ids in the order in which they tell most; the first that is among the evidence is said."""
OVER_QUIC = {
    "test.quic_name_cut": "Over QUIC its name is lost as well, even at a server of ours.",
    "test.quic_answers": "Over QUIC it answers, at an address where it does not over TCP.",
}
"""Said beside that, of the same evidence."""
PAIRED = "pair."
"""Rules of one look beside its helper's: their sentences stand for themselves."""


def describe(
    incident: Incident, incidents: Sequence[Incident], verdicts: Sequence[Verdict], view: View
) -> Statement:
    """Say an incident; `incidents` are all of the moment, `verdicts` what it rests on."""
    own = [v for v in verdicts if v.service == incident.service and v.feature in incident.features]
    text = f"{STATES[incident.state]}: {_TEXTS[incident.cause](incident, incidents, own, view)}"
    return Statement(incident=incident.id, at=view.now, text=text, doubt=_doubt(incident, own))


# ── one paragraph for each cause ─────────────────────────────────────────────────────────────


def _outage(
    incident: Incident, incidents: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    word = "international outages" if len(incident.countries) > 1 else "an outage"
    share = _share(incident, own)
    first = f"{_service(incident, view)} is experiencing {word} affecting {_features(incident, view)}: {share} {_symptom(incident, own)}."
    well = f"{_healthy(incident, view)}"
    return " ".join(filter(None, (first, well, _apart(incident, incidents, own, view))))


def _dependency(
    incident: Incident, incidents: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    if not incident.service:
        return (
            f"probes in {_places(incident)} that use {_list(incident.shared)} get no names "
            "resolved, while those beside them that use other resolvers do. "
            "This says nothing about any country, network or service."
        )
    others = [
        _service(i, view)
        for i in incidents
        if i.cause is incident.cause
        and i.id != incident.id
        and i.closed is None
        and i.shared == incident.shared
    ]
    beside = f", together with {_list(others)}" if others else ""
    what = f" ({_list(incident.shared)})" if incident.shared else ""
    first = (
        f"{_service(incident, view)} is failing{beside}, with what these services share{what}: "
        f"{_features(incident, view)} in {_places(incident)}; {_share(incident, own)} {_symptom(incident, own)}."
    )
    return f"{first} {_apart(incident, incidents, own, view)}"


FATE = {Cause.FILTERING: "restricted", Cause.THROTTLING: "slowed down"}


def _restriction(
    incident: Incident, incidents: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    first = (
        f"measurements show {_service(incident, view)} {FATE[incident.cause]} in {_places(incident)} "
        f"on {_operators(incident, view)}: {_seen(incident.evidence)}. Affected: {_features(incident, view)}."
    )
    outside = f"{_outside(incident, own)}{_separately(incident, incidents, view)}"
    return " ".join((first, *_over_quic(incident.evidence), outside))


def _geo_block(
    incident: Incident, _: Sequence[Incident], own: Sequence[Verdict], view: View
) -> str:
    if not any(piece.author is Author.SERVER for piece in incident.evidence):
        return _kept_apart(incident, own, view)
    return (
        f"{_service(incident, view)} itself refuses visitors from {_places(incident)}: "
        f"{_features(incident, view)} answer with a refusal over valid certificates on "
        f"{_operators(incident, view)}. {_outside(incident, own)} "
        "This is the service's refusal, not a restriction by networks."
    )


def _kept_apart(incident: Incident, own: Sequence[Verdict], view: View) -> str:
    """Nobody signs it: a refusal below HTTP and a block by address are one silence."""
    return (
        f"{_service(incident, view)} cannot be reached from {_places(incident)} on "
        f"{_operators(incident, view)}: {_seen(incident.evidence)}. "
        f"Affected: {_features(incident, view)}. {_outside(incident, own)} "
        "It may be the service that refuses what comes from there, or the networks there that "
        "keep it out: nothing that was measured tells the two apart."
    )


def _disruption(
    incident: Incident, _: Sequence[Incident], __: Sequence[Verdict], view: View
) -> str:
    where = f"{_places(incident)} on {_operators(incident, view)}"
    measured = any(p.rule != "health.silent" for p in incident.evidence)
    seen = (
        "probes there report that international destinations cannot be reached"
        if measured
        else f"{incident.vantages} probes there fell silent together"
    )
    scope = "a country-level" if incident.scope is Scope.COUNTRIES else "an operator-level"
    return (
        f"network data show {scope} disruption of internet connectivity in {where}: {seen}, "
        "while probes elsewhere keep reporting. Cause and intent are not known."
    )


def _local(incident: Incident, _: Sequence[Incident], __: Sequence[Verdict], view: View) -> str:
    cause = f" like others of its {_list(incident.shared)}," if incident.shared else ""
    return (
        f"a probe in {_places(incident)} on {_operators(incident, view)} is unwell{cause} and is "
        "left out of every verdict. This says nothing about the country or the network."
    )


def _nothing(incident: Incident, _: Sequence[Incident], __: Sequence[Verdict], view: View) -> str:
    return f"{_service(incident, view)} is reachable in {_places(incident)}."


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
    """Rule filtering out only on positive grounds; else say what was and was not seen."""
    beside = _separately(incident, incidents, view).strip()
    if network_authored(own) or any(
        v.leading is Cause.FILTERING and v.confidence > LEANING for v in own
    ):
        return (
            beside
            or "The same is seen in all these countries, which no one country's filter explains."
        )
    ruled_out = server_countries(own) >= SERVER_COUNTRIES and _lively(own)
    return " ".join(filter(None, (NOT_RELATED if ruled_out else NONE_OBSERVED, beside)))


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
    phrases = [
        f"{_OTHER[i.cause]} {_where(i)} ({_features(i, view)})"
        for i in others
        if i.cause in _OTHER
    ]
    return f" A separate incident is under way: {_list(phrases)}." if phrases else ""


_OTHER = {
    Cause.SERVICE_OUTAGE: "an outage of the service itself",
    Cause.DEPENDENCY_OUTAGE: "an outage of what the service depends on",
    Cause.FILTERING: "filtering",
    Cause.THROTTLING: "throttling",
    Cause.GEO_BLOCK: "a refusal by the service",
}


def _where(incident: Incident) -> str:
    return "in several countries" if incident.scope is Scope.GLOBAL else f"in {_places(incident)}"


def _outside(incident: Incident, own: Sequence[Verdict]) -> str:
    """What other countries see of the same features meanwhile."""
    others = {v.country for v in own if not v.network and tested(v)} - set(incident.countries)
    reach = {
        v.country
        for v in own
        if v.country in others and not v.network and v.leading in {Cause.OK, Cause.SERVICE_OUTAGE}
    }
    if not others:
        return "No other country was there to compare."
    return (
        f"Outside, {len(reach)} of {len(others)} observed countries reach the service meanwhile."
    )


# ── parts of sentences ───────────────────────────────────────────────────────────────────────


def _symptom(incident: Incident, own: Sequence[Verdict]) -> str:
    if server_countries(own) and any(p.author is Author.SERVER for p in incident.evidence):
        certificate = any(
            p.rule in {"tls.expired", "tls.refused_everywhere"} for p in incident.evidence
        )
        if certificate:
            return "are shown the same certificate, which does not verify"
        return "see the service's own errors over valid certificates"
    return f"see it fail ({_seen(incident.evidence)}) while their controls are well"


def _share(incident: Incident, own: Sequence[Verdict]) -> str:
    looked = {v.network for v in own if v.network and tested(v)}
    hit = {v.network for v in own if v.network and v.leading is incident.cause}
    countries = {v.country for v in own if v.network and v.leading is incident.cause}
    return (
        f"{_count(len(hit), 'network')} of {len(looked)} in "
        f"{_count(len(countries), 'country', 'countries')}"
    )


def _seen(evidence: Iterable[Evidence]) -> str:
    pieces = list(evidence)
    rules = {piece.rule for piece in pieces}
    beside = next(
        (p.sentence for p in pieces if p.rule.startswith(PAIRED)), "it cannot be reached"
    )
    return next((words for rule, words in SEEN if rule in rules), beside)


def _over_quic(evidence: Iterable[Evidence]) -> Iterable[str]:
    rules = {piece.rule for piece in evidence}
    return (words for rule, words in OVER_QUIC.items() if rule in rules)


def _healthy(incident: Incident, view: View) -> str:
    if not incident.healthy:
        return ""
    names = _feature_names(incident.service, incident.healthy, view)
    return f"Not affected: {_list(names)}."


def _service(incident: Incident, view: View) -> str:
    return next((s.name for s in view.services if s.id == incident.service), incident.service)


def _features(incident: Incident, view: View) -> str:
    return _list(_feature_names(incident.service, incident.features, view)) or "the service"


def _feature_names(service: str, features: Sequence[str], view: View) -> list[str]:
    names = {f.id: f.name for s in view.services if s.id == service for f in s.features}
    return [names.get(feature, feature) for feature in features]


def _places(incident: Incident) -> str:
    return _list([country(code) for code in incident.countries])


def _operators(incident: Incident, view: View) -> str:
    names = {v.asn: v.network for v in view.roster}
    said = [f"{names[a]} (AS{a})" if names.get(a) else f"AS{a}" for a in incident.networks]
    if len(said) > MOST_NAMED:
        return f"{_list(said[:MOST_NAMED], last=', ')} and {len(said) - MOST_NAMED} more networks"
    return _list(said) or "its networks"


def _list(items: Sequence[str], last: str = " and ") -> str:
    if len(items) < 2:  # noqa: PLR2004 — a list of one needs no conjunction
        return "".join(items)
    return f"{', '.join(items[:-1])}{last}{items[-1]}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _doubt(incident: Incident, own: Sequence[Verdict]) -> str:
    """How sure, on how much; and what nobody looked at."""
    sure = next(words for floor, words in CERTAINTY if incident.confidence >= floor)
    basis = f"Confidence {sure} ({min(incident.confidence, 0.99):.2f}), on {_count(incident.vantages, 'vantage')}."
    blind = {v.network for v in own if v.network and not tested(v)}
    unseen = f" {_count(len(blind), 'network')} could not be looked at." if blind else ""
    return basis + unseen
