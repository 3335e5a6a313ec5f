"""From weighed matters to verdicts: the ground that each cell stands on, and what is said of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache, partial

import msgspec

from probe.judge.evidence import told
from probe.judge.hypothesis.calm import Calm
from probe.judge.hypothesis.episode import Run, authored, span
from probe.judge.hypothesis.gate import ENDURING, Ground, state
from probe.judge.hypothesis.joint import inside, leading
from probe.judge.hypothesis.likelihood import AGENT_OVERLAP, Country
from probe.judge.hypothesis.membership import members
from probe.judge.hypothesis.outside import Outside
from probe.judge.hypothesis.unit import named
from probe.judge.hypothesis.weighing import SERVICE_SIDE, Matter, Peace, Place
from probe.judge.hypothesis.words import mechanisms, shown, witness
from probe.judge.rules import VERSION
from probe.judge.view import View
from probe.model import SIDES, Author, Cause, Evidence, Side, State, Verdict

_OK = Cause.OK

TOGETHER_ROUNDS = 2
RIVALS = {Cause.FILTERING: Cause.GEO_BLOCK, Cause.GEO_BLOCK: Cause.FILTERING}
"""What the other side can have made as well, where it is but silence."""
UNTESTED = {cause: 0.3 if cause is Cause.LOCAL_FAULT else 0.1 for cause in Cause}
"""Nobody looked, or nobody who could tell: that is our own lack, and never `ok`."""


class _Cell(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One feature in one country: whom its leading cause reaches, and on what ground."""

    country: str
    place: Place
    members: Sequence[Run]
    ground: Ground


def verdicts(
    matter: Matter,
    cells: Mapping[str, Sequence[int]],
    offline: Mapping[tuple[str, int], Verdict],
    view: View,
) -> list[Verdict]:
    given: list[Verdict] = []
    inner, others = _Inner(), cache(partial(abroad, matter, view))  # most features ask for none
    for country, asns in cells.items():
        place = matter.places.get(country)
        if place is None:
            whole = offline.get((country, 0))
            given += [
                _untested(matter, (country, n), offline.get((country, n)), view) for n in asns
            ]
            given.append(_untested(matter, (country, 0), whole, view))
            continue
        if place.calm and (said := _well(matter, (country, asns), offline, view, inner)):
            given += said
            continue
        cell = _cell((country, place), inner, others, view)
        given += [_in_network(matter, cell, asn, offline, view, inner) for asn in asns]
        given.append(_verdict(matter, (cell, 0), place.support, cell.ground, cell.members, view))
    return given


def _cell(
    where: tuple[str, Place], inner: _Inner, others: Callable[[], Abroad], view: View
) -> _Cell:
    country, place = where
    if place.leads is Cause.OK:
        ground = _own_ground(place.runs, place.support[Cause.OK], view)
        well = place.runs if place.calm else tuple([run for run in place.runs if not run.failing])
        return _Cell(country=country, place=place, members=well, ground=ground)
    behind = members(place, place.leads, inner.all(place)[0], view)
    ground = _grounded(place, (country, place.leads), behind, others(), view)
    return _Cell(country=country, place=place, members=tuple(behind), ground=ground)


_Within = tuple[list[dict[Cause, float]], bool]


def _within(sights: Country, support: dict[Cause, float]) -> _Within:
    told = inside(sights, support)
    return told, leading(support) is _OK and all(leading(held) is _OK for held in told)


@lru_cache(maxsize=8192)
def _within_peace(peace: Peace) -> _Within:
    return _within(peace.sights, peace.support)


@lru_cache(maxsize=8192)
def _sure(support: float, working: int) -> State:
    return state(_OK, Ground(support=support, working=working))


class _Inner:
    """The support of networks, asked for again and again."""

    def __init__(self) -> None:
        self._known: dict[int, _Within] = {}

    def all(self, place: Place) -> _Within:
        """The support of each network, and whether nothing is thought to fail there or in any."""
        peace = place.peace
        if peace is not None and peace.support is place.support:
            return _within_peace(peace)
        known = self._known.get(id(place.support))
        if known is None:
            known = self._known[id(place.support)] = _within(place.sights, place.support)
        return known

    def of(self, place: Place, asn: int) -> dict[Cause, float]:
        supports, _ = self.all(place)
        return supports[place.asns.index(asn)]


