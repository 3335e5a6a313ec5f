"""The pages for people: what is failing and for whom, and the evidence of one incident."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from statistics import fmean

import jinja2
from aiohttp import web
from markupsafe import Markup

from probe.model import Cause
from probe.store import Store
from probe.web import answer, board, render, words
from probe.web.api import OneIncident, look_up
from probe.web.board import Frame

SOON_SECONDS = 15
"""How often an open page asks for news."""

OVER = timedelta(days=30)
"""How long an incident that is over stays on the front page."""

LOADER = jinja2.PackageLoader("probe.web")
ENVIRONMENT = jinja2.Environment(
    loader=LOADER,
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _source(name: str) -> str:
    return LOADER.get_source(ENVIRONMENT, name)[0]


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


STYLE, SCRIPT = _source("style.css"), _source("refresh.js")
POLICY = (
    f"style-src 'sha256-{_hash(STYLE)}'; script-src 'sha256-{_hash(SCRIPT)}'; "
    "connect-src 'self'; img-src data:"
)
"""Our own style and script by their digests, and nothing from anywhere else."""
ENVIRONMENT.globals |= {
    # Markup: these two are files of ours, shown as they stand; nothing else on a page is.
    "style": Markup(STYLE),  # noqa: S704
    "script": Markup(SCRIPT),  # noqa: S704
    "words": words,
    "place": board.plain,
    "seconds": SOON_SECONDS,
}


class Pages:
    def __init__(self, store: Store, frame: Callable[[], Frame]) -> None:
        self._store = store
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.front), web.get("/incidents/{id}", self.incident)]

    async def front(self, request: web.Request) -> web.Response:
        text = await asyncio.to_thread(self._front)
        return answer.html(request, text, policy=POLICY)

    def _front(self) -> str:
        frame = self._frame()
        incidents = self._store.incidents(closed_since=frame.now - OVER)
        shown = board.front(self._store.verdicts(), incidents, frame)
        return ENVIRONMENT.get_template("front.html").render(front=shown)

    async def incident(self, request: web.Request) -> web.Response:
        text = await asyncio.to_thread(self._incident, request.match_info["id"])
        return answer.html(request, text, policy=POLICY)

    def _incident(self, name: str) -> str:
        held, found = self._store.incident(name), look_up(self._store, name)
        if held is None or found is None:
            raise answer.WrongRequestError(404, "there is no incident of this id; see /")
        frame = self._frame()
        return ENVIRONMENT.get_template("incident.html").render(
            card=board.card(held, frame),
            failing=board.named(held.features, held.service, frame.services),
            healthy=board.named(held.healthy, held.service, frame.services),
            incident=found.incident,
            witnesses=found.witnesses,
            where=board.where(held),
            evidence=alike(found.incident.evidence),
            rivals=rivals(found),
        )


def rivals(found: OneIncident) -> list[tuple[Cause, float]]:
    """Average the support of each cause over what the incident covers, strongest first."""
    held: tuple[render.PublicVerdict, ...] = found.verdicts
    shares = {
        cause: fmean(verdict.support.get(cause, 0.0) for verdict in held)
        for cause in (Cause if held else ())
    }
    return sorted(shares.items(), key=lambda pair: -pair[1])


def alike(
    evidence: Sequence[render.PublicEvidence],
) -> list[tuple[render.PublicEvidence, list[str]]]:
    """Gather the pieces that say the same, each with the places of its witnesses."""
    gathered: dict[tuple[str, str, str], tuple[render.PublicEvidence, dict[str, None]]] = {}
    for piece in evidence:
        key = (piece.rule, piece.sentence, piece.mechanism)
        gathered.setdefault(key, (piece, {}))[1][_witness(piece)] = None
    return [(piece, list(places)) for piece, places in gathered.values()]


def _witness(piece: render.PublicEvidence) -> str:
    if not piece.country:
        return "no longer held"
    network = f"{piece.network} AS{piece.asn}".strip()
    return f"{board.plain(piece.country)}: {network}, {piece.kind}"
