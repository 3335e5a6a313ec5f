"""Each listener of the centre keeps to its own file, and agents to their tokens."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from aiohttp import ClientError, ClientSession, TCPConnector, encode_basic_auth

from probe.clock import Clock, SystemClock
from probe.config.load import ConfigError
from probe.config.shape import (
    Catalogue,
    CorrelatorConfig,
    Discovering,
    EnrolledAgent,
    Judging,
    Listening,
    Seconds,
    Secret,
    Storing,
    Tls,
)
from probe.correlator import Bound, Hooks, run
from probe.correlator.listeners import Listeners
from probe.model import Endpoint, Feature, Service, Vantage

DAVE = {"Authorization": encode_basic_auth("dave", "test")}
USERS = "basic_auth_users: {dave: $2b$04$8b4cQLZpB.BokNv8j2Am0Ohn.DW2PSbZ/epnFIv8WaEHW54bnAwna}\n"
TOKEN = {"Authorization": "Bearer secret"}
READER = {"Authorization": "Bearer reader"}
MEASUREMENTS = "/api/v1/measurements"
SITE = Endpoint(id="front", url="https://a.example/")
CATALOGUE = Catalogue(
    services=(
        Service(id="a", name="A", features=(Feature(id="web", name="Web", endpoints=(SITE,)),)),
    )
)


class Jumping:
    """The wall clock moved by hand; the other goes its way."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return SystemClock().monotonic()


