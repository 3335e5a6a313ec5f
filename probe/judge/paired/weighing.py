"""From looks beside their helper's to verdicts: pooled by network and country, and gated low.

Looks from one network share its fate, so they are averaged; networks that agree make it surer.
Nothing here is ever `confirmed`: the helper is one place, a datacentre's (ooni.md, section e).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache

import msgspec

from probe.judge.paired.facts import facts
from probe.judge.paired.rules import BY_ID, Row, fitting, mechanism
from probe.model import (
    OUTAGES,
    SIDES,
    Author,
    Cause,
    Evidence,
    Paired,
    Side,
    Standing,
    State,
    Target,
    Vantage,
    Verdict,
)

VERSION = "worksforwhom-paired-1"
LIKELY, LEADING, APART = 0.80, 0.50, 0.20
PLAIN = OUTAGES | {Cause.OK}
"""Causes for which the two looks agree: one network is enough to say so."""
MOST_PIECES = 12
FLOOR = 0.01
WORLDWIDE_COUNTRIES, WORLDWIDE_SHARE = 3, 0.6
"""What fails alike in so many countries, and not for the helper, is no country's filter."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """What one look came to; it does not hold the look."""

    id: str
    at: datetime
    vantage: Vantage
    target: Target
    row: str
    mechanism: str = ""


def weigh(look: Paired) -> Weighed:
    """Find the row that a look fits."""
    own = look.own
    seen = facts(look)
    row = fitting(seen)
    return Weighed(
        id=own.id, at=own.at, vantage=own.vantage, target=own.target, row=row.id,
        mechanism=mechanism(row, seen),
    )  # fmt: skip


class _Pool(msgspec.Struct, frozen=True, eq=False):
    """Looks of one feature in one network, or in a country's networks."""

    looks: tuple[Weighed, ...]
    support: dict[Cause, float]

    @property
    def leading(self) -> Cause:
        return max(Cause, key=lambda cause: self.support[cause])


