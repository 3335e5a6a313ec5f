"""Incidents open, change and close by what verdicts say; nothing flaps.

A verdict is `suspected` only over two rounds, or over many countries at once, so one judging is
enough to open. A state is not lowered while the same cause holds; features only grow, countries
and networks leave only when they are well for rounds while others suffer; an incident closes when
somebody there has not seen it for three rounds, and stays while nobody there can; it reopens within ten,
and changes its cause rather than have a second one opened beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from probe.judge.apart import standing
from probe.judge.cells import tested
from probe.judge.ending import UNSEEN, ended
from probe.judge.grouping import Group, gather
from probe.judge.matching import CLOSE_ROUNDS, REOPEN_ROUNDS, absorbed, match, settled
from probe.judge.statement import describe
from probe.judge.view import View
from probe.model import SIDES, STRENGTH, Cause, Change, Incident, Scope, Side, State, Verdict

LEAVE_ROUNDS = 4
"""A place that was well for so long while others suffer was not part of it; one that nobody could
tell of stays."""
LEANING = 0.5
"""Belief that keeps an incident alive without an open verdict."""
FORGET_ROUNDS = 60
"""An open incident whose places nobody has looked at for so long is closed all the same."""
_REACH = {
    Scope.VANTAGE: 0,
    Scope.NETWORKS: 1,
    Scope.COUNTRIES: 2,
    Scope.DEPENDENCY: 3,
    Scope.GLOBAL: 3,
}


def advance(
    incidents: Sequence[Incident], verdicts: Sequence[Verdict], view: View
) -> tuple[Incident, ...]:
    """Bring incidents up to date: those given, changed or not, and new ones after them."""
    now = (settled(group, incidents) for group in gather(verdicts))
    groups = [group for group in now if not absorbed(group, incidents, view)]
    matched = match(incidents, groups, view)
    told = _about({i.service for i in incidents if i.id in matched}, verdicts)
    changed = [
        _carry(incident, matched[incident.id], told[incident.service], view)
        if incident.id in matched
        else _rest(incident, verdicts, view)
        for incident in incidents
    ]
    taken = {id(group) for group in matched.values()}
    names = {incident.id for incident in incidents}
    for group in groups:
        if id(group) not in taken:
            opened = _open(group, names, view)
            names.add(opened.id)
            changed.append(opened)
    before = [*incidents, *[None] * (len(changed) - len(incidents))]
    return tuple(
        new
        if new == old and _stands(new, changed, view)
        else _recorded(new, old, _text(new, old, matched, changed, verdicts, view), view)
        for new, old in zip(changed, before, strict=True)
    )


def _stands(incident: Incident, incidents: Sequence[Incident], view: View) -> bool:
    """Whether what is said of one that nothing has happened to still holds of those beside it."""
    words = incident.statement
    return incident.closed is not None or standing(incident, incidents, view) == words


def _about(services: Collection[str], verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """What is told of some services' networks: of very many verdicts few are asked for."""
    found: dict[str, list[Verdict]] = {service: [] for service in services}
    for verdict in verdicts if found else ():
        if verdict.network and verdict.service in found:
            found[verdict.service].append(verdict)
    return found


# ── open, carry on, let rest ─────────────────────────────────────────────────────────────────


def _open(group: Group, names: set[str], view: View) -> Incident:
    opened = group.since or view.now
    incident = Incident(
        id=_name(group, opened, names), service=group.service, features=group.features,
        healthy=group.healthy, cause=group.cause, state=group.state, scope=group.scope,
        countries=group.countries, networks=group.networks, mechanisms=group.mechanisms,
        opened=opened, updated=view.now, confidence=group.confidence,
        evidence=group.evidence, vantages=group.vantages, shared=group.shared,
        present=_present(group, view),
    )  # fmt: skip
    return _shown(incident, group.seen, view)


def _shown(incident: Incident, seen: datetime | None, view: View) -> Incident:
    """Note the newest look that shows it; what no look tells of is seen as long as it is told."""
    newest = min(seen or view.now, view.now)
    if incident.seen is not None and newest <= incident.seen:
        return incident
    return msgspec.structs.replace(incident, seen=newest, gone=None)


