"""No address of the vantage is in what leaves it, though everything it talks to repeats it."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme
from aiohttp import ClientSession, TCPConnector, web

from probe.agent import Hooks, run
from probe.clock import SystemClock
from probe.config.shape import (
    AgentConfig,
    Catalogue,
    Listening,
    Schedule,
    Seconds,
    Secret,
    Spooling,
    Uplinking,
)
from probe.model import Control, Endpoint, Feature, Reach, Service, Vantage
from probe.transport.uplink import PATH
from tests.measure.world import World, opened

THEIRS, CENTRE, READER = "127.0.0.2", "127.0.0.3", "127.0.0.4"
"""Of loopback, so that the vantage's own, 127.0.0.1, is nobody else's."""
FORMS = (
    *("127.0.0.1", "127-0-0-1", "127%2e0%2e0%2e1", "127_0_0_1", "ffff:7f00:1", "2130706433"),
    *("7f000001", "0177.0.0.01", "%31%32%37", "mti3ljauma", "1.0.0.127", "7f.0x0"),
)
"""As a notice page's links have been seen to write its reader's address, in lower case."""
SPELT = "2130706433 0x7f000001 0177.0.0.01 0x7f.0x0.0x0.0x1 MTI3LjAuMC4x 1.0.0.127.in-addr.arpa"
DEADLINE_SECONDS = 15


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(trustme.CA(), tmp_path) as made:
        yield made


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Repeat the caller's address wherever an answer has room for it."""
    asked = await reader.readuntil(b"\r\n\r\n")
    own = writer.get_extra_info("peername")[0]
    dashed = own.replace(".", "-")
    body = f"<title>{own} [::ffff:{own}] {dashed} {SPELT} is blocked</title><p>{own} {dashed}</p>"
    moved = b"GET / " in asked
    status = "302 Found" if moved else "403 Forbidden"
    link = f"/seen/{dashed}?ip={own}&amp;i={own.replace('.', '%2E')}&h={own.replace('.', '_')}&u=http://{own}/&e=%31%32%37.0.0.1&s={SPELT.replace(' ', '+')}"
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body)}",
        *(
            f"{name}: for {own}, {dashed} {SPELT}"
            for name in ("Server", "Via", "X-Client-IP", "Age")
        ),
        f"Set-Cookie: ip={own}; domain={dashed}.example",
        *([f"Location: {link}"] if moved else []),
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
    await writer.drain()


async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(9)
    writer.write(f"SSH-2.0 you are {writer.get_extra_info('peername')[0]}\r\n".encode())
    await writer.drain()


class Left:
    """All that left the vantage."""

    def __init__(self) -> None:
        self.batches: list[bytes] = []
        self.heads: list[str] = []
        self.enough = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        batch = gzip.decompress(await request.read())
        self.batches.append(batch)
        self.heads.append(str(dict(request.headers)))
        if len(b"".join(self.batches).splitlines()) >= 8:
            self.enough.set()
        accepted = len(batch.splitlines())
        return web.json_response({"accepted": accepted, "duplicate": 0, "refused": []})


async def catalogue(world: World) -> Catalogue:
    shown = await world.server(echo, address=THEIRS)
    secure = await world.tls(echo, "elsewhere.test", address=THEIRS)
    odd = await world.server(noise, address=THEIRS)
    urls = {
        "page": f"http://site.test:{shown}/",
        "literal": f"http://{THEIRS}:{shown}/",
        "secure": f"https://site.test:{secure}/",
        "odd": f"http://site.test:{odd}/",
        "dead": "tcp://site.test:1",
        "name": "dns:site.test",
    }
    made = tuple(Endpoint(id=name, url=url) for name, url in urls.items())
    control = Control(reach=Reach.FOREIGN, endpoint=Endpoint(id="there", url=urls["page"]))
    web_feature = Feature(id="web", name="Web", endpoints=made)
    return Catalogue(
        services=(Service(id="a", name="A", features=(web_feature,)),), controls=(control,)
    )


async def left(world: World, folder: Path) -> tuple[Left, str]:
    """Run an agent until it has sent every endpoint; give what it sent, and its metrics."""
    world.set(allow_private=("127.0.0.0/8",), second_resolver="", late_answers=0.01)
    await world.names(THEIRS)
    gone, stop, bound = Left(), asyncio.Event(), asyncio.get_running_loop().create_future()
    app = web.Application()
    app.router.add_post(PATH, gone.handle)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, CENTRE, 0).start()
    config = AgentConfig(
        vantage=Vantage(id="de-1", country="DE", asn=3320),
        schedule=Schedule(interval=Seconds(0.3), jitter=0.0),
        measuring=world.settings,
        spool=Spooling(path=str(folder / "spool")),
        uplink=Uplinking(
            url=f"http://{CENTRE}:{runner.addresses[0][1]}",
            token=Secret("abc"),
            flush=Seconds(0.1),
        ),
        web=Listening(listen=f"{CENTRE}:0"),
    )
    hooks = Hooks(stop=stop, bound=bound.set_result)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS), asyncio.TaskGroup() as tasks:
            tasks.create_task(run(config, await catalogue(world), SystemClock(), hooks))
            await gone.enough.wait()
            metrics = await scraped((await bound)[0])
            stop.set()
    finally:
        await runner.cleanup()
    return gone, metrics


async def scraped(address: str) -> str:
    reading = TCPConnector(local_addr=(READER, 0))
    async with (
        ClientSession(connector=reading) as client,
        client.get(f"http://{address}/metrics") as answer,
    ):
        return await answer.text()


async def test_nothing_that_leaves_names_the_vantage_s_address(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gone, metrics = await left(world, tmp_path)
    batch = b"".join(gone.batches).decode().lower()
    endpoints = ("page", "literal", "secure", "odd", "dead", "name", "there")
    assert all(f'"endpoint":"{name}"' in batch for name in endpoints)
    assert "[address]" in batch
    assert "fails:" in caplog.text  # what is ours of it; the centre of this test logs too
    logs = "".join(r.getMessage() for r in caplog.records if r.name.startswith("probe"))
    everything = {
        "batch": batch,
        "metrics": metrics,
        "logs": logs,
        "heads": str(gone.heads),
    }
    found = [(name, form) for name, text in everything.items() for form in FORMS if form in text]
    assert found == []


async def test_no_body_is_kept(world: World, tmp_path: Path) -> None:
    gone, _ = await left(world, tmp_path)
    batch = b"".join(gone.batches).decode()
    assert "<p>" not in batch
    assert "</title>" not in batch
    assert '"digest":"' in batch
