"""A correlator killed in the middle of its intake has lost nothing that it acknowledged."""

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from probe.clock import SystemClock
from probe.model import Measurement, Target, Vantage
from probe.store import Store
from probe.transport import wire

TR = Vantage(id="tr-1", country="TR", asn=9121)
BATCH = 40
KILLS = 3
ACKS_BEFORE_A_KILL = 4
CLOCK = SystemClock()

SERVICES = """
services:
  - id: twitter
    name: Twitter
    features:
      - id: web
        name: Web
        endpoints: [{id: front, url: "https://twitter.com/"}]
"""
CONFIG = """
agents:
  - vantage: {id: tr-1, country: TR, asn: 9121}
    token: a-token-that-is-long-enough
web: {listen: "127.0.0.1:PORT"}
judging: {every: 1s}
"""
HEADERS = {"Authorization": "Bearer a-token-that-is-long-enough"}


class Answer(msgspec.Struct):
    accepted: int
    duplicate: int
    refused: list[wire.Refusal]


def measurement(number: int, at: datetime) -> Measurement:
    return Measurement(
        id=str(uuid.UUID(int=number)),
        at=at,
        took=0.1,
        vantage=TR,
        target=Target(service="twitter", feature="web", endpoint="front"),
    )


def batch(number: int) -> list[Measurement]:
    at = CLOCK.now().astimezone(UTC)
    return [measurement(number * BATCH + k, at) for k in range(BATCH)]


def started(config: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "probe", "correlator", str(config)]
    return subprocess.Popen(command, cwd=Path(__file__).parent.parent)  # noqa: S603 — our own


async def sent(client: ClientSession, url: str, measurements: list[Measurement]) -> Answer:
    """Send until there is an acknowledgement, as the uplink does."""
    while True:
        try:
            async with client.post(url, data=wire.encode(measurements), headers=HEADERS) as got:
                assert got.status == 200
                return msgspec.json.decode(await got.read(), type=Answer)
        except ClientError:
            await asyncio.sleep(0.02)  # it is being started again


async def sending(
    client: ClientSession, url: str, acks: list[Answer], kill: asyncio.Event
) -> None:
    for number in range((KILLS + 1) * ACKS_BEFORE_A_KILL):
        acks.append(await sent(client, url, batch(number)))
        if len(acks) % ACKS_BEFORE_A_KILL == 0:
            kill.set()


async def killing(config: Path, kill: asyncio.Event) -> None:
    for _ in range(KILLS):
        process = started(config)
        await kill.wait()
        kill.clear()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    process = started(config)
    await kill.wait()
    process.terminate()
    assert process.wait(10) == 0


@pytest.fixture
def config(tmp_path: Path) -> tuple[Path, int]:
    port = free_port()
    (tmp_path / "services.yaml").write_text(SERVICES)
    (tmp_path / "correlator.yaml").write_text(CONFIG.replace("PORT", str(port)))
    return tmp_path / "correlator.yaml", port


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


async def test_what_was_acknowledged_is_there_once_after_each_kill(
    config: tuple[Path, int], tmp_path: Path
) -> None:
    path, port = config
    acks: list[Answer] = []
    kill = asyncio.Event()
    url = f"http://127.0.0.1:{port}/api/v1/measurements"
    async with (
        asyncio.timeout(60),
        ClientSession(timeout=ClientTimeout(total=5)) as client,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(killing(path, kill))
        tasks.create_task(sending(client, url, acks, kill))
    store = Store(tmp_path / "correlator.sqlite")
    held = [m.id for m in store.since(datetime(2020, 1, 1, tzinfo=UTC))]
    store.close()
    everything = (KILLS + 1) * ACKS_BEFORE_A_KILL * BATCH
    assert sorted(held) == sorted(str(uuid.UUID(int=k)) for k in range(everything))
    assert all(ack.accepted + ack.duplicate == BATCH and not ack.refused for ack in acks)
    with sqlite3.connect(tmp_path / "correlator.sqlite") as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    file.close()
