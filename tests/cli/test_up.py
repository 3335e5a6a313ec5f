"""`probe up` is a whole: what this machine sees is measured, sent, judged and shown."""

import argparse
import asyncio
import re
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from probe.cli import up
from probe.clock import SystemClock
from probe.config.load import ConfigError
from probe.config.shape import (
    Catalogue,
    Judging,
    Listening,
    Measuring,
    QuickstartConfig,
    Schedule,
    Seconds,
    Secret,
)
from probe.model import Endpoint, Feature, Service, Vantage
from probe.store import Store
from probe.transport.listen import listen, runner

HERE = Vantage(id="here", country="ZZ", asn=64496)


@pytest.fixture
async def site() -> AsyncIterator[str]:
    async def fine(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", fine)
    server = runner(app)
    (bound,) = await listen(server, "127.0.0.1:0")
    yield f"http://{bound}/"
    await server.cleanup()


def test_the_placeholder_country_is_explained_and_a_real_one_is_not() -> None:
    said = up.placeholder(HERE)
    assert "country ZZ" in said
    assert "probe up quickstart.yaml" in said
    assert up.placeholder(Vantage(id="here", country="DE", asn=3320)) == ""


def test_a_database_of_networks_is_tried_before_the_start(tmp_path: Path) -> None:
    path = tmp_path / "quickstart.yaml"
    path.write_text("vantage: {id: a, country: DE, asn: 3320}\njudging: {origins: none.mmdb}\n")
    with pytest.raises(
        ConfigError, match=r"yaml:2: judging\.origins: .*none\.mmdb cannot be read"
    ):
        up.read(path)


def test_the_file_that_comes_with_it_holds_the_placeholder() -> None:
    held, _ = up.read(None)
    assert up.placeholder(held.vantage)


def config(folder: Path, listening: str = "127.0.0.1:0") -> QuickstartConfig:
    return QuickstartConfig(
        vantage=HERE,
        schedule=Schedule(interval=Seconds(0.2)),
        measuring=Measuring(
            second_resolver="", neutral_name="", allow_private=("127.0.0.0/8",), ipv6=False
        ),
        state=str(folder / "state"),
        web=Listening(listen=listening),
        judging=Judging(every=Seconds(0.05)),
    )


def catalogue(url: str) -> Catalogue:
    web_page = Feature(id="web", name="Web", endpoints=(Endpoint(id="front", url=url),))
    return Catalogue(services=(Service(id="here", name="Here", features=(web_page,)),))


async def until(client: ClientSession, url: str, text: str) -> None:
    async with asyncio.timeout(20):
        while True:
            async with client.get(url) as answer:
                if re.search(text, await answer.text()):
                    return


async def test_what_this_machine_sees_is_on_the_page(site: str, tmp_path: Path) -> None:
    stop = asyncio.Event()
    opened: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks, ClientSession() as client:
        tasks.create_task(
            up.together(
                config(tmp_path),
                catalogue(site),
                SystemClock(),
                stop=stop,
                opened=opened.set_result,
            )
        )
        base = f"http://{await opened}"
        await until(client, f"{base}/metrics", r"intake_accepted_total [1-9]")
        await until(client, f"{base}/api/v1/verdicts", '"service":"here","feature":"web"')
        await until(client, f"{base}/", "watched by 1 probe host in 1 country")
        stop.set()
    store = Store(tmp_path / "state" / "correlator.sqlite")
    held = store.since(datetime(2020, 1, 1, tzinfo=UTC))
    store.close()
    assert {m.vantage for m in held} == {HERE}
    assert {o.failure for m in held for o in m.observations} == {None}


async def test_a_taken_port_ends_both(site: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ExceptionGroup) as failed:
            await up.together(
                config(tmp_path, address), catalogue(site), SystemClock(), stop=asyncio.Event()
            )
    (leaf,) = up.leaves(failed.value)
    assert "it is taken by another program" in str(leaf)


def asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    up.add(parser.add_subparsers(required=True))
    return parser.parse_args(["up", *words])


def test_the_file_that_comes_with_it_is_good(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert up.run(asked("--check")) == 0
    assert "good" in capsys.readouterr().out
    held, services = up.read(None)
    assert held.state == "worksforwhom-state"
    assert len(services.services) >= 12


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("vantage: {id: here, country: Nowhere, asn: 1}\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml:1: vantage\.country"):
        up.run(asked(str(tmp_path / "mine.yaml")))


@pytest.mark.parametrize(
    ("bound", "address"),
    [
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("0.0.0.0:80", "127.0.0.1:80"),
        ("[::]:80", "[::1]:80"),
        ("[2001:db8::1]:80", "[2001:db8::1]:80"),
    ],
)
def test_a_listener_of_all_addresses_is_reached_over_loopback(bound: str, address: str) -> None:
    assert up.reached(bound) == address


def test_the_agents_interval_is_the_judges_round(tmp_path: Path) -> None:
    pair = up.Pair(config(tmp_path), Secret("secret"))
    assert pair.centre().judging.round == Seconds(0.2)
    assert pair.agent("127.0.0.1:80").uplink.token == pair.centre().agents[0].token


@pytest.mark.parametrize(
    ("web_section", "said"),
    [
        ("{enable_lifecycle: true}", "web.enable_lifecycle: Ctrl-C ends `probe up`"),
        ("{config_file: web.yaml}", "web.yaml: tls_server_config: `probe up` speaks plain HTTP"),
    ],
)
def test_what_only_daemons_of_their_own_can_do_is_said(
    tmp_path: Path, web_section: str, said: str
) -> None:
    (tmp_path / "web.yaml").write_text("tls_server_config: {cert_file: c.pem, key_file: k.pem}\n")
    path = tmp_path / "quickstart.yaml"
    path.write_text(f"vantage: {{id: here, country: DE, asn: 3320}}\nweb: {web_section}\n")
    with pytest.raises(ConfigError, match=re.escape(said)):
        up.read(path)
