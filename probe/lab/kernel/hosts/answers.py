"""What an origin answers to a request: the page its endpoint calls healthy, or the fault in force.

Pure: the dice of a partial fault are handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from probe.lab.answers import Reply, faulty, healthy, html
from probe.lab.scenario import Event
from probe.lab.world import Page, host_name, site_headers

FAULTS = (
    "server.outage_global",
    "server.outage_cdn_pop",
    "server.geoblock_page",
    "server.bot_challenge",
)
"""The mechanisms that origins play."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    path: str
    client: str
    """The address it came from."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    country: str
    asn: int
    vantage: str
    sites: dict[str, str] = {}
    """Delivery network → the site that serves it."""


def serve(
    request: Request,
    pages: Mapping[tuple[str, str], Page],
    clients: Mapping[str, Client],
    faults: Iterable[Event],
    dice: float,
    fronts: Mapping[str, str] = {},
) -> Reply:
    page = pages.get((request.host, request.path))
    if page is None:
        return Reply(status=404, body=html("Not found", "There is no such page here."))
    client = clients.get(request.client)
    hit = (fault for fault in faults if hits(fault, page, client) and dice < fault.share)
    fault = next(hit, None)
    reply = healthy(page) if fault is None else faulty(fault, page)
    return _marked(reply, front, client) if (front := fronts.get(_key(page))) else reply


def _marked(reply: Reply, front: str, client: Client | None) -> Reply:
    """Let the delivery network in front of the page say where it answered."""
    site = client.sites.get(front, "") if client is not None else ""
    own = [header for header in reply.headers if header[0] != "Server"]
    headers = (*own, *site_headers(front, site))
    return msgspec.structs.replace(reply, headers=headers)


def _key(page: Page) -> str:
    return f"{page.service}/{page.feature}"


def index(pages: Sequence[Page]) -> dict[tuple[str, str], Page]:
    """Order the pages by host name and path."""
    return {(host_name(page.endpoint), _path(page)): page for page in pages}


def hits(fault: Event, page: Page, client: Client | None) -> bool:
    """Whether the fault concerns this page for this client; an empty list narrows nothing."""
    concerned = page.service in fault.services or host_name(page.endpoint) in fault.names
    if not concerned or (fault.features and page.feature not in fault.features):
        return False
    if fault.sites and (client is None or not set(client.sites.values()) & set(fault.sites)):
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
