"""What an endpoint looks like where nobody interferes: certificates, addresses and pace elsewhere.

Which address belongs to a service, and how fast it answers, hold for a whole window. Whether it
is up does not: that question is the hypotheses', and an answer from before a failure began says
nothing there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, pairwise
from statistics import median

import msgspec

from probe.judge.common import Pair
from probe.judge.likeness import kinds
from probe.judge.sight import Sight
from probe.judge.told import Saying
from probe.judge.traits import SLOW_SECONDS
from probe.judge.trials import UNTRIED
from probe.model import CONTROL, Layer

SLOW_RATIO = 5.0
"""A busy host or a far country is not throttled: both the ratio and the plain seconds count."""


class Reference(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One endpoint over all countries, in one window."""

    valid: Mapping[str, frozenset[str]] = {}
    """Address → countries where it presented a certificate valid for the name."""
    refused: Mapping[str, frozenset[str]] = {}
    """Digest of a refused leaf certificate → countries where it was shown."""
    answers: Mapping[str, frozenset[str]] = {}
    """Address → countries whose resolvers name it."""
    met: frozenset[str] = frozenset()
    """Countries with a good answer."""
    direct: frozenset[str] = frozenset()
    """Of those, countries where no proxy says that it passed through."""
    belied: Mapping[str, frozenset[str]] = {}
    """Address → countries where the first answer named it and a later one the proven addresses."""
    paces: Mapping[str, float] = {}
    """Country → median pace of good answers; empty where none is slow enough to be compared."""
    pages: Mapping[str, frozenset[tuple[str, int]]] = {}
    """Digest of an unexpected page over plain HTTP → (country, AS number) where it, or a page
    like it, came."""
    common: frozenset[Pair] = frozenset()
    """(country, address) that resolvers there give for several endpoints, and nobody's elsewhere; of
    those at which something failed."""
    sealed: Mapping[str, frozenset[str]] = {}
    """Encrypted resolver → countries where it answers."""
    cut: Mapping[str, frozenset[str]] = {}
    """Encrypted resolver → countries where it is not reached, and its neighbours on the way are."""
    spoken: Mapping[str, frozenset[str]] = {}
    """Who shakes hands over QUIC, by address and port → countries where that is seen."""
    own: Mapping[str, float] = {}
    """Vantage → median pace of its controls."""


Series = Sequence[Sight]
"""The sights of one vantage at one endpoint; never empty."""


class _Said:
    """What sights say of one endpoint, as they are gone through."""

    def __init__(self) -> None:
        self.valid: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self.answers: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self.refused: dict[str, set[str]] = defaultdict(set)
        self.pages: dict[str, set[tuple[str, int]]] = defaultdict(set)
        self.words: dict[str, str] = {}
        self.ended: set[Pair] = set()
        """Country and address at which something failed."""
        self.met: dict[bool, set[str]] = {True: set(), False: set()}
        """By whether it passed through a proxy."""


def _said(series: Sequence[Series], told: Iterable[Saying]) -> _Said:
    said = _Said()
    for named, proved, countries in told:
        said.answers[named] |= countries
        said.valid[proved] |= countries
        said.met[False] |= countries
    for sight in chain.from_iterable(map(_distinct, series)):
        country = sight.vantage.country
        said.valid[sight.valid].add(country)
        said.answers[sight.answers].add(country)
        if sight.met:
            said.met[sight.traits.proxied].add(country)
            continue  # whoever met the expectations refused no certificate, and shows no page
        if sight.leaf:
            said.refused[sight.leaf].add(country)
        if sight.digest:
            said.pages[sight.digest].add((country, sight.vantage.asn))
            said.words[sight.digest] = sight.words
        said.ended.update([(country, address) for address in sight.tried])
    return said


def reference(
    series: Sequence[Series],
    own: Mapping[str, float] | None = None,
    told: Iterable[Saying] = (),
    common: Callable[[AbstractSet[Pair]], frozenset[Pair]] = lambda _: frozenset(),
    *,
    slow: bool = True,
) -> Reference:
    """Gather what the sights of one endpoint say about it, beside what is counted already.

    `common`: of countries and addresses, those that are common (probe.judge.common), asked for
    where one failed; `slow`: whether any of them may be so slow that paces are compared.
    """
    said = _said(series, told)
    more = [s for sights in series for s in sights if s.doubled or s.trials is not UNTRIED]
    sealed, cut, spoken = _beside(more)
    proven, named = _each(said.valid), _each(said.answers)
    strange = {p for p in said.ended if not (_abroad(proven, p) or _abroad(named, p))}
    return Reference(
        valid=_frozen(proven),
        refused=_frozen(said.refused),
        answers=_frozen(named),
        met=frozenset(said.met[True] | said.met[False]),
        direct=frozenset(said.met[False]),
        belied=_belied(more, proven),
        paces=_paces(series) if slow else {},
        pages=_alike(said.pages, said.words) if said.pages else {},
        sealed=sealed,
        cut=cut,
        spoken=spoken,
        common=common(strange) if strange else frozenset(),
        own=own or {},
    )


def _abroad(told: Mapping[str, AbstractSet[str]], pair: Pair) -> bool:
    """Whether another country has it too."""
    country, address = pair
    countries = told.get(address, ())
    return len(countries) > (country in countries)


