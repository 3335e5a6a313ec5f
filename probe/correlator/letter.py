"""An incident as others read it: alerts of Alertmanager's API v2, or a webhook's JSON. Pure.

An alert is the same alert as long as its labels are. They are made of the incident alone, not of
the moment; where a change of the incident changes them (its cause, its extent, how sure it is),
the alert under the old labels is resolved in the same breath.

An incident is one alert, whatever its extent, and its `country` names all of its countries. So
that an Alertmanager can leave out what its own Prometheus says of one of them, each country of an
incident of several is an alert of its own as well, which is to inhibit and not to be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from probe.judge.places import country as country_name
from probe.model import Cause, Delivery, Incident, Scope, State
from probe.web import render

ALERTNAME = "WorksForWhomIncident"
PLACE = "WorksForWhomIncidentCountry"
BY_COUNTRY = frozenset(
    {Cause.FILTERING, Cause.THROTTLING, Cause.GEO_BLOCK, Cause.NETWORK_DISRUPTION}
)
"""What deploy/prometheus tells for each country; other causes have no country there."""
LASTS = 4
"""Reminders that may be lost before Alertmanager holds an open incident resolved."""
SEVERITIES = {
    State.CONFIRMED: "critical",
    State.LIKELY: "warning",
    State.SUSPECTED: "info",
    State.INSUFFICIENT: "info",
}
MOST_NAMED = 8

Texts = Mapping[str, str]


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """postableAlert of Alertmanager's API v2 (api/v2/openapi.yaml)."""

    labels: Texts
    annotations: Texts
    starts_at: datetime
    ends_at: datetime
    """In the past: resolved. To come: resolved then, unless it is sent again before."""
    generator_url: str = msgspec.field(default="", name="generatorURL")


class Letter(render.Public, frozen=True, kw_only=True):
    """A webhook's body, laid out as Standard Webhooks recommends."""

    type: str
    """`incident.opened`, `.updated`, `.closed`, `.reopened`."""
    id: str
    timestamp: datetime
    """When the change was judged; the header's is the attempt's."""
    url: str
    """The incident's page; empty where no external_url is configured."""
    data: render.PublicIncident


def letter(delivery: Delivery, external_url: str) -> bytes:
    return msgspec.json.encode(
        Letter(
            type=f"incident.{delivery.event}",
            id=delivery.id,
            timestamp=delivery.at,
            url=link(delivery.incident, external_url),
            data=render.incident(delivery.incident),
        )
    )


def alerts(delivery: Delivery, external_url: str, now: datetime, resend: timedelta) -> bytes:
    """Give one delivery as the body of `POST /api/v2/alerts`."""
    incident, before = delivery.incident, delivery.before
    changed = [*_each(incident, external_url, now, resend)]
    gone: list[Alert] = []
    if before and before.closed is None:
        ended = msgspec.structs.replace(before, closed=min(delivery.at, now))
        held = [each.labels for each in changed]
        gone = [a for a in _each(ended, external_url, now, resend) if a.labels not in held]
    return msgspec.json.encode([*gone, *changed])


def reminder(
    told: Sequence[Delivery], external_url: str, now: datetime, resend: timedelta
) -> bytes | None:
    """Give the open ones again, as they were told last; None where there are none."""
    still = [delivery.incident for delivery in told if delivery.incident.closed is None]
    lasting = [a for incident in still for a in _each(incident, external_url, now, resend)]
    return msgspec.json.encode(lasting) if lasting else None


def _each(
    incident: Incident, external_url: str, now: datetime, resend: timedelta
) -> Iterator[Alert]:
    """Give the incident's alert, and one for each of its countries where it takes them."""
    whole = alert(incident, external_url, now, resend)
    yield whole
    told = incident.cause in BY_COUNTRY and severity(incident) != "info"
    if told and whole.labels.get("country") not in incident.countries:
        for country in sorted(incident.countries):
            own = {**whole.labels, "alertname": PLACE, "country": country, "severity": "info"}
            yield msgspec.structs.replace(whole, labels=own)


def alert(incident: Incident, external_url: str, now: datetime, resend: timedelta) -> Alert:
    url = link(incident, external_url)
    return Alert(
        labels=labels(incident),
        annotations=notes(incident, url),
        starts_at=incident.opened,
        # Alertmanager refuses an end before the start.
        ends_at=max(_end(incident, now, resend), incident.opened),
        generator_url=url,
    )


def _end(incident: Incident, now: datetime, resend: timedelta) -> datetime:
    """A closed incident is over now at the latest, whatever the clocks did since."""
    return min(incident.closed, now) if incident.closed else now + LASTS * resend


def labels(incident: Incident) -> Texts:
    """Name what routes and silences go by; an empty label is none, to Alertmanager too."""
    everywhere = incident.scope is Scope.GLOBAL
    named = {
        "alertname": ALERTNAME,
        "incident": incident.id,
        "service": incident.service,
        "cause": str(incident.cause),
        "scope": str(incident.scope),
        "country": "" if everywhere else ",".join(sorted(incident.countries)),
        "severity": severity(incident),
    }
    return {name: value for name, value in named.items() if value}


def severity(incident: Incident) -> str:
    """What ails a single probe host wakes nobody, however sure it is."""
    return "info" if incident.cause is Cause.LOCAL_FAULT else SEVERITIES[incident.state]


def notes(incident: Incident, url: str) -> Texts:
    named = {
        "summary": incident.statement,
        "description": " ".join(_facts(incident)),
        "incident_url": url,
    }
    return {name: value for name, value in named.items() if value}


def link(incident: Incident, external_url: str) -> str:
    return f"{external_url.rstrip('/')}/incidents/{incident.id}" if external_url else ""


def _facts(incident: Incident) -> Iterator[str]:
    cause = str(incident.cause).replace("_", " ")
    yield f"Cause: {cause} ({incident.state}, {incident.confidence:.0%})."
    lists = (
        ("Features failing", incident.features),
        ("Features well", incident.healthy),
        ("Countries", tuple(country_name(code) for code in incident.countries)),
        ("Networks", tuple(f"AS{number}" for number in incident.networks)),
        ("Mechanisms", incident.mechanisms),
    )
    for name, items in lists:
        if items:
            yield f"{name}: {_some(items)}."
    yield f"Vantages: {incident.vantages}. Since {incident.opened:%Y-%m-%d %H:%M} UTC."


def _some(items: Sequence[str]) -> str:
    more = len(items) - MOST_NAMED
    return ", ".join(items[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
