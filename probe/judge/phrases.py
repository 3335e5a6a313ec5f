"""The parts of a statement's sentences: what is seen, who and where; tables of words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from probe.judge.places import country
from probe.judge.view import View
from probe.model import Evidence, Incident

MOST_NAMED = 4

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
LOST = (
    (("health.cut", "health.dark", "health.misled"), "probes there report that international destinations cannot be reached"),
    (("health.broken",), "probes there report at one time that they are unwell themselves"),
)  # fmt: skip
"""Rules, and what is said where one of them is among the evidence, the first that is; else silence."""


def lost(incident: Incident) -> str:
    rules = {piece.rule for piece in incident.evidence}
    silent = f"{counted(incident.vantages, 'probe')} there fell silent together"
    return next((words for told, words in LOST if not rules.isdisjoint(told)), silent)


def seen(evidence: Iterable[Evidence]) -> str:
    pieces = list(evidence)
    rules = {piece.rule for piece in pieces}
    beside = next(
        (p.sentence for p in pieces if p.rule.startswith(PAIRED)), "it cannot be reached"
    )
    return next((words for rule, words in SEEN if rule in rules), beside)


def over_quic(evidence: Iterable[Evidence]) -> Iterable[str]:
    rules = {piece.rule for piece in evidence}
    return (words for rule, words in OVER_QUIC.items() if rule in rules)


def service(incident: Incident, view: View) -> str:
    return next((s.name for s in view.services if s.id == incident.service), incident.service)


def features(incident: Incident, view: View) -> str:
    return listed(feature_names(incident.service, incident.features, view)) or "the service"


def feature_names(service: str, features: Sequence[str], view: View) -> list[str]:
    names = {f.id: f.name for s in view.services if s.id == service for f in s.features}
    return [names.get(feature, feature) for feature in features]


def places(incident: Incident) -> str:
    return listed([country(code) for code in incident.countries])


def witnesses(incident: Incident, view: View) -> list[int]:
    """Networks of the vantages that its evidence names."""
    asns = {v.id: v.asn for v in view.roster}
    return sorted({asns[p.vantage] for p in incident.evidence if p.vantage in asns})


def operators(incident: Incident, view: View) -> str:
    return named(incident.networks, view)


def named(networks: Iterable[int], view: View) -> str:
    names = {v.asn: v.network for v in view.roster}
    said = [f"{names[a]} (AS{a})" if names.get(a) else f"AS{a}" for a in networks]
    if len(said) > MOST_NAMED:
        more = counted(len(said) - MOST_NAMED, "more network")
        return f"{listed(said[:MOST_NAMED], last=', ')} and {more}"
    return listed(said) or "its networks"


def listed(items: Sequence[str], last: str = " and ") -> str:
    if len(items) < 2:  # noqa: PLR2004 — a list of one needs no conjunction
        return "".join(items)
    if any(" and " in item for item in items):  # "Posting, Pictures and scripts, and Sign-in"
        last = f",{last}" if not last.startswith(",") else last
    return f"{', '.join(items[:-1])}{last}{items[-1]}"


def counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
