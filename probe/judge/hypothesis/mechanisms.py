"""Mechanisms that no single sight shows: what several vantages, networks, rounds or names tell together.

Verdicts come in as the rows of single sights make them, and go out with what was found beside:
an id of the mechanism catalogue, and a piece of evidence that says why. No cause, no state and no
support is changed here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise
from urllib.parse import urlsplit

import msgspec

from probe.judge.evidence import Finding, evidence
from probe.judge.health import Condition, Health
from probe.judge.hypothesis.episode import Run
from probe.judge.hypothesis.weighing import Matter
from probe.judge.row import Category
from probe.judge.view import Cell, View
from probe.model import Author, Cause, Evidence, NetworkKind, Reach, Standing, Verdict

MOST_PIECES = 3
PROVINCE = 3
"""So many networks of which a part fails are a part of the country."""
MIXED = (0.15, 0.85)
TRIES = 6
"""Tries, and the share of them that fails, between which a block is one of chance."""
SAYS_NAME = ("tls.sni_", "http.host_")

SENTENCES = {
    "scope.per_isp": "some networks of the country show it, while others there reach the service",
    "scope.regional": "in several networks one vantage shows it while another of the same network does not",
    "scope.ipv4_vs_ipv6": "it covers one family of addresses: over the other the service answers",
    "scope.collateral_substring": "the name contains that of another service which is hit in the same way",
    "flaky.probabilistic": "the same probe passes and fails in turn, over several vantages",
    "ip.bgp_hijack_blackhole": "several countries lose the way to the same addresses at once",
    "server.outage_cdn_pop": "who is served by one site of a delivery network fails together",
    "server.geoblock_low_layer": "all networks of the country fall silent alike, and nobody signs it: the service's own refusal, or theirs",
    "ip.allowlist": "foreign controls fail, and something foreign passes all the same",
    "ip.shutdown_mobile_only": "the country's mobile networks are lost, its fixed ones are well",
    "ip.shutdown_stealth": "foreign controls fail, domestic ones pass",
    "ip.shutdown_bgp": "nothing passes, not even inside the country",
}
OWN = {
    "resolver_broken": "local.resolver_broken",
    "captive_portal": "local.captive_portal",
    "clock_wrong": "local.clock_skew",
    "clock_skew": "local.clock_skew",
}
"""An agent's own reasons, by the catalogue's names."""


class Heard(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the verdicts rest on."""

    matters: Mapping[tuple[str, str], Matter]
    odd: Mapping[Cell, Sequence[Sequence[Finding]]]
    """Findings of each vantage that saw anything but whole answers."""
    named: AbstractSet[Cell]
    """Where anything is named that fails nothing: of what works no more can be said elsewhere."""
    healths: Mapping[str, Health]
    reaching: frozenset[str]
    """Vantages that reach a service abroad, whatever their controls do."""


def refined(verdicts: Iterable[Verdict], heard: Heard, view: View) -> list[Verdict]:
    """Name in each verdict what is seen from more than one place or time."""
    return _collateral([_seen(v, heard) for v in verdicts], view)


def asked(verdicts: Iterable[Verdict], heard: Heard) -> frozenset[tuple[str, str]]:
    """Features of which what works may have to be named too, by the verdicts of what may not."""
    hit = {v.service for v in verdicts if v.leading is _FILTERING}
    named = {(service, feature) for service, feature, _ in heard.named}
    return frozenset({*named, *(feature for feature in heard.matters if feature[0] in hit)})


def _named(series: Iterable[Sequence[Finding]]) -> list[Finding]:
    return [f for each in series for f in each if not f.failing and f.main.mechanism]


def _seen(verdict: Verdict, heard: Heard) -> Verdict:
    return _beside(verdict, (), heard) if verdict.leading is _OK else _one(verdict, heard)


_OK, _FILTERING = Cause.OK, Cause.FILTERING
_NOTHING = Category.NOTHING


def _one(verdict: Verdict, heard: Heard) -> Verdict:
    match verdict.leading:
        case Cause.FILTERING | Cause.THROTTLING if verdict.service:
            return _beside(verdict, _many(verdict, heard), heard)
        case Cause.GEO_BLOCK if not any(p.author is Author.SERVER for p in verdict.evidence):
            return _beside(verdict, ("server.geoblock_low_layer",), heard)
        case Cause.DEPENDENCY_OUTAGE if verdict.shared:
            found = next((m for kind, m in SHARED if verdict.shared[0].startswith(kind)), "")
            return _with(verdict, (found,) if found else (), None)
        case Cause.NETWORK_DISRUPTION | Cause.LOCAL_FAULT if not verdict.service:
            return _of_place(verdict, heard)
        case _:
            return _beside(verdict, (), heard)


