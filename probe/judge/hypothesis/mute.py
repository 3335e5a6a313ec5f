"""Silence that either side can have made: networks that drop a service, or a service that drops a country.

A probe sees the same in both. What tells them apart is how far packets get, where a trace was made,
and how a country's networks differ: a service's firewall knows the country and not its networks,
acts on all of them in one instant, and never lets now and then a connection pass (mechanisms.json:
server.geoblock_low_layer). Where nothing tells, the two share the support.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from probe.judge.evidence import Finding
from probe.judge.hypothesis.episode import Run, authored, most
from probe.judge.hypothesis.weighing import Matter, Place, replaced
from probe.judge.row import Category
from probe.judge.view import View
from probe.model import Author, Cause

RIVALS = (Cause.FILTERING, Cause.GEO_BLOCK)
EITHER = frozenset(
    {"tcp.timeout", "tcp.timeout_port", "tcp.reset", "tcp.refused", "tcp.unreachable", "dns.rcode"}
)
"""Rules of what a server's firewall, or its name servers', can do as well as a network can. A
resolver says SERVFAIL where the name's own servers refuse to answer it; REFUSED is its own word,
and its own silence its own."""
OWN_WORD = "dns_refused_error"
TWICE = 2
"""Failing sights in a row after which a good one is no lag of the onset."""
STAGGER_ROUNDS = 2.5
"""Networks that begin further apart than this do not follow one switch."""
LEFT = 1e-5
"""Of its support, what a refusal keeps where nothing can be one."""
DIFFERS, LONE, COMPANY, TOGETHER = -4.0, -2.0, -3.0, 1.5
"""Nats toward the service's own refusal: the country's networks differ; one of them passes; another
service is kept out here in the same way; other countries fell silent for it at the same time."""
REACHES = 2.0
"""From each of two networks whose packets come to the service's own."""
EVEN = 0.1
"""Where nothing tells the question stays open, and is put as the one that accuses nobody."""


