"""Alive is not ready, and the metrics are those of the moment."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientSession, web

from probe.metrics.correlator import Snapshot
from probe.transport.listen import listen, runner
from probe.web.health import Health


@dataclass
class Centre:
    missing: str = "nothing was judged yet"
    config: str = "web:\n  listen: ''\n"
    seen: Snapshot = field(default_factory=lambda: Snapshot(version="1.2.3"))


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest.fixture
async def client(centre: Centre) -> AsyncIterator[ClientSession]:
    health = Health(lambda: centre.missing, lambda: centre.seen, lambda: centre.config)
    app = web.Application()
    app.add_routes([*health.probes(), *health.metrics()])
    server = runner(app)
    (bound,) = await listen(server, "127.0.0.1:0")
    async with ClientSession(f"http://{bound}") as session:
        yield session
    await server.cleanup()


async def asked(client: ClientSession, path: str) -> tuple[int, str]:
    async with client.get(path) as answer:
        return answer.status, await answer.text()


async def test_alive_before_it_is_ready(client: ClientSession, centre: Centre) -> None:
    assert await asked(client, "/-/healthy") == (200, "healthy\n")
    assert await asked(client, "/-/ready") == (503, "nothing was judged yet\n")
    centre.missing = ""
    assert await asked(client, "/-/ready") == (200, "ready\n")


async def test_a_scrape_shows_the_moment(client: ClientSession, centre: Centre) -> None:
    centre.seen = Snapshot(version="1.2.3", accepted=7)
    status, text = await asked(client, "/metrics")
    assert status == 200
    assert "worksforwhom_intake_accepted_total 7.0" in text


async def test_the_configuration_is_yaml(client: ClientSession, centre: Centre) -> None:
    async with client.get("/config") as answer:
        assert answer.content_type == "application/yaml"
        assert await answer.text() == centre.config
