"""What an endpoint looks like where nobody interferes: certificates, addresses and pace elsewhere.

Which address belongs to a service, and how fast it answers, hold for a whole window. Whether it
is up does not: that question is the hypotheses', and an answer from before a failure began says
nothing there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from math import inf
from statistics import median
from types import MappingProxyType
from typing import TypeVar

import msgspec

from probe.judge.common import Pair
from probe.judge.likeness import kinds
from probe.judge.sight import Sight
from probe.judge.told import Place, Told
from probe.judge.traits import SLOW_SECONDS

SLOW_RATIO = 5.0
"""A busy host or a far country is not throttled: both the ratio and the plain seconds count."""

_K = TypeVar("_K")
Only = str
"""The one country in which something is so, or SEVERAL: whoever asks whether it is so abroad need
know no more, and that changes seldom."""
SEVERAL: Only = "*"


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint over all countries, in one window."""

    valid: Mapping[str, Only] = {}
    """Address → where it presented a certificate valid for the name."""
    refused: Mapping[str, Only] = {}
    """Digest of a refused leaf certificate → where it was shown."""
    answers: Mapping[str, Only] = {}
    """Address → where resolvers name it."""
    met: Only | None = None
    """Where a good answer came."""
    direct: Only | None = None
    """Of those, where no proxy says that it passed through."""
    belied: Mapping[str, Only] = {}
    """Address → where the first answer named it and a later one the proven addresses."""
    pages: Mapping[str, frozenset[tuple[str, int]]] = {}
    """Digest of an unexpected page over plain HTTP → (country, AS number) where it, or a page
    like it, came."""
    common: frozenset[Pair] = frozenset()
    """(country, address) that resolvers there give for several endpoints, and nobody's elsewhere; of
    those at which something failed."""
    sealed: Mapping[str, Only] = {}
    """Encrypted resolver → where it answers."""
    cut: Mapping[str, Only] = {}
    """Encrypted resolver → where it is not reached, and its neighbours on the way are."""
    spoken: Mapping[str, Only] = {}
    """Who shakes hands over QUIC, by address and port → where that is seen."""
    late: Mapping[str, float] = {}
    """Good answers that came far slower than in other countries, by id → the pace of the vantage's
    own controls at that time."""


Series = Sequence[Sight]
"""The sights of one vantage at one endpoint; never empty."""


class _Said:
    """What sights say of one endpoint, as they are gone through."""

    def __init__(self) -> None:
        self.valid: dict[tuple[str, ...], Only] = {}
        self.answers: dict[tuple[str, ...], Only] = {}
        self.refused: dict[str, Only] = {}
        self.pages: dict[str, set[Place]] = defaultdict(set)
        self.words: dict[str, str] = {}
        self.ended: set[Pair] = set()
        """Country and address at which something failed."""
        self.met: dict[bool, Only] = {}
        """By whether it passed through a proxy."""


def _said(told: Told) -> _Said:
    said = _Said()
    for saying, places in told:
        where = _only(places)
        _note(said.answers, saying.answers, where)
        _note(said.valid, saying.valid, where)
        if saying.proxied is not None:
            _note(said.met, saying.proxied, where)
            continue
        if saying.leaf:
            _note(said.refused, saying.leaf, where)
        if saying.digest:
            said.pages[saying.digest].update(places)
            said.words[saying.digest] = max(saying.words, said.words.get(saying.digest, ""))
        if saying.tried:
            said.ended.update([(c, address) for c, _ in places for address in saying.tried])
    return said


def _only(places: AbstractSet[Place]) -> Only:
    each = iter(places)
    first, _ = next(each)
    return SEVERAL if any(country != first for country, _ in each) else first


def _note(table: dict[_K, Only], key: _K, where: Only) -> None:
    if table.setdefault(key, where) != where:
        table[key] = SEVERAL


def reference(
    told: Told,
    common: Callable[[AbstractSet[Pair]], frozenset[Pair]] = lambda _: frozenset(),
    late: Mapping[str, float] = MappingProxyType({}),
) -> Reference:
    """Gather what is said about one endpoint.

    `common`: of countries and addresses, those that are common (probe.judge.common), asked for
    where one failed; `late`: as in `Reference`.
    """
    said, more = _said(told), told.more
    sealed, cut, spoken = _beside(more)
    proven, named = _each(said.valid), _each(said.answers)
    strange = {
        (country, address)
        for country, address in said.ended
        if not (abroad(proven.get(address), country) or abroad(named.get(address), country))
    }
    return Reference(
        valid=proven,
        refused=said.refused,
        answers=named,
        met=_anywhere(said.met.values()),
        direct=said.met.get(False),
        belied=_belied(more, proven),
        pages=_alike(said.pages, said.words) if said.pages else {},
        sealed=sealed,
        cut=cut,
        spoken=spoken,
        common=common(strange) if strange else frozenset(),
        late=late,
    )


