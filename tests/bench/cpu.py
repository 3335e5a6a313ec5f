"""CPU per probe of a real agent, beside Debian's prometheus-blackbox-exporter, in one run.

    python tests/bench/cpu.py [--kinds tcp,http,https,dns] [--loops uvloop,asyncio] [--rounds 7]
                              [--seconds 3.0] [--json]

Each round has a short arm of each prober in turn, with the same number of probes of the same
server; between its arms a prober is stopped (SIGSTOP). Counted is user and system time of the
prober's process alone, by the kernel's clock for it. Ours is the whole agent: schedule, probe,
record, ledger, spool, uplink (gzip) and one scrape of /metrics in every arm; it probes 500
endpoints, all due at once. An arm lasts for some of its turns, so that where it begins and ends
within a turn counts little. blackbox is asked for /probe over kept connections, 64 at a time, on
one core (GOMAXPROCS=1), which is the cheapest way to run it. Every probe of both must succeed.
Ratios are the medians of the rounds' own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PEER = "prometheus-blackbox-exporter"
ENDPOINTS = 500
AT_ONCE = 64
WITHIN = {"tcp": 0.35, "http": 0.30, "https": 0.85, "dns": 0.45}
"""What we hold ourselves to: our share of blackbox_exporter's CPU."""
MODULES = """
modules:
  tcp: {{prober: tcp, timeout: 5s, tcp: {{preferred_ip_protocol: ip4}}}}
  http: {{prober: http, timeout: 5s, http: {{preferred_ip_protocol: ip4}}}}
  https:
    prober: http
    timeout: 5s
    http: {{preferred_ip_protocol: ip4, tls_config: {{ca_file: {folder}/ca.pem}}}}
  dns:
    prober: dns
    timeout: 5s
    dns: {{query_name: site.example, query_type: A, preferred_ip_protocol: ip4}}
"""
AGENT = """
vantage: {{id: de-1, country: DE, asn: 3320}}
services: {kind}.json
schedule: {{interval: {interval}ms, jitter: 0, concurrency: {concurrency}}}
measuring:
  # What is under way when a prober is stopped must not have timed out when it goes on.
  {{allow_private: [127.0.0.0/8], second_resolver: "", neutral_name: "", trust: ca.pem,
    connect_timeout: 60s, tls_timeout: 60s, http_timeout: 60s, dns_timeout: 60s}}
log: {{level: error}}
spool: {{path: {kind}-{loop}.sqlite}}
uplink: {{url: "http://127.0.0.1:{intake}", token: abc, flush: 1s}}
web: {{listen: "127.0.0.1:0"}}
"""
URLS = {
    "tcp": "tcp://127.0.0.1:{tcp}",
    "http": "http://127.0.0.1:{http}/",
    "https": "https://127.0.0.1:{https}/",
    "dns": "dns://127.0.0.1:{dns}/site.example",
}
INTERVALS = {"tcp": 250, "http": 400, "https": 1250, "dns": 1500}
"""Milliseconds: turns that an agent can keep up with."""
PROBES = {
    "tcp": "module=tcp&target=127.0.0.1:{tcp}",
    "http": "module=http&target=http://127.0.0.1:{http}/",
    "https": "module=https&target=https://127.0.0.1:{https}/",
    "dns": "module=dns&target=127.0.0.1:{dns}",
}
SCHEDULED = 2
"""With a process's number, its clock of CPU time: clock_getcpuclockid(3), as Linux has it."""
SETTLING_SECONDS = 0.1
CONCURRENCY = {"dns": 200}
"""A lookup listens on for half a second, in its slot."""


@dataclass(frozen=True)
class Prober:
    pid: int
    url: str


def cpu_seconds(pid: int) -> float:
    """Give user and system time of all its threads, those that have ended too."""
    return time.clock_gettime(~pid << 3 | SCHEDULED)


@contextmanager
def running(
    command: list[str], core: int, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    held = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
    child = subprocess.Popen(command, env=held, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        os.sched_setaffinity(child.pid, {core % (os.cpu_count() or 1)})
        yield child
    finally:
        child.send_signal(signal.SIGCONT)
        child.terminate()
        child.communicate()


@contextmanager
def awake(prober: Prober) -> Iterator[None]:
    os.kill(prober.pid, signal.SIGCONT)
    try:
        yield
    finally:
        os.kill(prober.pid, signal.SIGSTOP)


class Bench:
    """Arms of both probers over one HTTP session."""

    def __init__(self, session: aiohttp.ClientSession, seconds: float) -> None:
        self._session, self._seconds = session, seconds

    async def ours(self, agent: Prober) -> tuple[float, int]:
        """Let it probe for a while; give what that cost and how many probes it was."""
        with awake(agent):
            await asyncio.sleep(SETTLING_SECONDS)
            start, before = await self._runs(agent, "gzip")
            began = cpu_seconds(agent.pid)
            await asyncio.sleep(self._seconds)
            end, after = await self._runs(agent, "identity")
            spent = cpu_seconds(agent.pid) - began
        if after != before or end == start:
            raise SystemExit(f"{agent}: {after - before} of {end - start} probes failed")
        return spent, end - start

    async def begun(self, agent: Prober) -> None:
        """Wait for its first runs."""
        with awake(agent):
            while not (await self._runs(agent, "gzip"))[0]:  # noqa: ASYNC110 — of another process
                await asyncio.sleep(self._seconds)

    async def theirs(self, peer: Prober, query: str, count: int) -> float:
        """Have it probe so many times; give what that cost."""
        left = iter(range(count))
        with awake(peer):
            began = cpu_seconds(peer.pid)
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._ask(f"{peer.url}/probe?{query}", left))
            return cpu_seconds(peer.pid) - began

    async def _ask(self, url: str, left: Iterator[int]) -> None:
        for _ in left:
            async with self._session.get(url) as response:
                if b"\nprobe_success 1\n" not in await response.read():
                    raise SystemExit(f"{url}: a probe of theirs failed")

    async def _runs(self, agent: Prober, coding: str) -> tuple[int, int]:
        """Give runs and failures so far. Renderings are kept for a second, each coding's apart."""
        wanted = {"Accept-Encoding": coding}
        async with self._session.get(f"{agent.url}/metrics", headers=wanted) as response:
            lines = (await response.text()).splitlines()
        return total(lines, "probe_runs_total{"), total(lines, "probe_failures_total{")


def total(lines: list[str], name: str) -> int:
    return sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith(name))


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def catalogue(url: str) -> str:
    endpoints = [{"id": f"e{n}", "url": url} for n in range(ENDPOINTS)]
    features = [{"id": "web", "name": "Web", "endpoints": endpoints}]
    return json.dumps({"services": [{"id": "here", "name": "Here", "features": features}]})


