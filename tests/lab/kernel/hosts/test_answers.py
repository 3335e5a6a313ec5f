"""What origins answer: healthy pages that meet their endpoints, and each fault as it shows."""

from __future__ import annotations

import pytest

from probe.config.shape import Seconds
from probe.lab import library
from probe.lab.answers import APP_ERROR, Reply
from probe.lab.kernel.hosts.answers import (
    Client,
    Request,
    hits,
    index,
    serve,
)
from probe.lab.scenario import Event, Form
from probe.lab.world import Page, host_name, pages
from probe.model import CONTROL

PAGES = pages(library.load("tr-2023-02-08"))
INDEX = index(PAGES)
CLIENTS = {
    "31.1.1.11": Client(country="TR", asn=47331, vantage="tr-as47331-1"),
    "31.2.1.11": Client(country="US", asn=7922, vantage="us-as7922-1"),
}
TR, US = CLIENTS


def event(mechanism: str = "server.outage_global", /, **more: object) -> Event:
    return Event(at=Seconds(0), mechanism=mechanism, services=("twitter",), **more)  # type: ignore[arg-type]


def ask(feature: str, *faults: Event, client: str = TR, dice: float = 0.5) -> Reply:
    page = next(p for p in PAGES if (p.service, p.feature) == ("twitter", feature))
    (key,) = (key for key, value in INDEX.items() if value is page)
    return serve(Request(host=key[0], path=key[1], client=client), INDEX, CLIENTS, faults, dice)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.endpoint.id)
def test_a_healthy_page_meets_its_endpoint(page: Page) -> None:
    (key,) = (key for key, value in INDEX.items() if value is page)
    reply = serve(Request(host=key[0], path=key[1], client=TR), INDEX, CLIENTS, (), 0.5)
    endpoint = page.endpoint
    assert reply.status in (endpoint.status or (200,))
    assert endpoint.expect in reply.body
    assert not any(text in reply.body for text in endpoint.forbid)
    assert len(reply.body) >= max(endpoint.min_bytes, 4096)


@pytest.mark.parametrize(
    ("form", "status", "text"),
    [
        (Form.HTTP_5XX, 503, "Over capacity"),
        (Form.APP_ERROR, 200, APP_ERROR),
        (Form.REJECTION, 403, "over the daily limit"),
    ],
)
def test_each_form_of_an_outage(form: Form, status: int, text: str) -> None:
    reply = ask("web", event(form=form))
    assert reply.status == status
    assert text in reply.body
    assert ("Server", "twitter-front") in reply.headers


def test_silence_is_no_answer() -> None:
    assert ask("web", event(form=Form.SILENCE)).silent


def test_a_fault_keeps_to_its_features() -> None:
    fault = event(form=Form.APP_ERROR, features=("web",))
    assert APP_ERROR in ask("web", fault).body
    assert APP_ERROR not in ask("media", fault).body


@pytest.mark.parametrize(
    ("mechanism", "status"), [("server.geoblock_page", 451), ("server.bot_challenge", 403)]
)
def test_a_refusal_keeps_to_its_countries(mechanism: str, status: int) -> None:
    fault = event(mechanism, countries=("TR",))
    assert ask("web", fault).status == status
    assert ask("web", fault, client=US).status == 200
    assert ask("web", fault, client="31.9.9.9").status == 200


def test_a_partial_fault_follows_the_dice() -> None:
    fault = event(share=0.3)
    assert ask("web", fault, dice=0.29).status == 503
    assert ask("web", fault, dice=0.31).status == 200


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"networks": (47331,)}, True),
        ({"vantages": ("tr-as47331-1",)}, True),
        ({"networks": (7922,)}, False),
    ],
)
def test_a_fault_finds_its_clients(
    where: dict[str, tuple[int | str, ...]], *, expected: bool
) -> None:
    page = INDEX["twitter.com", "/"]
    assert hits(event(**where), page, CLIENTS[TR]) is expected


def test_a_fault_may_name_hosts_instead_of_services() -> None:
    fault = Event(at=Seconds(0), mechanism="server.outage_global", names=("t.co",))
    hit = [page for page in PAGES if hits(fault, page, None)]
    assert {host_name(page.endpoint) for page in hit} == {"t.co"}
    assert not any(page.service == CONTROL for page in hit)


def test_an_unknown_page_is_404() -> None:
    request = Request(host="twitter.com", path="/nothing", client=TR)
    assert serve(request, INDEX, CLIENTS, (), 0.5).status == 404