def _name(group: Group, opened: datetime, names: set[str]) -> str:
    place = "global" if group.scope is Scope.GLOBAL else "-".join(group.countries[:3]).lower()
    if group.scope is Scope.VANTAGE:
        place += "".join(f"-as{asn}" for asn in group.networks)
    base = f"{opened:%Y%m%dT%H%M%S}-{group.service or 'network'}-{group.cause.value}-{place}"
    name, number = base, 2
    while name in names:
        name, number = f"{base}-{number}", number + 1
    return name


def _carry(incident: Incident, group: Group, verdicts: Sequence[Verdict], view: View) -> Incident:
    """The incident goes on, perhaps wider, surer or under another cause."""
    if incident.cause is not group.cause:
        return _reattribute(incident, group, view)
    surer = max(incident.state, group.state, key=STRENGTH.__getitem__)
    features = _union(incident.features, group.features)
    doubtful = dict.fromkeys(_doubtful(incident, verdicts), view.now)
    present = {**incident.present, **doubtful, **_present(group, view)}
    countries = _countries(incident, group, present, view)
    left = _left(incident, group, present, view) | _abroad(incident, countries, verdicts)
    networks = {*incident.networks, *group.networks} - left
    carried = msgspec.structs.replace(
        incident, state=surer, scope=_scope(incident, group, networks), features=features,
        healthy=tuple(f for f in group.healthy if f not in features),
        countries=countries, networks=tuple(sorted(networks)),
        mechanisms=_union(incident.mechanisms, group.mechanisms),
        evidence=group.evidence or incident.evidence, confidence=group.confidence,
        vantages=max(len(networks), group.vantages, 0 if left else incident.vantages),
        updated=view.now, closed=None, shared=group.shared or incident.shared, present=present,
    )  # fmt: skip
    return _shown(carried, group.seen, view)


def _present(group: Group, view: View) -> dict[str, datetime]:
    places = (*group.countries, *(f"AS{asn}" for asn in group.networks))
    return dict.fromkeys(places, view.now)


def _doubtful(incident: Incident, verdicts: Iterable[Verdict]) -> set[str]:
    """Countries of which nobody can say that they are well now.

    What suffered there is unseen, or in trouble of its own: a spared network beside it says nothing.
    """
    asked = (v for v in verdicts if v.network in incident.networks and _cell(incident, v))
    return {v.country for v in asked if not _told(v)}


def _told(verdict: Verdict) -> bool:
    return (
        tested(verdict) and STRENGTH[verdict.state] > 0 and SIDES[verdict.leading] is not Side.OWN
    )


def _left(
    incident: Incident, group: Group, present: Mapping[str, datetime], view: View
) -> set[int]:
    """Networks that have been well for rounds while others still suffer: they were passing trouble's."""
    return {
        asn
        for asn in incident.networks
        if asn in group.well and _absent(f"AS{asn}", present, view)
    }


def _abroad(
    incident: Incident, countries: Collection[str], verdicts: Iterable[Verdict]
) -> set[int]:
    """Networks of countries that have left, and of none that stays."""
    away: dict[int, bool] = {}
    for verdict in verdicts if set(incident.countries) - set(countries) else ():
        asn = verdict.network
        away[asn] = away.get(asn, True) and verdict.country not in countries
    return {asn for asn in incident.networks if away.get(asn, False)}


def _absent(place: str, present: Mapping[str, datetime], view: View) -> bool:
    return view.now - present.get(place, view.now) >= LEAVE_ROUNDS * view.round


def _countries(
    incident: Incident, group: Group, present: Mapping[str, datetime], view: View
) -> tuple[str, ...]:
    """Countries join; one that fell out again is the incident's no more, unless it is all over."""
    kept = {c for c in incident.countries if not _absent(c, present, view)}
    return tuple(sorted({*(kept or incident.countries), *group.countries}))


def _scope(incident: Incident, group: Group, networks: set[int]) -> Scope:
    """As wide as it was, unless what is left of it is seen whole, and is less."""
    if networks <= set(group.networks) and set(incident.countries) <= set(group.countries):
        return group.scope
    return max(incident.scope, group.scope, key=_REACH.__getitem__)


