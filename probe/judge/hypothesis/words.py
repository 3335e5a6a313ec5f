"""Which pieces of evidence a verdict shows: the strongest first, spread over the networks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, zip_longest
from operator import attrgetter

from probe.judge.evidence import Finding, evidence, rows, weigh, word
from probe.judge.hypothesis.episode import Run
from probe.judge.row import Row
from probe.model import SIDES, Author, Cause, Evidence, Side

_BY_ID, _BY_TIME = attrgetter("sight.id"), attrgetter("sight.at")
_NETWORK = Author.NETWORK
MOST_PIECES = 12
MOST_OF_A_RUN = 2
_SIDE_BONUS = {
    (Side.NETWORK, Author.NETWORK): 3.0,
    (Side.SERVICE, Author.SERVER): 3.0,
    (Side.SERVICE, Author.NETWORK): -3.0,
    (Side.NETWORK, Author.SERVER): -3.0,
}


def strength(finding: Finding, cause: Cause) -> float:
    """How much a finding says for a cause."""
    return _strength(rows(finding), finding.author, cause)


@lru_cache(maxsize=4096)
def _strength(said: tuple[Row, ...], author: Author, cause: Cause) -> float:
    return weigh(said, cause) + _SIDE_BONUS.get((SIDES[cause], author), 0.0)


def shown(held: Iterable[Run], cause: Cause, most: int = MOST_PIECES) -> tuple[Evidence, ...]:
    """Evidence of the runs behind a verdict; what the network wrote is never left out."""
    picked = [run for run in held if run.failing is (cause is not Cause.OK)]
    said = [(finding, row) for finding in _spread(picked, cause) for row in rows(finding)]
    if len(said) > most:
        telling = [piece for piece in said[most:] if piece[1].author is _NETWORK][:1]
        kept = said[: most - len(telling)]
        known = any(row.author is _NETWORK for _, row in kept)
        said = kept if known else [*kept, *telling]
    return tuple([word(finding, row) for finding, row in said])


def witness(held: Sequence[Run]) -> tuple[Evidence, ...]:
    """One good sight, the newest of the first of them: that something works needs no more."""
    for run in held:
        for finding in run.findings:
            if not finding.failing:
                return evidence(finding)
    return ()


def _spread(held: Sequence[Run], cause: Cause) -> list[Finding]:
    """One finding of each network in turn, the strongest of each first."""
    if len(held) == 1:
        own = list(islice(_own(held[0]), MOST_OF_A_RUN))
        return own if held[0].calm else _ordered(own, cause)
    lanes: dict[int, list[Finding]] = defaultdict(list)
    for run in held:
        lanes[run.vantage.asn].extend(islice(_own(run), MOST_OF_A_RUN))
    if all([run.calm for run in held]):  # noqa: C419 — a list is faster
        lanes = {
            asn: _latest(lanes[asn]) for asn in sorted(lanes)
        }  # whole answers all say the same
    else:
        told = {asn: _ordered(lane, cause) for asn, lane in lanes.items()}
        order = sorted(told, key=lambda asn: (-strength(told[asn][0], cause), asn))
        lanes = {asn: told[asn] for asn in order}
    turns = zip_longest(*lanes.values())
    return [finding for turn in turns for finding in turn if finding is not None]


def _ordered(lane: list[Finding], cause: Cause) -> list[Finding]:
    """The strongest first, of like ones the newest."""
    return sorted(_latest(lane), key=lambda f: -strength(f, cause)) if len(lane) > 1 else lane


def _latest(lane: list[Finding]) -> list[Finding]:
    """The newest first; of the same time, by id: sorting is stable."""
    if len(lane) > 1:
        lane.sort(key=_BY_ID)
        lane.sort(key=_BY_TIME, reverse=True)
    return lane


def _own(run: Run) -> Iterator[Finding]:
    """The findings that say what the run does, newest first."""
    failing = run.failing
    return (finding for finding in run.findings if finding.failing is failing)


def mechanisms(held: Iterable[Run], cause: Cause) -> tuple[str, ...]:
    """Mechanisms that the failing sights show and that are of the cause's side, most seen first."""
    seen: dict[str, set[str]] = defaultdict(set)
    for run in held:
        if not run.failing:
            continue
        for finding in run.findings:
            mechanism = finding.main.mechanism
            if mechanism and finding.failing and _fits(mechanism, cause):
                seen[mechanism].add(run.vantage.id)
    return tuple(sorted(seen, key=lambda m: (-len(seen[m]), m)))


@lru_cache(maxsize=1024)
def _fits(mechanism: str, cause: Cause) -> bool:
    server = mechanism.startswith("server.")
    match SIDES[cause]:
        case Side.SERVICE:
            return server and ("geoblock" in mechanism) is (cause is Cause.GEO_BLOCK)
        case Side.NETWORK:
            return not server and mechanism.startswith("throttle.") is (cause is Cause.THROTTLING)
        case Side.OWN | Side.NONE:
            return False
