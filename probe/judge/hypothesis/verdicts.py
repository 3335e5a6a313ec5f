"""From weighed matters to verdicts: the ground that each cell stands on, and what is said of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial

import msgspec

from probe.judge.hypothesis.episode import Run, authored, span
from probe.judge.hypothesis.gate import ENDURING, Ground, state
from probe.judge.hypothesis.joint import inside, leading
from probe.judge.hypothesis.likelihood import AGENT_OVERLAP
from probe.judge.hypothesis.membership import members
from probe.judge.hypothesis.outside import Outside
from probe.judge.hypothesis.unit import named
from probe.judge.hypothesis.untroubled import Offline, untested
from probe.judge.hypothesis.weighing import SERVICE_SIDE, Matter, Place
from probe.judge.hypothesis.words import mechanisms, shown, witness
from probe.judge.rules import VERSION
from probe.judge.view import View
from probe.model import SIDES, Author, Cause, Side, Verdict

_OK = Cause.OK

TOGETHER_ROUNDS = 2
RIVALS = {Cause.FILTERING: Cause.GEO_BLOCK, Cause.GEO_BLOCK: Cause.FILTERING}
"""What the other side can have made as well, where it is but silence."""


class _Cell(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One feature in one country: whom its leading cause reaches, and on what ground."""

    country: str
    place: Place
    members: Sequence[Run]
    ground: Ground


def verdicts(
    matter: Matter,
    countries: Iterable[str],
    cells: Mapping[str, Sequence[int]],
    offline: Offline,
    view: View,
) -> list[Verdict]:
    """Of these countries of a feature, network by network and as a whole."""
    given, inner = list[Verdict](), _Inner()
    others = cache(partial(abroad, matter, view))  # most features ask for none
    for country in countries:
        place = matter.place(country)
        cell = _cell((country, place), inner, others, view)
        given += [_in_network(matter, cell, asn, offline, view, inner) for asn in cells[country]]
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
    behind = members(place, place.leads, inner.all(place), view)
    ground = _grounded(place, (country, place.leads), behind, others(), view)
    return _Cell(country=country, place=place, members=tuple(behind), ground=ground)


class _Inner:
    """The support of networks, asked for again and again."""

    def __init__(self) -> None:
        self._known: dict[int, list[dict[Cause, float]]] = {}

    def all(self, place: Place) -> list[dict[Cause, float]]:
        known = self._known.get(id(place.support))
        if known is None:
            known = self._known[id(place.support)] = inside(place.sights, place.support)
        return known

    def of(self, place: Place, asn: int) -> dict[Cause, float]:
        return self.all(place)[place.asns.index(asn)]


def _in_network(
    matter: Matter,
    cell: _Cell,
    asn: int,
    offline: Offline,
    view: View,
    inner: _Inner,
) -> Verdict:
    place = cell.place
    held = [run for run in place.runs if run.vantage.asn == asn]
    if asn not in place.asns or not held:
        return untested(matter, (cell.country, asn), offline, view)
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
        known=len(matter),
        outside=Outside(matter),
    )


def _solid(place: Place) -> bool:
    """Whether somebody there has the server's own words, or fails while its controls hardly do."""
    failing = [run for run in place.runs if run.failing]
    return any(run.steady or authored(run, Author.SERVER) for run in failing)


def ground_of(matter: Matter, country: str, cause: Cause, others: Abroad, view: View) -> Ground:
    """What stands behind a cause of one feature in one country, for the gate."""
    place = matter.place(country)
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
        looks[run.vantage.asn] += len(run.failed)
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
    if len(behind) == 1:
        return 1.0
    counted = Counter([run.vantage.asn for run in behind])
    return round(sum(n / (1 + AGENT_OVERLAP * (n - 1)) for n in counted.values()), 2)


def _shared(place: Place, cause: Cause) -> tuple[str, ...]:
    if cause is not Cause.DEPENDENCY_OUTAGE:
        return ()
    return tuple(named(found.key) for found in place.shared)
