"""What each vantage sees of a feature now, and since when.

TRAP: at an onset measurements arrive staggered over a round. A good answer from before the
failure began is no control for it, at home or abroad: every reading here takes a `since`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property, lru_cache

import msgspec

from probe.judge import maintenance
from probe.judge.evidence import WHOLE, Finding, plainly, rows, weigh
from probe.judge.health import UNWELL, Condition, Health, spoilt
from probe.judge.hypothesis.baseline import LEVELS, ordinary
from probe.judge.hypothesis.causes import Counts
from probe.judge.hypothesis.likelihood import Country, network
from probe.judge.once import Once
from probe.judge.row import CAP, Category, Row
from probe.judge.sight import Sight
from probe.judge.view import View
from probe.model import Author, Cause, Vantage

SHAKEN = 0.3
"""What a test is worth on a network in passing trouble, where it may pass by chance: the log of
one in three beside that of one in fifty."""
STEADY = 0.8
"""Share of controls that pass; passing trouble of a network lets most of them fail."""
MOST_ANSWERS = 1024
"""Numbers of answers of which it is kept what a country of one vantage saw."""
STALE_ROUNDS = 3.0
"""A vantage's latest sight older than this says nothing of now."""
_FILTERING = Cause.FILTERING
_TOLD = (
    Cause.FILTERING,
    Cause.GEO_BLOCK,
    Cause.LOCAL_FAULT,
    Cause.SERVICE_OUTAGE,
    Cause.THROTTLING,
)


Kind = tuple[bool, float]
"""Whether a vantage's controls pass, and how often a try fails on its network in peace."""


class Footing(msgspec.Struct, frozen=True, eq=False, dict=True):
    """What is known of a vantage itself while it is weighed."""

    usable: bool = True
    well_at: datetime | None = None
    usual: float = LEVELS[0]
    misled: bool = False
    """Its foreign controls are answered by strangers: their failing spoils nothing else."""
    steady: bool = False
    """Hardly any of its controls fails now, as they would in passing trouble of its network."""
    settled: bool = False
    """Hardly any try of its controls has failed for rounds: in passing trouble one round may go well."""
    abroad: tuple[Sight, ...] = ()
    """What came of the foreign controls of its country in the window, of the unwell ones too."""

    @cached_property
    def kind(self) -> Kind:
        """All that counts of it while the vantage sees whole answers alone."""
        return self.well_at is not None, self.usual

    @cached_property
    def alone(self) -> Mapping[int, Country]:
        """By how many whole answers it saw, what a country saw in which it is the only vantage."""
        return alone(self.kind)


