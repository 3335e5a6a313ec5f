"""What is answered in a lab: a healthy page, a fault of the service, or what is false. Pure."""

from __future__ import annotations

import msgspec

from probe.lab.scenario import Event, Form
from probe.lab.world import Page

APP_ERROR = "Something went wrong"
OVER_LIMIT = '{"errors":[{"code":185,"message":"User is over the daily limit"}]}'
POOL = ("31.13.94.37", "162.125.2.5", "104.244.46.85", "199.59.148.20", "69.171.245.49")
"""Real addresses that have nothing to do with anybody here: in the lab nobody has them."""
POOL_V6 = "2001::1f0d:5e25"
BOGON, BOGON_V6 = "10.66.0.1", "fd00::11"
LEAKED = "10.10.34.35"
"""What Iran's censor answers, well known: elsewhere it is a leak."""
SINK = "11.0.2.1"
"""Somebody else's address, where a censor takes connections and says nothing: there must be a
host, and nobody may have other business with its web ports."""
PROXY_HEADERS = (("Via", "1.1 cache.operator.net"), ("X-Cache", "MISS"))
PROXY_PORT = 3128
EARLY_PORT = 4443
"""Where every origin shows a certificate that is not valid yet."""
NOTICE_PAGE = (
    "<!DOCTYPE html><html><head><title>Access to this website has been blocked</title>"
    "</head><body><h1>Access denied</h1>"
    "<p>This website has been blocked by order of the competent authority.</p></body></html>"
)
"""What an injected page says; like real notices it gives itself away in its title."""
HOST_PAGE = "<!doctype html><title>Notice</title><h1>Access to this site is restricted</h1>"
"""What the notice host says: no list knows its words."""
MIN_BODY_BYTES = 4096


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    status: int = 200
    body: str = ""
    kind: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    silent: bool = False
    """The request is read and never answered."""
    linger: float = 0.0
    """Seconds by which it comes late."""


def healthy(page: Page) -> Reply:
    """The whole page, as long as its endpoint asks for and 4 KB at least."""
    endpoint = page.endpoint
    status = endpoint.status[0] if endpoint.status else 200
    title = f"{page.service} {page.feature}"
    size = max(MIN_BODY_BYTES, endpoint.min_bytes)
    return Reply(status=status, body=html(title, endpoint.expect, size), headers=_marks(page))


def faulty(fault: Event, page: Page) -> Reply:
    """Follow the mechanism of a `server.*` event; what never comes to an answer is silence here."""
    match fault.mechanism:
        case "server.geoblock_page":
            text = "This service is not available in your country."
            return Reply(status=451, body=html("Unavailable", text), headers=_marks(page))
        case "server.bot_challenge":
            text = "Checking that you are not a robot."
            return Reply(status=403, body=html("Just a moment", text), headers=_marks(page))
        case _:
            late = float(fault.delay) if fault.form is Form.SLOW else 0.0
            return msgspec.structs.replace(_outage(fault.form, page), linger=late)


def _outage(form: Form, page: Page) -> Reply:
    match form:
        case Form.HTTP_5XX:
            body = html("Over capacity", "The service is over capacity.")
            return Reply(status=503, body=body, headers=(*_marks(page), ("Retry-After", "60")))
        case Form.APP_ERROR:
            text = f"{APP_ERROR}, but don't fret: it's not your fault."
            return Reply(body=html(page.service, text), headers=_marks(page))
        case Form.REJECTION:
            kind = "application/json; charset=utf-8"
            return Reply(status=403, body=OVER_LIMIT, kind=kind, headers=_marks(page))
        case Form.SILENCE | Form.UNREACHABLE | Form.NO_NAME | Form.EXPIRED:
            return Reply(silent=True)
        case Form.SLOW:
            return healthy(page)


def _marks(page: Page) -> tuple[tuple[str, str], ...]:
    """Headers by which a service's own front is known, in sickness and in health."""
    return (("Server", f"{page.service}-front"), ("X-Connection-Hash", "c0ffee"))


def html(title: str, text: str, size: int = 0) -> str:
    head = f"<!doctype html><html><head><title>{title}</title></head><body><p>{text}</p>"
    return f"{head}<!-- {'.' * max(0, size - len(head))} --></body></html>"
