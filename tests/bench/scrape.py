"""What a scrape of an agent costs its event loop, beside prometheus_client's own writer.

    python tests/bench/scrape.py [--series 10000,100000] [--rounds 7] [--json]

A ticker on the loop wakes every millisecond and keeps the longest time between two of its turns:
what a probe's timing would be wrong by. Ours: an HTTP scrape of the agent's pages over loopback,
from the snapshot to the last byte, by a client in a process of its own; identity and gzip, and
200 at once. The peer: generate_latest of as many gauges with the same labels, on the loop, as the
library's handlers do it. Figures are medians of the rounds, in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web
from prometheus_client import Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from probe.agent.ledger import Ledger
from probe.agent.scrape import Scrapes
from probe.metrics.agent import Snapshot, exposition
from probe.model import (
    DnsLookup,
    Expectation,
    HttpExchange,
    Measurement,
    Target,
    TcpConnect,
    TlsHandshake,
    Vantage,
)

AT = datetime(2026, 11, 21, tzinfo=UTC)
FEATURES = 20
TICK_SECONDS = 0.001
CLIENT = """
import asyncio, sys
async def one(port, coding):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /metrics HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n"
                 f"Accept-Encoding: {coding}\\r\\n\\r\\n".encode())
    size = 0
    head = await reader.readuntil(b"\\r\\n\\r\\n")
    assert b" 200 " in head.splitlines()[0] + b" ", head
    while data := await reader.read(1 << 20):
        size += len(data)
    writer.close()
    return size
async def main(port, coding, count):
    print("ready", flush=True)
    sys.stdin.readline()
    print(max(await asyncio.gather(*(one(port, coding) for _ in range(count)))))
asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
"""


def measurement(target: Target) -> Measurement:
    seen = (
        DnsLookup(at=AT, took=0.01234, name="a.example"),
        TcpConnect(at=AT, took=0.02345, address="192.0.2.1", port=443),
        TlsHandshake(at=AT, took=0.03456, address="192.0.2.1", port=443, server_name="a.example"),
        HttpExchange(
            at=AT, took=0.14567, url="https://a.example/", address="192.0.2.1",
            status=200, expectation=Expectation.MET, length=12345, first_byte=0.1,
        ),
    )  # fmt: skip
    vantage = Vantage(id="de-1", country="DE", asn=3320)
    return Measurement(
        id="0" * 36, at=AT, took=0.3, vantage=vantage, target=target, observations=seen
    )


def ledger(targets: int) -> Ledger:
    made = Ledger()
    each = [
        Target(service=f"service{n % FEATURES}", feature="web", endpoint=f"endpoint-{n}")
        for n in range(targets)
    ]
    made.keep(each)
    for target in each:
        made.record(measurement(target))
    return made


def snapshot(held: Ledger) -> Snapshot:
    return Snapshot(version="1", rows=held.rows(), stages=held.stages(), lag=held.lag())


def lines(held: Ledger) -> int:
    return sum(
        not line.startswith(b"#")
        for piece in exposition(snapshot(held))
        for line in piece.splitlines()
    )


def of_size(series: int) -> Ledger:
    """Make as many targets as it takes."""
    base, more = lines(ledger(FEATURES)), lines(ledger(2 * FEATURES))
    return ledger(round(FEATURES + (series - base) / ((more - base) / FEATURES)))


@dataclass
class Gap:
    """The longest time between two turns of the loop."""

    longest: float = 0.0

    async def watch(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.perf_counter()
            self.longest = max(self.longest, now - last - TICK_SECONDS)
            last = now


async def gap_during(action: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Give the longest gap while it runs, and what it took as a whole, in milliseconds."""
    gap = Gap()
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(gap.watch())
        await asyncio.sleep(0.05)
        gap.longest = 0.0
        began = time.perf_counter()
        await action()
        took = time.perf_counter() - began
        await asyncio.sleep(2 * TICK_SECONDS)
        watching.cancel()
    return gap.longest * 1000, took * 1000


@asynccontextmanager
async def served(held: Ledger) -> AsyncIterator[int]:
    scrapes = Scrapes(lambda: snapshot(held))
    app = web.Application()
    app.router.add_get("/metrics", scrapes.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def scraped(held: Ledger, coding: str, count: int) -> tuple[float, float]:
    """Ask a server that has rendered nothing yet."""
    async with served(held) as port:
        return await asked(port, coding, count)


async def asked(port: int, coding: str, count: int) -> tuple[float, float]:
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CLIENT, str(port), coding, str(count)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert client.stdin
    assert client.stdout
    await client.stdout.readline()

    async def act() -> None:
        assert client.stdin
        assert client.stdout
        client.stdin.write(b"go\n")
        await client.stdout.readline()

    found = await gap_during(act)
    await client.communicate()
    return found


class Peer(Collector):
    def __init__(self, series: int) -> None:
        self._series = series

    def collect(self) -> Iterator[Metric]:
        names = ("service", "feature", "endpoint", "phase")
        for block in range(20):
            family = GaugeMetricFamily(f"peer_{block}_seconds", "A gauge.", labels=names)
            for n in range(self._series // 20):
                family.add_metric((f"service{n % FEATURES}", "web", f"e-{n}", "tls"), 0.02345)
            yield family


async def nothing() -> None:
    await asyncio.sleep(0.2)


async def measured(series: int, rounds: int) -> dict[str, float]:
    held = of_size(series)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Peer(series))

    async def peer() -> None:
        generate_latest(registry)

    figures: dict[str, list[float]] = {}

    def note(name: str, found: tuple[float, float]) -> None:
        figures.setdefault(f"{name}_gap_ms", []).append(found[0])
        figures.setdefault(f"{name}_took_ms", []).append(found[1])

    for _ in range(rounds):
        note("idle", await gap_during(nothing))
        note("identity", await scraped(held, "identity", 1))
        note("gzip", await scraped(held, "gzip", 1))
        note("gzip_200_at_once", await scraped(held, "gzip", 200))
        note("peer_on_the_loop", await gap_during(peer))
    medians = {name: round(statistics.median(each), 1) for name, each in figures.items()}
    return {"series": lines(held), **medians}


def run(sizes: list[int], rounds: int) -> list[dict[str, float]]:
    try:
        import uvloop  # noqa: PLC0415 — as the agent itself has it
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return [runner.run(measured(series, rounds)) for series in sizes]


def main() -> None:
    parser = argparse.ArgumentParser(description="What a scrape costs the event loop.")
    parser.add_argument("--series", default="10000,100000")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = run([int(size) for size in arguments.series.split(",")], arguments.rounds)
    if arguments.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for each in found:
        sys.stdout.write(f"{each['series']:.0f} series\n")
        for name, value in each.items():
            sys.stdout.write(f"  {name:28} {value:10.1f}\n")


if __name__ == "__main__":
    main()
