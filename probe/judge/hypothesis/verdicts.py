"""From weighed matters to verdicts: the ground that each cell stands on, and what is said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache, partial

import msgspec

from probe.judge.hypothesis.abroad import Abroad, abroad, solid, together
from probe.judge.hypothesis.causes import PRIOR
from probe.judge.hypothesis.episode import Run, authored, main_category, onset, span
from probe.judge.hypothesis.gate import ENDURING, Ground, state
from probe.judge.hypothesis.joint import inside, leading, posterior
from probe.judge.hypothesis.likelihood import AGENT_OVERLAP
from probe.judge.hypothesis.loss import excess
from probe.judge.hypothesis.membership import members, refusal, served, spared
from probe.judge.hypothesis.monopoly import dominant
from probe.judge.hypothesis.unit import named
from probe.judge.hypothesis.untroubled import Offline, untested
from probe.judge.hypothesis.weighing import Matter, Place
from probe.judge.hypothesis.words import mechanisms, shown, witness
from probe.judge.row import Category
from probe.judge.rules import VERSION
from probe.judge.view import View
from probe.model import BARRIERS, OUTAGES, SIDES, Author, Cause, Evidence, Side, Verdict
from probe.model.country import UNKNOWN

_OK, _FILTERING = Cause.OK, Cause.FILTERING

RIVALS = {Cause.FILTERING: Cause.GEO_BLOCK, Cause.GEO_BLOCK: Cause.FILTERING}
"""What the other side can have made as well, where it is but silence."""
_OF_ITS_OWN = frozenset({Cause.LOCAL_FAULT, Cause.NETWORK_DISRUPTION})
"""Causes whose gate asks for nothing but support and rounds."""

UNANSWERED = "http.timeout"
"""The rule of requests after which nothing comes."""


class _Cell(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One feature in one country: whom its leading cause reaches, and on what ground."""

    country: str
    place: Place
    leads: Cause
    members: tuple[Run, ...]
    ground: Ground


def verdicts(
    matter: Matter,
    countries: Iterable[str],
    cells: Mapping[str, Sequence[int]],
    offline: Offline,
    view: View,
) -> list[Verdict]:
    """Of these countries of a feature, network by network and as a whole."""
    speaker = _Speaker(matter, offline, view)
    return [said for country in countries for said in speaker.of(country, cells[country])]


class _Words(msgspec.Struct, frozen=True, eq=False):
    """What runs say for a cause."""

    mechanisms: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    networks: int
    effective: float
    """How many independent vantages they are worth: those of one network share its path."""
    since: datetime | None
    seen: datetime | None


def _words(behind: tuple[Run, ...], cause: Cause) -> _Words:
    return _Words(
        mechanisms(behind, cause), shown(behind, cause), len(_asns(behind)), _effective(behind),
        min([run.start for run in behind], default=None),
        max([run.failed[0] for run in behind if run.failed], default=None),
    )  # fmt: skip


def _effective(behind: Sequence[Run]) -> float:
    if len(behind) == 1:
        return 1.0
    counted = Counter([run.vantage.asn for run in behind])
    return round(sum(n / (1 + AGENT_OVERLAP * (n - 1)) for n in counted.values()), 2)


