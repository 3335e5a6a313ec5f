"""One feature over all countries: what each of them saw, and how far every cause explains it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache

import msgspec

from probe.judge.hypothesis.around import NOBODY, Around, outside, says
from probe.judge.hypothesis.belief import prior
from probe.judge.hypothesis.calm import Calm
from probe.judge.hypothesis.causes import PRIOR, SIBLING
from probe.judge.hypothesis.chorus import Chorus, chorus
from probe.judge.hypothesis.episode import Run, authored, main_category, onset
from probe.judge.hypothesis.joint import leading, posterior
from probe.judge.hypothesis.lasting import Still, lasting
from probe.judge.hypothesis.likelihood import Country
from probe.judge.hypothesis.standing import Held
from probe.judge.hypothesis.unit import Shared
from probe.judge.view import View
from probe.model import Author, Cause

SHARED_FATE = (Cause.FILTERING, Cause.THROTTLING, Cause.GEO_BLOCK)


class Peace(msgspec.Struct, frozen=True, eq=False):
    """Where nothing fails: the same for all that saw the same, beside others that did."""

    sights: Country
    around: Around
    support: dict[Cause, float]


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
    peace: Peace | None = None
    """What is thought of all such places where nothing fails, if nothing more is known of this one."""
    shared: tuple[Shared, ...] = ()
    """The dependencies that explain it, the most telling first."""
    raised: Mapping[Cause, float] | None = None
    """What the service's other features add to what was believed before."""

    @property
    def leads(self) -> Cause:
        return leading(self.support)

    @property
    def calm(self) -> bool:
        """Whether nothing fails here."""
        return self.begun is None


