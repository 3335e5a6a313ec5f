"""How wrong the stages' times are in a busy process, by the loop's clock and by the kernel's.

    python tests/bench/timing.py [--http 1000] [--https 100] [--seconds 10] [--held 20]
                                 [--loop uvloop|asyncio] [--json]

One process measures a page over HTTP so many times a second, and beside that one over HTTPS; they
come as chance has it (Poisson). The server, on another core, holds each page back and says in it
for how long, from the kernel's receipt of the request on: what a time to the first byte has more
than that is its bias. A connection over loopback takes nothing: its whole time is bias. Every other
HTTP probe is measured with the kernel's stamps, the others without, under one and the same load.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import count
from pathlib import Path

import msgspec

from probe.clock import SystemClock
from probe.config.shape import Measuring
from probe.measure.chain import measure
from probe.measure.dial import Datagrams, Stream, SystemDialer
from probe.measure.instruments import Instruments, instruments
from probe.measure.stamp import UNSTAMPED
from probe.model import Endpoint, HttpExchange, TcpConnect, Timer

HERE = Path(__file__).parent
WANTED_US = 300
"""What we hold the 99th percentile of the bias to, where the kernel stamps."""
LONG = 60.0

Probe = Callable[[int], Coroutine[None, None, None]]


class Unstamped:
    """A kernel that notes nothing."""

    def __init__(self) -> None:
        self._real = SystemDialer()

    async def connect(self, address: str, port: int) -> Stream:
        stream = await self._real.connect(address, port)
        stream.stamps = UNSTAMPED
        return stream

    async def expire(self, address: str, port: int, hops: int) -> str:
        return await self._real.expire(address, port, hops)

    def datagrams(self, address: str, port: int) -> Datagrams:
        return self._real.datagrams(address, port)


@dataclass
class Found:
    """Microseconds of bias by stage and clock."""

    connect: dict[Timer, list[float]] = field(default_factory=lambda: {t: [] for t in Timer})
    first_byte: dict[Timer, list[float]] = field(default_factory=lambda: {t: [] for t in Timer})
    unstamped: int = 0
    """Probes with the kernel's stamps that had to go by the loop's clock."""


class Load:
    """Probes by chance, so many a second, each a task."""

    def __init__(self, tools: Instruments, ports: tuple[int, int]) -> None:
        self._by = {Timer.KERNEL: tools, Timer.LOOP: replace(tools, dialer=Unstamped())}
        self._page = Endpoint(id="page", url=f"http://127.0.0.1:{ports[0]}/")
        self._secured = Endpoint(id="secured", url=f"https://127.0.0.1:{ports[1]}/")
        self._dice = random.Random(1)  # noqa: S311 — arrivals
        self.found = Found()

    async def run(self, http: float, https: float, seconds: float) -> None:
        async with asyncio.TaskGroup() as group:
            for probe, rate in ((self.plain, http), (self.secured, https)):
                if rate:
                    group.create_task(self._arrivals(probe, rate, seconds))

    async def _arrivals(self, probe: Probe, rate: float, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        end = due + seconds
        async with asyncio.TaskGroup() as group:
            for number in count():
                due += self._dice.expovariate(rate)
                if due > end:
                    break
                await asyncio.sleep(max(0.0, due - loop.time()))
                group.create_task(probe(number))

    async def plain(self, number: int) -> None:
        by = Timer.KERNEL if number % 2 else Timer.LOOP
        seen = await measure(self._page, self._by[by])
        connect, answer = seen
        if not isinstance(connect, TcpConnect) or not isinstance(answer, HttpExchange):
            raise SystemExit(f"a probe of ours failed: {seen}")
        if answer.failure or answer.status is None:
            raise SystemExit(f"a probe of ours failed: {answer}")
        if {connect.timed_by, answer.timed_by} != {by}:
            self.found.unstamped += 1
        held = next(int(one.value) for one in answer.headers if one.name == "X-Timer")
        self.found.connect[by].append(connect.took * 1e6)
        self.found.first_byte[by].append(answer.first_byte * 1e6 - held)

    async def secured(self, _: int) -> None:
        seen = await measure(self._secured, self._by[Timer.KERNEL])
        if any(step.failure for step in seen):
            raise SystemExit(f"a probe of ours failed: {seen}")


def figures(stage: str, biases: dict[Timer, list[float]]) -> dict[str, str | float]:
    told: dict[str, str | float] = {"stage": stage}
    for by, found in biases.items():
        cuts = statistics.quantiles(found, n=100)
        told |= {f"{by}_p50_us": round(cuts[49], 1), f"{by}_p99_us": round(cuts[98], 1)}
        told[f"{by}_n"] = len(found)
    told["ratio_p99"] = round(float(told["kernel_p99_us"]) / float(told["loop_p99_us"]), 4)
    return told | {"wanted_p99_us": WANTED_US}


@contextmanager
def server(folder: str, held: float) -> Iterator[tuple[int, int]]:
    command = [sys.executable, str(HERE / "timing_server.py"), folder, str(held)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        os.sched_setaffinity(child.pid, {1 % (os.cpu_count() or 1)})
        plain, secured = json.loads(child.stdout.readline() if child.stdout else "[]")
        os.sched_setaffinity(0, {0})
        yield plain, secured
    finally:
        child.terminate()
        child.communicate()


async def loaded(folder: str, ports: tuple[int, int], given: argparse.Namespace) -> Found:
    settings = msgspec.structs.replace(
        Measuring(trust=f"{folder}/ca.pem"),
        allow_private=("127.0.0.0/8",),
        **dict.fromkeys(("connect_timeout", "tls_timeout", "http_timeout"), LONG),
    )
    load = Load(instruments(settings, SystemClock()), ports)
    await load.run(given.http, given.https, 1.0)  # warms up
    load.found = Found()
    await load.run(given.http, given.https, given.seconds)
    return load.found


def main() -> None:
    parser = argparse.ArgumentParser(description="Bias of stage times in a busy process.")
    parser.add_argument("--http", type=float, default=1000.0, help="probes a second")
    parser.add_argument("--https", type=float, default=100.0, help="probes a second beside them")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--held", type=float, default=20.0, help="milliseconds")
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    factory = import_module(given.loop).new_event_loop
    with (
        tempfile.TemporaryDirectory() as folder,
        server(folder, given.held) as ports,
        asyncio.Runner(loop_factory=factory) as runner,
    ):
        found = runner.run(loaded(folder, ports, given))
    for stage, biases in (("connect", found.connect), ("first_byte", found.first_byte)):
        told = figures(stage, biases) | {"loop": given.loop, "unstamped": found.unstamped}
        line = "  ".join(f"{name} {value}" for name, value in told.items())
        sys.stdout.write((json.dumps(told) if given.json else line) + "\n")


if __name__ == "__main__":
    main()