class Centre:
    """A correlator with a file for each listener."""

    def __init__(self, folder: Path, web: str = "", pages: str = "") -> None:
        self.folder, self.clock = folder, SystemClock()
        for name, text in (("web", web), ("pages", pages)):
            (folder / f"{name}.yaml").write_text(text)
        self.config = CorrelatorConfig(
            agents=(EnrolledAgent(vantage=self.vantage, token=Secret("secret")),),
            web=self.listening("web"),
            pages=self.listening("pages"),
            store=Storing(path=str(folder / "store")),
            judging=Judging(every=Seconds(0.01)),
            discovery=Discovering(token=Secret("reader")),
        )
        self.bound = Bound((), ())

    vantage = Vantage(id="tr-secret-1", country="TR", asn=9121)

    def listening(self, name: str) -> Listening:
        file = str(self.folder / f"{name}.yaml")
        return Listening(listen="127.0.0.1:0", config_file=file, enable_lifecycle=True)

    @asynccontextmanager
    async def running(self, clock: Clock | None = None) -> AsyncIterator[ClientSession]:
        stop = asyncio.Event()
        bound: asyncio.Future[Bound] = asyncio.get_running_loop().create_future()
        hooks = Hooks(stop=stop, bound=bound.set_result, reload=lambda: (self.config, CATALOGUE))
        async with (
            asyncio.timeout(20),
            asyncio.TaskGroup() as tasks,
            ClientSession(connector=TCPConnector(limit=0)) as client,
        ):
            tasks.create_task(run(self.config, CATALOGUE, clock or self.clock, hooks))
            self.bound = await bound
            yield client
            stop.set()

    def url(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://localhost:{self.bound.web[0].rpartition(':')[2]}{path}"

    def public(self, path: str) -> str:
        return f"http://{self.bound.pages[0]}{path}"


async def test_users_guard_all_but_what_has_tokens(tmp_path: Path) -> None:
    centre = Centre(tmp_path, web=USERS)
    async with centre.running() as client:
        for path in ("/", "/metrics", "/-/healthy", "/-/ready", "/config", "/api/v1/verdicts"):
            async with client.get(centre.url(path)) as answer:
                assert answer.status == 401, path
            async with client.get(centre.public(path)) as answer:
                assert answer.status in {200, 404, 503}, path
        async with client.post(centre.url(MEASUREMENTS), data=b"", headers=TOKEN) as answer:
            assert answer.status == 200
        async with client.post(centre.url(MEASUREMENTS), data=b"") as answer:
            assert answer.status == 401
            assert "Bearer" in await answer.text()
        async with client.get(centre.url("/sd/probes"), headers=READER) as answer:
            assert answer.status == 200
        async with client.get(centre.url("/metrics"), headers=DAVE) as answer:
            good = 'worksforwhom_web_config_last_reload_successful{listener="web"} 1.0'
            assert good in await answer.text()


async def test_the_pages_have_a_file_of_their_own(tmp_path: Path) -> None:
    centre = Centre(tmp_path, pages=USERS)
    async with centre.running() as client:
        async with client.get(centre.public("/")) as answer:
            assert answer.status == 401
        async with client.get(centre.public("/"), headers=DAVE) as answer:
            assert answer.status == 200
        async with client.get(centre.url("/")) as answer:
            assert answer.status == 200


async def test_reload_and_quit_are_the_operator_s(tmp_path: Path) -> None:
    centre = Centre(tmp_path, web=USERS)
    async with centre.running() as client:
        for path in ("/-/reload", "/-/quit"):
            async with client.post(centre.public(path), headers=DAVE) as answer:
                assert answer.status == 404
            async with client.post(centre.url(path)) as answer:
                assert answer.status == 401
        async with client.post(centre.url("/-/reload"), headers=DAVE) as answer:
            assert (answer.status, await answer.text()) == (200, "reloaded\n")
        async with client.post(centre.url("/-/quit"), headers=DAVE) as answer:
            assert answer.status == 200


async def test_the_configuration_names_neither_tokens_nor_probe_hosts(tmp_path: Path) -> None:
    centre = Centre(tmp_path)
    async with centre.running() as client:
        async with client.get(centre.url("/config")) as answer:
            text = await answer.text()
        async with client.get(centre.public("/config")) as answer:
            assert answer.status == 404
    assert "token: <secret>" in text
    assert "tr-secret-1" not in text
    assert "reader" not in text


async def test_agents_need_no_certificate_where_others_do(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    centre = Centre(
        tmp_path,
        web="tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n",
    )
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trust)
    async with centre.running() as client:
        url = centre.url(MEASUREMENTS, "https")
        async with client.post(url, data=b"", headers=TOKEN, ssl=trust) as answer:
            assert answer.status == 200
        async with client.get(centre.url("/metrics", "https"), ssl=trust) as answer:
            assert answer.status == 403


async def test_200_at_once_are_all_answered_and_the_intake_is_open(tmp_path: Path) -> None:
    centre = Centre(tmp_path)
    statuses: list[int] = []
    async with centre.running() as client:

        async def ask(path: str) -> None:
            async with client.get(centre.url(path)) as answer:
                await answer.read()
                statuses.append(answer.status)

        async with asyncio.TaskGroup() as tasks:
            for number in range(200):
                tasks.create_task(ask(("/", "/metrics", "/api/v1/verdicts")[number % 3]))
        async with client.post(centre.url(MEASUREMENTS), data=b"", headers=TOKEN) as answer:
            assert answer.status == 200
    assert statuses == [200] * 200


FLOODS = {
    "one long header": {"X-Flood": "x" * 100_000},
    "many headers": {f"X-{number}": "x" for number in range(5000)},
}


@pytest.mark.parametrize("headers", FLOODS.values(), ids=FLOODS)
async def test_a_flood_of_headers_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    centre = Centre(tmp_path)
    async with centre.running() as client:
        try:
            async with client.get(centre.url("/"), headers=headers) as answer:
                refused = answer.status in {400, 431}
        except ClientError:
            refused = True
        assert refused
        async with client.get(centre.url("/-/healthy")) as answer:
            assert answer.status == 200


async def test_a_wall_clock_that_jumps_stops_no_judging(tmp_path: Path) -> None:
    centre, clock = Centre(tmp_path), Jumping(datetime(2026, 6, 1, tzinfo=UTC))
    async with centre.running(clock) as client:

        async def judged() -> float:
            async with client.get(centre.url("/metrics")) as answer:
                lines = (await answer.text()).splitlines()
            (found,) = (line for line in lines if line.startswith("worksforwhom_judgings_total "))
            return float(found.split(" ")[1])

        for hour in (2, 0, 23, 1):
            clock.at = clock.at.replace(hour=hour)
            before = await judged()
            while await judged() < before + 2:
                pass
            async with client.get(centre.url("/")) as answer:
                assert answer.status == 200


def certified(folder: Path, until: datetime | None = None) -> Tls:
    made = trustme.CA().issue_cert("localhost", not_after=until)
    made.cert_chain_pems[0].write_to_path(folder / "c.pem")
    made.private_key_pem.write_to_path(folder / "k.pem")
    return Tls(certificate=str(folder / "c.pem"), key=str(folder / "k.pem"))


def test_an_expired_certificate_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    tls = certified(tmp_path, past)
    config = CorrelatorConfig(agents=(), tls=tls)
    listeners = Listeners(config, SystemClock())
    said = f"{tls.certificate}: the certificate expired at {past}; renew it"
    assert caplog.text.count(said) == 1
    listeners.renew(tls)
    assert caplog.text.count(said) == 2
    certified(tmp_path)
    listeners.renew(tls)
    assert caplog.text.count("renew it") == 2
    good = listeners.expiries()["web"]
    assert good > past
    certified(tmp_path, past)
    with pytest.raises(ConfigError, match=r"^tls: .*c\.pem: the certificate expired at 2020"):
        listeners.renew(tls)
    assert listeners.expiries() == {"web": good}


def test_the_end_of_each_listeners_certificate_is_told(tmp_path: Path) -> None:
    certified(tmp_path, end := datetime(2100, 1, 1, tzinfo=UTC))
    file = tmp_path / "web.yaml"
    file.write_text("tls_server_config: {cert_file: c.pem, key_file: k.pem}\n")
    pages = Listening(listen="127.0.0.1:0", config_file=str(file))
    listeners = Listeners(CorrelatorConfig(agents=(), pages=pages), SystemClock())
    assert listeners.expiries() == {"pages": end}


def test_one_listener_has_one_certificate(tmp_path: Path) -> None:
    tls = certified(tmp_path)
    file = tmp_path / "web.yaml"
    file.write_text("tls_server_config: {cert_file: c.pem, key_file: k.pem}\n")
    config = CorrelatorConfig(agents=(), tls=tls, web=Listening(config_file=str(file)))
    with pytest.raises(ConfigError, match="`tls` gives one, too"):
        Listeners(config, SystemClock())


def test_without_files_there_is_nothing_to_watch_and_nothing_to_say() -> None:
    listeners = Listeners(CorrelatorConfig(agents=()), SystemClock())
    assert not list(listeners.watched())
    assert listeners.good() == {}
