"""Memory of a real `probe agent` at its work, beside a bare aiohttp process that only listens.

    python tests/bench/agent_memory.py [--endpoints 500] [--seconds 150] [--quic] [--json]

It runs as its systemd unit has it; with --quic also with the extra of that name, which is loaded at
the first failure.
The agent measures so many endpoints a minute over loopback: names that a resolver of ours answers
with ever other addresses, pages over TLS; every tenth fails, by turns for a certificate that
nobody trusts (each its own), a port where nobody listens and a name that is not there, and is
tested differentially, beside a server of ours. One correlator takes everything, /metrics is read
every 15 s. RSS and private memory are the kernel's own (/proc/PID/smaps_rollup): `at_rest` is the
lowest, `at_most` the highest of the last third of the run, `peak` the highest ever (VmHWM).
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
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import cast

import aiohttp
import dns.message
import dns.rcode
import dns.rrset
import trustme
from aiohttp import web

from probe.measure.instruments import bundle

ROOT = Path(__file__).parents[2]
STRANGERS = 17
"""Certificates that nobody trusts."""
FAILING = 10
"""Every so manieth endpoint fails."""
SCRAPE_SECONDS = 15.0
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
AS_UNIT = {"MALLOC_ARENA_MAX": "1", "PYTHONNODEBUGRANGES": "1"}
"""deploy/systemd/worksforwhom-agent.service."""
AGENT = """
vantage: {{id: de-1, country: DE, asn: 3320}}
schedule: {{interval: 60s, per_host: 0}}
measuring:
  allow_private: [127.0.0.0/8]
  resolver: "127.0.0.1:{resolver}"
  second_resolver: "127.0.0.2:{resolver}"
  neutral_name: neutral.example
  reference: {{address: 127.0.0.1, port: {stranger}, plain_port: {plain}}}
  trust: ca.pem
  quic: {quic}
uplink: {{url: "http://127.0.0.1:{plain}", token: abc}}
web: {{listen: "127.0.0.1:{metrics}"}}
"""


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Ports:
    resolver: int
    tls: int
    strangers: tuple[int, ...]
    plain: int
    metrics: int
    closed: int = 1


def url(number: int, ports: Ports) -> str:
    """Give an endpoint's URL: nine in ten are well."""
    turn, failing = divmod(number, FAILING)
    host = f"s{number}.here.example"
    if failing:
        return f"https://{host}:{ports.tls}/{number}"
    stranger = ports.strangers[turn % STRANGERS]
    return (
        f"https://{host}:{stranger}/",
        f"https://{host}:{ports.closed}/",
        f"https://s{number}.gone.example/",
    )[turn % 3]


def catalogue(endpoints: int, ports: Ports) -> str:
    made = [{"id": f"e{n}", "url": url(n, ports)} for n in range(endpoints)]
    features = [{"id": "web", "name": "Web", "endpoints": made}]
    services = [{"id": "here", "name": "Here", "features": features}]
    control = {"id": "one", "url": f"https://control.here.example:{ports.tls}/control"}
    controls = [{"reach": "foreign", "endpoint": control}]
    return json.dumps({"services": services, "controls": controls})


class Resolver(asyncio.DatagramProtocol):
    """Two addresses of 127.0.0.0/8, other ones each time; what is `gone` is not there."""

    def __init__(self) -> None:
        self._numbers = count(256)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = dns.message.make_response(dns.message.from_wire(data), recursion_available=True)
        name, kind = answer.question[0].name, answer.question[0].rdtype
        if "gone" in name.to_text():
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif kind.name == "A":
            places = (divmod(next(self._numbers) % 60_000, 256) for _ in range(2))
            texts = [f"127.1.{high}.{low}" for high, low in places]
            answer.answer.append(dns.rrset.from_text(name, 30, "IN", "A", *texts))
        self._transport.sendto(answer.to_wire(), addr)


async def page(request: web.Request) -> web.Response:
    return web.Response(text=f"<title>{request.path}</title>{'x' * 20_000}")


async def whence(_: web.Request) -> web.Response:
    return web.json_response({"address": "192.0.2.1", "network": "192.0.2.0/24"})


async def take(request: web.Request) -> web.Response:
    lines = gzip.decompress(await request.read()).splitlines()
    return web.json_response({"accepted": len(lines), "duplicate": 0, "refused": []})


