"""Verdicts of countries where nothing is thought to fail, and of those where nobody looked: nearly all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from probe.judge.evidence import told
from probe.judge.hypothesis.calm import Calm, Seat
from probe.judge.hypothesis.episode import Run
from probe.judge.hypothesis.gate import Ground, state
from probe.judge.hypothesis.joint import inside, leading
from probe.judge.hypothesis.likelihood import Country
from probe.judge.hypothesis.weighing import Matter, Peace, Place
from probe.judge.hypothesis.words import witness
from probe.judge.rules import VERSION
from probe.judge.view import View
from probe.model import Cause, Evidence, State, Verdict

_OK = Cause.OK
UNTESTED = {cause: 0.3 if cause is Cause.LOCAL_FAULT else 0.1 for cause in Cause}
"""Nobody looked, or nobody who could tell: that is our own lack, and never `ok`."""

Where = tuple[str, int]
"""Country and AS number; 0 for the country as a whole."""
Offline = Mapping[Where, Verdict]
"""What is known of connectivity, where it is not well."""


class Well(msgspec.Struct, frozen=True, eq=False):
    """What is thought of all countries that saw just this."""

    support: dict[Cause, float]
    within: Sequence[dict[Cause, float]]
    """Of each network."""
    alone: State
    """How sure that is where one vantage says so."""
    apart: Sequence[State]
    """The same of each network."""


class Settled(msgspec.Struct, frozen=True, eq=False):
    """What is said of most countries of a feature before it is asked what the others share."""

    of: tuple[str, str]
    """Service and feature."""
    verdicts: Sequence[Verdict]
    left: Sequence[str]
    """Countries of which that is not enough to say."""
    peace: Mapping[Country, Peace]
    """What it rests on: where that is another, it is to be said anew."""


def settle(
    matter: Matter, cells: Mapping[str, Sequence[int]], offline: Offline, view: View
) -> Settled:
    """Say it while each country is at hand: there are so many that to come back to each takes long."""
    given: list[Verdict] = []
    left: list[str] = []
    calm, places = matter.calm, matter.places
    seen: Country | None = None
    alike: Well | None = None
    for country, asns in cells.items():
        held = calm.get(country) or places.get(country)
        if held is None:
            given += [untested(matter, (country, asn), offline, view) for asn in (*asns, 0)]
            continue
        if isinstance(held, Place):
            known = at_peace(held.peace) if held.peace is not None else None
        else:
            saw = held.sights
            if saw is not seen:  # most saw what the one before them saw
                seen, alike = saw, at_peace(matter.peace[saw])
            known = alike
        if known is None:
            left.append(country)
        elif type(held) is Seat and len(asns) == 1 and held.last.vantage.asn == asns[0]:
            given += _alone(matter, country, held, known, view)
        else:
            given += works(matter, (country, asns), held, known, offline, view)
    return Settled((matter.service, matter.feature), given, left, matter.peace)


@lru_cache(maxsize=8192)
def at_peace(peace: Peace) -> Well | None:
    """None where something is thought to fail, of the country or of one of its networks."""
    within = inside(peace.sights, peace.support)
    each = [peace.support, *within]
    if [support for support in each if leading(support) is not _OK]:
        return None
    alone, *apart = [_sure(support[_OK], 1) for support in each]
    return Well(peace.support, within, alone, apart)


_Seen = tuple[int, int, tuple[Evidence, ...]]
"""Vantages and networks that see it well, and what one of them says."""


def works(
    matter: Matter,
    where: tuple[str, Sequence[int]],
    held: Calm | Place,
    known: Well,
    offline: Offline,
    view: View,
) -> list[Verdict]:
    """Of a country's networks in their order, then of the country itself."""
    country, asns = where
    seen = _witnessed(held.runs) if isinstance(held, Place) else _seen(held)
    given = [
        _works(matter, country, asn, known.within[held.asns.index(asn)], seen[asn], view)
        if asn in seen
        else untested(matter, (country, asn), offline, view)
        for asn in asns
    ]
    whole = sum([count for count, _, _ in seen.values()]), len(seen), next(iter(seen.values()))[2]
    given.append(_works(matter, country, 0, known.support, whole, view))
    return given


def _alone(
    matter: Matter, country: str, own: Seat, known: Well, view: View
) -> tuple[Verdict, Verdict]:
    """As `works`, of the one vantage of a country's only network: most countries, in a wide catalogue."""
    service, feature, now, support = matter.service, matter.feature, view.now, known.support
    (within,), evidence, asn = known.within, (told(own.last),), own.last.vantage.asn
    return (
        Verdict(
            service=service, feature=feature, country=country, network=asn, at=now,
            leading=_OK, state=known.apart[0], confidence=within[_OK], support=within,
            evidence=evidence, vantages=1, networks=1, rules=VERSION,
        ),
        Verdict(
            service=service, feature=feature, country=country, network=0, at=now,
            leading=_OK, state=known.alone, confidence=support[_OK], support=support,
            evidence=evidence, vantages=1, networks=1, rules=VERSION,
        ),
    )  # fmt: skip


def _seen(own: Calm) -> Mapping[int, _Seen]:
    """Of each network, in the order of its first vantage."""
    return {asn: (len(of), 1, (told(of[0].last),)) for asn, of in own.by_network().items()}


def _witnessed(held: Sequence[Run]) -> Mapping[int, _Seen]:
    by_asn: dict[int, list[Run]] = {}
    for run in held:
        by_asn.setdefault(run.vantage.asn, []).append(run)
    return {asn: (len(own), 1, witness(own)) for asn, own in by_asn.items()}


def _works(
    matter: Matter,
    country: str,
    network: int,
    support: dict[Cause, float],
    seen: _Seen,
    view: View,
) -> Verdict:
    vantages, networks, evidence = seen
    sure = support[_OK]
    return Verdict(
        service=matter.service, feature=matter.feature, country=country, network=network,
        at=view.now, leading=_OK, state=_sure(sure, vantages), confidence=sure, support=support,
        evidence=evidence, vantages=vantages, networks=networks, rules=VERSION,
    )  # fmt: skip


@lru_cache(maxsize=8192)
def _sure(support: float, working: int) -> State:
    return state(_OK, Ground(support=support, working=working))


def untested(matter: Matter, where: Where, offline: Offline, view: View) -> Verdict:
    """A cell without a usable sight: what is known of its connectivity, else nothing."""
    known = offline.get(where)
    support = dict(known.support) if known is not None else dict(UNTESTED)
    cause = leading(support)
    return Verdict(
        service=matter.service, feature=matter.feature, country=where[0], network=where[1],
        at=view.now, leading=cause, confidence=support[cause], support=support,
        state=known.state if known is not None and cause is Cause.NETWORK_DISRUPTION else State.INSUFFICIENT,
        evidence=known.evidence if known is not None else (),
        since=known.since if known is not None else None, rules=VERSION,
    )  # fmt: skip