def _union(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return (*old, *(item for item in new if item not in old))


def _reattribute(incident: Incident, group: Group, view: View) -> Incident:
    renamed = msgspec.structs.replace(
        incident, cause=group.cause, state=group.state, scope=group.scope, seen=None,
        features=group.features, healthy=group.healthy, countries=group.countries,
        networks=group.networks, mechanisms=group.mechanisms, evidence=group.evidence,
        confidence=group.confidence, vantages=group.vantages, updated=view.now,
        shared=group.shared, present=_present(group, view),
    )  # fmt: skip
    return _shown(renamed, group.seen, view)


def _rest(incident: Incident, verdicts: Sequence[Verdict], view: View) -> Incident:
    """No group continues it: it lives on while its cells still lean to it, or nobody looks.

    Where they have turned to another cause it ends as well: what was confirmed not before it could
    no longer be taken up again, for it may be that which is mistaken.
    """
    if incident.closed is not None:
        return incident
    cells = [v for v in verdicts if _cell(incident, v)]
    told = {v.leading for v in _seen(cells)}
    blind = UNSEEN if incident.service and not told else ""
    words = incident.statement.removesuffix(UNSEEN) + blind
    leaning = [v for v in cells if v.leading is incident.cause and v.confidence >= LEANING]
    held = _still(incident, leaning, view)
    gone = held.gone or (view.now if told - {incident.cause} else None)
    held = msgspec.structs.replace(held, gone=gone, statement=words)
    if leaning:
        return msgspec.structs.replace(held, updated=view.now)
    over = view.now - held.updated >= _patience(held, told) * view.round
    return msgspec.structs.replace(held, closed=held.seen or held.updated) if over else held


def _still(incident: Incident, leaning: Iterable[Verdict], view: View) -> Incident:
    """A belief that no look of now carries alone, but those of before, shows nothing new."""
    looks = [v.seen for v in leaning if STRENGTH[v.state]]
    newest = max((seen for seen in looks if seen is not None), default=None)
    return _shown(incident, newest, view) if looks else incident


def _patience(incident: Incident, told: Collection[Cause]) -> int:
    """For how many rounds it may be unseen, by what is told of its places."""
    if not told:
        return FORGET_ROUNDS
    firm = incident.state is State.CONFIRMED and Cause.OK not in told
    return REOPEN_ROUNDS if firm else CLOSE_ROUNDS


def _seen(cells: Iterable[Verdict]) -> list[Verdict]:
    """What somebody there tells: silent and unwell probes, and networks beside its own, say nothing of it."""
    held = list(cells)
    return [v for v in [v for v in held if v.network] or held if _told(v)]


def _cell(incident: Incident, verdict: Verdict) -> bool:
    if incident.service != verdict.service or verdict.country not in incident.countries:
        return False
    if incident.features and verdict.feature not in incident.features:
        return False
    return not verdict.network or verdict.network in incident.networks


# ── words and history ────────────────────────────────────────────────────────────────────────


def _text(
    new: Incident,
    old: Incident | None,
    matched: Mapping[str, Group],
    incidents: Sequence[Incident],
    verdicts: Sequence[Verdict],
    view: View,
) -> str:
    """Put the incident into words. While its evidence wanes, the words of its height stand."""
    group = matched.get(new.id)
    stands = standing(new, incidents, view)
    if new.closed is not None:
        return ended(new, stands, view)
    waning = group is None or group.vantages < new.vantages
    if old is not None and waning and not _change(new, old):
        return stands if group is None else stands.removesuffix(UNSEEN)
    said = describe(new, incidents, verdicts, view)
    return f"{said.text} {said.doubt}".strip()


def _recorded(new: Incident, old: Incident | None, text: str, view: View) -> Incident:
    """A change goes into the history."""
    what = _change(new, old)
    history = new.history
    if what:
        line = Change(
            at=view.now, what=what, statement=text, cause=new.cause, state=new.state
        )  # fmt: skip
        history = (*history, line)
    return msgspec.structs.replace(new, statement=text, history=history)


def _change(new: Incident, old: Incident | None) -> str:
    if old is None:
        return "opened"
    if new.closed is not None:
        return "closed"
    if old.closed is not None:
        return "reopened"
    return "updated" if _matter(new) != _matter(old) else ""


def _matter(incident: Incident) -> tuple[object, ...]:
    """What of an incident is worth a line of history when it changes."""
    return (
        incident.cause, incident.state, incident.scope, incident.features,
        incident.countries, incident.networks, incident.mechanisms,
    )  # fmt: skip
