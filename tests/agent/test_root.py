"""The agent at work on a loopback correlator, with measuring that touches no network."""

import asyncio
import dataclasses
import gzip
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession, web

from probe.agent import Hooks, run
from probe.agent.measuring import Measure
from probe.agent.slots import SLOW_SECONDS
from probe.clock import Clock, SystemClock
from probe.config.load import ConfigError
from probe.config.shape import (
    AgentConfig,
    Catalogue,
    Listening,
    Measuring,
    Schedule,
    Seconds,
    Secret,
    Spooling,
    Uplinking,
)
from probe.model import (
    Control,
    DnsLookup,
    Endpoint,
    Expectation,
    Feature,
    HttpExchange,
    Measurement,
    Observation,
    Reach,
    Service,
    Tally,
    Vantage,
)
from probe.transport.spool import Spool, SpoolError
from probe.transport.uplink import PATH

DEADLINE_SECONDS = 10


def catalogue(*endpoints: str) -> Catalogue:
    made = tuple(Endpoint(id=name, url=f"http://{name}.example/") for name in endpoints)
    control = Control(reach=Reach.FOREIGN, endpoint=Endpoint(id="there", url="http://c.example/"))
    return Catalogue(
        services=(
            Service(id="a", name="A", features=(Feature(id="web", name="", endpoints=made),)),
        ),
        controls=(control,),
    )


