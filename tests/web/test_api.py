"""The API answers what it was asked, says what is wrong in a sentence, and can be cached."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
import pytest
from aiohttp import ClientSession, web

from probe.model import State
from probe.store import Store
from probe.transport.listen import listen, runner
from probe.web.answer import safe
from probe.web.api import Api, Incidents, OneIncident, Verdicts
from tests.web.world import NOW, World


@dataclass
class Asking:
    client: ClientSession
    base: str

    async def get(self, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.get(self.base + path, headers=sent) as answer:
            return answer.status, await answer.read(), dict(answer.headers)

    async def wrong(self, path: str) -> tuple[int, str]:
        status, body, _ = await self.get(path)
        return status, msgspec.json.decode(body, type=dict[str, str])["error"]

    async def incidents(self, query: str) -> list[str]:
        _, body, _ = await self.get(f"/api/v1/incidents{query}")
        return [held.id for held in msgspec.json.decode(body, type=Incidents).incidents]

    async def verdicts(self, query: str) -> Verdicts:
        _, body, _ = await self.get(f"/api/v1/verdicts{query}")
        return msgspec.json.decode(body, type=Verdicts)


@pytest.fixture
async def asking(store: Store) -> AsyncIterator[Asking]:
    app = web.Application(middlewares=[safe])
    app.add_routes(Api(store).routes())
    server = runner(app)
    (bound,) = await listen(server, "127.0.0.1:0")
    async with ClientSession() as client:
        yield Asking(client, f"http://{bound}")
    await server.cleanup()


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("", 32),
        ("?service=twitter", 32),
        ("?service=facebook", 0),
        ("?country=tr", 4),
        ("?feature=web&country=TR", 1),
    ],
)
async def test_verdicts_are_filtered(asking: Asking, query: str, number: int) -> None:
    found = await asking.verdicts(query)
    assert len(found.verdicts) == number
    assert found.at == NOW


async def test_open_incidents_come_first_and_all_filters_hold(
    asking: Asking, store: Store, world: World
) -> None:
    over = msgspec.structs.replace(
        world.incident, id="over", state=State.LIKELY, closed=NOW, countries=("TR",)
    )
    store.save(world.verdicts, [over])
    assert await asking.incidents("") == ["twitter-1", "over"]
    assert await asking.incidents("?open=true") == ["twitter-1"]
    assert await asking.incidents("?open=false") == ["over"]
    assert await asking.incidents("?state=likely") == ["over"]
    assert await asking.incidents("?country=us") == ["twitter-1"]
    assert await asking.incidents("?service=facebook") == []
    assert await asking.incidents("?limit=1") == ["twitter-1"]


async def test_one_incident_comes_with_witnesses_rivals_and_no_volunteer(
    asking: Asking, world: World
) -> None:
    status, body, _ = await asking.get("/api/v1/incidents/twitter-1")
    found = msgspec.json.decode(body, type=OneIncident)
    assert status == 200
    assert found.incident.evidence[0].country == "US"
    assert found.incident.history[0].what == "opened"
    assert [witness.id for witness in found.witnesses] == [world.measurement.id]
    assert {v.feature for v in found.verdicts} == {"web", "notifications"}
    assert not [secret for secret in world.secrets if secret in body.decode()]


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/api/v1/verdicts?contry=TR", 400, "unknown filter; known here: service, country"),
        ("/api/v1/incidents?state=sure", 400, "state is none of confirmed, likely"),
        ("/api/v1/incidents?open=maybe", 400, "open is neither true nor false"),
        ("/api/v1/incidents?limit=-1", 400, "limit is no whole number from 0 to 1000"),
        ("/api/v1/incidents?limit=٣", 400, "limit is no whole number"),
        ("/api/v1/incidents/none", 404, "there is no incident of this id"),
        ("/api/v2", 404, "there is nothing here"),
    ],
)
async def test_what_is_wrong_is_a_sentence(
    asking: Asking, path: str, status: int, sentence: str
) -> None:
    got, said = await asking.wrong(path)
    assert got == status
    assert said.startswith(sentence)


async def test_it_is_read_only(asking: Asking) -> None:
    async with asking.client.post(asking.base + "/api/v1/verdicts") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET,HEAD"
        assert "error" in await answer.json()


async def test_an_answer_can_be_cached_and_read_from_any_origin(asking: Asking) -> None:
    status, body, headers = await asking.get("/api/v1/verdicts")
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cache-Control"] == "public, max-age=5"
    assert headers["X-Content-Type-Options"] == "nosniff"
    again = await asking.get("/api/v1/verdicts", If_None_Match=headers["Etag"])
    assert (again[0], again[1]) == (304, b"")
    assert again[2]["Etag"] == headers["Etag"]
    other = await asking.get("/api/v1/verdicts", If_None_Match='"other"')
    assert (other[0], other[1]) == (200, body)


async def test_a_store_that_cannot_be_read_is_a_sentence(asking: Asking, store: Store) -> None:
    store.close()
    assert await asking.wrong("/api/v1/verdicts") == (
        503,
        "the store cannot be read now; try again in a minute",
    )
