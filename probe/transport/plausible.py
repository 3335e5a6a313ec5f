"""What a measurement's types let pass and no measurement can be: each in a sentence, empty where there is nothing.

Pure. All of it is asked of every record that arrives: hence lists where generators would read better.
"""

from __future__ import annotations

import re
from datetime import datetime

from probe.model import (
    DnsLookup,
    HttpExchange,
    Measurement,
    TcpConnect,
    TlsHandshake,
)
from probe.model.country import CODES, UNKNOWN
from probe.model.letters import commands

MAX_OBSERVATIONS = 500
LONGEST_SECONDS = 86400
"""What a step or a measurement may have taken."""
LAST_AS = 2**32 - 1
"""RFC 6793; 0 stands for one that is not known."""
LAST_PORT = 2**16 - 1
LEAST_STATUS, LAST_STATUS = 100, 999
"""RFC 9110, section 15: three digits, and none that begins with 0."""

ID = re.compile(r"[0-9a-z-]{16,64}")


def misnamed(measurement: Measurement) -> str:
    if ID.fullmatch(measurement.id):
        return ""
    return "id is not 16 to 64 of the characters 0-9, a-z and -"


def nowhere(measurement: Measurement) -> str:
    country = measurement.vantage.country
    if country in CODES or country == UNKNOWN:
        return ""
    return (
        f"vantage.country is {country[:20]!r}, and no country's two capital letters (ISO 3166-1)"
    )


def commanding(measurement: Measurement) -> str:
    """Ids and names are shown wherever anything is: on pages, in feeds and metrics, on terminals."""
    vantage, target = measurement.vantage, measurement.target
    told = (
        vantage.id, vantage.network, target.service, target.feature, target.endpoint,
        measurement.software,
    )  # fmt: skip
    if not commands("".join(told)):
        return ""
    where = next(name for name, text in zip(TOLD, told, strict=True) if commands(text))
    return f"{where} has a control character, or one that turns the direction of writing"


TOLD = (
    *("vantage.id", "vantage.network", "target.service", "target.feature", "target.endpoint"),
    "software",
)


def endless(measurement: Measurement) -> str:
    many = len(measurement.observations) > MAX_OBSERVATIONS
    return f"more than {MAX_OBSERVATIONS} observations" if many else ""


def untyped(measurement: Measurement) -> str:
    took = [measurement.took, *[step.took for step in measurement.observations]]
    if not (min(took) >= 0 and max(took) <= LONGEST_SECONDS):
        return f"a `took` is not from 0 to {LONGEST_SECONDS} seconds"
    if not all([at.tzinfo for at in _times(measurement)]):  # noqa: C419 — a list is faster
        return "a time has no zone; write times in UTC, with a Z"
    return ""


def _times(measurement: Measurement) -> list[datetime]:
    times = [measurement.at]
    for step in measurement.observations:
        times.append(step.at)
        if isinstance(step, TlsHandshake):
            for shown in step.chain:
                times += (shown.not_before, shown.not_after)
    return times


def unnumbered(measurement: Measurement) -> str:
    """Of networks, ports and statuses."""
    vantage = measurement.vantage
    if not (0 <= vantage.asn <= LAST_AS and 0 <= vantage.resolver_asn <= LAST_AS):
        return _NO_NETWORK
    for step in measurement.observations:
        if type(step) is DnsLookup:
            well = not step.origins or 0 <= min(step.origins) <= max(step.origins) <= LAST_AS
        elif type(step) is HttpExchange:
            well = step.status is None or LEAST_STATUS <= step.status <= LAST_STATUS
        elif type(step) is TcpConnect:
            well = 0 <= step.port <= LAST_PORT and 0 <= step.source_port <= LAST_PORT
        else:
            well = 0 <= step.port <= LAST_PORT
        if not well:
            return _UNNUMBERED.get(type(step), _NO_PORT)
    return ""


_NO_NETWORK = f"an AS number is not from 0 to {LAST_AS}"
_NO_PORT = f"a port is not from 0 to {LAST_PORT}"
_NO_STATUS = f"a status is not from {LEAST_STATUS} to {LAST_STATUS}"
_UNNUMBERED: dict[type, str] = {DnsLookup: _NO_NETWORK, HttpExchange: _NO_STATUS}