def verdicts(looks: Iterable[Weighed], now: datetime) -> tuple[Verdict, ...]:
    """Give one for each (service, feature, country, network), network 0 for the whole country."""
    by_feature: dict[tuple[str, str], dict[tuple[str, int], list[Weighed]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for look in sorted({look.id: look for look in looks}.values(), key=lambda w: w.id):
        place = (look.vantage.country, look.vantage.asn)
        by_feature[look.target.service, look.target.feature][place].append(look)
    given = []
    for feature in sorted(by_feature):
        given += _of_feature(feature, by_feature[feature], now)
    return tuple(given)


def _of_feature(
    feature: tuple[str, str], places: Mapping[tuple[str, int], Sequence[Weighed]], now: datetime
) -> list[Verdict]:
    pools: dict[str, dict[int, _Pool]] = defaultdict(dict)
    for country, asn in sorted(places):
        pools[country][asn] = _of_network(places[country, asn])
    whole = {country: _of_country(list(nets.values())) for country, nets in pools.items()}
    doubted = _worldwide(list(whole.values()))
    given = []
    for country, networks in pools.items():
        for asn, pool in (*networks.items(), (0, whole[country])):
            given.append(_verdict((*feature, country, asn), pool, now, doubted=doubted))
    return given


@cache
def spread(row: Row) -> dict[Cause, float]:
    """Spread a row's shares over every cause; what they leave of 1 goes to all alike."""
    rest = (1 - sum(row.shares.values())) / len(Cause)
    return {cause: row.shares.get(cause, 0.0) + rest for cause in Cause}


def _of_network(looks: Sequence[Weighed]) -> _Pool:
    each = [spread(BY_ID[look.row]) for look in looks]
    return _Pool(tuple(looks), {cause: sum(s[cause] for s in each) / len(each) for cause in Cause})


def _of_country(networks: Sequence[_Pool]) -> _Pool:
    """Sharpen what all networks agree on; average what they do not."""
    if len(networks) == 1:
        return networks[0]
    looks = tuple(look for pool in networks for look in pool.looks)
    if len({pool.leading for pool in networks}) > 1:
        mean = {c: sum(p.support[c] for p in networks) / len(networks) for c in Cause}
        return _Pool(looks, mean)
    logs = {c: sum(math.log(max(p.support[c], FLOOR)) for p in networks) for c in Cause}
    top = max(logs.values())
    total = sum(math.exp(value - top) for value in logs.values())
    return _Pool(looks, {c: math.exp(value - top) / total for c, value in logs.items()})


def _worldwide(countries: Sequence[_Pool]) -> bool:
    hit = [p for p in countries if p.leading is Cause.FILTERING and not _signed(_behind(p))]
    return len(hit) >= WORLDWIDE_COUNTRIES and len(hit) >= WORLDWIDE_SHARE * len(countries)


def _behind(pool: _Pool) -> list[Weighed]:
    """Looks whose own row leans to what the pool comes to."""
    cause = pool.leading
    return [look for look in pool.looks if _leans(BY_ID[look.row]) is cause]


def _leans(row: Row) -> Cause:
    return max(row.shares, key=lambda cause: row.shares[cause])


def _signed(looks: Iterable[Weighed]) -> bool:
    return any(BY_ID[look.row].author is Author.NETWORK for look in looks)


def _state(pool: _Pool, behind: Sequence[Weighed], *, doubted: bool) -> State:
    cause = pool.leading
    first, second = sorted(pool.support.values(), reverse=True)[:2]
    scored = any(BY_ID[look.row].standing is Standing.SCORED for look in behind)
    foreign = doubted and cause is Cause.FILTERING and not _signed(behind)
    if not scored or foreign or first < LEADING or first - second < APART:
        return State.INSUFFICIENT
    if cause in {Cause.LOCAL_FAULT, Cause.NETWORK_DISRUPTION}:
        return State.INSUFFICIENT  # one look is one look
    sure = cause in PLAIN or _signed(behind) or len({w.vantage.asn for w in behind}) > 1
    return State.LIKELY if sure and first >= LIKELY else State.SUSPECTED


def _verdict(
    cell: tuple[str, str, str, int], pool: _Pool, now: datetime, *, doubted: bool
) -> Verdict:
    service, feature, country, network = cell
    behind = _behind(pool)
    shown = behind or list(pool.looks)
    cause = pool.leading
    trouble = SIDES[cause] is not Side.NONE
    return Verdict(
        service=service, feature=feature, country=country, network=network, at=now,
        leading=cause, state=_state(pool, behind, doubted=doubted),
        confidence=pool.support[cause], support=pool.support,
        mechanisms=_mechanisms(behind, cause) if trouble else (),
        evidence=tuple(evidence(look) for look in shown[:MOST_PIECES]),
        vantages=len({look.vantage.id for look in shown}),
        networks=len({look.vantage.asn for look in shown}),
        since=min(look.at for look in shown) if trouble else None,
        seen=max(look.at for look in shown) if trouble else None,
        well=len({look.vantage.id for look in pool.looks if _leans(BY_ID[look.row]) is Cause.OK}),
        rounds=len({look.at for look in shown}), rules=VERSION,
    )  # fmt: skip


def _mechanisms(looks: Iterable[Weighed], cause: Cause) -> tuple[str, ...]:
    """Those of the cause's side."""
    service = SIDES[cause] is Side.SERVICE
    found = (look.mechanism for look in looks)
    return tuple(dict.fromkeys(m for m in found if m and m.startswith("server.") is service))


def evidence(look: Weighed) -> Evidence:
    """Give the row in words, with its witness."""
    row = BY_ID[look.row]
    return Evidence(
        rule=row.id, standing=row.standing, measurement=look.id, vantage=look.vantage.id,
        mechanism=look.mechanism, layer=row.layer, author=row.author, sentence=row.sentence,
    )  # fmt: skip
