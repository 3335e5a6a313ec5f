"""A scraper gets what it asked for, and many scrapers cost no more than one."""

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import make_mocked_request
from aiohttp.typedefs import Handler
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families as classic_families

from probe.agent import scrape
from probe.agent.scrape import Scrapes, Wanted, negotiated, render
from probe.metrics.agent import Row, Snapshot
from probe.metrics.exposition import Form
from probe.model import Target
from probe.transport.listen import listen, runner

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
MANY = tuple(Row(Target(service="s", feature="f", endpoint=f"e{n}")) for n in range(2000))


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (PROMETHEUS, Form.OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;escaping=underscores", Form.OPENMETRICS),
        ("Application/OpenMetrics-Text; Version=0.0.1", Form.OPENMETRICS),
        ("application/openmetrics-text; version=2.0.0", Form.CLASSIC),
        ("application/openmetrics-text;q=0, text/plain", Form.CLASSIC),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.9", Form.CLASSIC),
        ("application/openmetrics-text;q=silly", Form.CLASSIC),
        ("*/*", Form.CLASSIC),
        ("", Form.CLASSIC),
        (";;,=;q", Form.CLASSIC),
    ],
)
def test_the_format_is_negotiated(accept: str, form: Form) -> None:
    request = make_mocked_request("GET", "/metrics", headers={"Accept": accept})
    assert negotiated(request).form is form


@pytest.mark.parametrize(
    ("coding", "packed"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("identity", False)],
)
def test_the_coding_is_negotiated(coding: str, *, packed: bool) -> None:
    request = make_mocked_request("GET", "/metrics", headers={"Accept-Encoding": coding})
    assert negotiated(request).gzip is packed


def test_both_forms_can_be_read_back() -> None:
    snapshot = Snapshot(version="1", rows=MANY[:20])
    classic = render(snapshot, Wanted(Form.CLASSIC, gzip=False)).decode()
    packed = render(snapshot, Wanted(Form.OPENMETRICS, gzip=True))
    assert any(family.name == "probe_runs" for family in classic_families(classic))
    families = openmetrics_families(gzip.decompress(packed).decode())  # type: ignore[no-untyped-call]
    assert sum(family.name == "probe_runs" for family in families) == 1


@asynccontextmanager
async def served(answer: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/metrics", answer)
    server = runner(app)
    try:
        yield f"http://{(await listen(server, '127.0.0.1:0'))[0]}/metrics"
    finally:
        await server.cleanup()


class Counting:
    def __init__(self) -> None:
        self.taken = 0

    def snapshot(self) -> Snapshot:
        assert threading.current_thread() is threading.main_thread()
        self.taken += 1
        return Snapshot(version="1", rows=MANY)


async def test_two_hundred_at_once_are_one_rendering() -> None:
    counting, texts = Counting(), []

    async def ask(client: ClientSession, url: str) -> None:
        async with client.get(url) as answer:
            texts.append((answer.status, len(await answer.read())))

    async with (
        served(Scrapes(counting.snapshot, fresh_seconds=600).answer) as url,
        ClientSession() as client,
        asyncio.TaskGroup() as tasks,
    ):
        for _ in range(200):
            tasks.create_task(ask(client, url))
    assert counting.taken == 1
    assert len(texts) == 200
    assert len(set(texts)) == 1


async def test_a_rendering_does_not_outlive_its_freshness() -> None:
    counting = Counting()
    scrapes = Scrapes(counting.snapshot, fresh_seconds=0.0)
    async with asyncio.timeout(10):
        while counting.taken < 2:
            await scrapes.body(Wanted(Form.CLASSIC, gzip=True))
            await asyncio.sleep(0)


@pytest.mark.parametrize("packed", [True, False])
async def test_a_large_answer_comes_whole(*, packed: bool) -> None:
    headers = {"Accept-Encoding": "gzip" if packed else "identity", "Accept": PROMETHEUS}
    async with served(Scrapes(Counting().snapshot).answer) as url, ClientSession() as client:
        async with client.get(url, headers=headers) as answer:
            text = await answer.text()
            assert answer.headers["Content-Type"] == Form.OPENMETRICS.value
            assert answer.headers.get("Content-Encoding") == ("gzip" if packed else None)
        async with client.head(url, headers=headers) as answer:
            assert (answer.status, await answer.read()) == (200, b"")
    assert text.endswith("# EOF\n")
    assert len(text) > scrape.SLICE_BYTES


async def test_who_does_not_read_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "SEND_SECONDS", 0.05)
    many = tuple(Row(Target(service="s", feature="f", endpoint=f"e{n}")) for n in range(30_000))
    scrapes, ended = Scrapes(lambda: Snapshot(version="1", rows=many)), asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await scrapes.answer(request)
        finally:
            ended.set()

    async with served(answer) as url, asyncio.timeout(10):
        host, port = url.removeprefix("http://").removesuffix("/metrics").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        await ended.wait()
        promised = int(head.lower().partition(b"content-length: ")[2].split()[0])
        assert await left(reader) < promised
        writer.close()


async def left(reader: asyncio.StreamReader) -> int:
    """Count what still comes."""
    read = 0
    with suppress(ConnectionResetError):
        while data := await reader.read(65536):
            read += len(data)
    return read
