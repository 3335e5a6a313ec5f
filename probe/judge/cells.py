"""What is told of one feature in one place: how surely, whether anybody looked, and who wrote what is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from probe.model import OUTAGES, Author, Cause, Verdict


def tested(verdict: Verdict) -> bool:
    """Whether anybody looked: a cell of a catalogue that rests on sights."""
    return verdict.vantages > 0


def akin(cause: Cause) -> Collection[Cause]:
    """The causes whose cells are counted as its own: the two kinds of outage have ragged edges."""
    return OUTAGES if cause in OUTAGES else {cause}


def network_authored(verdicts: Iterable[Verdict]) -> bool:
    """Whether any network wrote what is seen of a feature, anywhere.

    By one probe again and again, or by two of a country: one sight alone may be chance.
    """
    pieces = {
        ((v.feature, v.country), p.vantage, p.measurement)
        for v in verdicts
        for p in v.evidence
        if p.author is Author.NETWORK
    }
    probes = Counter(place for place, _ in {(place, vantage) for place, vantage, _ in pieces})
    again = Counter((place, vantage) for place, vantage, _ in pieces)
    return any(n > 1 for n in (*probes.values(), *again.values()))


def server_countries(verdicts: Iterable[Verdict]) -> int:
    """Countries where the service's own failure came over a valid certificate."""
    return len(
        {
            v.country
            for v in verdicts
            if v.leading in OUTAGES and any(p.author is Author.SERVER for p in v.evidence)
        }
    )
