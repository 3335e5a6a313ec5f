"""One service's feature as one network sees it, and what each explanation would have it do."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec

Key = tuple[str, str]
"""Kind and name: `("site", "cloudflare/LHR")`."""
Matter = tuple[str, str]
"""Service and feature."""

PRIORS: dict[str, float] = {
    "site": 3e-4, "sites": 3e-4, "address": 3e-4, "declared": 3e-4, "cdn": 3e-4, "prefix": 1e-4, "as": 1e-4, "route": 1e-4, "part": 1e-4,
}  # fmt: skip
"""Kinds of dependency that services stand on, in the order in which one is named rather than
another that explains as much; P(it is down at a moment) (attribution.md, 7.3: REGIONAL)."""
NAMES = {
    "route": "route to ",
    "site": "site ",
    "sites": "sites ",
    "address": "address ",
    "prefix": "prefix ",
    "as": "AS",
}

MOST_NAMED = 4
"""Prefixes of a route that are told by name."""


def named(key: Key) -> str:
    """What to call a dependency: `site cloudflare/LHR`, `akamai-dns`."""
    kind, name = key
    prefixes = name.split() if kind == "route" else ()
    if len(prefixes) > MOST_NAMED:
        name = f"{' '.join(prefixes[:MOST_NAMED])} and {len(prefixes) - MOST_NAMED} more"
    return f"{NAMES.get(kind, '')}{name}"


SIBLING = math.log(0.3)
"""The second feature of a service that fails too costs less than the first."""
TAKEN = 0.85
"""Share of the matters on a dependency that its failure takes along."""
DOWN, UP = 0.93, 0.03
UP_LASTING = 0.004
"""P(fails | nothing is wrong) of a failure of several rounds on a vantage that is otherwise well."""
FOREIGN_HAND = 0.01
"""P(such a failure | the dependency is down) where only the network can have written it."""


class Unit(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """One feature of one service, as one network sees it."""

    service: str
    feature: str
    country: str
    asn: int
    failing: bool
    lasting: bool = False
    own: bool = True
    """Whether the service's side can have made the failure: no network wrote it."""
    lost: bool = False
    """Its packets vanish, while the controls of the same vantages are steady."""
    unheard: bool = False
    """No resolver, wherever it stands, learns its addresses from its own name servers."""
    heard: bool = False
    """Time and again another resolver learns them, where the vantage's own does not."""
    begun: float = 0.0
    """When it began to fail, in rounds."""
    prefixes: frozenset[str] = frozenset()
    keys: frozenset[Key] = frozenset()

    @property
    def matter(self) -> Matter:
        return self.service, self.feature


class Shared(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A dependency that explains."""

    key: Key
    gain: float
    """Nats over the best explanation without it."""
    cells: frozenset[tuple[str, str, str]]
    """(service, feature, country) of the failing units that it explains."""

    @property
    def services(self) -> int:
        return len({service for service, _, _ in self.cells})

    @property
    def countries(self) -> int:
        return len({country for _, _, country in self.cells})

    @property
    def forgeable(self) -> bool:
        """Whether one border could yet write all that tells of it."""
        return self.key[0] == "part" and self.countries == 1

    @property
    def narrow(self) -> bool:
        """Whether it is a route that but two countries lost: one may bar it, the other have passing trouble."""
        return self.key[0] == "route" and self.countries <= 2  # noqa: PLR2004


FAILS, HOLDS, _STRANGE = math.log(DOWN), math.log(1 - DOWN), math.log(FOREIGN_HAND)
_ASTRAY = {lasting: math.log(chance) for lasting, chance in ((True, UP_LASTING), (False, UP))}
_STEADY = {lasting: math.log(1 - chance) for lasting, chance in ((True, UP_LASTING), (False, UP))}


def down(unit: Unit) -> float:
    if not unit.failing:
        return HOLDS
    return FAILS if unit.own else _STRANGE


def up(unit: Unit) -> float:
    return (_ASTRAY if unit.failing else _STEADY)[unit.lasting]


def steady(units: int) -> float:
    """So many of which none fails, while nothing is wrong."""
    return units * _STEADY[False]


Crowd = Counter[frozenset[Key]]
"""Units of which nothing need be known but what they stand on: how many on just that."""


Cell = tuple[str, str, str]
"""Service, feature and country."""


class All(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """All units of all matters that are looked at."""

    units: Sequence[Unit]
    """Those of countries where anything is more than whole answers."""
    crowds: Mapping[Matter, Crowd]
    """Of each matter, those of all other countries."""
    prefixes: Mapping[Matter, frozenset[str]]
    """What each matter's packets are sent to."""
    networks: Callable[[Matter], Collection[tuple[str, int]]]
    """Country and AS number of those that have a unit of a matter."""

    def without(self, cells: Iterable[Cell]) -> All:
        """Leave cells out; of a crowd none fails, so none is one."""
        out = frozenset(cells)

        def still(networks: Collection[tuple[str, int]], matter: Matter) -> list[tuple[str, int]]:
            return [where for where in networks if (*matter, where[0]) not in out]

        return msgspec.structs.replace(
            self, units=[u for u in self.units if (u.service, u.feature, u.country) not in out],
            networks=lambda matter: still(self.networks(matter), matter),
        )  # fmt: skip


Stand = tuple[int, float, float]
"""How many units, and what is to be expected of them while nothing is wrong, and while all is down."""


class Field(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """All units of one matter: those that hold are so many that they are but counted."""

    failing: tuple[Unit, ...]
    stands: Mapping[frozenset[Key], Stand]
    """What units stand on, and what of those on just that."""
    troubled: Mapping[str, Sequence[Unit]]
    """Country → its units, where any of them fails."""
    size: int
    well: float
    """What is to be expected while nothing is wrong."""
    out: float
    """What is to be expected while it is the matter itself that is down."""


def field(units: Sequence[Unit], crowd: Crowd | None = None) -> Field:
    failing = tuple([unit for unit in units if unit.failing])
    troubled: dict[str, list[Unit]] = {unit.country: [] for unit in failing}
    holding = {keys: count for keys, count in crowd.items() if count > 0} if crowd else {}
    for unit in units:
        if not unit.failing:
            holding[unit.keys] = holding.get(unit.keys, 0) + 1
        if unit.country in troubled:
            troubled[unit.country].append(unit)
    stands = {keys: (count, steady(count), count * HOLDS) for keys, count in holding.items()}
    ups, downs = list(map(up, failing)), list(map(down, failing))
    for unit, well, out in zip(failing, ups, downs, strict=True):
        told = stands.get(unit.keys, _NOBODY)
        stands[unit.keys] = told[0] + 1, told[1] + well, told[2] + out
    held = sum(holding.values())
    return Field(
        failing=failing, stands=stands, troubled=troubled, size=len(failing) + held,
        well=sum(ups) + steady(held), out=sum(downs) + held * HOLDS,
    )  # fmt: skip


_NOBODY: Stand = (0, 0.0, 0.0)


def hit(found: Field, wanted: frozenset[Key]) -> float:
    """What is to be expected where one of these dependencies is down."""
    told = found.stands.items()
    return sum([well if wanted.isdisjoint(keys) else out for keys, (_, well, out) in told])
