"""A scenario: a small world, what happens in it and when, and the truth that must be found.

It is data (YAML, one file each), and users write their own. Times are story times from the
scenario's start; one story round is `round`. The kernel lab plays a story round in fewer real
seconds (`kernel_round`), everything else in proportion.
"""

from __future__ import annotations

from enum import StrEnum

from probe.config.shape import Seconds, Section
from probe.model import Cause, NetworkKind, Scope, Service, State


class LabNetwork(Section, frozen=True, kw_only=True):
    """An operator of a country, its own resolver in it, and the probe hosts that stand in it."""

    country: str
    asn: int
    name: str
    kind: NetworkKind = NetworkKind.RESIDENTIAL
    vantages: int = 1
    ipv6: bool = False
    delay: Seconds = Seconds(0.005)
    """One way, from the network to the core."""


class Form(StrEnum):
    """What a failing service answers."""

    HTTP_5XX = "http_5xx"
    APP_ERROR = "app_error"
    """'Something went wrong' with status 200."""
    REJECTION = "rejection"
    """A well-formed 403 with a JSON error of the application ('over the daily limit')."""
    SILENCE = "silence"
    """The request is read and never answered."""


class Event(Section, frozen=True, kw_only=True):
    """Something begins at `at` and ends at `until` (or never).

    `mechanism` is an id of the mechanism catalogue. What it hits: `names` (host names) or whole
    `services`, narrowed to `features`. Where: `countries`, `networks` (AS numbers), `vantages`;
    all empty means everywhere.
    """

    at: Seconds
    until: Seconds | None = None
    mechanism: str
    services: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    networks: tuple[int, ...] = ()
    vantages: tuple[str, ...] = ()
    form: Form = Form.HTTP_5XX
    delay: Seconds = Seconds(0)
    """Added one way, for the delaying mechanisms."""
    share: float = 1.0
    """Probability that one flow or one request is hit."""


class Expected(Section, frozen=True, kw_only=True):
    """One incident that is true, from `onset` on."""

    cause: Cause
    scope: Scope
    onset: Seconds
    until: Seconds | None = None
    """When it is over; how it is told while it ends does not count."""
    service: str = ""
    """Empty for a disruption: it belongs to no service."""
    features: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    networks: tuple[int, ...] = ()
    mechanisms: tuple[str, ...] = ()
    """Any one of them must be named; empty asks for none."""
    at_least: State = State.LIKELY
    """The weakest state that counts as an answer; mere silence can only be `suspected`."""
    says: tuple[str, ...] = ()
    """Texts that the statement must contain."""


class Scenario(Section, frozen=True, kw_only=True):
    name: str
    title: str
    story: str = ""
    sources: tuple[str, ...] = ()
    round: Seconds = Seconds(60)
    kernel_round: Seconds = Seconds(5)
    length: Seconds
    services: tuple[Service, ...]
    networks: tuple[LabNetwork, ...]
    timeline: tuple[Event, ...] = ()
    expected: tuple[Expected, ...] = ()
    """No entry means that no incident may be opened."""
