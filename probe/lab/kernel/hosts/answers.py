"""What an origin answers to a request: the page its endpoint calls healthy, or the fault in force.

Pure: the dice of a partial fault are handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from probe.lab.kernel.layout import Page, host_name
from probe.lab.scenario import Event, Form

APP_ERROR = "Something went wrong"
OVER_LIMIT = '{"errors":[{"code":185,"message":"User is over the daily limit"}]}'
FAULTS = ("server.outage_global", "server.geoblock_page", "server.bot_challenge")
"""The mechanisms that origins play."""

MIN_BODY_BYTES = 4096


class Request(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    path: str
    client: str
    """The address it came from."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    country: str
    asn: int
    vantage: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    status: int = 200
    body: str = ""
    kind: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    silent: bool = False
    """The request is read and never answered."""


def serve(
    request: Request,
    pages: Mapping[tuple[str, str], Page],
    clients: Mapping[str, Client],
    faults: Iterable[Event],
    dice: float,
) -> Reply:
    page = pages.get((request.host, request.path))
    if page is None:
        return Reply(status=404, body=_html("Not found", "There is no such page here."))
    client = clients.get(request.client)
    hit = (fault for fault in faults if hits(fault, page, client) and dice < fault.share)
    fault = next(hit, None)
    return _healthy(page) if fault is None else _faulty(fault, page)


def index(pages: Sequence[Page]) -> dict[tuple[str, str], Page]:
    """Order the pages by host name and path."""
    return {(host_name(page.endpoint), _path(page)): page for page in pages}


def hits(fault: Event, page: Page, client: Client | None) -> bool:
    """Whether the fault concerns this page for this client; an empty list narrows nothing."""
    concerned = page.service in fault.services or host_name(page.endpoint) in fault.names
    if not concerned or (fault.features and page.feature not in fault.features):
        return False
    if not (fault.countries or fault.networks or fault.vantages):
        return True
    return client is not None and (
        client.country in fault.countries
        or client.asn in fault.networks
        or client.vantage in fault.vantages
    )


def _path(page: Page) -> str:
    parts = urlsplit(page.endpoint.url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _healthy(page: Page) -> Reply:
    endpoint = page.endpoint
    status = endpoint.status[0] if endpoint.status else 200
    title = f"{page.service} {page.feature}"
    size = max(MIN_BODY_BYTES, endpoint.min_bytes)
    return Reply(status=status, body=_html(title, endpoint.expect, size), headers=_marks(page))


def _faulty(fault: Event, page: Page) -> Reply:
    match fault.mechanism:
        case "server.geoblock_page":
            text = "This service is not available in your country."
            return Reply(status=451, body=_html("Unavailable", text), headers=_marks(page))
        case "server.bot_challenge":
            text = "Checking that you are not a robot."
            return Reply(status=403, body=_html("Just a moment", text), headers=_marks(page))
        case _:
            return _outage(fault.form, page)


def _outage(form: Form, page: Page) -> Reply:
    match form:
        case Form.HTTP_5XX:
            body = _html("Over capacity", "The service is over capacity.")
            return Reply(status=503, body=body, headers=(*_marks(page), ("Retry-After", "60")))
        case Form.APP_ERROR:
            text = f"{APP_ERROR}, but don't fret: it's not your fault."
            return Reply(body=_html(page.service, text), headers=_marks(page))
        case Form.REJECTION:
            kind = "application/json; charset=utf-8"
            return Reply(status=403, body=OVER_LIMIT, kind=kind, headers=_marks(page))
        case Form.SILENCE:
            return Reply(silent=True)


def _marks(page: Page) -> tuple[tuple[str, str], ...]:
    """Headers by which a service's own front is known, in sickness and in health."""
    return (("Server", f"{page.service}-front"), ("X-Connection-Hash", "c0ffee"))


def _html(title: str, text: str, size: int = 0) -> str:
    head = f"<!doctype html><html><head><title>{title}</title></head><body><p>{text}</p>"
    return f"{head}<!-- {'.' * max(0, size - len(head))} --></body></html>"
