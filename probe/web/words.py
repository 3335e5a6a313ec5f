"""Tables of words and looks: how each cause and state is named on a page, and by which sign."""

from __future__ import annotations

from datetime import datetime, timedelta

from probe.model import Author, Cause, Scope, State

CAUSES = {
    Cause.OK: "works",
    Cause.SERVICE_OUTAGE: "service outage",
    Cause.DEPENDENCY_OUTAGE: "outage of something it depends on",
    Cause.FILTERING: "filtering",
    Cause.THROTTLING: "throttling",
    Cause.NETWORK_DISRUPTION: "network disruption",
    Cause.GEO_BLOCK: "closed to the country by the service",
    Cause.LOCAL_FAULT: "fault of a probe host itself",
}
CELLS = {
    Cause.OK: "works",
    Cause.SERVICE_OUTAGE: "outage",
    Cause.DEPENDENCY_OUTAGE: "dependency",
    Cause.FILTERING: "filtered",
    Cause.THROTTLING: "throttled",
    Cause.NETWORK_DISRUPTION: "no network",
    Cause.GEO_BLOCK: "geo-block",
    Cause.LOCAL_FAULT: "own fault",
}
INSUFFICIENT = "insufficient"
NO_DATA = "no data"
NO_BREAK = "\N{NO-BREAK SPACE}"
MEANINGS = {
    "ok": ("works", "answered as a well service does"),
    "service_outage": ("outage", "the service itself fails, wherever one asks from"),
    "dependency_outage": ("dependency", "something the service depends on fails: a CDN, a DNS provider"),
    "geo_block": ("geo-block", "the service refuses this country"),
    "filtering": ("filtered", "something on the path blocks or forges it"),
    "throttling": ("throttled", "something on the path slows it down"),
    "network_disruption": ("no network", "the country or operator lost connectivity, for whatever reason"),
    "local_fault": ("own fault", "the probe host itself is not well"),
    "insufficient": (INSUFFICIENT, "measured, but the evidence does not separate the causes"),
    "none": (NO_DATA, "not measured; that does not mean that it works"),
}  # fmt: skip
"""Look → its word and what it means, in the order of the legend."""

STATES = {
    State.CONFIRMED: "Confirmed",
    State.LIKELY: "Likely",
    State.SUSPECTED: "Suspected",
    State.INSUFFICIENT: "Not enough evidence",
}
SCOPES = {
    Scope.GLOBAL: "everywhere that was measured",
    Scope.COUNTRIES: "in whole countries",
    Scope.NETWORKS: "in single networks",
    Scope.DEPENDENCY: "along a shared dependency",
    Scope.VANTAGE: "at one probe host",
}
AUTHORS = {
    Author.SERVER: "only the service's side",
    Author.NETWORK: "something on the path",
    Author.NOBODY: "either side, or an accident",
}
CHANGES = {
    "opened": "Opened",
    "updated": "Updated",
    "closed": "Closed",
    "reopened": "Opened again",
}


def look(cause: Cause, state: State) -> str:
    """Name the sign of a verdict: below the evidence floor no cause is shown, nor 'works'."""
    return INSUFFICIENT if state is State.INSUFFICIENT else str(cause)


def percent(share: float) -> str:
    """Write a probability; never 100 %, which nobody can know, and never 0 %."""
    whole = round(share * 100)
    shown = "> 99" if whole > 99 else "< 1" if whole < 1 else str(whole)  # noqa: PLR2004
    return f"{shown} %".replace(" ", NO_BREAK)


def sentence(text: str) -> str:
    """Begin with a capital and end with a stop, as a sentence that stands alone."""
    ended = text if text.endswith((".", "!", "?")) else f"{text}."
    return ended[:1].upper() + ended[1:]


def count(number: int, noun: str, nouns: str = "") -> str:
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"


UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


def lasting(length: timedelta) -> str:
    """Write a length of time in its largest unit: `3 hours`."""
    seconds = length.total_seconds()
    for unit, noun in UNITS:
        if seconds >= unit:
            return count(int(seconds // unit), noun)
    return "less than a minute"


def utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def clock_time(at: datetime) -> str:
    return f"{at:%H:%M:%S} UTC"