class Run(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """One vantage's latest stretch of like results for one feature."""

    vantage: Vantage
    failing: bool
    findings: tuple[Finding, ...]
    """Newest first: as far back as this state lasts."""
    shown: tuple[Category, ...] = ()
    """The category of each; not looked up where all are whole answers."""
    failed: tuple[datetime, ...] = ()
    """Of a run that fails, the times of those sights that do, newest first."""
    authors: frozenset[Author] = frozenset()
    """Who wrote the failure, by half of its sights at least."""
    calm: bool = False
    """Whole answers alone."""
    well_at: datetime | None = None
    """The latest time at which a foreign control of the vantage passed."""
    usual: float = LEVELS[0]
    """How often a try fails on its network in peace."""
    misled: bool = False
    steady: bool = False
    settled: bool = False
    abroad: tuple[Sight, ...] = ()

    @property
    def start(self) -> datetime:
        return self.findings[-1].sight.at

    @property
    def vouched(self) -> bool:
        """Whether its controls passed after the failure began."""
        return self.well_at is not None and self.well_at >= self.start


def footings(healths: Mapping[str, Health], view: View) -> dict[str, Footing]:
    expected = maintenance.networks(view)
    usual = {asn: ordinary(hours, view.now) for asn, hours in view.memory.usual.items()}
    abroad: dict[str, tuple[Sight, ...]] = defaultdict(tuple)
    for health in healths.values():
        abroad[health.vantage.country] += health.abroad
    return {
        name: Footing(
            health.condition not in UNWELL and health.vantage.asn not in expected,
            health.well_at,
            usual.get(health.vantage.asn, LEVELS[0]),
            health.condition is Condition.MISLED,
            _steady(health),
            _settled(health),
            abroad[health.vantage.country],
        )
        for name, health in healths.items()
    }


def _steady(health: Health) -> bool:
    well = sum(sight.met for sight in health.controls)
    return bool(health.controls) and well >= STEADY * len(health.controls)


def _settled(health: Health) -> bool:
    return health.lately.of > 0 and health.lately.ok >= STEADY * health.lately.of


NOTHING_KNOWN = Footing()
_NOTHING = Category.NOTHING


def run_of(listed: Sequence[Finding], footing: Footing, since: datetime) -> Run | None:
    """What a vantage sees of one endpoint now; None where it says nothing of now.

    `listed`: what was found, newest first; `since`: what is older says nothing of now.
    """
    newest = [f for f in listed if plainly(f) or usable(f, footing)]
    if not footing.usable or not newest or newest[0].sight.at < since:
        return None
    shown = tuple([f.category for f in newest])
    failing, lasts = _stretch(shown)
    held = newest[:lasts]
    failed = [f for f in held if f.failing] if failing else []
    return Run(
        vantage=held[0].sight.vantage,
        failing=failing,
        failed=tuple([f.sight.at for f in failed]),
        authors=_authors(tuple([f.author for f in failed])),
        findings=tuple(held),
        shown=shown[:lasts],
        calm=not failing and _wholes(held),
        well_at=footing.well_at,
        usual=footing.usual,
        misled=footing.misled,
        steady=footing.steady,
        settled=footing.settled,
        abroad=footing.abroad,
    )


def _wholes(findings: Sequence[Finding]) -> bool:
    return not [f for f in findings if f.main is not WHOLE]


def usable(finding: Finding, footing: Footing = NOTHING_KNOWN) -> bool:
    """Whether a sight may be weighed: it is about the endpoint, and its vantage was well."""
    if finding.category is _NOTHING:
        return False
    return footing.misled or not spoilt(finding.sight)


@lru_cache(maxsize=4096)
def _stretch(shown: tuple[Category, ...]) -> tuple[bool, int]:
    """Whether the newest sights fail, and how many belong to that state. `shown`: newest first.

    That one of the last two failed is enough: a single good one may be luck.
    """
    fails = [category is not Category.OK for category in shown]
    streak = _streak(fails, failing=True) if any(fails[:2]) else 0
    return streak > 0, streak or _streak(fails, failing=False)


def _streak(fails: Sequence[bool], *, failing: bool) -> int:
    """How many of the newest belong to a state that lasts: mostly like it, and begun like it.

    What was before a recovery says as little of now as what was before a failure.
    """
    alike, streak = 0, 0
    for count, fails_ in enumerate(fails, 1):
        same = fails_ is failing
        alike += same
        if same and 2 * alike > count:
            streak = count
    return streak


def onset(held: Iterable[Run]) -> datetime | None:
    """When a country's failure began: when its second network joined, or its only one began.

    The second, because one network's stray failure must not make older good answers elsewhere
    look like controls.
    """
    first: dict[int, datetime] = {}
    failing = [run for run in held if run.failing]
    if not failing:
        return None
    for run in failing:
        asn = run.vantage.asn
        first[asn] = min(run.start, first.get(asn, run.start))
    times = sorted(first.values())
    return times[min(1, len(times) - 1)]


def newer(run: Run, begun: datetime) -> int:
    """How many of its findings are of then or later."""
    count = 0
    for finding in run.findings:
        if finding.sight.at < begun:
            break
        count += 1
    return count


@lru_cache(maxsize=64)
def alone(kind: Kind) -> Mapping[int, Country]:
    """What countries saw of which one vantage, of this kind, saw so many whole answers and nothing else."""
    well, usual = kind

    def saw(count: int) -> Country:
        return (network((whole(count),), int(well), (), usual),) if count else ()

    return Once(saw, MOST_ANSWERS)


@lru_cache(maxsize=8192)
def counted(categories: tuple[Category, ...]) -> Counts:
    """One vantage's sights by category."""
    return tuple(sorted(Counter(categories).items()))


@lru_cache(maxsize=1024)
def whole(count: int) -> Counts:
    """So many whole answers and nothing else."""
    return ((Category.OK, count),) if count else ()


def bonus(failing: list[Run], alike: float) -> tuple[tuple[str, float], ...]:
    """What the rows say beyond the category, once for the network."""
    said = [rows(f) for run in failing for f in run.findings if f.failing]
    signs = sum([weigh(each, _FILTERING) > 0 for each in said])
    constant = min(1.0, round(2 * signs / max(1, len(said)), 1))
    steady = any(run.steady or run.misled or run.well_at is None for run in failing)
    return _told(frozenset(said), alike, constant if steady else constant * SHAKEN)


@lru_cache(maxsize=4096)
def _told(
    said: frozenset[tuple[Row, ...]], alike: float, constant: float
) -> tuple[tuple[str, float], ...]:
    """Nats by cause.

    A sign of filtering that other countries show too is no sign of a border, and one that most
    sights of the failure lack may be chance: it is discounted.
    """
    told: list[tuple[str, float]] = []
    for cause in _TOLD:
        values = [weigh(each, cause) for each in said]
        value = max(values, default=0.0) or min(values, default=0.0)
        if cause is Cause.FILTERING and value > 0:
            value *= max(0.0, 1.0 - 2.0 * alike) * constant
        if value:
            told.append((cause.value, round(max(-CAP, min(CAP, value)), 1)))
    return tuple(told)


def main_category(held: Iterable[Run]) -> Category | None:
    """The category that most of the failing vantages show."""
    if not any([run.failing for run in held]):  # noqa: C419 — a list is faster
        return None
    newest = [run.findings[0] for run in held if run.failing]
    shown = [finding.category for finding in newest if finding.failing]
    return most(shown) if shown else None


def most(shown: Sequence[Category]) -> Category:
    """What is shown most often, as a rule by all; the first by name of those alike. Never empty."""
    first = shown[0]
    if shown.count(first) == len(shown):
        return first
    seen = Counter(shown)
    return min(seen, key=lambda category: (-seen[category], category.value))


def authored(run: Run, who: Author) -> bool:
    """Whether the failure of a run was written by them, in half of its sights at least.

    In passing trouble now and then a test passes where the plain step failed.
    """
    return who in run.authors


@lru_cache(maxsize=4096)
def _authors(wrote: tuple[Author, ...]) -> frozenset[Author]:
    return frozenset({who for who in set(wrote) if 2 * wrote.count(who) >= len(wrote)})


def heard_since(run: Run, begun: datetime | None) -> bool:
    """Whether it says anything of what began then; a failure that lasts does if it was seen since."""
    return begun is None or run.findings[0].sight.at >= begun


def through(run: Run, begun: datetime | None) -> bool:
    """Whether a vantage reached the service after a failure began elsewhere."""
    found = run.findings if begun is None else run.findings[: newer(run, begun)]
    if run.calm:
        return bool(found)
    good = [f for f in found if f.category is Category.OK or f.author is Author.SERVER]
    return bool(good) and 2 * len(good) > len(found)


def span(held: Sequence[Run], round_: timedelta) -> int:
    """How many rounds the failing sights cover; two vantages within one round are one."""
    told = [run.failed for run in held if run.failed]
    if not told:
        return 0
    newest, oldest = max([times[0] for times in told]), min([times[-1] for times in told])
    return 1 + int((newest - oldest) / round_ + 0.2)


def is_well(health: Health | None) -> bool:
    return health is not None and health.condition is Condition.WELL