class Matter(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One feature over all countries: of most of them, where nothing fails, all is said by a few."""

    service: str
    feature: str
    calm: Mapping[str, Calm]
    """Countries that saw whole answers alone, and of which nothing else was believed."""
    chorus: Chorus
    """What those say together."""
    peace: Mapping[Country, Peace]
    """What they saw → what is thought of them."""
    places: Mapping[str, Place]
    """All others."""
    troubled: tuple[str, ...]
    """Countries where anything fails."""

    def __len__(self) -> int:
        """Give the number of countries."""
        return len(self.calm) + len(self.places)

    def __contains__(self, country: object) -> bool:
        """Whether anybody looked there."""
        return country in self.calm or country in self.places

    def place(self, country: str) -> Place:
        """Give any country as a place. Raises KeyError where nobody looked."""
        held = self.places.get(country)
        if held is not None:
            return held
        own = self.calm[country]
        peace = self.peace[own.sights]
        return Place(
            runs=own.runs(), begun=None, sights=own.sights, asns=own.asns, around=peace.around,
            before=PRIOR, support=peace.support,
        )  # fmt: skip


def weighed(service: str, feature: str, held: Held, view: View) -> Matter:
    weighing, beliefs = _Weighing(held), view.memory.beliefs
    believed = {c for c in held.calm if (service, feature, c) in beliefs} if beliefs else ()
    calm = {c: own for c, own in held.calm.items() if c not in believed} if believed else held.calm
    places = {
        country: weighing.place(country, prior((service, feature, country), view))
        for country in sorted((*held.mixed, *believed))
    }
    return Matter(
        service=service,
        feature=feature,
        calm=calm,
        chorus=chorus(calm.values()),
        peace={seen: weighing.peace(seen) for seen in weighing.alike},
        places=places,
        troubled=tuple([country for country, place in places.items() if not place.calm]),
    )


def _alike(held: Held) -> dict[str, float]:
    """Country → the share of the others whose failures look as its own do."""
    shows = {
        country: shown
        for country, own in held.mixed.items()
        if (shown := main_category(own)) is not None
    }
    seen = Counter(shows.values())
    others = max(1, len(held) - 1)
    return {country: (seen[shown] - 1) / others for country, shown in shows.items()}


@lru_cache(maxsize=8192)
def _peace(everyone: Around, sights: Country) -> Peace:
    """`everyone`: what all countries saw in all of the window, this one too."""
    around = everyone - says(sights)
    return Peace(sights, around, posterior(sights, around))


class _Weighing:
    """All countries of one feature, each beside all others.

    Where nothing fails a place asks for no time since when, and is weighed once for all features
    and rounds in which it and the others saw the same: most of a matter, most of the time.
    """

    def __init__(self, held: Held) -> None:
        self._held = held
        self._alike = _alike(held)
        self._lasting = {
            country: lasting(own, self._alike.get(country, 0.0))
            for country, own in held.mixed.items()
        }
        self.alike: dict[Country, list[Calm]] = {}
        """Calm countries by what they saw."""
        seen, beside = None, list[Calm]()
        for own in held.calm.values():
            if own.sights is not seen:  # most saw what the one before them saw
                seen = own.sights
                beside = self.alike.setdefault(seen, [])
            beside.append(own)
        ever = {country: each.ever()[0] for country, each in self._lasting.items()}
        calm = outside({seen: len(each) for seen, each in self.alike.items()})
        self._everyone = calm + sum([says(seen) for seen in ever.values() if seen])
        self._failing = {c: says(ever[c]) for c, each in self._lasting.items() if each.fixed}
        """What is said by countries of which nothing depends on a time."""
        self._varying = {c: each for c, each in self._lasting.items() if c not in self._failing}
        self._failed = sum(self._failing.values())

    def peace(self, sights: Country) -> Peace:
        """What is thought of those who saw this, where nothing fails."""
        return _peace(self._everyone, sights)

    def place(self, country: str, before: Mapping[Cause, float]) -> Place:
        runs, (sights, asns) = self._runs(country)
        begun, peace = onset(runs), None
        if begun is None:
            usual = self.peace(sights)
            around, peace = usual.around, usual if before is PRIOR else None
            support = usual.support if peace else posterior(sights, around, before)
        else:
            sights, asns = self._lasting[country].since(begun)
            around = self._others(country, begun)
            support = posterior(sights, around, before)
        return Place(
            runs=runs, begun=begun, sights=sights, asns=asns, around=around,
            before=before, support=support, peace=peace,
        )  # fmt: skip

    def _runs(self, country: str) -> tuple[tuple[Run, ...], tuple[Country, tuple[int, ...]]]:
        """What a country holds, and what it saw in all of the window, on which networks."""
        own = self._held.calm.get(country)
        if own is not None:
            return own.runs(), (own.sights, own.asns)
        return self._held.mixed[country], self._lasting[country].ever()

    def _others(self, country: str, begun: datetime) -> Around:
        """What all others saw since then; in this one something fails."""
        varying = [each.since(begun)[0] for c, each in self._varying.items() if c != country]
        failed = self._failed - self._failing.get(country, NOBODY)
        return failed + self._still.since(begun) + sum([says(seen) for seen in varying if seen])

    @cached_property
    def _still(self) -> Still:
        return Still(self.alike.values())


def siblings(matters: Sequence[Matter]) -> list[Matter]:
    """Weigh each feature again beside the service's others, and all that is denied, in the same country."""
    broad: dict[tuple[str, str], list[tuple[str, dict[Cause, float]]]] = defaultdict(list)
    for matter in matters:
        for country in matter.troubled:
            place = matter.places[country]
            if len(place.runs) > 1 and _broad([run for run in place.runs if run.failing]):
                broad[matter.service, country].append((matter.feature, place.support))
    listed = denied(matters)
    return [_beside(matter, broad, listed) for matter in matters]


def _broad(failing: Sequence[Run]) -> bool:
    """Two networks, or two vantages of one that show the network's own hand: no single mishap."""
    signed = [run for run in failing if authored(run, Author.NETWORK)]
    return len({run.vantage.asn for run in failing}) > 1 or len(signed) > 1


def _beside(
    matter: Matter,
    broad: Mapping[tuple[str, str], Sequence[tuple[str, dict[Cause, float]]]],
    listed: Collection[tuple[str, str, str]],
) -> Matter:
    places: dict[str, Place] = {}
    for country in matter.troubled:
        place = matter.places[country]
        others = [s for f, s in broad.get((matter.service, country), ()) if f != matter.feature]
        raised = {c: SIBLING * max(s[c] for s in others) for c in SHARED_FATE} if others else {}
        if (matter.service, matter.feature, country) in listed:
            raised[Cause.FILTERING] = SIBLING
        if raised:
            support = posterior(place.sights, place.around, place.before, raised)
            places[country] = msgspec.structs.replace(place, support=support, raised=raised)
    return replaced(matter, places) if places else matter


DENIES = "dns.nxdomain_here"
"""The rule of names that a resolver denies while others know them: no failing name server does so."""
LISTED = 3
"""Services whose names one network denies, from which on it does so by a list: no passing trouble
denies several and nothing else."""


def denied(matters: Iterable[Matter]) -> frozenset[tuple[str, str, str]]:
    """Service, feature and country of what a network denies along with several services."""
    found: dict[tuple[str, int], list[tuple[str, str]]] = defaultdict(list)
    for matter in matters:
        for country in matter.troubled:
            for asn in _deniers(matter.places[country].runs):
                found[country, asn].append((matter.service, matter.feature))
    return frozenset(
        [
            (*each, country)
            for (country, _), held in found.items()
            if len({service for service, _ in held}) >= LISTED
            for each in held
        ]
    )


def _deniers(runs: Sequence[Run]) -> Iterable[int]:
    """Networks all of whose vantages, two at least, are told again and again that there is no such name."""
    if len(runs) == 1 or not [run for run in runs if run.findings[0].main.id == DENIES]:
        return ()
    denying: Counter[int] = Counter()
    seen: Counter[int] = Counter()
    for run in runs:
        seen[run.vantage.asn] += 1
        denying[run.vantage.asn] += run.steady and len(run.failed) > 1 and _denies(run)
    return [asn for asn, count in denying.items() if count > 1 and count == seen[asn]]


def _denies(run: Run) -> bool:
    return all(finding.main.id == DENIES for finding in run.findings if finding.failing)


def replaced(matter: Matter, places: Mapping[str, Place]) -> Matter:
    """The same with these places for those that it had."""
    return msgspec.structs.replace(matter, places={**matter.places, **places})
