"""Answers over HTTP: validators, caching, safe headers, and errors as a sentence."""

from __future__ import annotations

import hashlib
import logging

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

CACHE_SECONDS = 5
"""Verdicts are renewed every few seconds; an answer is good for about as long."""
NOTHING_ELSE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": NOTHING_ELSE,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Server": "worksforwhom",
}
SENTENCES = {
    404: "there is nothing here; the page is at /, the API at /api/v1/verdicts and /api/v1/incidents",
    405: "this path does not answer that method",
}

log = logging.getLogger(__name__)


class WrongRequestError(Exception):
    """What was asked for is not there or not understood: a status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def json(request: web.Request, body: msgspec.Struct | dict[str, object]) -> web.Response:
    """Answer with JSON that anybody's page may read."""
    return _cached(
        request,
        msgspec.json.encode(body),
        "application/json",
        {"Access-Control-Allow-Origin": "*"},
    )


def html(request: web.Request, text: str, *, policy: str) -> web.Response:
    """Answer with a page, under a policy for its own style and script."""
    headers = {"Content-Security-Policy": f"{NOTHING_ELSE}; {policy}"}
    return _cached(request, text.encode(), "text/html", headers)


def _cached(request: web.Request, body: bytes, kind: str, headers: dict[str, str]) -> web.Response:
    tag = hashlib.sha256(body).hexdigest()[:32]
    known = {etag.value for etag in request.if_none_match or ()}
    response = web.Response(status=304) if known & {tag, "*"} else _whole(body, kind)
    response.headers.update(headers)
    response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
    response.etag = tag
    return response


def _whole(body: bytes, kind: str) -> web.Response:
    charset = "utf-8" if kind.startswith("text/") else None
    return web.Response(body=body, content_type=kind, charset=charset)


def error(request: web.Request, status: int, sentence: str) -> web.Response:
    """Say in one sentence what is wrong: as JSON under /api, as text elsewhere."""
    if request.path.startswith("/api/"):
        body = msgspec.json.encode({"error": sentence})
        response = web.Response(status=status, body=body, content_type="application/json")
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response
    return web.Response(status=status, text=sentence + "\n")


@web.middleware
async def safe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every answer the safe headers, and every error its sentence."""
    try:
        response = await handler(request)
    except WrongRequestError as wrong:
        response = error(request, wrong.status, str(wrong))
    except web.HTTPException as refused:
        sentence = SENTENCES.get(refused.status, refused.reason)
        response = error(request, refused.status, sentence)
        response.headers.extend({k: v for k, v in refused.headers.items() if k == "Allow"})
    except OSError as failed:
        log.error("web: %s: %s", request.path, failed)  # noqa: TRY400 — a sentence, no traceback
        response = error(request, 503, "the store cannot be read now; try again in a minute")
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
