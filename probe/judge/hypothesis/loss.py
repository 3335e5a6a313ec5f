"""Whether a target fails more often than the way abroad does: what loses a part of everything bars nothing.

A cable that is half dead, or a trunk of which a member is, lets every flow abroad fail with one
probability: those of the controls, those of the target, and those of the tests beside it, so that a
neutral name passes by chance where the target just failed. Its networks are many and it lasts, as a
filter's are and does; that the controls fail as often is all that tells the two apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from math import comb, log, sqrt

from probe.judge.hypothesis.episode import Run
from probe.judge.sight import Sight

KEPT_OUT = 0.93
"""P(a try fails | it is filtered) (attribution.md, 7.4)."""
ORDINARY, WEIGHT = 0.02, 5.0
"""How often a control fails where nothing is known of it, and how many tries that is worth."""
MOST = 0.9
"""No way abroad is thought worse than this, of which some tries pass."""

LOSING = 0.2
"""Ten times as much as in peace."""


def excess(affected: Sequence[Run], vantages: int) -> float:
    """Nats by which the affected vantages' tries speak for a filter rather than for such a loss.

    `vantages`: all that could be asked of it in the country. Who is affected was chosen for failing:
    every way in which so many can be chosen of all has its price.
    """
    if not affected:
        return 0.0
    lost = min(MOST, max(map(_rate, _tries(affected))))
    fails, passes = log(KEPT_OUT / lost), log((1 - KEPT_OUT) / (1 - lost))
    told = [fails if finding.failing else passes for run in affected for finding in run.findings]
    return sum(told) - log(comb(vantages, len(affected)))


def _tries(affected: Sequence[Run]) -> Iterator[list[Sight]]:
    """What controls tell, of which the worst counts.

    Here and on the affected networks alone, in all of the window and since it began.
    """
    begun, asns = min([run.start for run in affected]), {run.vantage.asn for run in affected}
    here = list(affected[0].abroad)
    for tries in (here, [sight for sight in here if sight.vantage.asn in asns]):
        yield tries
        yield [sight for sight in tries if sight.at >= begun]


def losing(affected: Sequence[Run]) -> bool:
    """Whether their country's ways abroad lose so much, since then or lately, even without its worst network.

    The trouble of one is its own.
    """
    lately, since = map(_without_worst, islice(_tries(affected), 2))
    return max(_share(lately), _share(since)) > LOSING


def _without_worst(tries: Sequence[Sight]) -> list[Sight]:
    by_network: dict[int, list[Sight]] = defaultdict(list)
    for sight in tries:
        by_network[sight.vantage.asn].append(sight)
    *others, _ = sorted(by_network.values(), key=_share) or [[]]
    return list(chain.from_iterable(others))


def _rate(tries: Sequence[Sight]) -> float:
    """The share of them that fails, and one standard error more: round by round it is looked at again."""
    share = _share(tries)
    return share + sqrt(share * (1 - share) / (len(tries) + WEIGHT))


def _share(tries: Sequence[Sight]) -> float:
    failed = [sight.met for sight in tries].count(False)
    return (failed + ORDINARY * WEIGHT) / (len(tries) + WEIGHT)
