"""What all countries of one feature say together, for the ground of each."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial

import msgspec

from probe.judge.hypothesis.episode import Run, authored, span
from probe.judge.hypothesis.gate import Ground
from probe.judge.hypothesis.outside import Outside
from probe.judge.hypothesis.weighing import Matter, Place
from probe.judge.view import View
from probe.model import OUTAGES, Author, Cause

TOGETHER_ROUNDS = 2
LIMITED = "http.rate_limited"
"""The rule of answers that there are too many requests: probes may be all that it keeps out."""


class Abroad(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What one feature's countries say together, gathered once for all of their grounds."""

    outage: Mapping[str, Place]
    """Where the service's side leads, by more than passing trouble there."""
    begun: Sequence[datetime]
    """When it began in those, on vantages that are well; in order."""
    server_countries: int
    refused: int
    """Where a refusal by it leads."""
    limited: bool
    """Whether most of what it says there is that there are too many requests."""
    rounds: int
    known: int
    outside: Callable[[], Outside]

    def beside(self, support: float, asked: tuple[int, int]) -> Ground:
        """What they add to the ground of a cause in one country.

        `asked`: other countries that reach it since it began there, and those that do not.
        """
        reached, barred = asked
        return Ground(
            support=support, through=reached, barred=barred, others=self.known - 1,
            server_countries=self.server_countries, limited=self.limited,
            outage_countries=len(self.outage), refused_countries=self.refused,
            known_countries=self.known,
        )  # fmt: skip


def abroad(matter: Matter, view: View) -> Abroad:
    outage = {
        country: place
        for country in matter.troubled
        if (place := matter.places[country]).leads in OUTAGES and solid(place)
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
        limited=_limited(run for place in outage.values() for run in place.runs),
        refused=sum(matter.places[c].leads is Cause.GEO_BLOCK for c in matter.troubled),
        rounds=span([r for p in outage.values() for r in p.runs], view.round) if outage else 0,
        known=len(matter),
        outside=cache(partial(Outside, matter)),  # what is a vantage's own asks for none
    )


def _limited(runs: Iterable[Run]) -> bool:
    said = [run for run in runs if run.failing and authored(run, Author.SERVER)]
    return 2 * sum(map(_too_many, said)) > len(said)


def _too_many(run: Run) -> bool:
    failing = [finding.main.id for finding in run.findings if finding.failing]
    return 2 * failing.count(LIMITED) > len(failing)


def solid(place: Place) -> bool:
    """Whether somebody there has the server's own words, or fails while its controls hardly do."""
    failing = [run for run in place.runs if run.failing]
    return any(run.steady or authored(run, Author.SERVER) for run in failing)


def together(others: Abroad, begun: datetime | None, view: View) -> int:
    """Countries whose failure began about when this one's did."""
    if begun is None:
        return 0
    near = TOGETHER_ROUNDS * view.round
    return bisect_right(others.begun, begun + near) - bisect_left(others.begun, begun - near)