class _Speaker:
    """Speaks for one feature; what is asked for again it remembers."""

    def __init__(self, matter: Matter, offline: Offline, view: View) -> None:
        self._matter, self._offline, self._view = matter, offline, view
        self._abroad = cache(partial(abroad, matter, view))  # most features ask for none
        self._said: dict[tuple[tuple[Run, ...], Cause], _Words] = {}
        self._inside: dict[int, list[dict[Cause, float]]] = {}

    def of(self, country: str, asns: Iterable[int]) -> Iterator[Verdict]:
        place = self._matter.place(country)
        cell = self._cell(country, place)
        apart = self._apart(cell)
        if apart is not None:
            cell = self._cell(country, place, apart.place.asns)
        for asn in asns:
            if apart is not None and asn in apart.place.asns:
                yield self._in_network(apart, asn, alone=True)
            else:
                yield self._in_network(cell, asn)
        yield self._verdict((cell, 0), (cell.leads, place.support), cell.ground, cell.members)

    def _cell(self, country: str, place: Place, apart: Collection[int] = ()) -> _Cell:
        """`apart`: networks that are no part of it."""
        leads = place.leads
        support = place.support[leads]
        if leads is _OK:
            ground = _own_ground(place.runs, support, self._view)
            calm = place.calm
            well = place.runs if calm else tuple([run for run in place.runs if not run.failing])
            return _Cell(country, place, leads, well, ground)
        found = members(place, leads, self._within(place), self._view)
        behind = tuple([run for run in found if run.vantage.asn not in apart])
        if leads in _OF_ITS_OWN:
            ground = Ground(support=support, rounds=span(behind, self._view.round))
        else:
            others = self._abroad()
            beside = (
                leads in BARRIERS
            )  # their gates ask whether others get through: that takes long
            asked = others.outside().since(place.begun, country) if beside else (0, 0)
            ground = _grounded(place, leads, behind, others, asked, self._view)
        return _Cell(country, place, leads, behind, ground)

    def _apart(self, cell: _Cell) -> _Cell | None:
        """The networks of another hand than their country's, as if they were a country of their own.

        Where a filter leads, those that the service itself refuses, for what keeps the others from
        it lets its own refusal through; where its refusal leads, those to which it never comes.
        """
        other = RIVALS.get(cell.leads)
        place = _part(cell.place, refused=other is Cause.GEO_BLOCK) if other else None
        if place is None or place.leads is not other:
            return None
        held = self._cell(cell.country, place)
        ground = msgspec.structs.replace(held.ground, observed=cell.ground.observed)
        return msgspec.structs.replace(held, ground=ground)

    def _within(self, place: Place) -> list[dict[Cause, float]]:
        """The support of each network."""
        known = self._inside.get(id(place.support))
        if known is None:
            known = self._inside[id(place.support)] = inside(place.sights, place.support)
        return known

    def _in_network(self, cell: _Cell, asn: int, *, alone: bool = False) -> Verdict:
        """`alone`: no verdict of the country's speaks for these networks: theirs together do."""
        place = cell.place
        held = [run for run in place.runs if run.vantage.asn == asn]
        if asn not in place.asns or not held:
            return untested(self._matter, (cell.country, asn), self._offline, self._view)
        support = self._within(place)[place.asns.index(asn)]
        cause = leading(support)
        if cause is _FILTERING:
            support = _heard(support, held)
            cause = leading(support)
        mine = tuple([run for run in cell.members if run.vantage.asn == asn])
        if cause is not _OK and cause is cell.leads and mine:
            ground = msgspec.structs.replace(
                cell.ground,
                support=min(cell.ground.support, support[cause]),
                lone=not alone and len(mine) == 1,
            )
        else:
            ground = _own_ground(held, support[cause], self._view)
            mine = tuple([run for run in held if run.failing is (cause is not _OK)])
        return self._verdict((cell, asn), (cause, support), ground, mine)

    def _verdict(
        self,
        where: tuple[_Cell, int],
        thought: tuple[Cause, dict[Cause, float]],
        ground: Ground,
        behind: tuple[Run, ...],
    ) -> Verdict:
        """`thought`: the leading cause, and the support of each."""
        (cell, asn), (cause, support), matter = where, thought, self._matter
        if cause is _OK:
            return Verdict(
                service=matter.service, feature=matter.feature, country=cell.country, network=asn,
                at=self._view.now, leading=cause, state=state(cause, ground), confidence=support[cause],
                support=support, evidence=witness(behind),
                vantages=len(behind), networks=len(_asns(behind)), rounds=ground.rounds, rules=VERSION,
            )  # fmt: skip
        words = self._words(behind, cause)  # of a network they are those of its country, as a rule
        return Verdict(
            service=matter.service, feature=matter.feature, country=cell.country, network=asn,
            at=self._view.now, leading=cause, state=state(cause, ground), confidence=support[cause],
            support=support, mechanisms=words.mechanisms, evidence=words.evidence,
            vantages=len(behind), networks=words.networks, effective=words.effective,
            since=words.since, seen=words.seen, well=spared(cell.place.runs, asn, behind),
            rounds=ground.rounds, rules=VERSION, shared=_shared(cell.place, cause),
        )  # fmt: skip

    def _words(self, behind: tuple[Run, ...], cause: Cause) -> _Words:
        said = self._said.get((behind, cause))
        if said is None:
            said = self._said[behind, cause] = _words(behind, cause)
        return said


def _part(place: Place, *, refused: bool) -> Place | None:
    """Those networks of a place that hear nothing but the server's own refusal, or all others.

    None where it is not both that somebody hears it, and that the path signs another's failure.
    """
    failing = [run for run in place.runs if run.failing]
    if not any(authored(run, Author.NETWORK) for run in failing):
        return None
    hear = _asns(filter(refusal, failing)) - _asns(r for r in failing if not refusal(r))
    own = [p for p in zip(place.asns, place.sights, strict=True) if (p[0] in hear) is refused]
    if not hear or not own:
        return None
    asns, sights = tuple([asn for asn, _ in own]), tuple([seen for _, seen in own])
    runs = tuple([run for run in place.runs if run.vantage.asn in asns])
    return msgspec.structs.replace(
        place, runs=runs, begun=onset(runs), sights=sights, asns=asns, before=PRIOR,
        support=posterior(sights, place.around),
    )  # fmt: skip


