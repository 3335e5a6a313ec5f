"""An address that one country's networks lose while another of the same name answers.

Who meets the service by the other one is well, and yet the address is cut off: it is judged as if
it were all that the name has, by those who have lost it round after round.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from probe.judge.evidence import Finding
from probe.judge.hypothesis.episode import Footing, Run, run_of
from probe.judge.hypothesis.standing import Held
from probe.judge.hypothesis.weighing import Matter, weighed
from probe.judge.row import Category
from probe.judge.rules import ROWS
from probe.judge.view import View
from probe.model import Author, Cause

PARTLY = ROWS["ok.partly"]
LOST = msgspec.structs.replace(
    PARTLY, category=Category.TCP_TIMEOUT, author=Author.NOBODY, weights={Cause.GEO_BLOCK: -3.0}
)
"""The same, said of the address that is lost: it is the other one that the server answers from, and
that it would not do if it refused the country."""
AGAIN = 3
"""Looks in a row: one connection is lost now and then, on any network."""
NETWORKS = 2
"""One network alone may have lost its way to an address."""


def partly(matters: Iterable[Matter], view: View) -> list[Matter]:
    """Have those fail who lose an address that they alone lose, in one country alone."""
    return [_without(matter, view) for matter in matters]


def _without(matter: Matter, view: View) -> Matter:
    losing = {
        country: runs
        for country, place in matter.places.items()
        if (runs := [run for run in place.runs if run.findings[0].main is PARTLY])
    }
    lost = dict(_lost(losing, matter)) if losing else {}
    if not lost:
        return matter
    judged = {
        country: tuple([_failing(run, lost[country]) for run in place.runs])
        if country in lost
        else place.runs
        for country, place in matter.places.items()
    }
    return weighed(matter.service, matter.feature, Held(matter.calm, judged), view)


def _lost(losing: Mapping[str, Sequence[Run]], matter: Matter) -> Iterator[tuple[str, str]]:
    """Country → the address that its networks lose, where no other country loses it now."""
    where: dict[str, set[str]] = defaultdict(set)
    for country, runs in losing.items():
        for run in runs:
            for address in run.findings[0].sight.traits.lost:
                where[address].add(country)
    for address in sorted(where):
        if len(where[address]) == 1:
            (country,) = where[address]
            if _networks(matter.places[country].runs, address) >= NETWORKS:
                yield country, address


def _networks(runs: Iterable[Run], address: str) -> int:
    """How many networks lose it from all of their vantages, again and again, while they are steady."""
    losing: Counter[int] = Counter()
    seen: Counter[int] = Counter()
    for run in runs:
        newest = run.findings[:AGAIN]
        seen[run.vantage.asn] += 1
        losing[run.vantage.asn] += (
            run.steady and len(newest) == AGAIN and all(_loses(f, address) for f in newest)
        )
    return sum(count == seen[asn] for asn, count in losing.items())


def _loses(finding: Finding, address: str) -> bool:
    return finding.main is PARTLY and address in finding.sight.traits.lost


def _failing(run: Run, address: str) -> Run:
    if not any(_loses(finding, address) for finding in run.findings):
        return run
    findings = [
        msgspec.structs.replace(f, main=LOST, category=LOST.category, failing=True, author=LOST.author)
        if _loses(f, address)
        else f
        for f in run.findings
    ]  # fmt: skip
    footing = Footing(
        well_at=run.well_at,
        usual=run.usual,
        misled=run.misled,
        steady=run.steady,
        settled=run.settled,
        abroad=run.abroad,
    )
    return run_of(findings, footing, findings[0].sight.at) or run
