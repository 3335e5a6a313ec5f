"""One feature over all countries: what each of them saw, and how far every cause explains it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from probe.judge.hypothesis.belief import prior
from probe.judge.hypothesis.causes import SIBLING
from probe.judge.hypothesis.episode import Run, authored, main_category, onset, signature
from probe.judge.hypothesis.joint import Around, leading, outside, posterior
from probe.judge.hypothesis.likelihood import Country
from probe.judge.hypothesis.sharing import Shared
from probe.judge.view import View
from probe.model import Author, Cause

SERVICE_SIDE = frozenset({Cause.SERVICE_OUTAGE, Cause.DEPENDENCY_OUTAGE})
SHARED_FATE = (Cause.FILTERING, Cause.THROTTLING, Cause.GEO_BLOCK)


class Place(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One feature in one country."""

    runs: tuple[Run, ...]
    begun: datetime | None
    sights: Country
    asns: tuple[int, ...]
    around: Around
    before: dict[Cause, float]
    """What was believed until the window began."""
    support: dict[Cause, float]
    shared: tuple[Shared, ...] = ()
    """The dependencies that explain it, the most telling first."""

    @property
    def leads(self) -> Cause:
        return leading(self.support)


class Matter(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One feature over all countries."""

    service: str
    feature: str
    places: dict[str, Place]


def weighed(service: str, feature: str, held: Sequence[Run], view: View) -> Matter:
    by_country: dict[str, list[Run]] = defaultdict(list)
    for run in held:
        by_country[run.vantage.country].append(run)
    shows = {country: main_category(own) for country, own in by_country.items()}
    alike = {
        country: sum(shows[c] is shown and shown is not None for c in shows if c != country)
        / max(1, len(shows) - 1)
        for country, shown in shows.items()
    }
    places = {
        country: _place(country, by_country, alike, prior((service, feature, country), view))
        for country in sorted(by_country)
    }
    return Matter(service=service, feature=feature, places=places)


def _place(
    country: str,
    by_country: Mapping[str, Sequence[Run]],
    alike: Mapping[str, float],
    before: dict[Cause, float],
) -> Place:
    own = by_country[country]
    begun = onset(own)
    sights, asns = signature(own, begun, alike[country])
    others = [
        signature(held, begun, alike[other])[0]
        for other, held in by_country.items()
        if other != country
    ]
    around = outside(sorted(filter(None, others)))
    return Place(
        runs=tuple(own), begun=begun, sights=sights, asns=asns, around=around,
        before=before, support=posterior(sights, around, before),
    )  # fmt: skip


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