def _anywhere(told: Iterable[Only]) -> Only | None:
    found = set(told)
    return SEVERAL if len(found) > 1 else next(iter(found), None)


def _each(told: Mapping[tuple[str, ...], Only]) -> dict[str, Only]:
    """Address by address: most countries are given the same ones."""
    found: dict[str, Only] = {}
    for addresses, where in told.items():
        for address in addresses:
            _note(found, address, where)
    return found


def _belied(told: Iterable[Sight], valid: Mapping[str, Only]) -> dict[str, Only]:
    found: dict[str, Only] = {}
    for sight in told:
        if sight.doubled and any(address in valid for address in sight.doubled):
            for address in sight.answers:
                if address not in valid:
                    _note(found, address, sight.vantage.country)
    return found


def _beside(told: Iterable[Sight]) -> tuple[dict[str, Only], dict[str, Only], dict[str, Only]]:
    """Where encrypted resolvers answer, where they are cut off, who answers over QUIC."""
    sealed: dict[str, Only] = {}
    cut: dict[str, Only] = {}
    spoken: dict[str, Only] = {}
    for sight in told:
        found, country = sight.trials, sight.vantage.country
        for table, keys in (
            (sealed, found.sealed), (cut, (found.cut,) if found.cut else ()), (spoken, found.spoken),
        ):  # fmt: skip
            for key in keys:
                _note(table, key, country)
    return sealed, cut, spoken


def _alike(
    pages: Mapping[str, set[tuple[str, int]]], words: Mapping[str, str]
) -> dict[str, frozenset[tuple[str, int]]]:
    """Give each page the places of all that are like it: a notice may tell the time, or a name."""
    of = kinds(words)
    shared: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for digest, places in pages.items():
        shared[of[digest]] |= places
    return {digest: frozenset(shared[of[digest]]) for digest in pages}


def late(series: Iterable[Series], own: Callable[[Sight], float]) -> dict[str, float]:
    """Find the good answers that came far slower than in other countries.

    `series`: all that was seen of the endpoint; `own`: of a sight, how fast its vantage's controls
    were about then.
    """
    good = [sight for sights in series for sight in sights if sight.met]
    slowest = [sight for sight in good if sight.pace >= SLOW_SECONDS]
    if not slowest:
        return {}
    paces: dict[str, list[float]] = defaultdict(list)
    for sight in good:
        paces[sight.vantage.country].append(sight.pace)
    usual = {country: median(values) for country, values in paces.items()}
    elsewhere = {
        country: _elsewhere(usual, country) for country in {s.vantage.country for s in slowest}
    }
    return {s.id: own(s) for s in slowest if _far(s.pace, elsewhere[s.vantage.country])}


def _elsewhere(usual: Mapping[str, float], country: str) -> float:
    """The pace of other countries; where there are none nothing is slower."""
    return median([pace for where, pace in usual.items() if where != country] or [inf])


def _far(pace: float, usual: float) -> bool:
    return pace >= SLOW_RATIO * usual and pace - usual >= SLOW_SECONDS


def same_page_here_alone(known: Reference, country: str, digest: str) -> bool:
    """Whether several networks of a country get this very page, and no other country does."""
    places = known.pages.get(digest, frozenset())
    return len(places) > 1 and {where for where, _ in places} == {country}


def abroad(where: Only | None, country: str) -> bool:
    """Whether it is so in any country other than this one."""
    return where is not None and where != country


def proven_abroad(known: Reference, country: str) -> bool:
    """Whether any other country reached some address of the endpoint with a valid certificate."""
    return any(abroad(where, country) for where in known.valid.values())


def genuine(known: Reference, country: str, addresses: Iterable[str]) -> bool:
    """Whether one of the addresses presented a valid certificate to another country."""
    return any(abroad(known.valid.get(a), country) for a in addresses)


def answered_abroad(known: Reference, country: str, addresses: Iterable[str]) -> bool:
    """Whether another country's resolvers name one of the addresses."""
    return any(abroad(known.answers.get(a), country) for a in addresses)


def shown_abroad(known: Reference, country: str, leaf: str) -> bool:
    """Whether the same certificate was shown and refused in another country."""
    return abroad(known.refused.get(leaf), country)


def slow(sight: Sight, known: Reference) -> bool:
    """Whether a good answer took far above other countries' and this vantage's controls of then."""
    own = known.late.get(sight.id)
    return own is not None and _far(sight.pace, own)
