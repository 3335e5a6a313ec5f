"""A day of a real agent in virtual time, and whether it grows.

    python -m tests.bench.agent_day [--hours 24] [--endpoints 500] [--json]

The agent is whole: its schedule, its measuring code, TLS, differential tests, ledger, metrics,
spool, uplink and pages. Only the kernel's sockets to what is measured are not (`elsewhere`), and
the clock jumps (`hours`). Every hour other endpoints fail; addresses, ports and certificates are
ever new; the correlator is away for hours, so that the spool fills and drops; the exit changes;
/metrics is read every 15 s. After each hour it is counted what lives: RSS, allocated blocks, the
collector's objects, by type. This process is also all the servers: it is the growth that counts.
Exit 1 where every run after the first hours leaves something behind.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import gzip
import json
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from statistics import linear_regression

import aiohttp
import msgspec
from aiohttp import web

from probe import agent
from probe.agent.measuring import Measure, Seen
from probe.clock import Clock
from probe.config import unit
from probe.config.shape import AgentConfig, Catalogue, Measuring
from probe.measure import after, chain
from probe.model import Endpoint
from tests.bench.elsewhere import DOMAIN, HOUR, Elsewhere
from tests.bench.hours import Hours, LoopClock

SECURED = 20
"""Every so manieth endpoint is asked over TLS: the handshakes are most of what a day costs."""
WARM_HOURS = 3
"""Until then bounded caches fill."""
MOST_BLOCKS = 6.0
"""For each run after that; a run that is kept is many times more."""
AWAY_HOURS = range(3, 6)
"""The correlator answers nobody."""
MOVED_HOURS = range(7, 9)
"""The line leaves by another network."""
SCRAPE_SECONDS = 15.0
SPOOL_BYTES = 16 * 1024 * 1024
MARKS = (1, 6, 12, 24)


class Count(msgspec.Struct, frozen=True):
    """What lives after so many hours."""

    hour: int
    runs: int
    rss_mib: float
    blocks: int
    """Of CPython's allocator."""
    objects: int
    """Of the collector's."""
    types: dict[str, int]
    spool_bytes: int
    dropped: int
    sent: int


