"""What the correlator holds is asked over HTTPS, and its absence is no error."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from aiohappyeyeballs import AddrInfoType
from aiohttp import web

from probe.lab.kernel.hosts.authority import Authority
from probe.lab.kernel.watch import Watch, incidents
from probe.model import Cause, Scope

INCIDENT = (
    b'{"id":"i1","service":"twitter","features":["web"],"cause":"filtering","state":"likely",'
    b'"scope":"countries","countries":["TR"],"networks":[],"mechanisms":[],'
    b'"opened":"2023-02-08T00:00:00Z","updated":"2023-02-08T00:00:00Z","closed":null,'
    b'"confidence":0.9,"statement":"Said.","evidence":["tls.reset.by-name"],"new_field":1}'
)
BODIES = {
    "/-/ready": b"ok",
    "/api/v1/incidents": b'{"incidents":[' + INCIDENT + b"]}",
    "/api/v1/verdicts": b'{"at":"2023-02-08T00:00:00Z","verdicts":[{"leading":"ok"}]}',
}


def plain(info: AddrInfoType) -> socket.socket:
    return socket.socket(info[0], info[1], info[2])


@asynccontextmanager
async def watching(tmp_path: Path, status: Callable[[], int]) -> AsyncIterator[Watch]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status(), body=BODIES[request.path])

    authority = Authority(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority.issue("127.0.0.1"))
    app = web.Application()
    app.add_routes([web.get("/{path:.*}", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    watch = Watch(f"https://127.0.0.1:{runner.addresses[0][1]}", authority.bundle, plain)
    try:
        yield watch
    finally:
        await watch.close()
        await runner.cleanup()
        await asyncio.sleep(0)


async def test_what_is_held_is_read(tmp_path: Path) -> None:
    async with watching(tmp_path, lambda: 200) as watch:
        held = await watch.incidents()
        assert held is not None
        assert [(i.cause, i.scope, i.countries) for i in held] == [
            (Cause.FILTERING, Scope.COUNTRIES, ("TR",))
        ]
        assert await watch.verdicts() == (msgspec.Raw(b'{"leading":"ok"}'),)
        assert await watch.ready()


async def test_a_correlator_that_is_not_ready_answers_nothing(tmp_path: Path) -> None:
    async with watching(tmp_path, lambda: 503) as watch:
        assert not await watch.ready()
        assert await watch.incidents() is None
        assert await watch.verdicts() == ()


async def test_a_correlator_that_is_away_answers_nothing(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        watch = Watch(f"https://127.0.0.1:{closed.getsockname()[1]}", authority.bundle, plain)
        assert await watch.incidents() is None
        await watch.close()


def test_evidence_and_unknown_fields_of_the_list_are_left_aside() -> None:
    (incident,) = incidents(BODIES["/api/v1/incidents"])
    assert incident.statement == "Said."
    assert incident.evidence == ()
