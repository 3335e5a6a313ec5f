"""What failing services share, looked for before each of them, or a border, is blamed."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache, partial
from ipaddress import ip_network

import msgspec

from probe.judge.hypothesis.episode import Run, authored, main_category, span
from probe.judge.hypothesis.sharing import shared as explained
from probe.judge.hypothesis.unit import Key, Shared, Unit
from probe.judge.hypothesis.weighing import Matter, Place, weighed
from probe.judge.row import Category
from probe.judge.view import View, begins
from probe.model import Author, Cause, Origin

LASTING_ROUNDS = 3
DELIVERED = frozenset({"cdn", "declared"})
"""What may have sites."""
VANISHING = frozenset({Category.TCP_TIMEOUT, Category.UNREACHABLE})
FORGED = frozenset({Category.DNS_FORGED, Category.BLOCK_PAGE})


def shared(matters: Sequence[Matter], view: View) -> list[Matter]:
    """Give to a dependency what it explains better than anything else does."""
    if all(place.calm for matter in matters for place in matter.places.values()):
        return list(matters)
    found = explained(_units(matters, view))
    return [_blamed(matter, found, view) for matter in matters] if found else list(matters)


# ── units ────────────────────────────────────────────────────────────────────────────────────


def _units(matters: Sequence[Matter], view: View) -> list[Unit]:
    """What fails, and all that stands on what it stands on: of nothing else anything follows."""
    declared = {(s.id, f.id): (*s.depends, *f.depends) for s in view.services for f in s.features}
    whole = {m: _keys(m, declared.get((m.service, m.feature), ()), view.origins) for m in matters}
    users: dict[Key, set[str]] = defaultdict(set)
    for matter, keys in whole.items():
        for key in keys:
            users[key].add(matter.service)
    stands = {m: {k for k in keys if len(users[k]) > 1} for m, keys in whole.items()}
    troubled = [m for m in matters if any(not place.calm for place in m.places.values())]
    found = {m: _of_matter(m, whole[m], stands[m], view) for m in troubled}
    asked = _Asked([unit for units in found.values() for unit in units if unit.failing])
    found |= {
        m: _of_matter(m, whole[m], stands[m], view)
        for m in matters
        if m not in found and _speaks(asked, whole[m], stands[m])
    }
    return [unit for matter in matters for unit in found.get(matter, ())]


class _Asked:
    """What one must stand on to say anything of what fails."""

    __slots__ = ("keys", "lost", "sited")

    def __init__(self, failing: Iterable[Unit]) -> None:
        self.keys = {key for unit in failing for key in unit.keys}
        self.lost = {("prefix", name) for u in failing if u.lost for name in u.prefixes}
        self.sited = any(kind == "site" for kind, _ in self.keys)


def _speaks(asked: _Asked, whole: Iterable[Key], stands: Iterable[Key]) -> bool:
    if not asked.keys.isdisjoint(stands) or not asked.lost.isdisjoint(whole):
        return True
    # Which site serves a unit is known when it is made.
    return asked.sited and any(kind in DELIVERED for kind, _ in whole)


def _keys(
    matter: Matter, declared: Iterable[str], origins: Mapping[str, Origin]
) -> frozenset[Key]:
    """What a matter stands on as a whole."""
    runs = [run for place in matter.places.values() for run in place.runs]
    addresses = {a for answers in set(map(_answers, runs)) for a in answers}
    known = [origins[address] for address in addresses if address in origins]
    networks = set(map(_network, runs)) - {""}
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


@lru_cache(maxsize=16384)
def _prefix(address: str) -> str:
    """What is announced is at least so wide: /24, and /48 of IPv6; what is no address, itself."""
    try:
        return str(ip_network(f"{address}/{48 if ':' in address else 24}", strict=False))
    except ValueError:
        return address


def _network(run: Run) -> str:
    for finding in run.findings:
        if name := finding.sight.site[0]:
            return name
    return ""


def _of_matter(matter: Matter, all_keys: Iterable[Key], keys: set[Key], view: View) -> list[Unit]:
    prefixes = frozenset(name for kind, name in all_keys if kind == "prefix")
    networks = {name for kind, name in keys if kind in DELIVERED}
    joined = cache(partial(frozenset.union, frozenset(keys)))  # few networks are served alone
    units = []
    for country, place in matter.places.items():
        for asn, held in _by_asn(place.runs):
            served = _served(asn, held, networks, view)
            where = (matter.service, matter.feature, country, asn)
            units.append(_unit(where, held, (prefixes, joined(served)), view))
    return units


def _by_asn(held: Sequence[Run]) -> Sequence[tuple[int, Sequence[Run]]]:
    if len(held) == 1:
        return ((held[0].vantage.asn, held),)
    found: dict[int, list[Run]] = {}
    for run in held:
        found.setdefault(run.vantage.asn, []).append(run)
    return sorted(found.items())


def _served(
    asn: int, held: Sequence[Run], networks: Collection[str], view: View
) -> frozenset[Key]:
    """The sites from which a network is served: seen now, else remembered."""
    now: dict[str, str] = {}
    last = ("", "")
    for run in held:
        for finding in run.findings:
            site = finding.sight.site
            if site is not last:
                last = site
                if site[1]:
                    now[site[0]] = site[1]
    sites = view.memory.sites
    if sites:
        now = {name: place for name in networks if (place := sites.get((asn, name)))} | now
    return _places(tuple(now.items()))


@lru_cache(maxsize=4096)
def _places(sites: tuple[tuple[str, str], ...]) -> frozenset[Key]:
    return frozenset({("site", f"{network}/{place}") for network, place in sites})


def _unit(
    where: tuple[str, str, str, int],
    held: Sequence[Run],
    stands_on: tuple[frozenset[str], frozenset[Key]],
    view: View,
) -> Unit:
    failing = [run for run in held if run.failing]
    service, feature, country, asn = where
    prefixes, keys = stands_on
    if not failing or 2 * len(failing) <= len(held):
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
    left = [run for c, p in matter.places.items() if c not in blamed for run in p.runs]
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
