"""Addresses of probe hosts are for who has the token, and for nobody where there is none."""

import asyncio
import hashlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession, web
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import CorrelatorConfig, Discovering, EnrolledAgent, Secret
from probe.model import NetworkKind, Vantage
from probe.transport.listen import listen, runner
from probe.web.answer import safe
from probe.web.discovery import Discovery, groups, readable

PROMTOOL = shutil.which("promtool")
SCRAPE = """
scrape_configs:
  - job_name: worksforwhom-agent
    http_sd_configs:
      - url: %s
        authorization: {type: Bearer, credentials_file: token}
"""
DIGEST = hashlib.sha256(b"reader").hexdigest()


def agent(number: int, scrape: str = "") -> EnrolledAgent:
    vantage = Vantage(id=f"tr-{number}", country="TR", asn=number, kind=NetworkKind.MOBILE)
    return EnrolledAgent(vantage=vantage, token=Secret(f"t-{number}"), scrape=scrape)


AGENTS = (agent(1, "192.0.2.1:9464"), agent(2), agent(3, "[2001:db8::3]:9464"))


@asynccontextmanager
async def asking(config: CorrelatorConfig) -> AsyncIterator[ClientSession]:
    app = web.Application(middlewares=[safe])
    app.add_routes(Discovery(readable(config)).routes())
    server = runner(app)
    (bound,) = await listen(server, "127.0.0.1:0")
    async with ClientSession(f"http://{bound}") as session:
        yield session
    await server.cleanup()


async def test_agents_that_may_be_scraped_are_listed_with_their_place() -> None:
    config = CorrelatorConfig(agents=AGENTS, discovery=Discovering(token_sha256=DIGEST))
    async with (
        asking(config) as client,
        client.get("/sd/probes", headers={"Authorization": "Bearer reader"}) as answer,
    ):
        assert answer.status == 200
        assert answer.content_type == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert await answer.json() == [
            {
                "targets": ["192.0.2.1:9464"],
                "labels": {"country": "TR", "asn": "1", "network_kind": "mobile"},
            },
            {
                "targets": ["[2001:db8::3]:9464"],
                "labels": {"country": "TR", "asn": "3", "network_kind": "mobile"},
            },
        ]


async def test_nobody_to_scrape_is_an_empty_list() -> None:
    config = CorrelatorConfig(agents=(), discovery=Discovering(token=Secret("reader")))
    async with (
        asking(config) as client,
        client.get("/sd/probes", headers={"Authorization": "bearer reader"}) as answer,
    ):
        assert (answer.status, await answer.text()) == (200, "[]")


@pytest.mark.parametrize(
    "header", ["", "reader", "Bearer", "Bearer ", "Bearer t-1", "Basic reader", "Bearer reader2"]
)
async def test_without_the_token_nothing_is_said(header: str) -> None:
    config = CorrelatorConfig(agents=AGENTS, discovery=Discovering(token_sha256=DIGEST))
    async with (
        asking(config) as client,
        client.get("/sd/probes", headers={"Authorization": header}) as answer,
    ):
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "192.0.2.1" not in await answer.text()


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer reader"])
async def test_where_no_token_is_configured_there_is_nothing(header: str) -> None:
    async with (
        asking(CorrelatorConfig(agents=AGENTS)) as client,
        client.get("/sd/probes", headers={"Authorization": header}) as answer,
    ):
        assert answer.status == 404


@pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (it comes with prometheus)"
)
async def test_prometheus_own_tool_discovers_them(tmp_path: Path) -> None:
    assert PROMTOOL
    config = CorrelatorConfig(agents=AGENTS, discovery=Discovering(token_sha256=DIGEST))
    async with asking(config) as client, client.get("/sd/probes") as answer:
        address = str(answer.url)
        write(tmp_path, {"prometheus.yml": SCRAPE % address, "token": "reader"})
        tool = await asyncio.create_subprocess_exec(
            PROMTOOL, "check", "service-discovery", "--timeout=1s",
            str(tmp_path / "prometheus.yml"), "worksforwhom-agent",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        said, _ = await tool.communicate()
    found = {each.labels["instance"]: plain(each.labels) for each in discovered(said)}
    assert set(found) == {"192.0.2.1:9464", "[2001:db8::3]:9464"}
    assert found["192.0.2.1:9464"] == {
        "country": "TR",
        "asn": "1",
        "network_kind": "mobile",
        "job": "worksforwhom-agent",
    }


class Found(msgspec.Struct):
    labels: dict[str, str]


def discovered(said: bytes) -> list[Found]:
    return msgspec.json.decode(said, type=list[Found])


def plain(labels: dict[str, str]) -> dict[str, str]:
    """Leave out what Prometheus does."""
    return {k: v for k, v in labels.items() if not k.startswith("__") and k != "instance"}


def write(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text)


@given(st.lists(st.builds(agent, st.integers(1, 2**32 - 1), st.sampled_from(["", "a:1"]))))
def test_no_vantage_id_and_no_token_is_in_it(agents: list[EnrolledAgent]) -> None:
    listed = groups(agents)
    assert len(listed) == sum(bool(a.scrape) for a in agents)
    text = json.dumps([[g.targets, str(g.labels)] for g in listed])
    assert "tr-" not in text
    assert "t-" not in text
