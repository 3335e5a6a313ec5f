"""Three pages, and no more than a few requests at once."""

import asyncio

from aiohttp import ClientSession, web
from aiohttp.test_utils import make_mocked_request

from probe.agent import pages
from probe.metrics.agent import Snapshot


class Shown:
    def __init__(self) -> None:
        self.missing = ""

    def unready(self) -> str:
        return self.missing

    def snapshot(self) -> Snapshot:
        return Snapshot(version="1")


async def test_the_three_pages() -> None:
    shown = Shown()
    async with pages.serving("127.0.0.1:0", shown) as [address], ClientSession() as client:
        for missing, status in (("", 200), ("a disk", 503)):
            shown.missing = missing
            async with client.get(f"http://{address}/-/ready") as answer:
                assert (answer.status, await answer.text()) == (status, f"{missing or 'ready'}\n")
        async with client.get(f"http://{address}/metrics") as answer:
            assert "worksforwhom_build_info" in await answer.text()
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        async with client.post(f"http://{address}/metrics") as answer:
            assert answer.status == 405


async def test_an_empty_address_listens_nowhere() -> None:
    async with pages.serving("", Shown()) as addresses:
        assert addresses == ()


async def test_too_many_at_once_are_sent_away() -> None:
    bounded, gate, answers = pages.bounded(), asyncio.Event(), []

    async def handler(_: web.Request) -> web.StreamResponse:
        await gate.wait()
        return web.Response()

    async def ask() -> None:
        try:
            answers.append((await bounded(make_mocked_request("GET", "/"), handler)).status)
        except web.HTTPServiceUnavailable as refused:
            answers.append(refused.status)
            gate.set()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(pages.MOST_AT_ONCE + 1):
            tasks.create_task(ask())
    assert sorted(answers) == [200] * pages.MOST_AT_ONCE + [503]
