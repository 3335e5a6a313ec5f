"""Debian's blackbox_exporter and ours, over the same endpoints: one contract, one answer."""

import asyncio
import re
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trustme
from aiohttp import ClientConnectorError, ClientSession, web
from prometheus_client.parser import text_string_to_metric_families

from probe.agent import Hooks
from probe.agent.asked import SCRAPE_TIMEOUT
from probe.config.shape import Catalogue, Measuring, Schedule, Seconds
from probe.model import Endpoint, Feature, Service
from tests.agent.test_root import World
from tests.measure.test_dial import free_port

EXPORTER = shutil.which("prometheus-blackbox-exporter")
PROMTOOL = shutil.which("promtool")
theirs = pytest.mark.skipif(not EXPORTER, reason="prometheus-blackbox-exporter is missing")
lints = pytest.mark.skipif(not PROMTOOL, reason="promtool is missing (Debian's prometheus)")

CONFIG = """
modules:
  http_2xx: &plain
    prober: http
    timeout: 20s
    http: &http
      preferred_ip_protocol: ip4
      tls_config: {{ca_file: {ca}}}
  notice:
    <<: *plain
    http:
      <<: *http
      fail_if_body_matches_regexp: ["has been blocked"]
"""
PATIENCE = "1.5"
"""Seconds a scraper waits."""

EXPECTED = {
    "ok": (1, 200),
    "missing": (0, 404),
    "down": (0, 503),
    "empty": (1, 204),
    "moved": (1, 200),
    "void": (0, 0),
    "circle": (0, 302),
    "hang": (0, 0),
    "cut": (0, 200),
    "notice": (0, 200),
    "safe": (1, 200),
    "stranger": (0, 0),
    "misnamed": (0, 0),
    "refused": (0, 0),
}
"""probe_success and probe_http_status_code, by endpoint."""

SAME = (
    *("probe_success", "probe_http_status_code", "probe_http_ssl", "probe_http_version"),
    *("probe_http_redirects",),
    *("probe_ip_protocol", "probe_ip_addr_hash", "probe_failed_due_to_regex"),
    *("probe_http_content_length", "probe_http_uncompressed_body_length"),
)
DIFFERENT = [("circle", "probe_http_redirects", 11, 10)]
"""Theirs counts the redirect that it does not follow any more."""
THEIRS_ALONE = {"probe_tls_cipher_info"}
"""Newer or older versions differ in it."""

Values = dict[str, float]


