"""Memory of a real `probe agent` at rest, beside a bare aiohttp process that only listens.

    python tests/bench/agent_memory.py [--seconds 15] [--json]

The agent measures 40 endpoints of a TLS server of our own every 5 seconds, with one correlator
that takes everything; "at rest" is between rounds. RSS and private memory are the kernel's own
(/proc/PID/smaps_rollup), the lowest of the last third of the run.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme
from aiohttp import web

ROOT = Path(__file__).parents[2]
ENDPOINTS = 40
PEER = """
import asyncio
from aiohttp import web, ClientSession
async def main():
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession():
        await asyncio.Event().wait()
asyncio.run(main())
"""
AGENT = """
vantage: {{id: de-1, country: DE, asn: 3320}}
schedule: {{interval: 5s}}
measuring: {{allow_private: [127.0.0.0/8], second_resolver: "", neutral_name: "", trust: ca.pem}}
uplink: {{url: "http://127.0.0.1:{plain}", token: abc, flush: 1s}}
web: {{listen: "127.0.0.1:0"}}
"""


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def catalogue(port: int) -> str:
    endpoints = [{"id": f"e{n}", "url": f"https://127.0.0.1:{port}/{n}"} for n in range(ENDPOINTS)]
    features = [{"id": "web", "name": "Web", "endpoints": endpoints}]
    services = [{"id": "here", "name": "Here", "features": features}]
    control = {"id": "one", "url": f"https://127.0.0.1:{port}/control"}
    controls = [{"reach": "foreign", "endpoint": control}]
    return json.dumps({"services": services, "controls": controls})


async def page(_: web.Request) -> web.Response:
    return web.Response(text="x" * 20_000)


async def take(request: web.Request) -> web.Response:
    lines = gzip.decompress(await request.read()).splitlines()
    return web.json_response({"accepted": len(lines), "duplicate": 0, "refused": []})


async def listening(folder: Path) -> tuple[int, int, web.AppRunner]:
    """Serve the origin over TLS and the intake in the clear; give both ports."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    app = web.Application()
    app.router.add_post("/api/v1/measurements", take)
    app.router.add_get("/{name}", page)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tls, plain = (address[1] for address in runner.addresses)
    return tls, plain, runner


def memory(pid: int) -> dict[str, float]:
    """Give MiB: resident, and what no other process shares."""
    fields: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        name, value, *_ = line.split()
        fields[name] = int(value)
    private = fields["Private_Dirty:"] + fields["Private_Clean:"]
    return {"rss_mib": round(fields["Rss:"] / 1024, 1), "private_mib": round(private / 1024, 1)}


@contextmanager
def running(*command: str) -> Iterator[int]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen([sys.executable, *command], env=environment)  # noqa: S603
    try:
        yield child.pid
    finally:
        child.terminate()
        child.wait()


async def lowest(pid: int, seconds: float) -> dict[str, float]:
    await asyncio.sleep(seconds * 2 / 3)
    seen = []
    for _ in range(10):
        await asyncio.sleep(seconds / 30)
        seen.append(memory(pid))
    return min(seen, key=lambda found: found["rss_mib"])


async def measured(seconds: float) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tls, plain, runner = await listening(folder)
        write(folder / "agent.yaml", AGENT.format(plain=plain))
        write(folder / "services.yaml", catalogue(tls))
        command = ("-m", "probe", "agent", str(folder / "agent.yaml"))
        with running(*command) as agent, running("-c", PEER) as peer:
            found = {"agent": await lowest(agent, seconds), "bare_aiohttp": memory(peer)}
        await runner.cleanup()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory of an agent at rest.")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = asyncio.run(measured(arguments.seconds))
    if arguments.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for name, held in found.items():
        figures = "   ".join(f"{what} {value:5.1f}" for what, value in held.items())
        sys.stdout.write(f"{name:14} {figures}\n")


if __name__ == "__main__":
    main()
