"""A probe on demand: blackbox_exporter's answer, and no way to hammer anybody with it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import ClientSession, web

from probe.agent.asked import SCRAPE_TIMEOUT
from probe.agent.ondemand import BURST, MOST_AT_ONCE, PER_SECOND, Budget, OnDemand
from probe.clock import Clock
from probe.model import Endpoint, Expectation, HttpExchange, Observation, Target
from probe.transport.listen import listen, runner

AT = datetime(2026, 11, 21, tzinfo=UTC)
ENDPOINTS = {
    Target(service="a", feature="web", endpoint=f"e{n}"): Endpoint(
        id=f"e{n}", url=f"http://a.example/{n}"
    )
    for n in range(100)
}


class Still:
    """A clock that stands."""

    def now(self) -> datetime:
        return AT

    def monotonic(self) -> float:
        return 1000.0


async def nothing() -> None:
    pass


class Agent:
    """Measures nothing, and tells what it was asked."""

    def __init__(self) -> None:
        self.clock: Clock = Still()
        self.endpoints = ENDPOINTS
        self.looked: list[tuple[Endpoint, float]] = []
        self.act: Callable[[], Awaitable[None]] = nothing
        self.news = asyncio.Event()
        self.spared: set[str] = set()

    def may_visit(self, endpoint: Endpoint) -> bool:
        return endpoint.id not in self.spared

    async def until(self, probes: int) -> None:
        async with asyncio.timeout(5):
            while len(self.looked) < probes:
                self.news.clear()
                await self.news.wait()

    async def look(self, endpoint: Endpoint, within: float) -> tuple[Observation, ...]:
        self.looked.append((endpoint, within))
        self.news.set()
        await self.act()
        status = 503 if endpoint.id == "e1" else 200
        came = Expectation.MET if status in endpoint.status else Expectation.STATUS
        return (
            HttpExchange(
                at=AT, took=0.5, url=endpoint.url, address="192.0.2.1",
                status=status, expectation=came,
            ),
        )  # fmt: skip


class Client:
    def __init__(self, session: ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def ask(
        self, target: str = "a/web/e0", patience: str = "", **query: str
    ) -> web.Response:
        """Give what came as a response of ours, whole."""
        headers = {SCRAPE_TIMEOUT: patience} if patience else {}
        sent = {"target": target, **query}
        async with self._session.get(self._url, params=sent, headers=headers) as came:
            kept = {name: came.headers[name] for name in {"Retry-After"} & set(came.headers)}
            kept["X-Type"] = came.headers["Content-Type"]
            return web.Response(status=came.status, text=await came.text(), headers=kept)


@asynccontextmanager
async def serving(agent: Agent, shared_seconds: float = 60.0) -> AsyncIterator[Client]:
    app = web.Application()
    handler = OnDemand(agent, shared_seconds=shared_seconds).answer
    app.router.add_get("/probe", handler, allow_head=False)
    server = runner(app)
    try:
        [bound] = await listen(server, "127.0.0.1:0")
        async with ClientSession() as session:
            yield Client(session, f"http://{bound}/probe")
    finally:
        await server.cleanup()


async def test_a_host_that_was_visited_enough_is_left_alone() -> None:
    agent = Agent()
    agent.spared = {"e1"}
    async with serving(agent) as client:
        well, spared = await client.ask("a/web/e0"), await client.ask("a/web/e1")
    assert (well.status, spared.status, spared.headers["Retry-After"]) == (200, 429, "10")
    assert "schedule.per_host" in (spared.text or "")
    assert [endpoint.id for endpoint, _ in agent.looked] == ["e0"]


async def test_a_probe_is_answered_also_when_it_failed() -> None:
    agent = Agent()
    async with serving(agent) as client:
        well = await client.ask("http://a.example/0")
        ill = await client.ask("a/web/e1", patience="5")
    assert (well.status, ill.status) == (200, 200)
    assert "probe_success 1.0\n" in (well.text or "")
    assert "probe_success 0.0\n" in (ill.text or "")
    assert "probe_http_status_code 503.0\n" in (ill.text or "")
    assert [within for _, within in agent.looked] == [119.5, 4.5]
    assert well.headers["X-Type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    ("query", "patience", "status"),
    [
        ({"target": "http://evil.example/"}, "", 400),
        ({"target": ""}, "", 400),
        ({"module": "x"}, "", 400),
        ({}, "soon", 500),
        ({}, "nan", 400),
    ],
)
async def test_what_is_refused_probes_nothing(
    query: dict[str, str], patience: str, status: int
) -> None:
    agent = Agent()
    async with serving(agent) as client:
        refused = await client.ask(patience=patience, **query)
    assert refused.status == status
    assert (refused.text or "").count("\n") == 1
    assert agent.looked == []


async def test_debug_shows_the_steps_the_metrics_and_the_module() -> None:
    async with serving(Agent()) as client:
        shown = await client.ask(debug="true")
        other = await client.ask("a/web/e2", debug="true", module="endpoint")
    text = shown.text or ""
    assert shown.headers["X-Type"] == "text/plain; charset=utf-8"
    for words in (
        'Logs for the probe:\n{"kind":"http"',
        "Metrics that would have been returned:\n# HELP",
        "probe_success 1.0",
        "Module configuration:\nmodule: http_2xx",
        "status: 200-299",
    ):
        assert words in text
    assert "status: below 400" in (other.text or "")


async def test_the_same_asked_twice_at_once_is_one_probe() -> None:
    agent, gate = Agent(), asyncio.Event()
    agent.act = _until(gate)
    async with serving(agent) as client, asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(client.ask()) for _ in range(5)]
        await agent.until(1)
        gate.set()
        answers = [await task for task in asking]
    assert len(agent.looked) == 1
    assert len({answer.text for answer in answers}) == 1


async def test_nobody_waits_longer_for_a_turn_than_he_said() -> None:
    agent, gate = Agent(), asyncio.Event()
    agent.act = _until(gate)
    async with serving(agent) as client, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(client.ask())
        await agent.until(1)
        assert (await client.ask(patience="0.05")).status == 429
        gate.set()
        assert (await first).status == 200


async def test_another_probe_of_an_endpoint_waits_its_second_out() -> None:
    agent = Agent()
    async with serving(agent) as client:
        await client.ask(module="http_2xx")
        soon = await client.ask(module="endpoint")
        other = await client.ask("a/web/e5", module="endpoint")
    assert (soon.status, soon.headers["Retry-After"], other.status) == (429, "1", 200)
    assert len(agent.looked) == 2


async def test_after_its_second_it_is_probed_anew() -> None:
    agent = Agent()
    async with serving(agent, shared_seconds=0.0) as client:
        async with asyncio.timeout(5):
            while len(agent.looked) < 2:
                assert (await client.ask()).status == 200


async def test_only_a_few_run_at_once() -> None:
    agent, gate = Agent(), asyncio.Event()
    agent.act = _until(gate)
    async with serving(agent) as client, asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(client.ask(f"a/web/e{n}")) for n in range(2, 2 + MOST_AT_ONCE)
        ]
        await agent.until(MOST_AT_ONCE)
        assert (await client.ask("a/web/e50")).status == 429
        gate.set()
        assert {(await task).status for task in running} == {200}


async def test_only_so_many_run_in_a_second() -> None:
    agent = Agent()
    async with serving(agent) as client:
        came = [(await client.ask(f"a/web/e{n}")).status for n in range(60)]
    assert came == [200] * int(BURST) + [429] * (60 - int(BURST))
    assert len(agent.looked) == int(BURST)


def test_the_bucket_fills_by_itself_and_not_over_its_brim() -> None:
    budget = Budget(at=0.0, left=0.0)
    assert not budget.take(0.5 / PER_SECOND)
    assert budget.take(1.0 / PER_SECOND)
    assert not budget.take(1.0 / PER_SECOND)
    assert all(budget.take(1e6) for _ in range(int(BURST)))
    assert not budget.take(1e6)


def _until(gate: asyncio.Event) -> Callable[[], Awaitable[None]]:
    async def wait() -> None:
        await gate.wait()

    return wait