def _heard(support: dict[Cause, float], held: Sequence[Run]) -> dict[Cause, float]:
    """The support in a network: where the server's own words come through, a filter has none there.

    What it has by the other networks of the country is the service's own.
    """
    failing = [run for run in held if run.failing]
    if not failing or not all(map(served, failing)):
        return support
    cause = Cause.GEO_BLOCK if refusal(failing[0]) else Cause.SERVICE_OUTAGE
    moved = {Cause.FILTERING: 0.0, cause: support[cause] + support[Cause.FILTERING]}
    return support | moved


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
    """Their networks; AS 0 is nobody's (RFC 7607), and so none of them."""
    return {run.vantage.asn for run in held} - {0}


def ground_of(matter: Matter, country: str, cause: Cause, others: Abroad, view: View) -> Ground:
    """What stands behind a cause of one feature in one country, for the gate."""
    place = matter.place(country)
    held = members(place, cause, inside(place.sights, place.support), view)
    beside = SIDES[cause] is not Side.OWN and cause is not Cause.NETWORK_DISRUPTION
    asked = others.outside().since(place.begun, country) if beside else (0, 0)
    return _grounded(place, cause, held, others, asked, view)


def _grounded(
    place: Place,
    cause: Cause,
    held: Sequence[Run],
    others: Abroad,
    asked: tuple[int, int],
    view: View,
) -> Ground:
    """`asked`: other countries that reach it since it began here, and those that do not."""
    country = place.runs[0].vantage.country
    asns, vouched = _asns(held), [run for run in held if run.vouched]
    signed = [run for run in held if authored(run, Author.NETWORK)]
    return msgspec.structs.replace(
        others.beside(place.support[cause], asked),
        rival=place.support[RIVALS[cause]] if cause in RIVALS else 0.0,
        rounds=others.rounds if cause in OUTAGES else span(held, view.round),
        networks=len(asns),
        enduring=len(_asns([run for run in held if span([run], view.round) >= ENDURING])),
        again=_again(held),
        observed=len(_asns(place.runs)),
        vantages=len(held),
        vouched=len(_asns(vouched)),
        steady=len(_asns([run for run in vouched if run.steady])),
        settled=len(_asns([run for run in vouched if run.steady and run.settled])),
        misled=len(_asns([run for run in held if run.misled])),
        authored=len(signed),
        network_authored=len(_asns(signed)),
        server_networks=len(_asns([run for run in held if authored(run, Author.SERVER)])),
        worded=_worded(held) if cause is Cause.GEO_BLOCK else 0,
        silent=_unanswered(vouched, view) if cause in OUTAGES else 0,
        solid=solid(place),
        together=together(others, place.begun, view) if cause in OUTAGES else 0,
        gain=place.shared[0].gain if place.shared else 0.0,
        sharing=place.shared[0].services if place.shared else 0,
        forgeable=bool(place.shared) and place.shared[0].forgeable,
        narrow=bool(place.shared) and place.shared[0].narrow,
        working=sum([not run.failing for run in place.runs]),
        excess=excess(held, len(place.runs)) if cause is Cause.FILTERING else 0.0,
        spared=sum([spared(place.runs, asn, held) for asn in asns]),
        dominant=dominant(country, asns),
        nowhere=country == UNKNOWN,
    )


def _worded(held: Iterable[Run]) -> int:
    """Networks to which the refusal speaks of a country or a law."""
    return len(_asns([run for run in held if main_category([run]) is Category.BARRED]))


def _unanswered(vouched: Iterable[Run], view: View) -> int:
    """Networks whose steady vantages shook hands under a valid certificate, round by round, in vain."""
    lasting = [r for r in vouched if r.steady and span([r], view.round) >= ENDURING]
    return len(_asns([run for run in lasting if _in_vain(run)]))


def _in_vain(run: Run) -> bool:
    failing = [f for f in run.findings if f.failing]
    silent = sum(f.main.id == UNANSWERED and bool(f.sight.valid) for f in failing)
    return 2 * silent > len(failing)


def _again(held: Iterable[Run]) -> int:
    looks: Counter[int] = Counter()
    for run in held:
        looks[run.vantage.asn] += len(run.failed)
    return sum(count > 1 for count in looks.values())


def _shared(place: Place, cause: Cause) -> tuple[str, ...]:
    if cause is not Cause.DEPENDENCY_OUTAGE:
        return ()
    return tuple(named(found.key) for found in place.shared)
