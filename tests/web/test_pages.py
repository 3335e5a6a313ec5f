"""The pages say what is held, in words and signs, and nothing on them can act by itself."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import msgspec
import pytest
from aiohttp import ClientSession, web

from probe.store import Store
from probe.transport.listen import listen, runner
from probe.web import render
from probe.web.answer import safe
from probe.web.pages import Pages, alike
from tests.web.world import HOSTILE, STATEMENT, World, incident, measurement


class Outline(HTMLParser):
    """What of a page could load, run or lead elsewhere, and its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.scripts = 0
        self.looks: list[str] = []
        self.acting: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.scripts += tag == "script"
        self.links += [held[name] for name in ("href", "src") if name in held]
        self.acting += [name for name in held if name.startswith("on") or name == "style"]
        if tag == "td" and "cell" in held.get("class", ""):
            self.looks.append(held["class"].partition("look-")[2])


def outlined(page: str) -> Outline:
    outline = Outline()
    outline.feed(page)
    return outline


@pytest.fixture
async def client(store: Store, world: World) -> AsyncIterator[ClientSession]:
    app = web.Application(middlewares=[safe])
    app.add_routes(Pages(store, lambda: world.frame).routes())
    server = runner(app)
    (bound,) = await listen(server, "127.0.0.1:0")
    async with ClientSession(f"http://{bound}") as session:
        yield session
    await server.cleanup()


async def page(client: ClientSession, path: str) -> str:
    async with client.get(path) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        return await answer.text()


async def test_the_front_page_says_what_fails_and_for_whom(client: ClientSession) -> None:
    text = await page(client, "/")
    assert STATEMENT in text
    assert "<strong>Confirmed</strong>, 96\u00a0%" in text
    assert "2022-12-28 21:05 UTC" in text
    assert "Türkiye" in text
    looks = outlined(text).looks
    assert looks.count("service_outage") == 16
    assert looks.count("ok") == 16
    assert looks.count("none") == 4 + 9 * 4


async def test_the_incident_page_shows_evidence_rivals_witnesses_and_history(
    client: ClientSession,
) -> None:
    text = await page(client, "/incidents/twitter-1")
    for shown in ("http.server_error", "AS64496", "The rivals", "It fails.", "503, status"):
        assert shown in text


@pytest.mark.parametrize("path", ["/", "/incidents/twitter-1"])
async def test_a_hostile_title_or_operator_is_text(
    client: ClientSession, store: Store, world: World, path: str
) -> None:
    hostile = msgspec.structs.replace(world.incident, statement=HOSTILE)
    store.save(world.verdicts, [hostile])
    text = await page(client, path)
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text
    assert outlined(text).scripts == 1
    assert not outlined(text).acting
    assert not [secret for secret in world.secrets if secret in text]


@pytest.mark.parametrize("path", ["/", "/incidents/twitter-1"])
async def test_nothing_is_loaded_from_elsewhere(client: ClientSession, path: str) -> None:
    links = outlined(await page(client, path)).links
    assert links
    assert not [link for link in links if not re.match(r"/|#|data:image/svg", link)]


async def test_the_policy_lets_our_own_style_and_script_and_nothing_else(
    client: ClientSession,
) -> None:
    async with client.get("/") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "X-Powered-By" not in answer.headers
        assert answer.headers["Server"] == "worksforwhom"


async def test_an_empty_store_says_that_nothing_is_known(
    client: ClientSession, store: Store
) -> None:
    store.save([], [msgspec.structs.replace(i, closed=i.updated) for i in store.incidents()])
    text = await page(client, "/")
    assert "Nothing is known" in text
    assert set(outlined(text).looks) == {"none"}


async def test_what_is_not_there_is_a_sentence(client: ClientSession) -> None:
    for path in ("/incidents/none", "/nothing"):
        async with client.get(path) as answer:
            assert answer.status == 404
            assert (await answer.text()).startswith("there is no")


def piece(sentence: str, country: str) -> render.PublicEvidence:
    (made,) = render.detail(incident(), [measurement()]).evidence
    return msgspec.structs.replace(made, sentence=sentence, country=country, network="Net")


def test_pieces_that_say_the_same_are_one_line_with_all_witnesses() -> None:
    pieces = [piece("a", "US"), piece("b", "DE"), piece("a", "TR"), piece("a", "US")]
    assert [(held.sentence, places) for held, places in alike(pieces)] == [
        ("a", ["United States: Net AS64496, residential", "Türkiye: Net AS64496, residential"]),
        ("b", ["Germany: Net AS64496, residential"]),
    ]
    assert alike([piece("a", "")])[0][1] == ["no longer held"]