async def hang(_: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


async def cut(request: web.Request) -> web.StreamResponse:
    """Promise more than comes."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"half")
    assert request.transport
    request.transport.close()
    return response


async def page(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    if name in REDIRECTS:
        return web.Response(status=302, headers={"Location": REDIRECTS[name]()})
    status, text = ANSWERS.get(name, (200, "hello" * 20))
    return web.Response(status=status, text=text)


REDIRECTS: dict[str, Callable[[], str]] = {
    "moved": lambda: "/ok",
    "circle": lambda: "/circle",
    "void": lambda: f"http://127.0.0.1:{free_port()}/",
}
ANSWERS = {
    "missing": (404, "no such page"),
    "down": (503, "later"),
    "empty": (204, None),
    "notice": (200, "This site has been blocked by order of a court."),
}


class Origin:
    """Loopback servers, one for each way in which an endpoint may be well or not."""

    def __init__(self, folder: Path) -> None:
        self.trusted, self.stranger = trustme.CA(), trustme.CA()
        self.ca = folder / "ca.pem"
        self.trusted.cert_pem.write_to_path(str(self.ca))

    def _context(self, authority: trustme.CA, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return context

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[dict[str, str]]:
        """Give the URL of each endpoint."""
        app = web.Application()
        app.router.add_get("/hang", hang)
        app.router.add_get("/cut", cut)
        app.router.add_get("/{name}", page)
        server = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await server.setup()
        contexts = (
            None,
            self._context(self.trusted, "127.0.0.1"),
            self._context(self.stranger, "127.0.0.1"),
            self._context(self.trusted, "elsewhere.example"),
        )
        try:
            for context in contexts:
                await web.TCPSite(server, "127.0.0.1", 0, ssl_context=context).start()
            ports = [address[1] for address in server.addresses]
            yield self._urls(*ports)
        finally:
            await server.cleanup()

    def _urls(self, plain: int, safe: int, stranger: int, misnamed: int) -> dict[str, str]:
        apart = {
            "safe": f"https://127.0.0.1:{safe}/safe",
            "stranger": f"https://127.0.0.1:{stranger}/stranger",
            "misnamed": f"https://127.0.0.1:{misnamed}/misnamed",
            "refused": f"http://127.0.0.1:{free_port()}/refused",
        }
        return {name: f"http://127.0.0.1:{plain}/{name}" for name in EXPECTED} | apart


def values(text: str) -> Values:
    """Give what has no labels, or only those that a single probe has."""
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def told(found: Values) -> tuple[float, float]:
    return found["probe_success"], found["probe_http_status_code"]


@asynccontextmanager
async def exporter(folder: Path, ca: Path) -> AsyncIterator[str]:
    """Run Debian's, and give its /probe."""
    assert EXPORTER
    config, address = folder / "blackbox.yml", f"127.0.0.1:{free_port()}"
    config.write_text(CONFIG.format(ca=ca))
    process = await asyncio.create_subprocess_exec(
        *(EXPORTER, f"--config.file={config}", f"--web.listen-address={address}"),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _listens(f"http://{address}/-/healthy")
        yield f"http://{address}/probe"
    finally:
        process.terminate()
        await process.wait()


async def _listens(url: str) -> None:
    async with asyncio.timeout(20), ClientSession() as client:
        while True:
            try:
                async with client.get(url):
                    return
            except ClientConnectorError:
                await asyncio.sleep(0.05)


def endpoint(name: str, url: str) -> Endpoint:
    forbid = ("has been blocked",) if name == "notice" else ()
    return Endpoint(id=name, url=url, forbid=forbid)


@asynccontextmanager
async def agent(folder: Path, ca: Path, urls: dict[str, str]) -> AsyncIterator[World]:
    """Run ours until each endpoint had its turn in a round."""
    world = World(folder)
    made = tuple(endpoint(name, url) for name, url in urls.items())
    catalogue = Catalogue(
        services=(
            Service(id="a", name="A", features=(Feature(id="web", name="", endpoints=made),)),
        )
    )
    world.config = msgspec.structs.replace(
        world.config,
        schedule=Schedule(interval=Seconds(3600), jitter=0.0),
        measuring=Measuring(
            allow_private=("127.0.0.0/8",), trust=str(ca), second_resolver="", neutral_name="",
            http_timeout=Seconds(1), max_redirects=10,
        ),
    )  # fmt: skip
    world.hooks = Hooks(stop=world.stop, bound=world.hooks.bound, draw=lambda: 1e-5)
    async with world.running(catalogue):
        await world.centre.until(lambda: set(world.centre.names()) == set(urls))
        yield world


async def ask(client: ClientSession, url: str, target: str, module: str = "http_2xx") -> str:
    query, headers = {"target": target, "module": module}, {SCRAPE_TIMEOUT: PATIENCE}
    async with client.get(url, params=query, headers=headers) as answer:
        assert answer.status == 200
        return await answer.text()


async def asked(url: str, urls: dict[str, str], notice: str) -> dict[str, Values]:
    """Ask a /probe for every endpoint, some at a time."""
    found: dict[str, Values] = {}
    most = asyncio.Semaphore(4)

    async def one(client: ClientSession, name: str) -> None:
        async with most:
            module = notice if name == "notice" else "http_2xx"
            found[name] = values(await ask(client, url, urls[name], module))

    async with ClientSession() as client, asyncio.TaskGroup() as tasks:
        for name in urls:
            tasks.create_task(one(client, name))
    return found


SAMPLE = re.compile(r'^(\w+)\{endpoint="(\w+)",feature="web",service="a"\} (\S+)$', re.MULTILINE)


def rounds(text: str) -> dict[str, Values]:
    """Read what the agent's own rounds came to, by endpoint, out of its /metrics."""
    found: dict[str, Values] = {}
    for name, of, value in SAMPLE.findall(text):
        found.setdefault(of, {})[name] = float(value)
    return found


async def test_probes_and_rounds_come_to_what_is_there(tmp_path: Path) -> None:
    origin = Origin(tmp_path)
    async with origin.serving() as urls, agent(tmp_path, origin.ca, urls) as world:
        ours = await asked(f"http://{world.address}/probe", urls, "http_2xx")
        _, text = await world.get("/metrics")
    assert {name: told(found) for name, found in ours.items()} == EXPECTED
    assert {name: told(found) for name, found in rounds(text).items()} == EXPECTED


@theirs
async def test_debian_s_exporter_and_ours_give_the_same(tmp_path: Path) -> None:
    origin = Origin(tmp_path)
    async with (
        origin.serving() as urls,
        exporter(tmp_path, origin.ca) as other,
        agent(tmp_path, origin.ca, urls) as world,
    ):
        ours = await asked(f"http://{world.address}/probe", urls, "http_2xx")
        debian = await asked(other, urls, "notice")
    assert {name: told(found) for name, found in debian.items()} == EXPECTED
    assert {name: told(found) for name, found in ours.items()} == EXPECTED
    assert [
        (name, each, found[each], ours[name][each])
        for name, found in debian.items()
        for each in SAME
        if found[each] != ours[name][each]
    ] == DIFFERENT
    for each in ("probe_ssl_earliest_cert_expiry", "probe_tls_version_info"):
        assert ours["safe"][each] == debian["safe"][each]
    for name, found in debian.items():
        assert set(found) - set(ours[name]) <= THEIRS_ALONE
    assert "probe_ssl_earliest_cert_expiry" in ours["stranger"]  # where theirs has none


@lints
async def test_promtool_finds_nothing_to_say(tmp_path: Path) -> None:
    origin = Origin(tmp_path)
    async with origin.serving() as urls, agent(tmp_path, origin.ca, urls) as world:
        _, metrics = await world.get("/metrics")
        texts = [metrics]
        async with ClientSession() as client:
            for name in ("safe", "stranger", "moved", "refused"):
                url = f"http://{world.address}/probe"
                texts.append(await ask(client, url, f"a/web/{name}"))
    for text in texts:
        assert await checked(text) == (0, b"")


async def checked(text: str) -> tuple[int | None, bytes]:
    assert PROMTOOL
    process = await asyncio.create_subprocess_exec(
        *(PROMTOOL, "check", "metrics"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate(text.encode())
    return process.returncode, output
