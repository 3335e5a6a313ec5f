"""Which events are in force for a seat at a time, and whether its results get out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from probe.lab.scenario import DependencyKind, Event, Form, Scenario
from probe.lab.simulated.act import Act, Follows, Lookup
from probe.lab.simulated.mechanism import (
    MECHANISMS,
    MUTE,
    SERVFAIL,
    USUAL_SHARE,
    Aim,
    Mechanism,
    Uplink,
)
from probe.lab.simulated.seat import Seat
from probe.model import NetworkKind

NEVER = float("inf")
AT_ONCE = float("-inf")


class Force(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What holds for one seat in one stretch of the story."""

    sure: tuple[Act, ...] = ()
    partial: tuple[tuple[Act, float], ...] = ()
    """Acts with the probability that they hit a flow."""
    out_at: float = AT_ONCE
    """When results made now can leave, in story seconds; infinite for never."""
    dead: bool = False
    """Nothing is measured."""


class Forces:
    """A scenario's events, asked seat by seat."""

    def __init__(self, scenario: Scenario, seats: Iterable[Seat]) -> None:
        self._kinds = {d.id: d.kind for d in scenario.dependencies}
        self._scenario = scenario
        ends = [e.until for e in scenario.timeline if e.until is not None]
        self.marks = tuple(sorted({*(float(e.at) for e in scenario.timeline), *map(float, ends)}))
        """Story times at which something changes."""
        everyone = tuple(seats)
        self._struck = [self._addresses(event, everyone) for event in scenario.timeline]

    def force(self, seat: Seat, at: float) -> Force:
        """Give what holds from a mark on until the next."""
        sure: list[Act] = []
        partial: list[tuple[Act, float]] = []
        out_at, dead = AT_ONCE, False
        for number, event in enumerate(self._scenario.timeline):
            if not _now(event, at) or not self._inside(event, seat):
                continue
            row = MECHANISMS[event.mechanism]
            dead = dead or row.uplink is Uplink.DEAD
            if row.uplink is Uplink.CUT:
                out_at = max(out_at, NEVER if event.until is None else float(event.until))
            if not self._aimed(event, row, seat, self._struck[number]):
                continue
            act, share = self._act(event, row, seat), _share(event)
            if share < 1.0:
                partial.append((act, share))
            else:
                sure.append(act)
        return Force(sure=tuple(sure), partial=tuple(partial), out_at=out_at, dead=dead)

    def _addresses(self, event: Event, seats: Sequence[Seat]) -> frozenset[str]:
        """Addresses of all that the event names."""
        if MECHANISMS[event.mechanism].aim is not Aim.ADDRESSES or not _names_anything(event):
            return frozenset()
        hit = [seat for seat in seats if self._meant(event, seat)]
        return frozenset(a for seat in hit for a in seat.addresses)

    def _inside(self, event: Event, seat: Seat) -> bool:
        own = seat.prober.vantage
        if MECHANISMS[event.mechanism].mobile and own.kind is not NetworkKind.MOBILE:
            return False
        served = {seat.prober.sites.get(dependency, "") for dependency in event.dependencies}
        return (
            (not event.countries or own.country in event.countries)
            and (not event.networks or own.asn in event.networks)
            and (not event.vantages or own.id in event.vantages)
            and (not event.cohorts or not seat.prober.cohorts.isdisjoint(event.cohorts))
            and (not event.sites or not served.isdisjoint(event.sites))
        )

    def _resolver(self, event: Event) -> tuple[str, ...]:
        kinds = self._kinds
        return tuple(d for d in event.dependencies if kinds[d] is DependencyKind.RESOLVER)

    def _aimed(self, event: Event, row: Mechanism, seat: Seat, struck: frozenset[str]) -> bool:
        if resolvers := self._resolver(event):
            return seat.prober.resolver in resolvers
        if event.controls and seat.home and not (event.vantages or event.cohorts):
            return False  # a border does not stand before its own country
        hit = row.aim is Aim.ALL or (seat.control and event.controls)
        match row.aim:
            case Aim.FOREIGN:
                hit = hit or (not seat.home and not (row.spares and self._listed(event, seat)))
            case Aim.SERVICES:
                hit = hit or (not seat.control and self._meant(event, seat))
            case Aim.NAMES:
                hit = hit or self._meant(event, seat) or (row.contains and _within(event, seat))
            case Aim.ADDRESSES:
                struck_here = seat.v4 in struck or seat.v6 in struck
                hit = hit or not _names_anything(event) or struck_here
            case Aim.ALL:
                pass
        return hit

    def _listed(self, event: Event, seat: Seat) -> bool:
        return _names_anything(event) and self._meant(event, seat)

    def _meant(self, event: Event, seat: Seat) -> bool:
        """Whether the event's lists name this endpoint: by host, service, feature, dependency."""
        if event.dependencies and set(event.dependencies).isdisjoint(seat.depends):
            return False
        if not (event.names or event.services or event.features):
            return True
        if any(seat.host == name or seat.host.endswith(f".{name}") for name in event.names):
            return True
        if seat.control or not (event.services or event.features):
            return False
        return (not event.services or seat.target.service in event.services) and (
            not event.features or seat.target.feature in event.features
        )

    def _act(self, event: Event, row: Mechanism, seat: Seat) -> Act:
        if self._resolver(event):
            mute = event.form in {Form.SILENCE, Form.UNREACHABLE} or event.form is Form.HTTP_5XX
            return Act(lookup=MUTE if mute else Lookup(rcode=SERVFAIL))
        act = row.make(self._formed(event), seat)
        return msgspec.structs.replace(act, follows=FOLLOWS.get(row.aim, Follows.ADDRESS))

    def _formed(self, event: Event) -> Event:
        """Let an outage of name servers or of a route take the only form it can have."""
        if not event.mechanism.startswith("server.outage"):
            return event
        kinds = {self._kinds[d] for d in event.dependencies}
        form = next((FORMS[kind] for kind in kinds if kind in FORMS), event.form)
        return (
            event if event.form is not Form.HTTP_5XX else msgspec.structs.replace(event, form=form)
        )


FOLLOWS = {Aim.NAMES: Follows.NAME, Aim.ALL: Follows.ALL, Aim.FOREIGN: Follows.ALL}
FORMS = {DependencyKind.DNS: Form.NO_NAME, DependencyKind.ROUTE: Form.UNREACHABLE}


def _within(event: Event, seat: Seat) -> bool:
    return any(name in seat.host for name in event.names)


def _now(event: Event, at: float) -> bool:
    return event.at <= at and (event.until is None or at < event.until)


def _share(event: Event) -> float:
    return USUAL_SHARE.get(event.mechanism, 1.0) if event.share >= 1.0 else event.share


def _names_anything(event: Event) -> bool:
    return bool(event.names or event.services or event.features or event.dependencies)