LOSING = f"health.{Condition.LOSING.value}"
"""The rule of what a country's whole way abroad loses."""
SHARED = (("site", "server.outage_cdn_pop"), ("route to ", "ip.bgp_hijack_blackhole"))


# ── of a service ─────────────────────────────────────────────────────────────────────────────


def _many(verdict: Verdict, heard: Heard) -> tuple[str, ...]:
    series = _series(verdict, heard)
    matter = heard.matters.get((verdict.service, verdict.feature))
    place = matter.places.get(verdict.country) if matter is not None else None
    runs = place.runs if place is not None else ()
    found = [row.mechanism for each in series for f in each for row in f.extra if row.mechanism]
    if any(f.main.id == "ok.half" for each in series for f in each):
        found.append("scope.ipv4_vs_ipv6")
    if _by_chance(series):
        found.append("flaky.probabilistic")
    elif not verdict.network:
        found += _parts(runs)
    return tuple(dict.fromkeys(found))


def _series(verdict: Verdict, heard: Heard) -> list[Sequence[Finding]]:
    every = heard.odd.get((verdict.service, verdict.feature, verdict.country), ())
    return [s for s in every if verdict.network in {0, s[0].sight.vantage.asn}]


def _parts(runs: Sequence[Run]) -> list[str]:
    """Whether whole networks are spared, or parts of several."""
    failing: Counter[int] = Counter(run.vantage.asn for run in runs if run.failing)
    well: Counter[int] = Counter(run.vantage.asn for run in runs if not run.failing)
    if sum(asn in failing for asn in well) >= PROVINCE:
        return ["scope.regional"]
    return ["scope.per_isp"] if failing and any(asn not in failing for asn in well) else []


def _by_chance(series: Iterable[Sequence[Finding]]) -> bool:
    """Whether several vantages pass and fail in turn, and the network's own hand is in it."""
    mixed = [each for each in series if _mixed(each)]
    tries = [f for each in mixed for f in each if f.category is not _NOTHING]
    share = sum(f.failing for f in tries) / len(tries) if tries else 0.0
    signed = any(f.author is Author.NETWORK for f in tries)
    return len(mixed) > 1 and len(tries) >= TRIES and MIXED[0] <= share <= MIXED[1] and signed


def _mixed(findings: Sequence[Finding]) -> bool:
    """Whether it changed its mind more often than once."""
    turns = [f.failing for f in findings if f.category is not _NOTHING]
    return sum(a is not b for a, b in pairwise(turns)) > 1


def _beside(verdict: Verdict, found: tuple[str, ...], heard: Heard) -> Verdict:
    """Add what was found, and the words of sights that the verdict does not rest on."""
    if not found and (verdict.service, verdict.feature, verdict.country) not in heard.named:
        return verdict
    series = _series(verdict, heard)
    told = _with(verdict, found, _first(series)) if found else verdict
    known = {piece.mechanism for piece in told.evidence}
    silent: dict[str, Finding] = {}
    for finding in _named(series):
        if finding.main.mechanism not in known:
            silent.setdefault(finding.main.mechanism, finding)
    more = [piece for finding in silent.values() for piece in evidence(finding)]
    return _and(told, more[:MOST_PIECES])


def _first(series: Iterable[Sequence[Finding]]) -> Finding | None:
    """The sight of a failure that stands for the others."""
    return next((f for each in series for f in each if f.failing), None)


# ── of names ─────────────────────────────────────────────────────────────────────────────────


def _collateral(verdicts: Sequence[Verdict], view: View) -> list[Verdict]:
    """Who is hit by name while its name merely contains another's that is hit as well."""
    hit: dict[str, set[str]] = defaultdict(set)
    for v in verdicts:
        if v.leading is _FILTERING and any(m.startswith(SAYS_NAME) for m in v.mechanisms):
            hit[v.country].add(v.service)
    if not hit:
        return [*verdicts]
    hosts = {service.id: _hosts(service.features) for service in view.services}
    return [
        _with(v, ("scope.collateral_substring",), None)
        if v.service in hit[v.country] and _contains(v.service, hit[v.country], hosts)
        else v
        for v in verdicts
    ]


def _hosts(features: Iterable[msgspec.Struct]) -> frozenset[str]:
    names = (urlsplit(e.url).hostname or "" for f in features for e in getattr(f, "endpoints", ()))
    return frozenset(_registered(name.lower()) for name in names)


