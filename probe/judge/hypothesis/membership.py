"""Which failing vantages of a country a cause really reaches; passing trouble beside it is not its.

A network joins by a test that shows the network's own hand, twice where others have failed for
longer; by failing as the others do, or while its controls hardly fail, for about as long as they;
or for longer than passing trouble lasts, while its controls have been well for rounds. One vantage
beside a well one of the same network is no network.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from probe.judge.hypothesis.episode import Run, authored, heard_since, most, onset, span
from probe.judge.hypothesis.weighing import Place
from probe.judge.row import Category
from probe.judge.view import View
from probe.model import OUTAGES, Author, Cause

LASTS = 5
"""Rounds: passing trouble has a mean of four (attribution.md, 7.2)."""
TWICE = 2
"""Looks, or rounds, after which a failure is no lone one."""
ALONG = 0.75
"""Of the rounds that others fail, those in which it must fail too."""
REFUSING = frozenset({Category.REFUSED, Category.BARRED})
LOOSE = 3
"""So many networks that fail in part, and alike, are believed: a province, not a liar."""
_FILTERING, _REFUSED = Cause.FILTERING, Cause.GEO_BLOCK


def members(
    place: Place, cause: Cause, inner: Sequence[Mapping[Cause, float]], view: View
) -> list[Run]:
    """The failing runs behind a cause in a country; `inner`: the support of each of its networks."""
    least = 0.5 * place.support[cause]
    reached = {asn for asn, own in zip(place.asns, inner, strict=True) if own[cause] >= least}
    failing = [run for run in place.runs if run.failing and run.vantage.asn in reached]
    if cause is _FILTERING:
        failing = [run for run in failing if not served(run)]
    if cause is _REFUSED:  # whoever hears the server's own errors is not refused
        failing = [run for run in failing if refusal(run) or not served(run)]
    if cause in OUTAGES:
        return failing
    if len(failing) == 1:  # nobody else began before or after it, or fails in another way
        beside = [run for run in place.runs if run.vantage.asn == failing[0].vantage.asn]
        return failing if len(beside) == 1 else []
    by_network: dict[int, list[Run]] = defaultdict(list)
    for run in failing:
        by_network[run.vantage.asn].append(run)
    observed = Counter(run.vantage.asn for run in place.runs)
    shown = {asn: _category(held) for asn, held in by_network.items()}
    loose = _loose(by_network, observed)
    known = _Known(
        usual=Counter(shown.values()),
        longest=max((span(held, view.round) for held in by_network.values()), default=0),
    )
    return [
        run
        for asn, held in by_network.items()
        if _solid(asn, loose, shown) and _belongs(held, shown[asn], known, view)
        for run in held
    ]


def spared(runs: Iterable[Run], asn: int, behind: Iterable[Run]) -> int:
    """How many vantages of a network are well since it began there."""
    well = [run for run in runs if not run.failing and run.vantage.asn == asn]
    begun = onset(behind) if well else None
    return len({run.vantage.id for run in well if heard_since(run, begun)})


def served(run: Run) -> bool:
    """Whether the failure came in the server's own words: whatever keeps others out let them through.

    They are half of what it hears, or the last of it. One look that shows the network's own hand,
    among so few that it is half of them, is no more than passing trouble makes.
    """
    last = next((f.author for f in run.findings if f.failing), None)
    if last is not Author.SERVER and not authored(run, Author.SERVER):
        return False
    return not authored(run, Author.NETWORK) or _looks(run) < TWICE


def refusal(run: Run) -> bool:
    """Whether the server's own words are that it refuses."""
    said = [f.category for f in run.findings if f.failing and f.author is Author.SERVER]
    return served(run) and most(said) in REFUSING


def _looks(run: Run) -> int:
    """Failing sights that show the network's own hand."""
    return sum(f.failing and f.author is Author.NETWORK for f in run.findings)


class _Known(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the country's failing networks have in common."""

    usual: Mapping[Category, int]
    longest: int
    """Rounds of the one that fails longest."""


def _loose(by_network: Mapping[int, Sequence[Run]], observed: Mapping[int, int]) -> set[int]:
    """Networks of which one vantage fails while another is well."""
    return {
        asn for asn, held in by_network.items() if len(held) == 1 and observed[asn] > len(held)
    }


def _solid(asn: int, loose: Iterable[int], shown: Mapping[int, Category]) -> bool:
    if asn not in loose:
        return True
    return sum(shown[other] is shown[asn] for other in loose) >= LOOSE


def _belongs(held: Sequence[Run], shown: Category, known: _Known, view: View) -> bool:
    """Whether it has the network's own hand, or began with the others, or outlasts any burst.

    Of one look a test says little: after a lone failure it passes more often than not, and so looks
    like a name cut off. Where others have failed for longer it takes a second; and in passing
    trouble, where such looks come by chance, as long as the others have.
    """
    rounds = span(held, view.round)
    along = rounds >= ALONG * known.longest
    settled = any(run.settled or run.misled for run in held)
    signed = (settled or along) and any(authored(run, Author.NETWORK) for run in held)
    if signed and (sum(map(_looks, held)) > 1 or known.longest < TWICE):
        return True
    alike = known.usual[shown] > 1 or len(known.usual) == 1
    steady = all(run.steady for run in held) and rounds > 1
    return (settled and rounds >= LASTS) or ((alike or steady) and along)


def _category(held: Sequence[Run]) -> Category:
    """What most of a network's failing sights show."""
    return most([f.category for run in held for f in run.findings if f.failing])
