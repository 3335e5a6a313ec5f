"""The rules applied to a sight: the main row that fits, the extra rows beside it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import msgspec
from msgspec.structs import astuple

from probe.judge.conditions import Kind, can_fit, kind
from probe.judge.control import Reference
from probe.judge.health import spoilt
from probe.judge.row import CAP, Category, Row
from probe.judge.rules import EXTRA, MAIN, ROWS
from probe.judge.sight import Sight
from probe.judge.slim import slim
from probe.judge.traits import NONE, SLOW_SECONDS
from probe.judge.trials import UNTRIED, told_beside
from probe.model import Author, Cause, Evidence, Layer


class Finding(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """What the rules say of one sight."""

    sight: Sight
    main: Row
    extra: tuple[Row, ...] = ()
    category: Category
    failing: bool
    author: Author
    """Who must have written what was seen: the network, if any row says so."""


def find(sight: Sight, known: Reference) -> Finding:
    """Apply the table: the first main row that fits, and every extra one that does."""
    asked, more = _ASKED[kind(sight)]
    main = next(row for row in asked if row.condition(sight, known))
    failing = main.category not in _QUIET
    beside = more if failing else ()
    extra = tuple([row for row in beside if row.condition(sight, known)])
    signed = any(row.author is Author.NETWORK for row in extra)
    return Finding(
        sight=sight, main=main, extra=extra, category=main.category, failing=failing,
        author=Author.NETWORK if signed else main.author,
    )  # fmt: skip


MOST_SAID = 4096
"""Different sights of one endpoint whose rows are kept."""
_OWN = 5
"""Fields of a sight that come first, and are its own: id, time, vantage, target and health."""


class Lore:
    """What is known of an endpoint, and what the rules said of sights beside it: it recurs."""

    __slots__ = ("_said", "known")

    def __init__(self, known: Reference) -> None:
        self.known = known
        self._said: dict[tuple[object, ...], Finding] = {}

    def find(self, sight: Sight) -> Finding:
        """As `find`, looked up where a sight like this one was asked about before."""
        # What came late is held against the vantage's own pace at its time.
        own = self.known.late.get(sight.id)
        key = (sight.vantage.country, own, *astuple(sight)[_OWN:])
        said = self._said.get(key)
        if said is not None:
            return Finding(
                sight=sight, main=said.main, extra=said.extra, category=said.category,
                failing=said.failing, author=said.author,
            )  # fmt: skip
        if len(self._said) >= MOST_SAID:
            self._said.clear()
        self._said[key] = found = find(sight, self.known)
        return found


def _fitting(table: Sequence[Row], of: Kind) -> tuple[Row, ...]:
    return tuple([row for row in table if can_fit(row.condition, of)])


_KINDS = [Kind(*facts) for facts in product((None, *Layer), (True, False), (True, False))]
_ASKED = {of: (_fitting(MAIN, of), _fitting(EXTRA, of)) for of in _KINDS}
"""The main rows that can fit sights of a kind, in their order, and those beside it that can."""
_QUIET = frozenset({Category.OK, Category.NOTHING})


WHOLE = ROWS["ok.met"]
_PAGE = Layer.HTTP
_Whole = slim(
    Finding,
    ("sight",),
    {"main": WHOLE, "category": WHOLE.category, "failing": False, "author": WHOLE.author},
)


def plain(sight: Sight) -> bool:
    """Whether a sight is a whole answer whatever others see: the rules need no reference for it."""
    if not sight.met or sight.pace >= SLOW_SECONDS or sight.goal is not _PAGE or spoilt(sight):
        return False
    told = sight.traits is not NONE and (sight.traits.lost or sight.traits.proxied)
    return not told and (sight.trials is UNTRIED or not told_beside(sight.trials))


def whole(sight: Sight) -> Finding:
    """What the rules find of a plain sight."""
    return _Whole(sight=sight)


def plainly(finding: Finding) -> bool:
    """Whether it was found of a plain sight."""
    return type(finding) is _Whole


def rows(finding: Finding) -> tuple[Row, ...]:
    return (finding.main, *finding.extra) if finding.extra else (finding.main,)


def weight(finding: Finding, cause: Cause) -> float:
    """Nats toward a cause beyond what the category says, capped."""
    return weigh(rows(finding), cause)


@lru_cache(maxsize=4096)
def weigh(said: tuple[Row, ...], cause: Cause) -> float:
    """Nats toward a cause of the rows that were found of one sight, capped."""
    total = sum(row.weights.get(cause, 0.0) for row in said)
    return max(-CAP, min(CAP, total))


def evidence(finding: Finding) -> tuple[Evidence, ...]:
    """The rows in words, each with its witness."""
    if not finding.extra:
        return (word(finding, finding.main),)
    return tuple([word(finding, row) for row in rows(finding)])


def told(sight: Sight) -> Evidence:
    """A whole answer in words."""
    return Evidence(
        rule=WHOLE.id, standing=WHOLE.standing, measurement=sight.id, vantage=sight.vantage.id,
        mechanism=WHOLE.mechanism, layer=WHOLE.layer, author=WHOLE.author, sentence=WHOLE.sentence,
    )  # fmt: skip


def word(finding: Finding, row: Row) -> Evidence:
    """One row, with its witness."""
    return Evidence(
        rule=row.id,
        standing=row.standing,
        measurement=finding.sight.id,
        vantage=finding.sight.vantage.id,
        mechanism=row.mechanism,
        layer=row.layer,
        author=row.author,
        sentence=row.sentence,
    )