class Centre:
    """The correlator and the reference server, over real sockets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.taken = 0

    def _hour(self) -> int:
        return int(self._clock.monotonic() // HOUR)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self._hour() in AWAY_HOURS:
            return web.Response(status=503)
        lines = gzip.decompress(body).count(b"\n")
        self.taken += lines
        return web.json_response({"accepted": lines, "duplicate": 0, "refused": []})

    async def whence(self, _: web.Request) -> web.Response:
        network = "198.51.100.0/24" if self._hour() in MOVED_HOURS else "192.0.2.0/24"
        return web.json_response({"address": network[:-4] + "7", "network": network})


@asynccontextmanager
async def serving(centre: Centre) -> AsyncIterator[int]:
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/api/v1/measurements", centre.take)
    app.router.add_get("/whoami", centre.whence)
    runner = web.AppRunner(app, auto_decompress=False, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def configured(folder: Path, port: int, trust: Path) -> AgentConfig:
    told = {
        "vantage": {"id": "de-1", "country": "DE", "asn": 3320},
        "schedule": {"per_host": 0},
        "measuring": {
            "resolver": "9.9.9.9",
            "second_resolver": ["9.9.9.10", f"tls://dns.{DOMAIN}@9.9.9.11"],
            "neutral_name": f"neutral.{DOMAIN}",
            "reference": {"address": "127.0.0.1", "plain_port": port},
            "trust": str(trust),
        },
        "uplink": {"url": f"http://127.0.0.1:{port}", "token": "abc"},
        "spool": {"path": str(folder / "spool.sqlite"), "max_bytes": SPOOL_BYTES},
        "web": {"listen": "127.0.0.1:0"},
    }
    return msgspec.convert(told, AgentConfig, dec_hook=unit.hook)


def catalogue(endpoints: int) -> Catalogue:
    made = [
        {"id": f"s{n}", "url": f"http{'' if n % SECURED else 's'}://s{n}.{DOMAIN}/"}
        for n in range(endpoints)
    ]
    features = [{"id": "web", "name": "Web", "endpoints": made}]
    reaches = ("foreign", "domestic", "foreign")
    controls = [
        {"reach": reach, "endpoint": {"id": f"c{n}", "url": f"https://c{n}.{DOMAIN}/"}}
        for n, reach in enumerate(reaches)
    ]
    services = [{"id": "day", "name": "Day", "features": features}]
    return msgspec.convert({"services": services, "controls": controls}, Catalogue)


def measuring(net: Elsewhere) -> Callable[[Measuring, Clock], Measure]:
    def made(settings: Measuring, clock: Clock) -> Measure:
        tools = replace(chain.instruments(settings, clock), dialer=net)

        def measure(
            endpoint: Endpoint, within: float | None = None, *, rests: bool = True
        ) -> Seen:
            if within is None:
                return (after.patiently if rests else chain.measure)(endpoint, tools)
            return chain.look(endpoint, tools, within)

        return measure

    return made


# ── counting ─────────────────────────────────────────────────────────────────────────────────


def resident() -> float:
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no Rss in smaps_rollup")


def counted(hour: int, metrics: str, centre: Centre) -> Count:
    gc.collect()
    living = gc.get_objects()
    # Interned: what is noted here every hour must not look like the agent's own growth.
    types = Counter(
        sys.intern(f"{type(one).__module__}.{type(one).__qualname__}") for one in living
    )
    return Count(
        hour=hour,
        runs=total(metrics, "probe_runs_total"),
        rss_mib=round(resident(), 1),
        blocks=sys.getallocatedblocks(),
        objects=len(living),
        types=dict(types),
        spool_bytes=total(metrics, "worksforwhom_spool_bytes"),
        dropped=total(metrics, "worksforwhom_measurements_dropped_total"),
        sent=centre.taken,
    )


def total(metrics: str, name: str) -> int:
    lines = (line for line in metrics.splitlines() if line.startswith((name + " ", name + "{")))
    return int(sum(float(line.rpartition(" ")[2]) for line in lines))


# ── the day ──────────────────────────────────────────────────────────────────────────────────


async def scraped(session: aiohttp.ClientSession, address: str) -> str:
    async with session.get(f"http://{address}/metrics") as response:
        return await response.text()


async def looking_on(
    hours: int, address: str, centre: Centre, told: Callable[[Count], None]
) -> list[Count]:
    """Read /metrics all day, and count what lives at the end of every hour."""
    counts: list[Count] = []
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as session:
        for hour in range(1, hours + 1):
            metrics = ""
            while loop.time() < hour * HOUR:
                await asyncio.sleep(SCRAPE_SECONDS)
                metrics = await scraped(session, address)
            counts.append(counted(hour, metrics, centre))
            told(counts[-1])
    return counts


Making = Callable[[Elsewhere], Callable[[Measuring, Clock], Measure]]


async def day(
    hours: int, endpoints: int, told: Callable[[Count], None], making: Making = measuring
) -> list[Count]:
    """Live through it; the loop is an `Hours`."""
    clock = LoopClock(asyncio.get_running_loop())
    net, centre, stop = Elsewhere(clock), Centre(clock), asyncio.Event()
    bound: asyncio.Queue[str] = asyncio.Queue()
    with tempfile.TemporaryDirectory() as name:
        trust = Path(name) / "ca.pem"
        net.certificates.authority.cert_pem.write_to_path(str(trust))
        async with serving(centre) as port, asyncio.TaskGroup() as group:
            config = configured(Path(name), port, trust)
            hooks = agent.Hooks(
                measure=making(net), stop=stop, bound=lambda found: bound.put_nowait(found[0])
            )
            group.create_task(agent.run(config, catalogue(endpoints), clock, hooks))
            counts = await looking_on(hours, await bound.get(), centre, told)
            stop.set()
    return counts


def lived(
    hours: int,
    endpoints: int,
    told: Callable[[Count], None] = lambda _: None,
    making: Making = measuring,
) -> list[Count]:
    with asyncio.Runner(loop_factory=Hours) as runner:
        return runner.run(day(hours, endpoints, told, making))


# ── telling ──────────────────────────────────────────────────────────────────────────────────


def slope(counts: Sequence[Count], read: Callable[[Count], float]) -> float:
    """Growth by the hour, over all hours."""
    if len(counts) < 2:
        return 0.0
    return linear_regression([c.hour for c in counts], [read(c) for c in counts]).slope


def kept(before: Count, after: Count) -> float:
    """Give the allocated blocks that each run between left behind; a run makes thousands."""
    return (after.blocks - before.blocks) / (after.runs - before.runs)


def grown(before: Count, after: Count, least: int = 100) -> dict[str, int]:
    """Give the types of which there are more, the most first."""
    more = {name: held - before.types.get(name, 0) for name, held in after.types.items()}
    ranked = sorted(more.items(), key=lambda pair: -pair[1])
    return {name: number for name, number in ranked if number >= least}


def report(counts: Sequence[Count]) -> dict[str, object]:
    return {
        "marks": [{**msgspec.to_builtins(c), "types": None} for c in counts if c.hour in MARKS],
        "slope_per_hour": {
            "rss_mib": round(slope(counts, lambda c: c.rss_mib), 4),
            "blocks": round(slope(counts, lambda c: c.blocks), 1),
            "objects": round(slope(counts, lambda c: c.objects), 1),
        },
        "blocks_per_run": round(kept(counts[0], counts[-1]), 3) if len(counts) > 1 else None,
        "grown": grown(counts[0], counts[-1]),
    }


def line(count: Count) -> str:
    return (
        f"hour {count.hour:2}   runs {count.runs:6}   RSS {count.rss_mib:6.1f} MiB   "
        f"blocks {count.blocks:8}   objects {count.objects:7}   spool {count.spool_bytes:9}   "
        f"dropped {count.dropped:6}   sent {count.sent:6}\n"
    )


def grows(counts: Sequence[Count]) -> bool:
    """Tell whether more is kept of every run than its bounded caches may still take in."""
    warm = counts[WARM_HOURS - 1 : WARM_HOURS]
    return bool(warm) and counts[-1] != warm[0] and kept(warm[0], counts[-1]) >= MOST_BLOCKS


def main() -> int:
    parser = argparse.ArgumentParser(description="Does an agent grow in a day?")
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--endpoints", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    def told(count: Count) -> None:
        sys.stderr.write(line(count))

    counts = lived(arguments.hours, arguments.endpoints, told)
    found = report(counts)
    if arguments.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        for name in ("slope_per_hour", "blocks_per_run", "grown"):
            sys.stdout.write(f"{name}: {found[name]}\n")
    return int(grows(counts))


if __name__ == "__main__":
    sys.exit(main())
