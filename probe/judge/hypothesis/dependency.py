"""What failing services share, looked for before each of them, or a border, is blamed."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from ipaddress import ip_network

import msgspec

from probe.judge.hypothesis.calm import Calm
from probe.judge.hypothesis.episode import Run, authored, main_category, span
from probe.judge.hypothesis.sharing import shared as explained
from probe.judge.hypothesis.unit import All, Crowd, Key, Shared, Unit
from probe.judge.hypothesis.weighing import Matter, Place, weighed
from probe.judge.row import Category
from probe.judge.sight import Sight
from probe.judge.view import View, begins
from probe.model import Author, Cause, Origin

LASTING_ROUNDS = 3
DELIVERED = frozenset({"cdn", "declared"})
"""What may have sites."""
VANISHING = frozenset({Category.TCP_TIMEOUT, Category.UNREACHABLE})
FORGED = frozenset({Category.DNS_FORGED, Category.BLOCK_PAGE})


def shared(matters: Sequence[Matter], view: View) -> list[Matter]:
    """Give to a dependency what it explains better than anything else does."""
    if not any(matter.troubled for matter in matters):
        return list(matters)
    found = explained(_all(matters, view))
    return [_blamed(matter, found, view) for matter in matters] if found else list(matters)


# ── units ────────────────────────────────────────────────────────────────────────────────────


def _all(matters: Sequence[Matter], view: View) -> All:
    """What fails, and all that stands on what it stands on: of nothing else anything follows."""
    declared = {(s.id, f.id): (*s.depends, *f.depends) for s in view.services for f in s.features}
    whole = {m: _keys(m, declared.get((m.service, m.feature), ()), view.origins) for m in matters}
    users: dict[Key, set[str]] = defaultdict(set)
    for matter, keys in whole.items():
        for key in keys:
            users[key].add(matter.service)
    makers = {
        m: _Maker(m, keys, {k for k in keys if len(users[k]) > 1}, view)
        for m, keys in whole.items()
    }
    troubled = [m for m in matters if m.troubled]
    found = {m: makers[m].counted() for m in troubled}
    asked = _Asked([unit for units, _ in found.values() for unit in units if unit.failing])
    found |= {
        m: makers[m].counted() for m in matters if m not in found and _speaks(asked, makers[m])
    }
    held = [matter for matter in matters if matter in found]
    return All(
        units=[unit for matter in held for unit in found[matter][0]],
        crowds={(matter.service, matter.feature): found[matter][1] for matter in held},
        everyone=lambda: [unit for matter in held for unit in makers[matter].everyone()],
    )


class _Asked:
    """What one must stand on to say anything of what fails."""

    __slots__ = ("keys", "lost", "sited")

    def __init__(self, failing: Iterable[Unit]) -> None:
        self.keys = {key for unit in failing for key in unit.keys}
        self.lost = {("prefix", name) for u in failing if u.lost for name in u.prefixes}
        self.sited = any(kind == "site" for kind, _ in self.keys)


def _speaks(asked: _Asked, maker: _Maker) -> bool:
    if not asked.keys.isdisjoint(maker.shared) or not asked.lost.isdisjoint(maker.keys):
        return True
    # Which site serves a unit is known when it is made.
    return asked.sited and any(kind in DELIVERED for kind, _ in maker.keys)


def _keys(
    matter: Matter, declared: Iterable[str], origins: Mapping[str, Origin]
) -> frozenset[Key]:
    """What a matter stands on as a whole."""
    named, delivered = set[tuple[str, ...]](), set[str]()
    for place in matter.places.values():
        if isinstance(place.runs, Calm):
            newest = [seat.sights[-1] for seat in place.runs.seats]
            named.update([() if sight.bogon else sight.answers for sight in newest])
            delivered.update([_delivery(seat.telling) for seat in place.runs.seats])
        else:
            named.update(map(_answers, place.runs))
            delivered.update([_delivery([f.sight for f in r.findings]) for r in place.runs])
    addresses = {address for answers in named for address in answers}
    known = [origins[address] for address in addresses if address in origins]
    networks = delivered - {""}
    return frozenset({
        *(("declared", name) for name in declared),
        *(("address", address) for address in addresses),
        *(("prefix", _prefix(address)) for address in addresses if address not in origins),
        *(("prefix", origin.prefix) for origin in known),
        *(("as", f"{origin.asn} {origin.organisation}".rstrip()) for origin in known),
        *(("cdn", network) for network in networks if network not in set(declared)),
    })  # fmt: skip


def _answers(run: Run) -> tuple[str, ...]:
    newest = run.findings[0]
    return () if newest.category in FORGED or newest.sight.bogon else newest.sight.answers


def _delivery(newest: Iterable[Sight]) -> str:
    """The delivery network that answered last, of those that say so."""
    for sight in newest:
        if sight.site[0]:
            return sight.site[0]
    return ""


@lru_cache(maxsize=16384)
def _prefix(address: str) -> str:
    """What is announced is at least so wide: /24, and /48 of IPv6; what is no address, itself."""
    try:
        return str(ip_network(f"{address}/{48 if ':' in address else 24}", strict=False))
    except ValueError:
        return address


class _Maker:
    """Makes the units of one matter."""

    def __init__(
        self, matter: Matter, keys: frozenset[Key], shared_: set[Key], view: View
    ) -> None:
        self.keys, self.shared = keys, shared_
        """What it stands on as a whole, and what of that others stand on too."""
        self._matter, self._view = matter, view
        self._prefixes = frozenset(name for kind, name in keys if kind == "prefix")
        self._networks = {name for kind, name in shared_ if kind in DELIVERED}
        self._joined = cache(partial(frozenset.union, frozenset(shared_)))  # few are served alone

    def counted(self) -> tuple[list[Unit], Crowd]:
        """Units, but those of calm countries by what they stand on alone."""
        units: list[Unit] = []
        crowd: Crowd = Counter()
        for country, place in self._matter.places.items():
            if isinstance(place.runs, Calm):
                crowd.update([keys for _, _, keys in self._standing(place)])
            else:
                units += self._made(country, place)
        return units, crowd

    def everyone(self) -> Iterator[Unit]:
        for country, place in self._matter.places.items():
            yield from self._made(country, place)

    def _made(self, country: str, place: Place) -> Iterator[Unit]:
        for asn, failing, keys in self._standing(place):
            where = (self._matter.service, self._matter.feature, country, asn)
            yield _unit(where, failing, (self._prefixes, keys), self._view)

    def _standing(self, place: Place) -> Iterator[tuple[int, Sequence[Run], frozenset[Key]]]:
        """Each network, its runs if most of them fail, and what it stands on."""
        for asn, failing, sites in _by_network(place.runs):
            yield asn, failing, self._joined(_served(asn, sites, self._networks, self._view))


Sites = Iterable[tuple[str, str]]


def _by_network(held: Sequence[Run]) -> Iterator[tuple[int, Sequence[Run], Sites]]:
    """Each network, its runs if most of them fail, and the sites that served it: newest first."""
    if isinstance(held, Calm):
        for asn, seats in sorted(held.by_network().items()):
            yield asn, (), [sight.site for seat in seats for sight in seat.telling]
        return
    found: dict[int, list[Run]] = {}
    for run in held:
        found.setdefault(run.vantage.asn, []).append(run)
    for asn, own in sorted(found.items()):
        failing = [run for run in own if run.failing]
        sites = [finding.sight.site for run in own for finding in run.findings]
        yield asn, failing if 2 * len(failing) > len(own) else (), sites


def _served(asn: int, seen: Sites, networks: Collection[str], view: View) -> frozenset[Key]:
    """The sites from which a network is served: seen now, else remembered."""
    now = {network: place for network, place in seen if place}
    sites = view.memory.sites
    if sites:
        now = {name: place for name in networks if (place := sites.get((asn, name)))} | now
    return _places(tuple(now.items()))


@lru_cache(maxsize=4096)
def _places(sites: tuple[tuple[str, str], ...]) -> frozenset[Key]:
    return frozenset({("site", f"{network}/{place}") for network, place in sites})


def _unit(
    where: tuple[str, str, str, int],
    failing: Sequence[Run],
    stands_on: tuple[frozenset[str], frozenset[Key]],
    view: View,
) -> Unit:
    service, feature, country, asn = where
    prefixes, keys = stands_on
    if not failing:
        return Unit(
            service=service, feature=feature, country=country, asn=asn, failing=False,
            prefixes=prefixes, keys=keys,
        )  # fmt: skip
    rounds = span(failing, view.round)
    return Unit(
        service=service, feature=feature, country=country, asn=asn, failing=True,
        lasting=rounds >= LASTING_ROUNDS and any(run.vouched for run in failing),
        own=not any(authored(run, Author.NETWORK) for run in failing),
        lost=main_category(failing) in VANISHING and all(run.steady for run in failing),
        begun=_begun((service, feature, asn), failing, view),
        prefixes=prefixes, keys=keys,
    )  # fmt: skip


def _begun(place: tuple[str, str, int], failing: Sequence[Run], view: View) -> float:
    """When it began, in rounds; of a trouble older than the window, when it was first seen."""
    start = min(run.start for run in failing)
    held = view.memory
    first = held.begun.get(place) or held.alone.get(place, start)
    known = start if begins(start, view) else min(start, first)
    return known.timestamp() / view.round.total_seconds()


# ── blame ────────────────────────────────────────────────────────────────────────────────────


def _blamed(matter: Matter, found: Sequence[Shared], view: View) -> Matter:
    """Blame where it explains; all other countries are weighed again without those."""
    by_country = {
        country: [s for s in found if (matter.service, matter.feature, country) in s.cells]
        for country in matter.places
    }
    blamed = {c: _blame(matter.places[c], own) for c, own in by_country.items() if own}
    if not blamed:
        return matter
    left = {c: place.runs for c, place in matter.places.items() if c not in blamed}
    rest = weighed(matter.service, matter.feature, left, view).places
    places = {country: blamed.get(country) or rest[country] for country in matter.places}
    return msgspec.structs.replace(matter, places=places)


def _blame(place: Place, found: Sequence[Shared]) -> Place:
    sure = 1 / (1 + math.exp(-found[0].gain))
    return msgspec.structs.replace(place, support=_moved(place.support, sure), shared=tuple(found))


def _moved(support: Mapping[Cause, float], sure: float) -> dict[Cause, float]:
    """As far as the dependency explains, it takes from all others: passing trouble is one of them."""
    left = {cause: belief * (1 - sure) for cause, belief in support.items()}
    return left | {Cause.DEPENDENCY_OUTAGE: left[Cause.DEPENDENCY_OUTAGE] + sure}