class Centre:
    """Takes everything in, and lets a test wait for it."""

    def __init__(self) -> None:
        self.taken: list[Measurement] = []
        self.news = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        lines = gzip.decompress(await request.read()).splitlines()
        self.taken += [msgspec.json.decode(line, type=Measurement) for line in lines]
        self.news.set()
        return web.json_response({"accepted": len(lines), "duplicate": 0, "refused": []})

    async def until(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not enough():
                self.news.clear()
                await self.news.wait()

    def names(self) -> Counter[str]:
        return Counter(measurement.target.endpoint for measurement in self.taken)


class Network:
    """Measuring that answers at once, unless told otherwise."""

    def __init__(self) -> None:
        self.act: Callable[[Endpoint], Awaitable[None]] = self._nothing
        self.started: Counter[str] = Counter()
        self.asked_within: float | None = None

    def tools(self, _: Measuring, clock: Clock) -> Measure:
        async def measure(
            endpoint: Endpoint,
            within: float | None = None,
            *,
            rests: bool = True,  # noqa: ARG001 — the protocol's
        ) -> tuple[Observation, ...]:
            self.asked_within = within
            self.started[endpoint.id] += 1
            await self.act(endpoint)
            http = HttpExchange(
                at=clock.now(), took=0, url=endpoint.url, address="", expectation=Expectation.MET
            )
            return (http,)

        return measure

    async def _nothing(self, _: Endpoint) -> None:
        pass


class World:
    """One agent, its correlator and its network, on this loop."""

    def __init__(self, folder: Path) -> None:
        self.centre, self.network, self.stop = Centre(), Network(), asyncio.Event()
        self.clock: Clock = SystemClock()
        self.config = AgentConfig(
            vantage=Vantage(id="de-1", country="DE", asn=3320),
            schedule=Schedule(interval=Seconds(0.1), jitter=0.0),
            spool=Spooling(path=str(folder / "spool")),
            uplink=Uplinking(url="", token=Secret("abc"), flush=Seconds(0.05)),
            web=Listening(listen="127.0.0.1:0"),
        )
        self.hooks = Hooks(measure=self.network.tools, stop=self.stop, bound=self._bound)
        self.address, self.listening = "", asyncio.Event()

    def _bound(self, addresses: tuple[str, ...]) -> None:
        self.address = addresses[0] if addresses else ""
        self.listening.set()

    async def get(self, path: str) -> tuple[int, str]:
        async with ClientSession() as client, client.get(f"http://{self.address}{path}") as answer:
            return answer.status, await answer.text()

    @asynccontextmanager
    async def running(self, chosen: Catalogue) -> AsyncIterator[None]:
        """Run the agent while inside, and end it in order."""
        app = web.Application()
        app.router.add_post(PATH, self.centre.handle)
        runner = web.AppRunner(app, auto_decompress=False)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        uplink = msgspec.structs.replace(self.config.uplink, url=url)
        self.config = msgspec.structs.replace(self.config, uplink=uplink)
        try:
            async with asyncio.timeout(2 * DEADLINE_SECONDS), asyncio.TaskGroup() as tasks:
                tasks.create_task(run(self.config, chosen, self.clock, self.hooks))
                yield
                self.stop.set()
        finally:
            await runner.cleanup()


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_every_target_and_control_is_measured_again_and_again(world: World) -> None:
    async with world.running(catalogue("x", "y")):
        await world.centre.until(lambda: min(world.centre.names()[n] for n in "xy") > 1)
    names = world.centre.names()
    assert set(names) == {"x", "y", "there"}
    assert len({measurement.id for measurement in world.centre.taken}) == names.total()
    assert world.centre.taken[-1].vantage == world.config.vantage
    assert world.centre.taken[-1].software.startswith("worksforwhom ")


async def test_health_is_that_of_the_controls_before(world: World) -> None:
    async with world.running(catalogue("x")):
        await world.centre.until(lambda: world.centre.names()["x"] > 1)
    last = [m for m in world.centre.taken if m.target.endpoint == "x"][-1]
    assert last.health.foreign == Tally(ok=1, of=1)
    assert last.health.domestic == Tally()


async def test_a_control_does_not_wait_behind_what_is_slow(world: World) -> None:
    schedule = msgspec.structs.replace(world.config.schedule, concurrency=1)
    world.config = msgspec.structs.replace(world.config, schedule=schedule)
    order: list[str] = []
    go_on = asyncio.Event()

    async def slow(endpoint: Endpoint) -> None:
        order.append(endpoint.id)
        if endpoint.id != "there":
            await go_on.wait()

    world.network.act = slow
    async with world.running(catalogue(*"abcdef")):
        await world.listening.wait()
        waits = 'probe_skipped_total{endpoint="there",feature="foreign",service="control"} '
        while f"{waits}0.0" in (text := (await world.get("/metrics"))[1]) or waits not in text:
            pass
        go_on.set()
        await world.centre.until(lambda: world.centre.names()["there"] > 1)
    held = next(place for place, name in enumerate(order) if name != "there")
    assert order[held + 1] == "there"


class Ahead(SystemClock):
    """The system's clock, which a test can move."""

    seconds = 0.0

    def monotonic(self) -> float:
        return SystemClock.monotonic() + self.seconds


async def test_what_waits_for_tarpits_holds_up_nobody_else(world: World) -> None:
    world.clock = ahead = Ahead()
    schedule = msgspec.structs.replace(world.config.schedule, concurrency=1)
    world.config = msgspec.structs.replace(world.config, schedule=schedule)
    stuck = asyncio.Event()

    async def act(endpoint: Endpoint) -> None:
        if endpoint.id == "tarpit":  # it has the one slot there is
            ahead.seconds += 2 * SLOW_SECONDS
            await stuck.wait()

    world.network.act = act
    async with world.running(catalogue("tarpit", "well")):
        await world.centre.until(lambda: world.centre.names()["well"] > 0)
        stuck.set()


async def test_the_pages_show_it(world: World) -> None:
    async with world.running(catalogue("x")):
        await world.centre.until(lambda: {"x", "there"} <= set(world.centre.names()))
        assert await world.get("/-/healthy") == (200, "healthy\n")
        assert await world.get("/-/ready") == (200, "ready\n")
        status, text = await world.get("/metrics")
    assert status == 200
    assert 'probe_success{endpoint="x",feature="web",service="a"} 1.0' in text
    assert 'probe_stage_duration_seconds_count{service="a",feature="web",stage="http"}' in text
    assert "worksforwhom_scheduler_lag_seconds_count 0.0" not in text
    assert 'worksforwhom_vantage_unhealthy{reason="offline"} 0.0' in text


async def test_a_probe_on_demand_is_measured_apart_from_the_rounds(world: World) -> None:
    once = msgspec.structs.replace(world.config.schedule, interval=Seconds(3600))
    world.config = msgspec.structs.replace(world.config, schedule=once)
    world.hooks = Hooks(
        measure=world.network.tools, stop=world.stop, bound=world.hooks.bound, draw=lambda: 0.9
    )
    async with world.running(catalogue("x")):
        await world.listening.wait()
        status, text = await world.get("/probe?target=a/web/x&module=endpoint")
        within = world.network.asked_within
        refused, _ = await world.get("/probe?target=http://elsewhere.example/")
        _, metrics = await world.get("/metrics")
    assert (status, refused) == (200, 400)
    assert "probe_success 1.0" in text
    assert within is not None
    assert 0 < within <= 119.5
    runs = 'probe_runs_total{endpoint="x",feature="web",service="a"} 0.0'
    assert runs in metrics


async def test_it_is_not_ready_before_the_first_controls(world: World) -> None:
    gate = asyncio.Event()

    async def hold(endpoint: Endpoint) -> None:
        if endpoint.id == "there":
            await gate.wait()

    world.network.act = hold
    async with world.running(catalogue("x")):
        await world.centre.until(lambda: world.centre.names()["x"] > 2)
        assert await world.get("/-/ready") == (503, "1 controls were not measured yet\n")
        _, text = await world.get("/metrics")
        gate.set()
    assert (
        'probe_skipped_total{endpoint="there",feature="foreign",service="control"} 0.0' not in text
    )


async def test_what_runs_at_the_end_is_finished_and_sent(world: World) -> None:
    gate = asyncio.Event()

    async def hold(endpoint: Endpoint) -> None:
        if endpoint.id == "slow":
            world.centre.news.set()
            await gate.wait()

    world.network.act = hold
    async with world.running(catalogue("slow")):
        await world.centre.until(lambda: world.network.started["slow"] == 1)
        world.stop.set()
        gate.set()
    assert world.centre.names()["slow"] == 1
    with closing(Spool(Path(world.config.spool.path), 1 << 20)) as spool:
        assert spool.depth() == 0


async def test_what_does_not_finish_in_time_is_given_up(world: World) -> None:
    world.hooks = Hooks(
        measure=world.network.tools, stop=world.stop, bound=world.hooks.bound, drain_seconds=0.05
    )

    async def never(_: Endpoint) -> None:
        world.centre.news.set()
        await asyncio.Event().wait()

    world.network.act = never
    async with world.running(catalogue("x")):
        await world.centre.until(lambda: world.network.started["x"] == 1)
    assert world.centre.taken == []


async def test_a_fault_of_ours_at_one_site_silences_no_other(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(endpoint: Endpoint) -> None:
        if endpoint.id == "bad":
            raise ZeroDivisionError

    world.network.act = broken
    async with world.running(catalogue("x", "bad")):
        await world.centre.until(lambda: world.centre.names()["x"] > 2)
        _, text = await world.get("/metrics")
    assert "probe_bugs_total 0.0" not in text
    assert "measuring a/bad failed" in caplog.text


async def test_a_reload_changes_the_targets_and_loses_no_count(world: World) -> None:
    reloaded = catalogue("x", "new")
    world.hooks = Hooks(
        measure=world.network.tools,
        stop=world.stop,
        bound=world.hooks.bound,
        reload=lambda: (world.config, reloaded),
    )
    async with world.running(catalogue("x", "old")):
        await world.centre.until(lambda: {"x", "old"} <= set(world.centre.names()))
        os.kill(os.getpid(), signal.SIGHUP)
        await world.centre.until(lambda: "new" in world.centre.names())
        _, text = await world.get("/metrics")
    assert 'endpoint="old"' not in text
    assert 'endpoint="new"' in text
    assert "worksforwhom_config_last_reload_successful 1.0" in text
    ids = [measurement.id for measurement in world.centre.taken]
    assert len(ids) == len(set(ids))


async def test_a_bad_reload_keeps_the_old_configuration_and_says_so(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    tried = asyncio.Event()
    loop = asyncio.get_running_loop()

    def bad() -> tuple[AgentConfig, Catalogue]:
        loop.call_soon_threadsafe(tried.set)
        raise ConfigError("agent.yaml:3: uplink: what is wrong")

    world.hooks = Hooks(
        measure=world.network.tools, stop=world.stop, bound=world.hooks.bound, reload=bad
    )
    async with world.running(catalogue("x")):
        await world.centre.until(lambda: "x" in world.centre.names())
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(DEADLINE_SECONDS):
            await tried.wait()
        before = world.centre.names()["x"]
        await world.centre.until(lambda: world.centre.names()["x"] > before + 1)
        _, text = await world.get("/metrics")
    assert "worksforwhom_config_last_reload_successful 0.0" in text
    assert caplog.text.count("agent.yaml:3: uplink: what is wrong") == 1


async def test_without_a_listener_nothing_listens(world: World) -> None:
    world.config = msgspec.structs.replace(world.config, web=Listening())
    async with world.running(catalogue("x")):
        await world.centre.until(lambda: "x" in world.centre.names())
    assert world.address == ""


async def test_a_spool_that_cannot_be_is_said_at_once(world: World, tmp_path: Path) -> None:
    config = msgspec.structs.replace(world.config, spool=Spooling(path=str(tmp_path)))
    with pytest.raises(SpoolError):
        await run(config, catalogue("x"), SystemClock(), world.hooks)


async def test_sigterm_ends_it_in_order(world: World) -> None:
    world.hooks = Hooks(measure=world.network.tools, bound=world.hooks.bound)
    async with world.running(catalogue("x")):
        await world.centre.until(lambda: "x" in world.centre.names())
        os.kill(os.getpid(), signal.SIGTERM)
    with closing(Spool(Path(world.config.spool.path), 1 << 20)) as spool:
        assert spool.depth() == 0


async def test_a_host_is_not_visited_more_often_than_it_may_be(world: World) -> None:
    schedule = msgspec.structs.replace(world.config.schedule, per_host=1)
    world.config = msgspec.structs.replace(world.config, schedule=schedule)
    skipped = 'probe_skipped_total{endpoint="x",feature="web",service="a"} '
    async with world.running(catalogue("x")):
        await world.listening.wait()
        text = ""
        while skipped not in text or f"{skipped}0.0" in text:
            _, text = await world.get("/metrics")
    assert world.centre.names()["x"] == 1


async def test_a_turn_of_rest_is_counted_and_nothing_is_sent(world: World) -> None:
    def resting(settings: Measuring, clock: Clock) -> Measure:
        as_ever = world.network.tools(settings, clock)

        async def measure(
            endpoint: Endpoint, within: float | None = None, *, rests: bool = True
        ) -> tuple[Observation, ...] | None:
            return None if rests and endpoint.id != "y" else await as_ever(endpoint, within)

        return measure

    world.hooks = dataclasses.replace(world.hooks, measure=resting)
    skipped = 'probe_skipped_total{endpoint="x",feature="web",service="a"} '
    async with world.running(catalogue("x", "y")):
        await world.centre.until(lambda: {"y", "there"} <= set(world.centre.names()))
        _, text = await world.get("/metrics")
    assert skipped in text
    assert f"{skipped}0.0" not in text
    assert "x" not in world.centre.names()
    assert "there" in world.centre.names(), "a control never rests: it vouches for the vantage"


async def test_the_resolver_that_really_answers_is_told_by_its_network(world: World) -> None:
    def knowing(settings: Measuring, clock: Clock) -> Measure:
        as_ever = world.network.tools(settings, clock)

        async def measure(
            endpoint: Endpoint, within: float | None = None, *, rests: bool = True
        ) -> tuple[Observation, ...] | None:
            if endpoint.url != "dns:whoami.example":
                return await as_ever(endpoint, within, rests=rests)
            return (
                DnsLookup(at=clock.now(), took=0, name="whoami.example", answers=("9.9.9.9",)),
            )

        return measure

    world.hooks = dataclasses.replace(world.hooks, measure=knowing)
    measuring = msgspec.structs.replace(world.config.measuring, whoami="whoami.example")
    world.config = msgspec.structs.replace(world.config, measuring=measuring)
    async with world.running(catalogue("x")):
        await world.centre.until(lambda: any(m.health.resolver for m in world.centre.taken))
    assert {m.health.resolver for m in world.centre.taken} <= {"", "9.9.0.0/16"}
    assert {m.target.endpoint for m in world.centre.taken} == {"x", "there"}
