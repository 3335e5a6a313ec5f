"""The parts of a statement's sentences: what is seen, who and where; tables of words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from probe.judge.places import country
from probe.judge.view import View
from probe.model import Evidence, Incident

MOST_NAMED = 4
MANY = 2
"""What this part of the vantages see that see the most common thing is seen by many."""

SEEN = (
    ("tls.reset_name", "connections are reset when the TLS handshake names the service, while a neutral name at the same address passes"),
    ("tls.timeout_name", "connections fall silent when the TLS handshake names the service, while a neutral name at the same address passes"),
    ("test.after_passes", "once the service's name was said its addresses answer nobody, while left alone they answer a harmless name"),
    ("test.own_address_cut", "connections that name the service are cut even at a server of ours, where a harmless name passes"),
    ("tls.reset_lasting", "connections are cut when the TLS handshake names the service, and after that its addresses take none"),
    ("tls.mitm", "addresses of the service present a false certificate there"),
    ("dns.bogon", "its names resolve to private or reserved addresses"),
    ("dns.notice_address", "its names resolve to the address of a block notice"),
    ("dns.foreign_notice", "its names resolve to the address of another country's block notice"),
    ("dns.notice_page", "its names resolve to one address that is not the service's, where a page of its own answers"),
    ("dns.notice_host", "its names resolve to one host that is not the service's, with a certificate of its own"),
    ("dns.forged_common", "its names resolve to one address that is not the service's"),
    ("dns.forged", "its names resolve to addresses that are not the service's"),
    ("dns.late_truth", "forged DNS answers arrive ahead of the true ones"),
    ("dns.sinkhole", "its names resolve to an address that takes connections and stays silent, before the true ones arrive"),
    ("dns.several_answers", "several DNS answers arrive, the true ones only among the later"),
    ("dns.polluted", "its names resolve to addresses that are forged in another country, while another resolver gives the true ones"),
    ("dns.forged_silent", "its names resolve to addresses that are not the service's"),
    ("http.notice", "a block notice comes instead of the page"),
    ("http.notice_403", "a block notice comes instead of the page"),
    ("http.notice_451", "a block notice comes instead of the page"),
    ("http.same_page", "the same unknown page comes instead of the service's, there and nowhere else"),
    ("http.notice_redirect", "requests are redirected to a block notice"),
    ("test.host_follows", "requests that name the service are cut, or answered by another, even at a server of ours"),
    ("test.host_passes", "requests that name the service are cut, while a harmless name at the same address is answered"),
    ("test.second_resolver_answers", "the networks' resolvers deny its names, while another resolver knows them"),
    ("dns.nxdomain_here", "resolvers say that its names do not exist, which other countries resolve"),
    ("dns.nxdomain", "resolvers say that its names do not exist"),
    ("dns.rcode", "resolvers fail for its names"),
    ("dns.no_answer", "its names have no addresses"),
    ("dns.bogon_unproven", "its names resolve to private or reserved addresses"),
    ("dns.timeout", "resolvers never answer for its names"),
    ("tls.reset", "connections are cut in the TLS handshake"),
    ("tls.timeout", "the TLS handshake is never answered"),
    ("tls.reset_alike", "connections are cut in the TLS handshake, whatever name is said"),
    ("tls.timeout_alike", "the TLS handshake is never answered, whatever name is said"),
    ("tcp.timeout_port", "one port of its addresses never answers, while another does"),
    ("tcp.timeout", "its addresses never answer"),
    ("ok.partly", "one of its addresses never answers, while another does"),
    ("tcp.unreachable", "its addresses cannot be reached"),
    ("tcp.refused", "connections are refused"),
    ("tcp.reset", "connections are reset while they open"),
    ("tls.refusal", "the TLS handshake ends with an error"),
    ("tls.expired", "its certificate has expired"),
    ("tls.lapsed", "its certificate has expired"),
    ("tls.expired_here", "its certificate has expired"),
    ("tls.refused_everywhere", "its certificate does not verify"),
    ("tls.refused", "its certificate does not verify"),
    ("test.goodput_frozen", "what comes under its name freezes even from a server of ours, and under a harmless name comes whole"),
    ("http.frozen", "its answers begin, and stall after some kilobytes"),
    ("http.cut_short", "its answers end before they are whole"),
    ("http.reset", "connections are cut after the request"),
    ("http.timeout", "requests are never answered"),
    ("http.451", "it refuses for legal reasons"),
    ("http.not_here", "it says that it is not available there"),
    ("http.403", "it refuses the request"),
    ("http.plain_refusal", "a refusal comes over plain HTTP, where anyone on the way can write it"),
    ("http.5xx", "it answers with server errors"),
    ("http.plain_5xx", "server errors come over plain HTTP, where anyone on the way can write them"),
    ("http.rate_limited", "it answers that there are too many requests"),
    ("http.4xx", "it rejects the request"),
    ("http.forbidden_text", "it answers with its own error text"),
    ("http.missing_text", "its page lacks what a well one says"),
    ("http.short", "its page is shorter than a whole one"),
    ("http.unexpected", "it answers otherwise than expected"),
    ("http.unknown_page", "an unknown page comes over plain HTTP instead of its own"),
    ("http.other", "its answers cannot be read"),
    ("other.unreadable", "it fails in a way that no rule reads"),
    ("test.goodput_held", "its name is held at one pace, far below that of a harmless name"),
    ("ok.slow_body", "it answers quickly, and then what it sends comes far more slowly than elsewhere and than from the control sites there"),
    ("test.neutral_quick", "hands are shaken late under its name, and quickly under a harmless one at the same address"),
    ("ok.slow_address", "its address is far slower than elsewhere and than the control sites there, whatever name is said"),
    ("ok.slow", "it answers, but far more slowly than elsewhere and than the control sites there"),
)  # fmt: skip
"""Rule ids in the order in which they tell most."""
OVER_QUIC = {
    "test.quic_name_cut": "Over QUIC its name is lost as well, even at a server of ours.",
    "test.quic_answers": "Over QUIC it answers, at an address where it does not over TCP.",
}
"""Said beside that, of the same evidence."""
PAIRED = "pair."
"""Rules of one look beside its helper's: their sentences stand for themselves."""
SILENT = "health.silent"
_CUT = "probes there report that international destinations cannot be reached"
MEASURED = {
    "health.cut": _CUT,
    "health.dark": _CUT,
    "health.misled": _CUT,
    "health.broken": "no names are resolved for probes there",
    "health.losing": "a part of all that probes there try abroad fails, round after round",
}
"""What is said where most of the vantages show it; of all others no more is known than that they are silent."""


