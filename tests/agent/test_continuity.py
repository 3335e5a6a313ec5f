"""Nothing from outside drops a round, doubles one, or spoils what is counted.

A reload, a clock that jumps, a listener's file that an operator broke, 200 scrapes at once.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bcrypt
import msgspec
import pytest
from aiohttp import ClientSession, encode_basic_auth

from probe.agent import Hooks, run
from probe.agent.measuring import Measure
from probe.clock import Clock
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
from probe.model import Endpoint, Feature, Measurement, Observation, Service, Vantage
from probe.transport import protection
from probe.transport.spool import Spool

DEADLINE_SECONDS = 20
INTERVAL = 0.05
START = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SITES = tuple(Endpoint(id=name, url=f"http://{name}.example/") for name in "xyz")
CATALOGUE = Catalogue(
    services=(Service(id="a", name="A", features=(Feature(id="w", name="", endpoints=SITES),)),)
)


class Agent:
    """One agent whose clocks are moved by hand; it looks at them every interval of real time."""

    def __init__(self, folder: Path) -> None:
        self.wall, self.seconds = START, 1000.0
        self.started: asyncio.Queue[str] = asyncio.Queue()
        self.reloads: list[str] = []
        self.reloaded = asyncio.Semaphore(0)
        self.address, self.spool = "", folder / "spool"
        self.config = AgentConfig(
            vantage=Vantage(id="de-1", country="DE", asn=3320),
            schedule=Schedule(interval=Seconds(INTERVAL), jitter=0.0),
            spool=Spooling(path=str(self.spool)),
            uplink=Uplinking(url="http://127.0.0.1:1", token=Secret("abc")),
            web=Listening(listen="127.0.0.1:0", enable_lifecycle=True),
        )

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    def measuring(self, _: Measuring, __: Clock) -> Measure:
        async def measure(
            endpoint: Endpoint,
            within: float | None = None,
            *,
            rests: bool = True,  # noqa: ARG001 — the protocol's
        ) -> tuple[Observation, ...]:
            assert within is None
            self.started.put_nowait(endpoint.id)
            return ()

        return measure

    def reload(self) -> tuple[AgentConfig, Catalogue]:
        if self.reloads and (error := self.reloads.pop(0)):
            raise ConfigError(error)
        return self.config, CATALOGUE

    async def round(self, *, step: float = INTERVAL) -> None:
        """Move on by one interval, or more: every endpoint is measured once, and no more."""
        self.seconds += step
        ran = sorted([await self.started.get() for _ in SITES])
        assert ran == ["x", "y", "z"]
        assert self.started.empty()

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        async with (
            ClientSession(headers=headers) as client,
            client.request(method, f"http://{self.address}{path}") as answer,
        ):
            return answer.status, await answer.text()

    def measured(self) -> list[Measurement]:
        with closing(Spool(self.spool, 1 << 20)) as spool:
            return [msgspec.json.decode(line, type=Measurement) for _, line in spool.peek(1000)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        bound: asyncio.Future[tuple[str, ...]] = asyncio.get_running_loop().create_future()
        hooks = Hooks(
            measure=self.measuring,
            reload=self.reload,
            stop=stop,
            bound=bound.set_result,
            draw=lambda: 0.5,
        )
        async with asyncio.timeout(DEADLINE_SECONDS), asyncio.TaskGroup() as tasks:
            tasks.create_task(run(self.config, CATALOGUE, self, hooks))
            (self.address,) = await bound
            yield
            stop.set()


@pytest.fixture
async def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def value(text: str, name: str) -> float:
    (found,) = (line.split(" ")[1] for line in text.splitlines() if line.startswith(f"{name} "))
    return float(found)


async def test_a_reload_drops_no_round(agent: Agent, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with agent.running():
        for number in range(12):
            if number in {3, 4, 8}:
                os.kill(os.getpid(), signal.SIGHUP)
            await agent.round()
        assert (await agent.ask("POST", "/-/reload"))[0] == 200
        await agent.round()
        _, text = await agent.ask("GET", "/metrics")
    assert value(text, "probe_missed_total") == 0
    assert len(agent.measured()) == 13 * len(SITES)
    assert "reloaded: 3 targets" in caplog.text


async def test_a_bad_reload_is_answered_with_its_sentence_and_drops_no_round(
    agent: Agent,
) -> None:
    agent.reloads = ["agent.yaml:3: uplink: is wrong", ""]
    async with agent.running():
        await agent.round()
        assert await agent.ask("POST", "/-/reload") == (500, "agent.yaml:3: uplink: is wrong\n")
        await agent.round()
        assert (await agent.ask("GET", "/-/reload"))[0] == 405
        assert await agent.ask("POST", "/-/reload") == (200, "reloaded\n")
        await agent.round()
    assert len(agent.measured()) == 3 * len(SITES)


async def test_quit_ends_it_in_order(agent: Agent) -> None:
    async with agent.running():
        await agent.round()
        assert await agent.ask("POST", "/-/quit") == (200, "stopping\n")
    assert len(agent.measured()) == len(SITES)


@pytest.mark.parametrize("jump", [HOUR, -HOUR, timedelta(days=-20000), timedelta(days=365)])
async def test_a_wall_clock_that_jumps_disturbs_no_round(agent: Agent, jump: timedelta) -> None:
    async with agent.running():
        await agent.round()
        agent.wall += jump
        for _ in range(3):
            await agent.round()
        _, text = await agent.ask("GET", "/metrics")
        agent.wall -= jump
        await agent.round()
    measured = agent.measured()
    assert [m.at for m in measured] == [START] * 3 + [START + jump] * 9 + [START] * 3
    assert {m.took for m in measured} == {0.0}
    assert len({m.id for m in measured}) == len(measured)
    assert value(text, "probe_missed_total") == 0
    lag = "worksforwhom_scheduler_lag_seconds_sum"
    assert 0 <= value(text, lag) < 12 * INTERVAL


async def test_what_a_suspended_machine_slept_through_is_counted_and_not_made_up_for(
    agent: Agent,
) -> None:
    async with agent.running():
        await agent.round()
        await agent.round(step=3600 + INTERVAL)
        await agent.round()
        _, text = await agent.ask("GET", "/metrics")
    assert value(text, "probe_missed_total") == pytest.approx(
        3600 / INTERVAL * len(SITES), rel=1e-4
    )
    assert len(agent.measured()) == 3 * len(SITES)


async def test_200_scrapes_at_once_drop_no_round(agent: Agent) -> None:
    statuses: list[int] = []

    async def scrape() -> None:
        statuses.append((await agent.ask("GET", "/metrics"))[0])

    async with agent.running():
        async with asyncio.TaskGroup() as tasks:
            for _ in range(200):
                tasks.create_task(scrape())
            for _ in range(5):
                await agent.round()
        await agent.round()
        _, text = await agent.ask("GET", "/metrics")
    assert statuses == [200] * 200
    assert value(text, "probe_missed_total") == 0
    assert len(agent.measured()) == 6 * len(SITES)


def put(file: Path, text: str) -> None:
    """Write it whole: half a file could be one that protects nothing."""
    beside = file.with_suffix(".new")
    beside.write_text(text)
    beside.replace(file)


PROMETHEUS = {"Authorization": encode_basic_auth("prometheus", "secret")}
GOOD = (
    f"basic_auth_users: {{prometheus: {bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}}}\n"
)
BROKEN = {
    "a misspelt key": ("basic_auth_user: {}\n", "web.yaml:1: basic_auth_user: "),
    "half a file": (GOOD + "tls_server_config: {cert_file: \n", "web.yaml:"),
    "a certificate that is not there": (
        GOOD + "tls_server_config: {cert_file: no.pem, key_file: no.pem}\n",
        "web.yaml: ",
    ),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
async def test_a_web_config_that_breaks_keeps_the_old_one_and_drops_no_round(
    agent: Agent, text: str, said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    caplog.set_level("INFO")
    monkeypatch.setattr(protection, "LOOK_SECONDS", 0.005)
    file = tmp_path / "web.yaml"
    put(file, GOOD)
    web = msgspec.structs.replace(agent.config.web, config_file=str(file))
    agent.config = msgspec.structs.replace(agent.config, web=web)
    good = 'worksforwhom_web_config_last_reload_successful{listener="web"}'

    async def logged(words: str) -> None:
        while words not in caplog.text:
            assert (await agent.ask("GET", "/-/healthy"))[0] == 401

    async with agent.running():
        await agent.round()
        put(file, text)
        await logged("the old one stays")
        await agent.round()
        status, shown = await agent.ask("GET", "/metrics", PROMETHEUS)
        assert (status, value(shown, good)) == (200, 0)
        put(file, GOOD + "\n")
        await logged("was read again")
        await agent.round()
    assert caplog.text.count("the old one stays") == 1
    assert said in caplog.text
    assert len(agent.measured()) == 3 * len(SITES)


async def test_the_configuration_in_use_is_shown_without_its_token(agent: Agent) -> None:
    async with agent.running():
        status, text = await agent.ask("GET", "/config")
    assert status == 200
    assert "token: <secret>" in text
    assert "interval: 50ms" in text
