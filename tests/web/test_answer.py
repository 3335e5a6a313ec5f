"""Every answer, good or bad, carries the headers that keep a page from harm."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web

from probe.transport.listen import listen, runner
from probe.web import answer


async def fine(request: web.Request) -> web.Response:
    return answer.json(request, {"a": 1})


async def broken(_: web.Request) -> web.Response:
    raise OSError(5, "disk")


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    app = web.Application(middlewares=[answer.safe])
    app.add_routes([web.get("/api/fine", fine), web.get("/broken", broken)])
    server = runner(app)
    (bound,) = await listen(server, "127.0.0.1:0")
    async with ClientSession(f"http://{bound}") as session:
        yield session
    await server.cleanup()


@pytest.mark.parametrize(
    ("path", "status"), [("/api/fine", 200), ("/api/none", 404), ("/none", 404), ("/broken", 503)]
)
async def test_every_answer_is_safe(client: ClientSession, path: str, status: int) -> None:
    async with client.get(path) as got:
        assert got.status == status
        assert {name: got.headers[name] for name in answer.HEADERS} == answer.HEADERS


async def test_an_error_is_json_under_api_and_text_elsewhere(client: ClientSession) -> None:
    async with client.get("/api/none") as got:
        assert (await got.json())["error"].startswith("there is nothing here")
    async with client.get("/none") as got:
        assert got.content_type == "text/plain"


async def test_any_known_validator_spares_the_body(client: ClientSession) -> None:
    async with client.get("/api/fine") as got:
        tag = got.headers["Etag"]
    for sent, status in ((f'"x", {tag}', 304), ("*", 304), ('"x"', 200)):
        async with client.get("/api/fine", headers={"If-None-Match": sent}) as got:
            assert got.status == status
