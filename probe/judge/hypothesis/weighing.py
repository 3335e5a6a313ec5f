"""One feature over all countries: what each of them saw, and how far every cause explains it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

from probe.judge.hypothesis.belief import prior
from probe.judge.hypothesis.calm import Calm
from probe.judge.hypothesis.causes import PRIOR, SIBLING
from probe.judge.hypothesis.episode import (
    Run,
    authored,
    main_category,
    onset,
    signature,
)
from probe.judge.hypothesis.joint import Around, leading, outside, posterior, without
from probe.judge.hypothesis.lasting import Lasting, Still, Wholes
from probe.judge.hypothesis.likelihood import Country
from probe.judge.hypothesis.standing import Held
from probe.judge.hypothesis.unit import Shared
from probe.judge.view import View
from probe.model import Author, Cause

SERVICE_SIDE = frozenset({Cause.SERVICE_OUTAGE, Cause.DEPENDENCY_OUTAGE})
SHARED_FATE = (Cause.FILTERING, Cause.THROTTLING, Cause.GEO_BLOCK)


class Peace(msgspec.Struct, frozen=True, eq=False):
    """Where nothing fails: the same for all that saw the same, beside others that did."""

    sights: Country
    around: Around
    support: dict[Cause, float]


class Place(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """One feature in one country."""

    runs: Sequence[Run]
    begun: datetime | None
    sights: Country
    asns: tuple[int, ...]
    around: Around
    before: Mapping[Cause, float]
    """What was believed until the window began."""
    support: dict[Cause, float]
    peace: Peace | None = None
    """What is thought of all such places where nothing fails: `support` too, unless more is known."""
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
    troubled: tuple[str, ...]
    """Countries where anything fails."""


def weighed(service: str, feature: str, held: Held, view: View) -> Matter:
    weighing = _Weighing(held)
    places = {
        country: weighing.place(country, prior((service, feature, country), view))
        for country in sorted(held)
    }
    troubled = tuple([country for country, place in places.items() if not place.calm])
    return Matter(service=service, feature=feature, places=places, troubled=troubled)


def _alike(by_country: Held) -> dict[str, float]:
    """Country → the share of the others whose failures look as its own do."""
    shows = {
        country: shown
        for country, own in by_country.items()
        if type(own) is not Calm and (shown := main_category(own)) is not None
    }
    seen = Counter(shows.values())
    others = max(1, len(by_country) - 1)
    return {country: (seen[shown] - 1) / others for country, shown in shows.items()}


@lru_cache(maxsize=8192)
def _peace(everyone: frozenset[tuple[Country, int]], sights: Country) -> Peace:
    """`everyone`: what countries saw in all of the window, this one too, and how many did."""
    around = without(_together(everyone), sights)
    return Peace(sights, around, posterior(sights, around))


@lru_cache(maxsize=4096)
def _together(everyone: frozenset[tuple[Country, int]]) -> Around:
    return outside(Counter(dict(everyone)))


class _Weighing:
    """All countries of one feature, each beside all others.

    Where nothing fails a place asks for no time since when, and is weighed once for all features
    and rounds in which it and the others saw the same: most of a matter, most of the time.
    """

    def __init__(self, by_country: Held) -> None:
        self._held = by_country
        self._alike = _alike(by_country)
        self._still = Still(by_country)
        self._lasting = {
            country: Wholes(own)
            if isinstance(own, Calm)
            else Lasting(own, self._alike.get(country, 0.0))
            for country, own in by_country.items()
            if country not in self._still.seats
        }
        self._all = {country: self._ever(country) for country in by_country}
        counted = Counter([seen for seen, _ in self._all.values() if seen])
        self._everyone = frozenset(counted.items())

    def _ever(self, country: str) -> tuple[Country, tuple[int, ...]]:
        """What a country saw in all of the window, and on which networks."""
        lasting = self._lasting.get(country)
        return lasting.ever() if lasting is not None else self._still.ever(country)

    def place(self, country: str, before: Mapping[Cause, float]) -> Place:
        own = self._held[country]
        begun = None if type(own) is Calm else onset(own)
        if begun is None:
            sights, asns = self._all[country]
            peace = _peace(self._everyone, sights)
            around, support = peace.around, peace.support
            if before is not PRIOR:
                support = posterior(sights, around, before)
        else:
            peace = None
            sights, asns = signature(own, begun, self._alike.get(country, 0.0))
            around = outside(self._others(country, begun))
            support = posterior(sights, around, before)
        return Place(
            runs=own, begun=begun, sights=sights, asns=asns, around=around,
            before=before, support=support, peace=peace,
        )  # fmt: skip

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


def siblings(matters: Sequence[Matter]) -> list[Matter]:
    """Weigh each feature again beside the service's others in the same country."""
    broad: dict[tuple[str, str], list[tuple[str, dict[Cause, float]]]] = defaultdict(list)
    for matter in matters:
        for country in matter.troubled:
            place = matter.places[country]
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
    places: dict[str, Place] = {}
    for country in matter.troubled:
        place = matter.places[country]
        others = [s for f, s in broad.get((matter.service, country), ()) if f != matter.feature]
        if others:
            raised = {c: SIBLING * max(s[c] for s in others) for c in SHARED_FATE}
            support = posterior(place.sights, place.around, place.before, raised)
            places[country] = msgspec.structs.replace(place, support=support)
    return msgspec.structs.replace(matter, places=matter.places | places) if places else matter
