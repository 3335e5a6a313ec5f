"""What to doubt of the measurements themselves, before anything is judged of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from probe.desk.ordering import Span
from probe.judge.phrases import counted, listed
from probe.judge.places import country

FEWEST_ROUNDS = 2
"""Judged so much more often than most look, the window has gone on before the next look comes."""
MOST_TOLD = 5
"""Groups that are told in full."""


def doubts(spans: Iterable[Span], asked: timedelta | None, told: timedelta) -> Iterator[str]:
    """Say each in a sentence. `asked`: the round that was asked for; `told`: the measurements' own."""
    if asked is not None and FEWEST_ROUNDS * asked < told:
        yield (
            f"most probe hosts look every {told.total_seconds():g} s and are judged every "
            f"{asked.total_seconds():g} s: much of what they saw will be too old to be weighed"
        )
    most, *beside = sorted(_apart(spans, told), key=len, reverse=True) or [[]]
    if len(most) <= sum(map(len, beside)):  # nobody is the exception
        return
    yield from map(_alone, beside[:MOST_TOLD])
    if len(beside) > MOST_TOLD:
        yield f"and {len(beside) - MOST_TOLD} more groups of probe hosts measured when no other did"


def _apart(spans: Iterable[Span], round_: timedelta) -> list[list[Span]]:
    """Those who measured at the same time, in groups between which nobody did for a round."""
    groups: list[list[Span]] = []
    end: datetime | None = None
    for span in sorted(spans, key=lambda s: (s.first, s.last, s.country)):
        if end is None or span.first - end > round_:
            groups.append([])
        groups[-1].append(span)
        end = span.last if end is None else max(end, span.last)
    return groups


def _alone(group: Sequence[Span]) -> str:
    hosts = counted(len(group), "probe host")
    where = listed([country(code) for code in sorted({span.country for span in group})])
    first, last = min(s.first for s in group), max(s.last for s in group)
    return (
        f"{hosts} in {where} measured from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, when no "
        "other did: nobody can be compared with them, and their clocks may be wrong"
    )