def _well(
    matter: Matter,
    where: tuple[str, Sequence[int]],
    offline: Mapping[tuple[str, int], Verdict],
    view: View,
    inner: _Inner,
) -> list[Verdict]:
    """A country where nothing fails, and its networks; empty if any is thought to fail even so."""
    country, asns = where
    place = matter.places[country]
    within_, well = inner.all(place)
    if not well:
        return []
    seen = _witnessed(place.runs)
    supports = dict(zip(place.asns, within_, strict=True))
    given = [
        _works(matter, (country, asn), (supports[asn], held[0], 1), held[1], view)
        if (held := seen.get(asn))
        else _untested(matter, (country, asn), offline.get((country, asn)), view)
        for asn in asns
    ]
    whole = (place.support, len(place.runs), len(seen))
    _, first = next(iter(seen.values()))
    given.append(_works(matter, (country, 0), whole, first, view))
    return given


def _witnessed(held: Sequence[Run]) -> dict[int, tuple[int, tuple[Evidence, ...]]]:
    """Each network, in the order of its first vantage: how many it has, and what one good sight says."""
    if isinstance(held, Calm):
        return {
            asn: (len(seats), (told(seats[0].sights[-1]),))
            for asn, seats in held.by_network().items()
        }
    by_asn: dict[int, list[Run]] = {}
    for run in held:
        by_asn.setdefault(run.vantage.asn, []).append(run)
    return {asn: (len(own), witness(own)) for asn, own in by_asn.items()}


def _works(
    matter: Matter,
    where: tuple[str, int],
    what: tuple[dict[Cause, float], int, int],
    seen: tuple[Evidence, ...],
    view: View,
) -> Verdict:
    support, vantages, networks = what
    return Verdict(
        service=matter.service, feature=matter.feature, country=where[0], network=where[1],
        at=view.now, leading=_OK, state=_sure(support[_OK], vantages),
        confidence=support[_OK], support=support, evidence=seen,
        vantages=vantages, networks=networks, rules=VERSION,
    )  # fmt: skip


def _in_network(
    matter: Matter,
    cell: _Cell,
    asn: int,
    offline: Mapping[tuple[str, int], Verdict],
    view: View,
    inner: _Inner,
) -> Verdict:
    place = cell.place
    held = [run for run in place.runs if run.vantage.asn == asn]
    if asn not in place.asns or not held:
        where = (cell.country, asn)
        return _untested(matter, where, offline.get(where), view)
    support = inner.of(place, asn)
    cause = leading(support)
    mine = [run for run in cell.members if run.vantage.asn == asn]
    if cause is not Cause.OK and cause is place.leads and mine:
        ground = msgspec.structs.replace(
            cell.ground, support=min(cell.ground.support, support[cause])
        )
    else:
        ground = _own_ground(held, support[cause], view)
        mine = [run for run in held if run.failing is (cause is not Cause.OK)]
    return _verdict(matter, (cell, asn), support, ground, mine, view)


def _own_ground(held: Sequence[Run], support: float, view: View) -> Ground:
    failing = [run for run in held if run.failing]
    if not failing:
        return Ground(support=support, working=len(held), observed=len(_asns(held)))
    return Ground(
        support=support,
        rounds=span(failing, view.round),
        networks=len({run.vantage.asn for run in failing}),
        observed=len({run.vantage.asn for run in held}),
        vantages=len(failing),
        working=len(held) - len(failing),
    )


def _asns(held: Iterable[Run]) -> set[int]:
    return {run.vantage.asn for run in held}


