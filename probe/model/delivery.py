"""What is told to others: one change of an incident, on its way to one receiver."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from probe.model.record import Record
from probe.model.verdict import Incident


class Event(StrEnum):
    OPENED = "opened"
    """The first that the receiver hears of it."""
    UPDATED = "updated"
    CLOSED = "closed"
    REOPENED = "reopened"


class Delivery(Record, frozen=True, kw_only=True, omit_defaults=False):
    """One change, once for each receiver; sent again it has the same id."""

    id: str
    receiver: str
    """By its name in the configuration."""
    event: Event
    at: datetime
    """When the change was judged."""
    incident: Incident
    """As it is after the change: without its evidence, and of its history the last line."""
    before: Incident | None = None
    """As the receiver last heard of it."""