def alike(one: Reference, other: Reference) -> bool:
    """Whether just the same is known."""
    return msgspec.structs.astuple(one) == msgspec.structs.astuple(other)


def _belied(told: Iterable[Sight], valid: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for sight in told:
        if sight.doubled and any(address in valid for address in sight.doubled):
            forged = [address for address in sight.answers if address not in valid]
            _note(found, tuple(forged), sight.vantage.country)
    return _frozen(found)


def _beside(told: Iterable[Sight]) -> tuple[dict[str, frozenset[str]], ...]:
    """Where encrypted resolvers answer, where they are cut off, who answers over QUIC."""
    sealed, cut, spoken = (defaultdict[str, set[str]](set) for _ in range(3))
    for sight in told:
        found, country = sight.trials, sight.vantage.country
        _note(sealed, found.sealed, country)
        _note(cut, (found.cut,) if found.cut else (), country)
        _note(spoken, found.spoken, country)
    return _frozen(sealed), _frozen(cut), _frozen(spoken)


def _alike(
    pages: Mapping[str, set[tuple[str, int]]], words: Mapping[str, str]
) -> dict[str, frozenset[tuple[str, int]]]:
    """Give each page the places of all that are like it: a notice may tell the time, or a name."""
    of = kinds(words)
    shared: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for digest, places in pages.items():
        shared[of[digest]] |= places
    return {digest: frozenset(shared[of[digest]]) for digest in pages}


def _distinct(sights: Series) -> Series:
    """Sights without those that say of the endpoint what the one before them said."""
    if len(sights) == 1:
        return sights
    fresh = [
        sight
        for last, sight in pairwise(sights)
        if sight.answers is not last.answers
        or sight.valid is not last.valid
        or not (sight.met and last.met)
        or sight.vantage is not last.vantage
    ]
    return [sights[0], *fresh]


def _paces(series: Iterable[Series]) -> dict[str, float]:
    good = [sight for sights in series for sight in sights if sight.met]
    if not any([sight.pace >= SLOW_SECONDS for sight in good]):  # noqa: C419 — a list is faster
        return {}
    paces: dict[str, list[float]] = defaultdict(list)
    for sight in good:
        paces[sight.vantage.country].append(sight.pace)
    return {country: median(values) for country, values in paces.items()}


def same_page_here_alone(known: Reference, country: str, digest: str) -> bool:
    """Whether several networks of a country get this very page, and no other country does."""
    places = known.pages.get(digest, frozenset())
    return len(places) > 1 and {where for where, _ in places} == {country}


def control_paces(series: Iterable[Series]) -> dict[str, float]:
    """Each vantage's usual pace to its own controls."""
    paces: dict[str, list[float]] = defaultdict(list)
    for sights in series:
        if sights[0].target.service == CONTROL:
            paces[sights[0].vantage.id] += [sight.pace for sight in sights if _paced(sight)]
    return {vantage: median(values) for vantage, values in paces.items() if values}


def _paced(sight: Sight) -> bool:
    """Whether it was a whole answer: a port that opens tells no pace."""
    return sight.met and sight.goal is Layer.HTTP


def _note(table: dict[str, set[str]], keys: tuple[str, ...], country: str) -> None:
    for key in keys:
        table[key].add(country)


def _each(told: Mapping[tuple[str, ...], set[str]]) -> dict[str, set[str]]:
    """Address by address: most countries are given the same ones."""
    found: dict[str, set[str]] = defaultdict(set)
    for addresses, countries in told.items():
        for address in addresses:
            found[address] |= countries
    return found


def _frozen(table: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {key: frozenset(values) for key, values in table.items()}


def abroad(countries: frozenset[str], country: str) -> int:
    """How many countries other than this one."""
    return len(countries - {country})


def proven_abroad(known: Reference, country: str) -> bool:
    """Whether any other country reached some address of the endpoint with a valid certificate."""
    return any(abroad(seen, country) for seen in known.valid.values())


def genuine(known: Reference, country: str, addresses: Iterable[str]) -> bool:
    """Whether one of the addresses presented a valid certificate to another country."""
    return any(abroad(known.valid.get(a, frozenset()), country) for a in addresses)


def answered_abroad(known: Reference, country: str, addresses: Iterable[str]) -> bool:
    """Whether another country's resolvers name one of the addresses."""
    return any(abroad(known.answers.get(a, frozenset()), country) for a in addresses)


def shown_abroad(known: Reference, country: str, leaf: str) -> int:
    """In how many other countries the same certificate was shown and refused."""
    return abroad(known.refused.get(leaf, frozenset()), country)


def slow(sight: Sight, known: Reference) -> bool:
    """Whether a good answer took far above other countries' and this vantage's own controls."""
    if not sight.met or sight.pace < SLOW_SECONDS:
        return False
    elsewhere = [pace for country, pace in known.paces.items() if country != sight.vantage.country]
    if not elsewhere:
        return False
    usual = max(median(elsewhere), known.own.get(sight.vantage.id, 0.0))
    return sight.pace >= SLOW_RATIO * usual and sight.pace - usual >= SLOW_SECONDS