class Silence(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One feature that is silent in one country."""

    kind: Category
    begun: datetime
    apart: float
    """Nats toward the service's own refusal from what the country's networks show."""
    way: float
    """Nats toward it from where packets end."""
    barred: bool
    """Whether it is held for one of the two at all, and not for a mishap."""


def told_apart(matters: Sequence[Matter], view: View) -> list[Matter]:
    """Weigh silent places again, by what tells a refusal below HTTP from a filter."""
    silent = [_silent(matter, view) for matter in matters]
    agreed = _agreed(matters, silent)
    kept_out = _kept_out(matters, agreed)
    held = zip(matters, agreed, strict=True)
    return [_weighed(matter, mine, kept_out, view) for matter, mine in held]


Silent = Mapping[str, Silence]
"""Country → how one feature is silent there."""


def _silent(matter: Matter, view: View) -> Silent:
    return {
        country: found
        for country in matter.troubled
        if (found := silence(matter, matter.places[country], view)) is not None
    }


def _agreed(matters: Sequence[Matter], silent: Sequence[Silent]) -> list[Silent]:
    """What tells of one feature tells of all that the service has and that are silent there."""
    told: dict[tuple[str, str], list[Silence]] = defaultdict(list)
    for matter, held in zip(matters, silent, strict=True):
        for country, one in held.items():
            told[matter.service, country].append(one)
    return [
        {c: _agreeing(one, told[matter.service, c]) for c, one in held.items()}
        for matter, held in zip(matters, silent, strict=True)
    ]


def _agreeing(one: Silence, told: Sequence[Silence]) -> Silence:
    if len(told) == 1:
        return one
    return msgspec.structs.replace(
        one,
        apart=min(other.apart for other in told),
        way=max((other.way for other in told), key=abs),
    )


KeptOut = Mapping[tuple[str, Category], frozenset[str]]
"""Country and kind of silence → services that the country's networks themselves keep out so."""


def _kept_out(matters: Sequence[Matter], silent: Sequence[Silent]) -> KeptOut:
    found: dict[tuple[str, Category], set[str]] = defaultdict(set)
    for matter, held in zip(matters, silent, strict=True):
        for country, one in held.items():
            if one.apart <= DIFFERS and one.barred:
                found[country, one.kind].add(matter.service)
    return {key: frozenset(services) for key, services in found.items()}


def silence(matter: Matter, place: Place, view: View) -> Silence | None:
    """What the silence of a place shows; None where it is none, or somebody wrote it."""
    failing = [run for run in place.runs if run.failing]
    mute = [run for run in failing if _mute(run)]
    if place.begun is None or 2 * len(mute) <= len(failing):
        return None
    return Silence(
        kind=most([_kind(run) for run in mute]), begun=place.begun,
        apart=_apart(matter, place.runs, mute, view), way=_way(mute),
        barred=sum([place.support[cause] for cause in RIVALS]) > 0.5,  # noqa: PLR2004 — more than all else
    )  # fmt: skip


def _mute(run: Run) -> bool:
    failing = [finding for finding in run.findings if finding.failing]
    return 2 * sum(map(_either, failing)) > len(failing)


def _either(finding: Finding) -> bool:
    alike = finding.main.id in EITHER and finding.author is Author.NOBODY
    return alike and finding.sight.failure != OWN_WORD


def _kind(run: Run) -> Category:
    return most([f.category for f in run.findings if f.failing])


def _apart(matter: Matter, held: Sequence[Run], mute: Sequence[Run], view: View) -> float:
    """By what more than one network shows: a burst of one, on top of the silence, tells nothing."""
    if not _several(held):
        return 0.0
    if _differ(held) or _staggered(matter, mute, view) or _several(filter(_lets_pass, mute)):
        return DIFFERS
    spared = _spared(held, mute)
    return DIFFERS if spared > 1 else LONE * spared


def _way(mute: Iterable[Run]) -> float:
    """What traces tell: one network's alone as much as one network that passes."""
    networks: dict[bool, set[int]] = {True: set(), False: set()}
    for run in mute:
        for near in {f.sight.trials.near for f in run.findings if f.failing}:
            if near is not None:
                networks[near].add(run.vantage.asn)
    ends, reaches = min(2, len(networks[True])), min(2, len(networks[False]))
    return LONE * ends + REACHES * reaches


def _several(held: Iterable[Run]) -> bool:
    return len({run.vantage.asn for run in held}) > 1


def _differ(held: Iterable[Run]) -> bool:
    """Whether networks' own hand shows, or healthy networks fail in more than one way."""
    firm = [run for run in held if run.failing and run.steady and _firm(run) is not None]
    ways: dict[Category, list[Run]] = defaultdict(list)
    for run in firm:
        ways[_kind(run)].append(run)
    signed = _several(run for run in firm if authored(run, Author.NETWORK))
    return signed or sum(map(_several, ways.values())) > 1


def _staggered(matter: Matter, mute: Sequence[Run], view: View) -> bool:
    """Whether networks fell silent minutes apart; the window forgets it, memory does not."""
    held = view.memory.begun
    starts: dict[int, datetime] = {}
    for run in mute:
        asn = run.vantage.asn
        first = held.get((matter.service, matter.feature, asn), _first_firm(run))
        starts[asn] = min(first, starts.get(asn, first))
    times = sorted(starts.values())
    if len(times) < 3:  # noqa: PLR2004 — without either of the two at the ends there is no span
        return False
    return min(times[-2] - times[0], times[-1] - times[1]) > STAGGER_ROUNDS * view.round


def _first_firm(run: Run) -> datetime:
    """Where the unbroken failing begins: a stray failure some rounds earlier is none of it."""
    start = run.findings[0].sight.at
    for finding in run.findings:
        if not finding.failing:
            break
        start = finding.sight.at
    return start


def _firm(run: Run) -> datetime | None:
    """When it had failed twice in a row."""
    failing = 0
    for finding in reversed(run.findings):
        failing = failing + 1 if finding.failing else 0
        if failing == TWICE:
            return finding.sight.at
    return None


def _lets_pass(run: Run) -> bool:
    """Whether a connection passed after it had failed twice, and it failed again."""
    after = _firm(run)
    return after is not None and run.steady and any(_good(f, after) for f in run.findings[1:])


def _spared(held: Sequence[Run], mute: Iterable[Run]) -> int:
    """Networks that get through while others are silent."""
    firm = [at for at in map(_firm, mute) if at is not None]
    if not firm:
        return 0
    failing = {run.vantage.asn for run in held if run.failing}
    well = (r for r in held if not r.failing and any(_good(f, max(firm)) for f in r.findings))
    return len({run.vantage.asn for run in well} - failing)


def _good(finding: Finding, after: datetime) -> bool:
    return finding.category is Category.OK and finding.sight.at > after


# ── beside others ────────────────────────────────────────────────────────────────────────────


def _weighed(matter: Matter, mine: Silent, kept_out: KeptOut, view: View) -> Matter:
    places = _unsigned(matter, mine)
    for country, held in mine.items():
        nats = held.apart + _beside(matter.service, held, kept_out.get((country, held.kind)))
        together = _elsewhere(mine, country, view)
        # A route that leaks away ends for several countries where their ways part.
        leaks = any(mine[other].way < 0 for other in together)
        nats += TOGETHER * bool(together) + (max(0.0, held.way) if leaks else held.way)
        places[country] = _parted(matter.places[country], nats)
    return replaced(matter, places) if places else matter


def _unsigned(matter: Matter, silent: Silent) -> dict[str, Place]:
    """What is no silence, and not in the server's words, is no refusal of the service at all.

    That leaves its support to all others as they stand, and not to the filter alone: where passing
    trouble hides a refusal that was believed, it says nothing for a filter.
    """
    return {
        country: _refuted(place)
        for country in matter.troubled
        if country not in silent and not _served(place := matter.places[country])
    }


def _served(place: Place) -> bool:
    """Whether the server's own words are in the failure: nobody else has them to write."""
    findings = [f for run in place.runs if run.failing for f in run.findings]
    return bool([f for f in findings if f.failing and f.author is Author.SERVER])


def _refuted(place: Place) -> Place:
    left = 1 - place.support[Cause.GEO_BLOCK] * (1 - LEFT)
    support = {cause: held / left for cause, held in place.support.items()}
    support[Cause.GEO_BLOCK] *= LEFT
    return msgspec.structs.replace(place, support=support)


def _beside(service: str, held: Silence, kept_out: frozenset[str] | None) -> float:
    """Another service that this country's networks keep out, by the same silence."""
    company = kept_out is not None and bool(kept_out - {service})
    return COMPANY if not held.apart and company else 0.0


def _near(one: Silence, other: Silence, view: View) -> bool:
    return abs(one.begun - other.begun) < STAGGER_ROUNDS * view.round


def _elsewhere(mine: Mapping[str, Silence], country: str, view: View) -> list[str]:
    """Other countries whose networks fell silent with this one's: two borders share no clock.

    A mishap somewhere is no country that fell silent.
    """
    own = mine[country]
    if own.apart:
        return []
    return [
        other
        for other, held in mine.items()
        if other != country
        and held.barred
        and not held.apart
        and held.kind is own.kind
        and _near(held, own, view)
    ]


def _parted(place: Place, nats: float) -> Place:
    """Part what the two have together anew, by what tells them apart and by nothing else.

    Neither what its other features say nor what was believed before may decide: the same silence
    was all that spoke there too, and it would only repeat itself.
    """
    both = place.support[Cause.FILTERING] + place.support[Cause.GEO_BLOCK]
    refused = both / (1 + math.exp(-(EVEN + nats)))
    parted = {Cause.FILTERING: both - refused, Cause.GEO_BLOCK: refused}
    return msgspec.structs.replace(place, support=place.support | parted)