def _registered(name: str) -> str:
    """The label that a registry gave away; `www` and the registry's own end left off."""
    labels = name.removeprefix("www.").split(".")
    return labels[-2] if len(labels) > 1 else name


def _contains(service: str, hit: Iterable[str], hosts: Mapping[str, frozenset[str]]) -> bool:
    mine = hosts.get(service, frozenset())
    others = {name for other in hit if other != service for name in hosts.get(other, ())}
    return any(name in own for own in mine for name in others - mine if name)


# ── of connectivity, and of a vantage itself ─────────────────────────────────────────────────


def _of_place(verdict: Verdict, heard: Heard) -> Verdict:
    """Say how a place was cut off, or what ails its vantages."""
    mine = [
        h
        for h in heard.healths.values()
        if h.vantage.country == verdict.country and verdict.network in {0, h.vantage.asn}
    ]
    if verdict.evidence and all(piece.rule == LOSING for piece in verdict.evidence):
        return verdict  # that is no cut, of any kind
    if verdict.leading is Cause.NETWORK_DISRUPTION:
        lost = [h for h in mine if h.condition is not Condition.WELL]
        home = [h for h in heard.healths.values() if h.vantage.country == verdict.country]
        found = tuple(_cut(lost, home, heard))
        kept = tuple(m for m in verdict.mechanisms if not m.startswith("ip.shutdown_"))
        return _with(msgspec.structs.replace(verdict, mechanisms=kept), found, None)
    ails = {OWN[h.reason]: h for h in mine if h.reason in OWN}
    return _and(verdict, [_ailing(mechanism, health) for mechanism, health in ails.items()])


def _cut(lost: Sequence[Health], home: Sequence[Health], heard: Heard) -> Iterable[str]:
    shown = [h for h in lost if h.controls]
    if any(h.vantage.id in heard.reaching for h in shown):
        yield "ip.allowlist"
    mobile = all(h.vantage.kind is NetworkKind.MOBILE for h in lost)
    fixed = [h for h in home if h.vantage.kind is not NetworkKind.MOBILE]
    if mobile and fixed and all(h.condition is Condition.WELL for h in fixed):
        yield "ip.shutdown_mobile_only"
    if shown:
        inside = any(
            s.met and s.target.feature == Reach.DOMESTIC for h in shown for s in h.controls
        )
        yield "ip.shutdown_stealth" if inside else "ip.shutdown_bgp"


def _ailing(mechanism: str, health: Health) -> Evidence:
    witness = next((s for s in health.controls if not s.met), None)
    return Evidence(
        rule=f"health.{health.reason}",
        standing=Standing.UNINTERPRETABLE,
        measurement=witness.id if witness is not None else "",
        vantage=health.vantage.id,
        mechanism=mechanism,
        layer="local",
        sentence="the vantage itself is unwell, by its own controls",
    )


# ── putting it in ────────────────────────────────────────────────────────────────────────────


def _with(verdict: Verdict, found: Sequence[str], witness: Finding | None) -> Verdict:
    fresh = [m for m in found if m not in verdict.mechanisms]
    if not fresh:
        return verdict
    named = msgspec.structs.replace(verdict, mechanisms=(*verdict.mechanisms, *fresh))
    return _and(named, [_piece(m, verdict, witness) for m in fresh if m in SENTENCES])


def _piece(mechanism: str, verdict: Verdict, witness: Finding | None) -> Evidence:
    """Say it, with a sight that stands for the others."""
    shown = next(iter(verdict.evidence), None)
    sight = witness.sight if witness is not None else None
    return Evidence(
        rule=f"together.{mechanism}",
        standing=Standing.SCORED,
        measurement=sight.id if sight else shown.measurement if shown else "",
        vantage=sight.vantage.id if sight else shown.vantage if shown else "",
        mechanism=mechanism,
        layer=_layer(mechanism, shown),
        sentence=SENTENCES[mechanism],
    )


def _layer(mechanism: str, shown: Evidence | None) -> str:
    """That of the catalogue; of what is only about scope or chance, the layer where it shows."""
    room = mechanism.partition(".")[0]
    return shown.layer if room in {"scope", "flaky"} and shown is not None else room


def _and(verdict: Verdict, pieces: Sequence[Evidence]) -> Verdict:
    known = {(piece.rule, piece.vantage) for piece in verdict.evidence}
    more = [piece for piece in pieces if (piece.rule, piece.vantage) not in known]
    if not more:
        return verdict
    return msgspec.structs.replace(verdict, evidence=(*verdict.evidence, *more))