class Abroad(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What one feature's countries say together, gathered once for all of their grounds."""

    outage: Mapping[str, Place]
    """Where the service's side leads, by more than passing trouble there."""
    begun: Sequence[datetime]
    """When it began in those, on vantages that are well; in order."""
    server_countries: int
    rounds: int
    known: int
    outside: Outside


def abroad(matter: Matter, view: View) -> Abroad:
    outage = {
        country: place
        for country in matter.troubled
        if (place := matter.places[country]).leads in SERVICE_SIDE and _solid(place)
    }
    return Abroad(
        outage=outage,
        begun=sorted(
            [
                place.begun
                for place in outage.values()
                if place.begun and any(run.failing and run.vouched for run in place.runs)
            ]
        ),
        server_countries=sum(
            any(authored(r, Author.SERVER) for r in p.runs) for p in outage.values()
        ),
        rounds=span([r for p in outage.values() for r in p.runs], view.round) if outage else 0,
        known=len(matter.places),
        outside=Outside(matter.places),
    )


def _solid(place: Place) -> bool:
    """Whether somebody there has the server's own words, or fails while its controls hardly do."""
    failing = [run for run in place.runs if run.failing]
    return any(run.steady or authored(run, Author.SERVER) for run in failing)


def ground_of(matter: Matter, country: str, cause: Cause, others: Abroad, view: View) -> Ground:
    """What stands behind a cause of one feature in one country, for the gate."""
    place = matter.places[country]
    held = members(place, cause, inside(place.sights, place.support), view)
    return _grounded(place, (country, cause), held, others, view)


def _grounded(
    place: Place, about: tuple[str, Cause], held: Sequence[Run], others: Abroad, view: View
) -> Ground:
    country, cause = about
    asked = SIDES[cause] is not Side.OWN and cause is not Cause.NETWORK_DISRUPTION
    reached, barred = others.outside.since(place.begun, country) if asked else (0, 0)
    vouched = [run for run in held if run.vouched]
    signed = [run for run in held if authored(run, Author.NETWORK)]
    return Ground(
        support=place.support[cause],
        rival=place.support[RIVALS[cause]] if cause in RIVALS else 0.0,
        rounds=others.rounds if cause in SERVICE_SIDE else span(held, view.round),
        networks=len(_asns(held)),
        enduring=len(_asns([run for run in held if span([run], view.round) >= ENDURING])),
        again=_again(held),
        observed=len(_asns(place.runs)),
        vantages=len(held),
        vouched=len(_asns(vouched)),
        steady=len(_asns([run for run in vouched if run.steady])),
        misled=len(_asns([run for run in held if run.misled])),
        authored=len(signed),
        network_authored=len(_asns(signed)),
        through=reached,
        barred=barred,
        others=others.known - 1,
        server_networks=len(_asns([run for run in held if authored(run, Author.SERVER)])),
        server_countries=others.server_countries,
        solid=_solid(place),
        together=_together(others, place.begun, view) if cause in SERVICE_SIDE else 0,
        gain=place.shared[0].gain if place.shared else 0.0,
        sharing=place.shared[0].services if place.shared else 0,
        outage_countries=len(others.outage),
        known_countries=others.known,
        working=sum([not run.failing for run in place.runs]),
    )


def _again(held: Iterable[Run]) -> int:
    looks: Counter[int] = Counter()
    for run in held:
        looks[run.vantage.asn] += sum(finding.failing for finding in run.findings)
    return sum(count > 1 for count in looks.values())


def _together(others: Abroad, begun: datetime | None, view: View) -> int:
    """Countries whose failure began about when this one's did."""
    if begun is None:
        return 0
    near = TOGETHER_ROUNDS * view.round
    return bisect_right(others.begun, begun + near) - bisect_left(others.begun, begun - near)


def _verdict(
    matter: Matter,
    where: tuple[_Cell, int],
    support: dict[Cause, float],
    ground: Ground,
    behind: Sequence[Run],
    view: View,
) -> Verdict:
    cell, asn = where
    cause = leading(support)
    if cause is Cause.OK:
        return Verdict(
            service=matter.service, feature=matter.feature, country=cell.country, network=asn,
            at=view.now, leading=cause, state=state(cause, ground), confidence=support[cause],
            support=support, evidence=witness(behind),
            vantages=len(behind), networks=len(_asns(behind)), rounds=ground.rounds, rules=VERSION,
        )  # fmt: skip
    return Verdict(
        service=matter.service, feature=matter.feature, country=cell.country, network=asn,
        at=view.now, leading=cause, state=state(cause, ground), confidence=support[cause],
        support=support, mechanisms=mechanisms(behind, cause), evidence=shown(behind, cause),
        vantages=len(behind), networks=len(_asns(behind)), effective=_effective(behind),
        since=min((run.start for run in behind), default=None), rounds=ground.rounds,
        rules=VERSION, shared=_shared(cell.place, cause),
    )  # fmt: skip


def _effective(behind: Sequence[Run]) -> float:
    """How many independent vantages they are worth: those of one network share its path."""
    counted = Counter(run.vantage.asn for run in behind)
    return round(sum(n / (1 + AGENT_OVERLAP * (n - 1)) for n in counted.values()), 2)


def _shared(place: Place, cause: Cause) -> tuple[str, ...]:
    if cause is not Cause.DEPENDENCY_OUTAGE:
        return ()
    return tuple(named(found.key) for found in place.shared)


def _untested(
    matter: Matter, where: tuple[str, int], offline: Verdict | None, view: View
) -> Verdict:
    """A cell without a usable sight: what is known of its connectivity, else nothing."""
    support = dict(offline.support) if offline is not None else dict(UNTESTED)
    cause = leading(support)
    return Verdict(
        service=matter.service, feature=matter.feature, country=where[0], network=where[1],
        at=view.now, leading=cause, confidence=support[cause], support=support,
        state=offline.state if offline is not None and cause is Cause.NETWORK_DISRUPTION else State.INSUFFICIENT,
        evidence=offline.evidence if offline is not None else (),
        since=offline.since if offline is not None else None, rules=VERSION,
    )  # fmt: skip