def agent(stack: ExitStack, folder: Path, kind: str, loop: str, ports: dict[str, int]) -> Prober:
    name = f"{kind}-{loop}"
    url = URLS[kind].format(**ports)
    (folder / f"{kind}.json").write_text(catalogue(url), encoding="utf-8")
    interval, most = INTERVALS[kind], CONCURRENCY.get(kind, AT_ONCE)
    settings = AGENT.format(
        kind=kind, loop=loop, interval=interval, concurrency=most, intake=ports["intake"]
    )
    (folder / f"{name}.yaml").write_text(settings, encoding="utf-8")
    command = [sys.executable, str(HERE / "cpu_agent.py"), str(folder / f"{name}.yaml"), loop]
    child = stack.enter_context(running(command, 0))
    bound = child.stdout.readline().strip() if child.stdout else ""
    return Prober(child.pid, f"http://{bound}")


def peer(stack: ExitStack, folder: Path) -> Prober:
    (folder / "blackbox.yml").write_text(MODULES.format(folder=folder), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        PEER,
        f"--config.file={folder}/blackbox.yml",
        f"--web.listen-address={address}",
        "--log.level=error",
    ]
    child = stack.enter_context(running(command, 0, {"GOMAXPROCS": "1"}))
    return Prober(child.pid, f"http://{address}")


async def ready(session: aiohttp.ClientSession, prober: Prober) -> None:
    while True:
        try:
            async with session.get(f"{prober.url}/-/healthy"):
                return
        except aiohttp.ClientError:
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Found:
    kind: str
    loop: str
    ours: list[float]
    """Microseconds per probe, by round."""
    theirs: list[float]

    def figures(self) -> dict[str, str | float]:
        ratios = [mine / other for mine, other in zip(self.ours, self.theirs, strict=True)]
        return {
            "kind": self.kind,
            "loop": self.loop,
            "ours_us": round(statistics.median(self.ours), 1),
            "blackbox_us": round(statistics.median(self.theirs), 1),
            "ratio": round(statistics.median(ratios), 3),
            "lowest": round(min(ratios), 3),
            "highest": round(max(ratios), 3),
            "wanted": WITHIN[self.kind],
        }


async def measured(kinds: list[str], loops: list[str], rounds: int, seconds: float) -> list[Found]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = [sys.executable, str(HERE / "cpu_servers.py"), str(folder)]
        child = stack.enter_context(running(servers, 1))
        ports: dict[str, int] = json.loads(child.stdout.readline() if child.stdout else "{}")
        os.sched_setaffinity(0, {1 % (os.cpu_count() or 1)})
        connector = aiohttp.TCPConnector(limit=2 * AT_ONCE)
        async with aiohttp.ClientSession(connector=connector) as session:
            other = peer(stack, folder)
            await ready(session, other)
            bench = Bench(session, seconds)
            found = []
            for kind in kinds:
                found += await of_kind(bench, other, kind, ports, (folder, loops, rounds))
            return found


async def of_kind(
    bench: Bench,
    other: Prober,
    kind: str,
    ports: dict[str, int],
    how: tuple[Path, list[str], int],
) -> list[Found]:
    folder, loops, rounds = how
    query = PROBES[kind].format(**ports)
    found = [Found(kind, loop, [], []) for loop in loops]
    with ExitStack() as stack:
        agents = [agent(stack, folder, kind, loop, ports) for loop in loops]
        for mine in agents:
            await bench.begun(mine)
        for number in range(-1, rounds):  # the first of all only warms up
            for mine, held in zip(agents, found, strict=True):
                spent, count = await bench.ours(mine)
                beside = await bench.theirs(other, query, count)
                if number >= 0:
                    held.ours.append(spent / count * 1e6)
                    held.theirs.append(beside / count * 1e6)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU per probe beside blackbox_exporter.")
    parser.add_argument("--kinds", default="tcp,http,https,dns")
    parser.add_argument("--loops", default="uvloop,asyncio")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if not shutil.which(PEER):
        raise SystemExit(f"{PEER} is not installed (Debian has a package of that name)")
    kinds, loops = given.kinds.split(","), given.loops.split(",")
    for found in asyncio.run(measured(kinds, loops, given.rounds, given.seconds)):
        figures = found.figures()
        line = "  ".join(f"{name} {value}" for name, value in figures.items())
        sys.stdout.write((json.dumps(figures) if given.json else line) + "\n")


if __name__ == "__main__":
    main()
