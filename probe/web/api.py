"""The read-only API: verdicts, incidents, one incident with its witnesses."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

import msgspec
from aiohttp import web

from probe.model import Incident, State, Verdict
from probe.store import Store
from probe.web import answer, render
from probe.web.answer import WrongRequestError

DEFAULT_LIMIT = 100
MOST = 1000

VERDICT_FILTERS = ("service", "country", "feature")
INCIDENT_FILTERS = ("state", "open", "service", "country", "limit")
YES_OR_NO = {"true": True, "1": True, "false": False, "0": False}


class Verdicts(render.Public, frozen=True, kw_only=True):
    at: datetime | None
    """When they were reached; none before the first judging."""
    verdicts: tuple[render.PublicVerdict, ...]


class Incidents(render.Public, frozen=True, kw_only=True):
    incidents: tuple[render.PublicIncident, ...]


class OneIncident(render.Public, frozen=True, kw_only=True):
    incident: render.PublicIncidentDetail
    witnesses: tuple[render.Witness, ...]
    """The measurements behind the evidence, as far as they are still held."""
    verdicts: tuple[render.PublicVerdict, ...]
    """The current verdicts on what the incident covers, with the support of every rival."""


class Api:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/verdicts", self.verdicts),
            web.get("/api/v1/incidents", self.incidents),
            web.get("/api/v1/incidents/{id}", self.incident),
        ]

    async def verdicts(self, request: web.Request) -> web.Response:
        asked = _asked(request.query, VERDICT_FILTERS)
        held = await asyncio.to_thread(self._store.verdicts)
        shown = tuple(render.verdict(v) for v in held if _matches(v, asked))
        at = max((v.at for v in held), default=None)
        return answer.json(request, Verdicts(at=at, verdicts=shown))

    async def incidents(self, request: web.Request) -> web.Response:
        asked = _asked(request.query, INCIDENT_FILTERS)
        limit = _limit(asked.get("limit", str(DEFAULT_LIMIT)))
        is_open, state = _is_open(asked.get("open")), _state(asked.get("state"))
        held = await asyncio.to_thread(self._store.incidents)
        shown = [
            render.incident(i)
            for i in held
            if asked.get("service", i.service) == i.service
            and ("country" not in asked or asked["country"] in i.countries)
            and state in (None, i.state)
            and is_open in (None, i.closed is None)
        ]
        return answer.json(request, Incidents(incidents=tuple(shown[:limit])))

    async def incident(self, request: web.Request) -> web.Response:
        found = await asyncio.to_thread(look_up, self._store, request.match_info["id"])
        if found is None:
            raise WrongRequestError(404, "there is no incident of this id; see /api/v1/incidents")
        return answer.json(request, found)


def look_up(store: Store, name: str) -> OneIncident | None:
    """Find an incident and all that is behind it; blocks."""
    held = store.incident(name)
    if held is None:
        return None
    witnesses = store.measurements([piece.measurement for piece in held.evidence])
    covered = [v for v in store.verdicts() if _covers(held, v)]
    return OneIncident(
        incident=render.detail(held, witnesses),
        witnesses=tuple(render.witness(witness) for witness in witnesses),
        verdicts=tuple(render.verdict(v) for v in covered),
    )


def _covers(incident: Incident, verdict: Verdict) -> bool:
    """Say whether an incident is about a verdict's place; an empty field of it means any."""
    return (
        incident.service in ("", verdict.service)
        and (not incident.features or verdict.feature in incident.features)
        and (not incident.countries or verdict.country in incident.countries)
        and verdict.network in (incident.networks or (0,))
    )


def _asked(query: Mapping[str, str], known: tuple[str, ...]) -> dict[str, str]:
    """Read the filters; one that is not known would otherwise silently filter nothing."""
    for name in query:
        if name not in known:
            raise WrongRequestError(400, f"unknown filter; known here: {', '.join(known)}")
    return {k: v.upper() if k == "country" else v for k, v in query.items()}


def _matches(verdict: Verdict, asked: Mapping[str, str]) -> bool:
    held = {"service": verdict.service, "country": verdict.country, "feature": verdict.feature}
    return all(held[name] == value for name, value in asked.items())


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > len(str(MOST)):
        raise WrongRequestError(400, f"limit is no whole number from 0 to {MOST}")
    return min(int(text), MOST)


def _is_open(text: str | None) -> bool | None:
    if text is not None and text not in YES_OR_NO:
        raise WrongRequestError(400, "open is neither true nor false")
    return None if text is None else YES_OR_NO[text]


def _state(text: str | None) -> State | None:
    try:
        return None if text is None else msgspec.convert(text, State)
    except msgspec.ValidationError:
        raise WrongRequestError(400, f"state is none of {', '.join(State)}") from None
