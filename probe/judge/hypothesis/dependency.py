"""What failing services share, looked for before each of them, or a border, is blamed."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property, lru_cache, partial
from ipaddress import ip_network

import msgspec

from probe.judge.conditions import UNSIGNED
from probe.judge.hypothesis.chorus import Sites, delivery
from probe.judge.hypothesis.episode import Run, authored, main_category, span
from probe.judge.hypothesis.loss import losing
from probe.judge.hypothesis.sharing import shared as explained
from probe.judge.hypothesis.standing import Held
from probe.judge.hypothesis.unit import All, Crowd, Key, Shared, Unit
from probe.judge.hypothesis.weighing import Matter, Place, weighed
from probe.judge.row import Category
from probe.judge.sight import Contrast, Sight
from probe.judge.view import View, begins
from probe.model import Author, Cause, Layer, Origin

LASTING_ROUNDS = 3
DELIVERED = frozenset({"cdn", "declared"})
"""What may have sites."""
VANISHING = frozenset({Category.TCP_TIMEOUT, Category.UNREACHABLE})
UNNAMED = frozenset({Category.DNS_RCODE, Category.DNS_TIMEOUT})
FORGED = frozenset({Category.DNS_FORGED, Category.BLOCK_PAGE})


def shared(matters: Sequence[Matter], view: View) -> list[Matter]:
    """Give to a dependency what it explains better than anything else does."""
    if not any(matter.troubled for matter in matters):
        return list(matters)
    found = explained(_all(matters, view))
    hit = {(service, feature) for each in found for service, feature, _ in each.cells}
    return [
        _blamed(matter, found, view) if (matter.service, matter.feature) in hit else matter
        for matter in matters
    ]


# ── units ────────────────────────────────────────────────────────────────────────────────────


def _all(matters: Sequence[Matter], view: View) -> All:
    """What fails, and all that stands on what it stands on: of nothing else anything follows."""
    declared = {(s.id, f.id): (*s.depends, *f.depends) for s in view.services for f in s.features}
    whole = {m: _keys(m, declared.get((m.service, m.feature), ()), view.origins) for m in matters}
    users: dict[Key, set[str]] = defaultdict(set)
    for matter, keys in whole.items():
        for key in keys:
            users[key].add(matter.service)
    served = cache(partial(_served, view=view))  # most are served alike, whatever stands there
    makers = {
        (m.service, m.feature): _Maker(
            m, keys, {k for k in keys if len(users[k]) > 1}, served, view
        )
        for m, keys in whole.items()
    }
    found = {name: maker.counted() for name, maker in makers.items() if maker.matter.troubled}
    asked = _Asked([unit for units, _ in found.values() for unit in units if unit.failing])
    found |= {
        name: maker.counted()
        for name, maker in makers.items()
        if name not in found and _speaks(asked, maker)
    }
    held = [name for name in makers if name in found]
    return All(
        units=[unit for name in held for unit in found[name][0]],
        crowds={name: found[name][1] for name in held},
        prefixes={name: makers[name].prefixes for name in held},
        networks=lambda name: makers[name].networks,
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
    runs = [run for place in matter.places.values() for run in place.runs]
    named = matter.chorus.named | {_answers(run) for run in runs}
    delivered = matter.chorus.delivered | {_delivery(run) for run in runs}
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


def _delivery(run: Run) -> str:
    newest = run.findings[0].sight.site[0]
    return newest or delivery([finding.sight for finding in run.findings])


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
        self,
        matter: Matter,
        keys: frozenset[Key],
        shared_: set[Key],
        served: Callable[[int, Sites, frozenset[str]], frozenset[Key]],
        view: View,
    ) -> None:
        self.matter, self.keys, self.shared = matter, keys, shared_
        """What it stands on as a whole, and what of that others stand on too."""
        self.prefixes = frozenset(name for kind, name in keys if kind == "prefix")
        self._delivered = frozenset(name for kind, name in shared_ if kind in DELIVERED)
        self._served, self._view = served, view
        self._joined = cache(partial(frozenset.union, frozenset(shared_)))  # few are served alone

    def counted(self) -> tuple[list[Unit], Crowd]:
        """Units, but those of calm countries by what they stand on alone."""
        places = self.matter.places
        calm = [each for p in places.values() if p.calm for each in _by_network(p.runs)]
        crowd: Crowd = Counter([self._stands(asn, sites) for asn, _, sites in calm])
        for sites, asns in self.matter.chorus.served.items():
            if self._delivered <= {network for network, place in sites if place}:
                crowd[self._stands(0, sites)] += len(asns)  # memory has nothing to add
            else:
                crowd.update([self._stands(asn, sites) for asn in asns])
        return [unit for country in self.matter.troubled for unit in self._made(country)], crowd

    @cached_property
    def networks(self) -> Sequence[tuple[str, int]]:
        """Country and AS number of each."""
        calm, places = self.matter.calm.items(), self.matter.places.items()
        ran = {(country, run.vantage.asn) for country, place in places for run in place.runs}
        return [*[(country, asn) for country, own in calm for asn in own.asns], *ran]

    def _made(self, country: str) -> list[Unit]:
        """A unit for each network of a country where anything fails."""
        service, feature = self.matter.service, self.matter.feature
        return [
            _unit(
                (service, feature, country, asn), failing,
                (self.prefixes, self._stands(asn, sites)), self._view,
            )
            for asn, failing, sites in _by_network(self.matter.places[country].runs)
        ]  # fmt: skip

    def _stands(self, asn: int, sites: Sites) -> frozenset[Key]:
        """What a network stands on, by the sites that it was seen to be served from."""
        return self._joined(self._served(asn, sites, self._delivered))


Network = tuple[int, Sequence[Run], Sites]
"""Its runs if most of them fail, and the sites that served it: newest first."""


def _by_network(held: Sequence[Run]) -> list[Network]:
    if len(held) == 1:
        return [_network(held[0].vantage.asn, held)]
    found: dict[int, list[Run]] = {}
    for run in held:
        found.setdefault(run.vantage.asn, []).append(run)
    return [_network(asn, own) for asn, own in sorted(found.items())]


def _network(asn: int, own: Sequence[Run]) -> Network:
    failing = [run for run in own if run.failing]
    sites = tuple([finding.sight.site for run in own for finding in run.findings])
    return asn, failing if 2 * len(failing) > len(own) else (), sites


def _served(asn: int, seen: Sites, networks: frozenset[str], view: View) -> frozenset[Key]:
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
    shows = main_category(failing)
    vouched = [run for run in failing if run.vouched]
    signed = [run for run in failing if authored(run, Author.NETWORK)]
    return Unit(
        service=service, feature=feature, country=country, asn=asn, failing=True,
        lasting=bool(vouched) and span(failing, view.round) >= LASTING_ROUNDS,
        own=not signed,
        lost=shows in VANISHING and all(run.steady for run in failing) and not losing(failing),
        unheard=shows in UNNAMED and _most(failing, _unheard),
        heard=shows in UNNAMED and _most(failing, _heard, LASTING_ROUNDS),
        begun=_begun((service, feature, asn), failing, view),
        prefixes=prefixes, keys=keys,
    )  # fmt: skip


def _most(failing: Sequence[Run], ends: Callable[[Sight], bool], least: int = 1) -> bool:
    """Most tries end so: where much is lost one or another of the resolvers still gets an answer."""
    sights = [f.sight for run in failing for f in run.findings if f.failing]
    return len(sights) >= least and 2 * sum(map(ends, sights)) > len(sights)


def _unheard(sight: Sight) -> bool:
    return sight.failure in UNSIGNED and sight.trials.unheard


def _heard(sight: Sight) -> bool:
    return sight.layer is Layer.DNS and sight.second is Contrast.PASSES


def _begun(place: tuple[str, str, int], failing: Sequence[Run], view: View) -> float:
    """When it began, in rounds; of a trouble older than the window, when it was first seen."""
    start = min([run.start for run in failing])
    first = view.memory.begun.get(place) or view.memory.alone.get(place)
    if first is not None and first < start and not begins(start, view):
        start = first
    return start.timestamp() / view.round.total_seconds()


# ── blame ────────────────────────────────────────────────────────────────────────────────────


def _blamed(matter: Matter, found: Sequence[Shared], view: View) -> Matter:
    """Blame where it explains; all other countries are weighed again without those."""
    by_country = {
        country: [s for s in found if (matter.service, matter.feature, country) in s.cells]
        for country in matter.troubled
    }
    blamed = {c: _blame(matter.places[c], own) for c, own in by_country.items() if own}
    others = {c: place.runs for c, place in matter.places.items() if c not in blamed}
    rest = weighed(matter.service, matter.feature, Held(matter.calm, others), view)
    places = {country: blamed.get(country) or rest.places[country] for country in matter.places}
    return msgspec.structs.replace(matter, peace=rest.peace, places=places)


def _blame(place: Place, found: Sequence[Shared]) -> Place:
    sure = 1 / (1 + math.exp(-found[0].gain))
    return msgspec.structs.replace(place, support=_moved(place.support, sure), shared=tuple(found))


def _moved(support: Mapping[Cause, float], sure: float) -> dict[Cause, float]:
    """As far as the dependency explains, it takes from all others: passing trouble is one of them."""
    left = {cause: belief * (1 - sure) for cause, belief in support.items()}
    return left | {Cause.DEPENDENCY_OUTAGE: left[Cause.DEPENDENCY_OUTAGE] + sure}