def speaking(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("*.here.example").configure_cert(context)
    return context


def trust(path: Path, authority: trustme.CA) -> None:
    """Trust it beside all that this system trusts: roots weigh, too."""
    usual = Path(bundle())
    roots = usual.read_bytes() if usual.is_file() else b""
    path.write_bytes(roots + authority.cert_pem.bytes())


async def listening(folder: Path, stack: AsyncExitStack) -> Ports:
    """Serve names, pages over TLS and the intake in the clear, until the stack ends."""
    trusted = trustme.CA()
    trust(folder / "ca.pem", trusted)
    app = web.Application()
    app.router.add_post("/api/v1/measurements", take)
    app.router.add_get("/whoami", whence)
    app.router.add_get("/{name:.*}", page)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    authorities = (trusted, *(trustme.CA() for _ in range(STRANGERS)))
    for context in (*map(speaking, authorities), None):
        await web.TCPSite(runner, "0.0.0.0", 0, ssl_context=context).start()  # noqa: S104
    tls, *strangers, plain = (address[1] for address in runner.addresses)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Resolver, local_addr=("0.0.0.0", 0))  # noqa: S104
    stack.callback(transport.close)
    server = await asyncio.start_server(lambda _, __: None, "127.0.0.1", 0)
    metrics = server.sockets[0].getsockname()[1]
    server.close()
    resolver = transport.get_extra_info("sockname")[1]
    return Ports(resolver, tls, tuple(strangers), plain, metrics)


def memory(pid: int) -> dict[str, float]:
    """Give MiB: resident, what no other process shares, and the most there ever was."""
    fields: dict[str, int] = {}
    for name in ("smaps_rollup", "status"):
        for line in Path(f"/proc/{pid}/{name}").read_text(encoding="ascii").splitlines():
            field, value, *_ = (*line.split(), "", "")
            if value.isdigit():
                fields[field] = int(value)
    private = fields["Private_Dirty:"] + fields["Private_Clean:"]
    return {
        "rss_mib": round(fields["Rss:"] / 1024, 1),
        "private_mib": round(private / 1024, 1),
        "peak_mib": round(fields["VmHWM:"] / 1024, 1),
    }


@contextmanager
def running(*command: str) -> Iterator[int]:
    environment = {**os.environ, **AS_UNIT, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen([sys.executable, *command], env=environment)  # noqa: S603
    try:
        yield child.pid
    finally:
        child.terminate()
        child.wait()


async def scraping(port: int) -> None:
    headers = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}
    async with aiohttp.ClientSession(headers=headers) as session:
        while True:
            await asyncio.sleep(SCRAPE_SECONDS)
            async with session.get(f"http://127.0.0.1:{port}/metrics") as response:
                await response.read()


async def watched(pid: int, seconds: float) -> dict[str, dict[str, float]]:
    """Look on, a second at a time, for the last third."""
    seen = []
    for second in range(int(seconds)):
        await asyncio.sleep(1)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{second + 1}/{seconds:.0f} s  {memory(pid)}")
        if second >= seconds * 2 / 3:
            seen.append(memory(pid))
    by_rss = sorted(seen, key=lambda found: found["rss_mib"])
    return {"at_rest": by_rss[0], "at_most": by_rss[-1]}


async def measured(
    endpoints: int, seconds: float, *, quic: bool = False
) -> dict[str, dict[str, float]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = await listening(folder, stack)
        told = {"resolver": ports.resolver, "plain": ports.plain, "metrics": ports.metrics}
        write(
            folder / "agent.yaml",
            AGENT.format(stranger=ports.strangers[0], quic=str(quic).lower(), **told),
        )
        write(folder / "services.yaml", catalogue(endpoints, ports))
        peer = stack.enter_context(running("-c", PEER))
        command = ("-m", "probe", "agent", str(folder / "agent.yaml"))
        agent = stack.enter_context(running(*command))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        scraper = group.create_task(scraping(ports.metrics))
        found = await watched(agent, seconds)
        scraper.cancel()
        return {**found, "bare_aiohttp": memory(peer)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory of an agent at its work.")
    parser.add_argument("--endpoints", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--quic", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = asyncio.run(measured(arguments.endpoints, arguments.seconds, quic=arguments.quic))
    if arguments.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for name, held in found.items():
        figures = "   ".join(f"{what} {value:5.1f}" for what, value in held.items())
        sys.stdout.write(f"{name:14} {figures}\n")


if __name__ == "__main__":
    main()