def lost(incident: Incident) -> str:
    """What most of the vantages show: the one that measures trouble of its own speaks for nobody else.

    Not each is among the evidence where they are many, so that its pieces are held against each other.
    """
    rules = {piece.vantage: piece.rule for piece in incident.evidence if piece.rule in MEASURED}
    silent = {piece.vantage for piece in incident.evidence if piece.rule == SILENT}
    if len(rules) < len(silent) or not rules:
        count = len(silent) if rules else incident.vantages
        return f"{counted(count, 'probe')} there fell silent"
    shown = Counter(MEASURED[rule] for rule in rules.values())
    return max(MEASURED.values(), key=shown.__getitem__)


def reporting(there: int) -> str:
    """Who is heard still: so many probes of the country, and those elsewhere."""
    return f"{counted(there, 'probe')} there and others elsewhere" if there else "probes elsewhere"


def seen(evidence: Iterable[Evidence]) -> str:
    """The most telling of what many vantages see: what few see beside it may be another's trouble."""
    pieces = list(evidence)
    seen_by = Counter(rule for rule, _ in {(piece.rule, piece.vantage) for piece in pieces})
    most = max((seen_by[rule] for rule, _ in SEEN), default=0)
    beside = next(
        (p.sentence for p in pieces if p.rule.startswith(PAIRED)), "it cannot be reached"
    )
    return next((said for rule, said in SEEN if most and MANY * seen_by[rule] >= most), beside)


def over_quic(evidence: Iterable[Evidence]) -> Iterable[str]:
    rules = {piece.rule for piece in evidence}
    return (words for rule, words in OVER_QUIC.items() if rule in rules)


def service(incident: Incident, view: View) -> str:
    return next((s.name for s in view.services if s.id == incident.service), incident.service)


def features(incident: Incident, view: View) -> str:
    return listed(feature_names(incident.service, incident.features, view)) or "the service"


def feature_names(service: str, features: Sequence[str], view: View) -> list[str]:
    """In the order of the catalogue; of those that it does not have, the ids."""
    names = {f.id: f.name for s in view.services if s.id == service for f in s.features}
    beside = [feature for feature in features if feature not in names]
    return [name for feature, name in names.items() if feature in features] + beside


def places(incident: Incident) -> str:
    return countries(incident.countries)


def countries(codes: Iterable[str]) -> str:
    names = [country(code) for code in codes]
    return listed(sorted(names, key=lambda name: name.removeprefix("the ")))


def witnesses(incident: Incident, view: View) -> list[int]:
    """Networks of the vantages that its evidence names."""
    asns = {v.id: v.asn for v in view.roster}
    return sorted({asns[p.vantage] for p in incident.evidence if p.vantage in asns})


def on(networks: Iterable[int], view: View) -> str:
    """On which networks, behind the name of a place; nothing where none is known."""
    names = named(networks, view)
    return f" on {names}" if names else ""


def named(networks: Iterable[int], view: View) -> str:
    names = {v.asn: v.network for v in view.roster}
    said = [f"{names[a]} (AS{a})" if names.get(a) else f"AS{a}" for a in networks]
    if len(said) > MOST_NAMED:
        more = counted(len(said) - MOST_NAMED, "more network")
        return f"{listed(said[:MOST_NAMED], last=', ')} and {more}"
    return listed(said)


_ADDRESSES = r"[0-9a-fA-F.:]+/\d+"
_SEVERAL = re.compile(rf"({_ADDRESSES}(?: {_ADDRESSES})+)(?: and (\d+ more))?")


def shared(incident: Incident) -> str:
    """What its services stand on; several ranges of addresses in one name are a list as any."""
    return listed([_SEVERAL.sub(_ranges, name) for name in incident.shared])


def _ranges(found: re.Match[str]) -> str:
    return listed([*found[1].split(), *filter(None, (found[2],))])


def listed(items: Sequence[str], last: str = " and ") -> str:
    if len(items) < 2:  # noqa: PLR2004 — a list of one needs no conjunction
        return "".join(items)
    if any(" and " in item for item in items):  # "Posting, Pictures and scripts, and Sign-in"
        last = f",{last}" if not last.startswith(",") else last
    return f"{', '.join(items[:-1])}{last}{items[-1]}"


def by(number: int, verb: str) -> str:
    """A verb of so many: `1 sees`, `2 see`."""
    if number != 1:
        return verb
    return f"{verb}es" if verb.endswith("ch") else f"{verb}s"


def lookers(number: int, evidence: Iterable[Evidence], ours: str) -> str:
    """So many probes of ours, or looks of OONI's, whose probes have no names: two may be of one."""
    beside = {piece.rule.startswith(PAIRED) for piece in evidence}
    if len(beside) > 1:
        return counted(number, f"{ours} or look", f"{ours}s and looks")
    return counted(number, "look" if True in beside else ours)


def counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
