"""One feature over all countries: what each of them saw, and how far every cause explains it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

import msgspec

from probe.judge.hypothesis.belief import prior
from probe.judge.hypothesis.causes import PRIOR, SIBLING
from probe.judge.hypothesis.episode import (
    Run,
    authored,
    lone,
    main_category,
    newer,
    onset,
    signature,
)
from probe.judge.hypothesis.joint import Around, leading, outside, posterior, without
from probe.judge.hypothesis.likelihood import Country
from probe.judge.hypothesis.unit import Shared
from probe.judge.view import View
from probe.model import Author, Cause

SERVICE_SIDE = frozenset({Cause.SERVICE_OUTAGE, Cause.DEPENDENCY_OUTAGE})
SHARED_FATE = (Cause.FILTERING, Cause.THROTTLING, Cause.GEO_BLOCK)


class Place(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """One feature in one country."""

    runs: tuple[Run, ...]
    begun: datetime | None
    sights: Country
    asns: tuple[int, ...]
    around: Around
    before: Mapping[Cause, float]
    """What was believed until the window began."""
    support: dict[Cause, float]
    shared: tuple[Shared, ...] = ()
    """The dependencies that explain it, the most telling first."""

    @property
    def leads(self) -> Cause:
        return leading(self.support)

    @property
    def calm(self) -> bool:
        """Whether nothing fails here."""
        return self.begun is None


class Matter(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One feature over all countries."""

    service: str
    feature: str
    places: dict[str, Place]


def weighed(service: str, feature: str, held: Sequence[Run], view: View) -> Matter:
    by_country: dict[str, list[Run]] = defaultdict(list)
    for run in held:
        by_country[run.vantage.country].append(run)
    weighing = _Weighing(by_country)
    places = {
        country: weighing.place(country, prior((service, feature, country), view))
        for country in sorted(by_country)
    }
    return Matter(service=service, feature=feature, places=places)


def _alike(by_country: Mapping[str, Sequence[Run]]) -> dict[str, float]:
    """Country → the share of the others whose failures look as its own do."""
    shows = {country: main_category(own) for country, own in by_country.items()}
    seen = Counter(shows.values())
    return {
        country: (seen[shown] - 1) / max(1, len(shows) - 1) if shown is not None else 0.0
        for country, shown in shows.items()
    }


class _Weighing:
    """All countries of one feature, each beside all others.

    Where nothing fails a place asks for no time since when, and countries that saw the same are
    weighed once: most of a matter, most of the time.
    """

    def __init__(self, by_country: Mapping[str, Sequence[Run]]) -> None:
        self._held = by_country
        self._alike = _alike(by_country)
        self._still = _still(by_country)
        self._all = {c: self._seen(c, own) for c, own in by_country.items()}
        self._lasting = {
            country: _Lasting(own, self._alike[country])
            for country, own in by_country.items()
            if country not in self._still.countries
        }
        self._around = outside([seen for seen, _ in self._all.values() if seen])
        self._calm: dict[Country, tuple[Around, dict[Cause, float]]] = {}

    def _seen(self, country: str, own: Sequence[Run]) -> tuple[Country, tuple[int, ...]]:
        """What a country saw in all of the window, and on which networks."""
        if country not in self._still.countries:
            return signature(own, None, self._alike[country])
        (run,) = own
        seen = lone(len(run.findings), well=run.well_at is not None, usual=run.usual)
        return (seen,), (run.vantage.asn,)

    def place(self, country: str, before: Mapping[Cause, float]) -> Place:
        own = self._held[country]
        begun = onset(own)
        if begun is None:
            sights, asns = self._all[country]
            around, support = self._calmly(sights, before)
        else:
            sights, asns = signature(own, begun, self._alike[country])
            around = outside(self._others(country, begun))
            support = posterior(sights, around, before)
        return Place(
            runs=tuple(own), begun=begun, sights=sights, asns=asns, around=around,
            before=before, support=support,
        )  # fmt: skip

    def _calmly(
        self, sights: Country, before: Mapping[Cause, float]
    ) -> tuple[Around, dict[Cause, float]]:
        """Without a failure here: the same for all that saw the same and were believed alike."""
        if before is not PRIOR:
            around = without(self._around, sights)
            return around, posterior(sights, around, before)
        if sights not in self._calm:
            around = without(self._around, sights)
            self._calm[sights] = around, posterior(sights, around)
        return self._calm[sights]

    def _others(self, country: str, begun: datetime) -> Counter[Country]:
        """What all others saw since then, and how many saw it."""
        found = self._still.since(begun, country)
        found.update(
            [
                seen
                for other, lasting in self._lasting.items()
                if other != country and (seen := lasting.since(begun))
            ]
        )
        return found


