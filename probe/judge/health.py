"""Whether each vantage is well: by its controls, by what it says of itself, by its silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from enum import StrEnum
from itertools import chain, pairwise

import msgspec

from probe.judge.rhythm import silent
from probe.judge.sight import CERTIFICATE, Sight
from probe.judge.view import View
from probe.model import CONTROL, Layer, Measurement, Reach, Tally, Vantage

WAVERS = 2
"""Endpoints: one may be a lone failure of something that the disruption spares."""
FRESH_ROUNDS = 2.5
"""How long a control's result speaks for a vantage."""


class Condition(StrEnum):
    WELL = "well"
    CUT = "cut"
    """Foreign controls fail, domestic ones live."""
    DARK = "dark"
    """All controls fail, and not only for want of a resolver."""
    MISLED = "misled"
    """Foreign names lead it elsewhere: it is connected, and another answers in their place."""
    BROKEN = "broken"
    """The vantage itself: its resolver, its clock, its stack."""
    LOSING = "losing"
    """A part of what it tries abroad fails, all of the time; said of it only along with its country."""
    SILENT = "silent"
    UNKNOWN = "unknown"
    """Never heard, or no control to tell by."""


class Health(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    vantage: Vantage
    condition: Condition
    reason: str = ""
    well_at: datetime | None = None
    """The latest time at which a foreign control passed."""
    since: datetime | None = None
    """When the trouble began, as far as the window shows."""
    controls: tuple[Sight, ...] = ()
    """Fresh results of its controls."""
    lately: Tally = Tally()
    """All tries of its controls that are fresh, not the newest of each alone."""
    abroad: tuple[Sight, ...] = ()
    """All tries of its foreign controls in the window, but of those that never pass: these are barred
    and tell of no loss on the way."""
    resolver: str = ""
    """The network of the resolver that really answers it, by its latest word."""
    shown: bool = False
    """The trouble was measured, not only inferred from silence."""
    wavers: bool = False
    """Since the trouble began the same things have failed and passed: a cut lets nothing pass by and by."""


LOST_BY_SIGHT = frozenset({Condition.CUT, Condition.DARK})
UNWELL = frozenset({Condition.CUT, Condition.DARK, Condition.BROKEN, Condition.SILENT})


def examine(told: Iterable[Sight], series: SightsOf, view: View) -> dict[str, Health]:
    """Each vantage's condition now; those of the roster and those that measured.

    `told`: what tells of it (`telling`); `series`: gives the sights of vantages, endpoint by endpoint,
    oldest first, none of them empty; asked only of those in trouble.
    """
    by_vantage: dict[str, list[Sight]] = defaultdict(list)
    for sight in told:
        by_vantage[sight.vantage.id].append(sight)
    for sights in by_vantage.values():
        sights.sort(key=_when)
    vantages = {name: sights[-1].vantage for name, sights in by_vantage.items()}
    vantages |= {vantage.id: vantage for vantage in view.roster}
    healths = [
        _examine_one(vantages[name], by_vantage.get(name, []), view) for name in sorted(vantages)
    ]
    known = _told(healths)
    reread = [_reread(health, known) for health in healths]
    well = {(h.vantage.country, h.vantage.asn) for h in reread if h.condition is Condition.WELL}
    found = {health.vantage.id: _own_side(health, well) for health in reread}
    return found | _wavering(found, series)


def _own_side(health: Health, well: AbstractSet[tuple[str, int]]) -> Health:
    """Beside a well vantage of the same network, who is misled is so by its own side: a proxy."""
    beside = (health.vantage.country, health.vantage.asn) in well
    if health.condition is not Condition.MISLED or not beside:
        return health
    return msgspec.structs.replace(
        health, condition=Condition.BROKEN, reason=Condition.BROKEN.value
    )


def _wavering(healths: Mapping[str, Health], series: SightsOf) -> dict[str, Health]:
    """Those measured vantages in trouble that, at several endpoints, come through now and then.

    Passing trouble lets some tries pass, at any endpoint (attribution.md, 7.2: mostly timeouts); a
    disruption has its list of what passes, or none, and keeps to it.
    """
    asked = {name: h for name, h in healths.items() if h.shown and h.condition in LOST_BY_SIGHT}
    turned: dict[str, int] = defaultdict(int)
    for sights in series(asked) if asked else ():
        health = asked[sights[-1].vantage.id]
        if health.since is not None:
            turned[health.vantage.id] += _turned(sights, health.since)
    return {
        name: msgspec.structs.replace(health, wavers=True)
        for name, health in asked.items()
        if turned[name] >= WAVERS
    }


def _turned(sights: Sequence[Sight], since: datetime) -> bool:
    held = [sight.met for sight in sights if sight.at >= since]
    return any(before is not after for before, after in pairwise(held))


SightsOf = Callable[[Collection[str]], Iterable[Sequence[Sight]]]
"""Vantage ids → their sights, endpoint by endpoint."""
Told = Mapping[str, Mapping[str, frozenset[str]]]
"""Control → address that answered well there → countries."""


def _told(healths: Iterable[Health]) -> Told:
    told: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for health in healths:
        for sight in health.controls:
            for address in sight.answers if sight.met else ():
                told[sight.target.endpoint][address].add(health.vantage.country)
    return {
        control: {address: frozenset(countries) for address, countries in known.items()}
        for control, known in told.items()
    }


def _reread(health: Health, told: Told) -> Health:
    """Who is cut off by its own account, but is told addresses that nobody abroad knows, is misled."""
    if health.condition is not Condition.CUT:
        return health
    failed = [s for s in health.controls if not s.met and s.target.feature == Reach.FOREIGN]
    strange = [s for s in failed if s.answers and _strange(s, told.get(s.target.endpoint, {}))]
    if 2 * len(strange) <= len(failed):
        return health
    return msgspec.structs.replace(
        health, condition=Condition.MISLED, reason=Condition.MISLED.value
    )


def _strange(sight: Sight, known: Mapping[str, frozenset[str]]) -> bool:
    elsewhere = {a for a, countries in known.items() if countries - {sight.vantage.country}}
    return bool(elsewhere) and not elsewhere & set(sight.answers)


def telling(
    newest: Mapping[str, Sight],
    controls: Iterable[Sequence[Sight]],
    series: SightsOf,
) -> list[Sight]:
    """The sights that tell how a vantage is: its controls, its newest, the newest that vouches.

    All others say nothing that these do not, and there are very many: they are looked at only for
    who has a newest that does not vouch. `newest`: vantage id → its newest of any service.
    """
    unsure = {name for name, sight in newest.items() if not _vouches(sight)}
    vouching: dict[str, Sight] = {}
    for sights in series(unsure) if unsure else ():
        last = sights[-1]
        if last.target.service != CONTROL:
            _vouch(vouching, last.vantage.id, sights)
    return [*chain.from_iterable(controls), *newest.values(), *vouching.values()]


def _vouch(held: dict[str, Sight], name: str, sights: Sequence[Sight]) -> None:
    known = held.get(name)
    for sight in reversed(sights):
        if known is not None and sight.at <= known.at:
            return
        if _vouches(sight):
            held[name] = sight
            return


def _when(sight: Sight) -> tuple[datetime, str]:
    return sight.at, sight.id


def _examine_one(vantage: Vantage, sights: list[Sight], view: View) -> Health:
    last = sights[-1].at if sights else None
    heard = max([t for t in (view.heard.get(vantage.id), last) if t is not None], default=None)
    controls = _fresh_controls(sights, view)
    well_at = _well_at(sights, view)
    if heard is None:
        return Health(vantage=vantage, condition=Condition.UNKNOWN)
    if silent(vantage.id, heard, view):
        cut = any(_condition(_tallies([s]), "", [s]) is not Condition.WELL for s in controls)
        return Health(
            vantage=vantage, condition=Condition.SILENT, reason="silent", since=heard,
            well_at=well_at, controls=controls, shown=cut, resolver=_resolver(sights),
        )  # fmt: skip
    return _measured(vantage, sights, controls, well_at, view)


def _measured(
    vantage: Vantage,
    sights: list[Sight],
    controls: tuple[Sight, ...],
    well_at: datetime | None,
    view: View,
) -> Health:
    latest = sights[-1] if sights else None
    said = latest.health if latest is not None else None
    tallies = _tallies(controls)
    if not controls and said is not None:
        tallies = {Reach.DOMESTIC: said.domestic, Reach.FOREIGN: said.foreign}
    reason = said.reason if said is not None else ""
    condition = _condition(tallies, reason, controls)
    failing = [s.at for s in sights if _failed_control(s, well_at)]
    return Health(
        vantage=vantage, condition=condition, reason=reason or condition.value, well_at=well_at,
        since=min(failing, default=latest.at if latest else None), controls=controls, shown=True,
        resolver=_resolver(sights), lately=_lately(sights, view), abroad=_abroad(sights),
    )  # fmt: skip


def _resolver(sights: Sequence[Sight]) -> str:
    return next((s.health.resolver for s in reversed(sights) if s.health.resolver), "")


def _failed_control(sight: Sight, well_at: datetime | None) -> bool:
    """A control that failed after the last foreign one that passed."""
    control = sight.target.service == CONTROL
    return control and not sight.met and (well_at is None or sight.at > well_at)


def _fresh_controls(sights: Iterable[Sight], view: View) -> tuple[Sight, ...]:
    """The latest result of each control that is not too old to speak."""
    latest: dict[str, Sight] = {}
    since = view.now - FRESH_ROUNDS * view.round
    for sight in sights:
        target = sight.target
        if target.service != CONTROL or sight.at < since:
            continue
        held = latest.get(target.endpoint)
        if held is None or (held.at, held.id) < (sight.at, sight.id):
            latest[target.endpoint] = sight
    return tuple(latest[endpoint] for endpoint in sorted(latest))


def _lately(sights: Iterable[Sight], view: View) -> Tally:
    since = view.now - FRESH_ROUNDS * view.round
    met = [s.met for s in sights if s.target.service == CONTROL and s.at >= since]
    return Tally(ok=sum(met), of=len(met))


def _abroad(sights: Iterable[Sight]) -> tuple[Sight, ...]:
    foreign = [s for s in sights if s.target.service == CONTROL and s.target.feature == _FOREIGN]
    passing = {sight.target.endpoint for sight in foreign if sight.met}
    return tuple([sight for sight in foreign if sight.target.endpoint in passing])


def _well_at(sights: Iterable[Sight], view: View) -> datetime | None:
    times = [time for sight in sights if (time := _vouched(sight, view)) is not None]
    return max(times, default=None)


def _vouched(sight: Sight, view: View) -> datetime | None:
    """When a foreign control passed, by this sight: itself, or the round before its tally."""
    target = sight.target
    if target.service == CONTROL:
        return sight.at if sight.met and target.feature == _FOREIGN else None
    return sight.at - view.round if _vouches(sight) else None


def _vouches(sight: Sight) -> bool:
    """Whether the vantage says that its foreign controls passed in the round before."""
    return sight.health.foreign.ok > 0 and sight.health.reason in HARMLESS


def _tallies(controls: Sequence[Sight]) -> dict[Reach, Tally]:
    def tally(reach: Reach) -> Tally:
        mine = [s.met for s in controls if s.target.feature == reach]
        return Tally(ok=sum(mine), of=len(mine))

    return {reach: tally(reach) for reach in _REACHES}


_REACHES, _FOREIGN = tuple(Reach), Reach.FOREIGN


HARMLESS = frozenset({"", "ipv6_broken", "offline"})
"""An agent's own reasons (probe.agent.health) that do not spoil what it measured: IPv4 was tried
too, and `offline` is what its failing controls say already."""


def _condition(
    tallies: Mapping[Reach, Tally], reason: str, controls: Sequence[Sight]
) -> Condition:
    foreign, domestic = tallies[Reach.FOREIGN], tallies[Reach.DOMESTIC]
    if not foreign.of and not domestic.of:
        return Condition.BROKEN if reason not in HARMLESS else Condition.UNKNOWN
    if foreign.of and 2 * foreign.ok < foreign.of:
        return _failing(domestic, reason, controls)
    return Condition.BROKEN if reason not in HARMLESS else Condition.WELL


def _failing(domestic: Tally, reason: str, controls: Sequence[Sight]) -> Condition:
    """Foreign controls fail: cut off, misled, dark, or only its own resolver or proxy at fault."""
    failed = [sight for sight in controls if not sight.met]
    elsewhere = 2 * sum(map(_elsewhere, failed)) > len(failed)
    if domestic.ok:
        return Condition.MISLED if elsewhere else Condition.CUT
    if elsewhere:
        return Condition.BROKEN
    unnamed = bool(failed) and all(s.layer is Layer.DNS or s.own or s.bogon for s in failed)
    blamed = reason not in HARMLESS and not failed
    return Condition.BROKEN if unnamed or blamed else Condition.DARK


def _elsewhere(sight: Sight) -> bool:
    """Whether it ended at a stranger: a private address, another's certificate or page."""
    stranger = sight.layer is Layer.TLS and sight.failure in CERTIFICATE
    return stranger or sight.bogon or (sight.answered and not sight.met and not sight.secure)


def spoilt(seen: Measurement | Sight) -> bool:
    """Whether the vantage itself was unwell when it measured, by its own word."""
    said = seen.health
    return said.reason not in HARMLESS or (
        said.foreign.of > 0 and 2 * said.foreign.ok < said.foreign.of
    )
