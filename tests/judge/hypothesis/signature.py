"""What a country saw since a time, read run by run: what the judge puts together from what lasts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from probe.judge.evidence import Finding
from probe.judge.hypothesis.causes import Counts
from probe.judge.hypothesis.episode import Run, bonus, counted, newer, whole
from probe.judge.hypothesis.likelihood import Country, Network, network


def signature(
    held: Sequence[Run], begun: datetime | None, alike: float = 0.0
) -> tuple[Country, tuple[int, ...]]:
    """A country's sights as the hypotheses count them, and the AS number of each entry."""
    by_network: dict[int, list[tuple[Counts, Run]]] = {}
    for run in held:
        counts = whole(len(run.findings)) if run.calm and begun is None else _counts(run, begun)
        if counts:
            by_network.setdefault(run.vantage.asn, []).append((counts, run))
    built = [(_network(group, alike), asn) for asn, group in by_network.items()]
    if len(built) > 1:
        built.sort()
    return tuple([seen for seen, _ in built]), tuple([asn for _, asn in built])


def _network(group: list[tuple[Counts, Run]], alike: float) -> Network:
    counts, failing, well = [], [], 0
    for seen, run in group:
        counts.append(seen)
        if run.failing:
            failing.append(run)
            well += run.vouched
        else:
            well += run.well_at is not None
    if len(counts) > 1:
        counts.sort()
    told = bonus(failing, alike) if failing else ()
    return network(tuple(counts), well, told, group[0][1].usual)


def _counts(run: Run, begun: datetime | None) -> Counts:
    if run.calm and begun is not None:
        return whole(newer(run, begun))
    return counted(tuple([f.category for f in since(run, begun)]))


def since(run: Run, begun: datetime | None) -> tuple[Finding, ...]:
    """The findings of a run that say something about a failure begun then."""
    if run.failing or begun is None:
        return run.findings
    return run.findings[: newer(run, begun)]