class _Lasting:
    """A country whose sights since a time are asked for again and again: few times differ."""

    def __init__(self, held: Sequence[Run], alike: float) -> None:
        self._held, self._alike = held, alike
        # What fails is not cut short by the time at which it began elsewhere.
        self._times = [
            [finding.sight.at for finding in reversed(run.findings)]
            for run in held
            if not run.failing
        ]
        self._known: dict[tuple[int, ...], Country] = {}

    def since(self, begun: datetime) -> Country:
        key = tuple([bisect_left(times, begun) for times in self._times])
        if key not in self._known:
            self._known[key], _ = signature(self._held, begun, self._alike)
        return self._known[key]


class _Still:
    """Countries of one vantage that saw whole answers alone: their sights are only counted."""

    def __init__(self, runs: Mapping[str, Run]) -> None:
        self.countries = set(runs)
        self._runs = runs
        self._alike: dict[tuple[bool, float], list[Run]] = defaultdict(list)
        for run in runs.values():
            self._alike[_kind(run)].append(run)
        self._ranked: dict[tuple[bool, float], list[list[datetime]]] = {}

    def since(self, begun: datetime, country: str) -> Counter[Country]:
        """What they saw since then and how many saw it, without a country and who saw nothing."""
        found: Counter[Country] = Counter()
        own = self._runs.get(country)
        for kind in self._alike:
            beside = own if own is not None and _kind(own) == kind else None
            for count, countries in self._newer(kind, begun, beside):
                found[(lone(count, well=kind[0], usual=kind[1]),)] += countries
        return found

    def _newer(
        self, kind: tuple[bool, float], begun: datetime, beside: Run | None
    ) -> Iterator[tuple[int, int]]:
        """So many sights since then, and how many of a kind have just as many.

        Whose third newest is of then or later has three at least: no country is looked at.
        """
        if kind not in self._ranked:
            self._ranked[kind] = _ranked(self._alike[kind])
        own = newer(beside, begun) if beside is not None else 0
        least = [
            len(times) - bisect_left(times, begun) - (own >= rank)
            for rank, times in enumerate(self._ranked[kind], 1)
        ]
        for rank, (these, more) in enumerate(pairwise((*least, 0)), 1):
            if these > more:
                yield rank, these - more


def _kind(run: Run) -> tuple[bool, float]:
    return run.well_at is not None, run.usual


def _ranked(held: Sequence[Run]) -> list[list[datetime]]:
    """The times of their newest sights in order, those of their second newest, and so on."""
    ranked: list[list[datetime]] = []
    for run in held:
        for rank, finding in enumerate(run.findings):
            if rank == len(ranked):
                ranked.append([])
            ranked[rank].append(finding.sight.at)
    for times in ranked:
        times.sort()
    return ranked


def _still(by_country: Mapping[str, Sequence[Run]]) -> _Still:
    return _Still({c: own[0] for c, own in by_country.items() if len(own) == 1 and own[0].calm})


def siblings(matters: Sequence[Matter]) -> list[Matter]:
    """Weigh each feature again beside the service's others in the same country."""
    broad: dict[tuple[str, str], list[tuple[str, dict[Cause, float]]]] = defaultdict(list)
    for matter in matters:
        for country, place in matter.places.items():
            if _broad([run for run in place.runs if run.failing]):
                broad[matter.service, country].append((matter.feature, place.support))
    return [_beside(matter, broad) for matter in matters]


def _broad(failing: Sequence[Run]) -> bool:
    """Two networks, or two vantages of one that show the network's own hand: no single mishap."""
    signed = [run for run in failing if authored(run, Author.NETWORK)]
    return len({run.vantage.asn for run in failing}) > 1 or len(signed) > 1


def _beside(
    matter: Matter, broad: Mapping[tuple[str, str], Sequence[tuple[str, dict[Cause, float]]]]
) -> Matter:
    places = dict(matter.places)
    for country, place in matter.places.items():
        others = [s for f, s in broad.get((matter.service, country), ()) if f != matter.feature]
        if others and place.begun is not None:
            raised = {c: SIBLING * max(s[c] for s in others) for c in SHARED_FATE}
            support = posterior(place.sights, place.around, place.before, raised)
            places[country] = msgspec.structs.replace(place, support=support)
    return msgspec.structs.replace(matter, places=places)
