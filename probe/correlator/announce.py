"""Which changes of incidents are to be told to whom: pure, from what each was told before.

One new line of an incident's history is one delivery for each receiver. A receiver hears of an
incident once its state is sure enough for it, and from then on everything, to the end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from probe.config.shape import Receiver
from probe.model import Delivery, Event, Incident, State

SURENESS = {state: rank for rank, state in enumerate(reversed(State))}

Told = Mapping[tuple[str, str], Delivery]
"""The last that a receiver was told of an incident, by the receiver's name and the incident's id."""


def by_receiver(told: Iterable[Delivery]) -> Told:
    return {(delivery.receiver, delivery.incident.id): delivery for delivery in told}


def news(
    receivers: Sequence[Receiver], told: Told, incidents: Sequence[Incident], now: datetime
) -> tuple[Delivery, ...]:
    """Give what is to be told now, in the order in which the incidents were opened."""
    return tuple(_news(receivers, told, incidents, now))


def _news(
    receivers: Sequence[Receiver], told: Told, incidents: Sequence[Incident], now: datetime
) -> Iterator[Delivery]:
    for held in sorted(incidents, key=lambda incident: (incident.opened, incident.id)):
        incident = _lean(held)
        for receiver in receivers:
            last = told.get((receiver.name, held.id))
            before = last.incident if last else None
            event = _event(incident, before, receiver.at_least)
            if event:
                yield Delivery(
                    id=_id(incident, event, now), receiver=receiver.name, event=event, at=now,
                    incident=incident, before=before,
                )  # fmt: skip


def _event(now: Incident, before: Incident | None, at_least: State) -> Event | None:
    sure = SURENESS[now.state] >= SURENESS[at_least]
    match before:
        case None:
            return Event.OPENED if sure and now.closed is None else None
        case Incident(closed=None):
            changed = now.history != before.history
            alive = Event.UPDATED if changed else None
            return alive if now.closed is None else Event.CLOSED
        case Incident():
            return Event.REOPENED if sure and now.closed is None else None


def _lean(incident: Incident) -> Incident:
    """Leave out what is not told, and would be kept for every delivery."""
    return msgspec.structs.replace(incident, evidence=(), history=incident.history[-1:])


def _id(incident: Incident, event: Event, at: datetime) -> str:
    """Make one id of a change, the same for every receiver and every attempt."""
    change = f"{incident.id} {event} {at.isoformat()}"
    return f"msg_{hashlib.sha256(change.encode()).hexdigest()[:32]}"
