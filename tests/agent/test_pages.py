"""A few pages behind one guard, and no more than so many requests at once."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
from aiohttp import ClientError, ClientSession, TCPConnector, web
from aiohttp.test_utils import make_mocked_request

from probe.agent import pages
from probe.clock import Clock, SystemClock
from probe.metrics.agent import Snapshot
from probe.model import Endpoint, Observation, Target
from probe.transport import patience
from probe.transport.lifecycle import Lifecycle
from probe.transport.protection import Protection


class Shown:
    def __init__(self, file: str = "") -> None:
        self.missing = ""
        self.clock: Clock = SystemClock()
        self.lifecycle = Lifecycle(asyncio.Event(), over_http=True, reloads=False)
        self.protection = Protection(file, self.clock.now())
        self.endpoints: dict[Target, Endpoint] = {}

    def may_visit(self, _: Endpoint) -> bool:
        return True

    async def look(self, _endpoint: Endpoint, _within: float) -> tuple[Observation, ...]:
        return ()

    def configuration(self) -> str:
        return "vantage: {}\n"

    def unready(self) -> str:
        return self.missing

    def snapshot(self) -> Snapshot:
        return Snapshot(version="1")


async def test_the_three_pages() -> None:
    shown = Shown()
    async with pages.serving("127.0.0.1:0", shown) as [address], ClientSession() as client:
        for missing, status in (("", 200), ("a disk", 503)):
            shown.missing = missing
            async with client.get(f"http://{address}/-/ready") as answer:
                assert (answer.status, await answer.text()) == (status, f"{missing or 'ready'}\n")
        async with client.get(f"http://{address}/metrics") as answer:
            assert "worksforwhom_build_info" in await answer.text()
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        async with client.post(f"http://{address}/metrics") as answer:
            assert answer.status == 405


async def test_the_configuration_is_shown_and_a_link_stops_nothing() -> None:
    shown = Shown()
    async with pages.serving("127.0.0.1:0", shown) as [address], ClientSession() as client:
        async with client.get(f"http://{address}/config") as answer:
            assert await answer.text() == "vantage: {}\n"
        async with client.get(f"http://{address}/-/quit") as answer:
            assert answer.status == 405
        assert not shown.lifecycle.stop.is_set()
        async with client.post(f"http://{address}/-/quit") as answer:
            assert answer.status == 200
    assert shown.lifecycle.stop.is_set()


async def test_all_of_it_is_behind_the_listener_s_users(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(f"basic_auth_users: {{dave: $2b$04${'x' * 53}}}\n")
    shown = Shown(str(file))
    async with pages.serving("127.0.0.1:0", shown) as [address], ClientSession() as client:
        for path in ("/metrics", "/-/healthy", "/-/ready", "/config", "/probe", "/"):
            async with client.get(f"http://{address}{path}") as answer:
                assert answer.status == 401
        async with client.post(f"http://{address}/-/quit") as answer:
            assert answer.status == 401
    assert not shown.lifecycle.stop.is_set()


async def test_it_speaks_tls_where_its_file_says_so(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    file = tmp_path / "web.yaml"
    file.write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n")
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trust)
    async with pages.serving("127.0.0.1:0", Shown(str(file))) as [address], ClientSession() as c:
        url = f"https://localhost:{address.split(':')[1]}/-/healthy"
        async with c.get(url, ssl=trust) as answer:
            assert answer.status == 200


async def test_200_at_once_are_all_answered() -> None:
    statuses: list[int] = []
    async with (
        pages.serving("127.0.0.1:0", Shown()) as [address],
        ClientSession(connector=TCPConnector(limit=0)) as client,
    ):

        async def ask() -> None:
            async with client.get(f"http://{address}/metrics") as answer:
                statuses.append(answer.status)

        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            for _ in range(200):
                tasks.create_task(ask())
    assert statuses == [200] * 200


FLOODS = {
    "one long header": {"X-Flood": "x" * 100_000},
    "many headers": {f"X-{number}": "x" for number in range(5000)},
}


@pytest.mark.parametrize("headers", FLOODS.values(), ids=FLOODS)
async def test_a_flood_of_headers_is_refused(headers: dict[str, str]) -> None:
    async with pages.serving("127.0.0.1:0", Shown()) as [address], ClientSession() as client:
        try:
            async with client.get(f"http://{address}/metrics", headers=headers) as answer:
                refused = answer.status in {400, 431}
        except ClientError:
            refused = True
        assert refused
        async with client.get(f"http://{address}/-/healthy") as answer:
            assert answer.status == 200


async def test_who_never_asks_anything_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SWEEP_SECONDS", 0.0)
    monkeypatch.setattr(patience, "IDLE_SECONDS", -1.0)
    async with asyncio.timeout(10), pages.serving("127.0.0.1:0", Shown()) as [address]:
        host, port = address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_an_empty_address_listens_nowhere() -> None:
    async with pages.serving("", Shown()) as addresses:
        assert addresses == ()


async def test_too_many_at_once_are_sent_away() -> None:
    bounded, gate, answers = pages.bounded(), asyncio.Event(), []

    async def handler(_: web.Request) -> web.StreamResponse:
        await gate.wait()
        return web.Response()

    async def ask() -> None:
        try:
            answers.append((await bounded(make_mocked_request("GET", "/"), handler)).status)
        except web.HTTPServiceUnavailable as refused:
            answers.append(refused.status)
            gate.set()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(pages.MOST_AT_ONCE + 1):
            tasks.create_task(ask())
    assert sorted(answers) == [200] * pages.MOST_AT_ONCE + [503]
