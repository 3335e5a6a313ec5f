"""The centre, whole, over loopback: what is sent in is judged, saved, shown and kept."""

import asyncio
import logging
import os
import signal
import ssl
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
import trustme
from aiohttp import ClientSession, web

from probe.clock import SystemClock
from probe.config.load import ConfigError
from probe.config.shape import (
    Catalogue,
    CorrelatorConfig,
    Discovering,
    EnrolledAgent,
    Judging,
    Listening,
    Receiver,
    ReceiverKind,
    Seconds,
    Secret,
    Storing,
    Tls,
    Webhooks,
)
from probe.config.web import TlsServer
from probe.correlator import Bound, Conclusions, Hooks, Reload, run
from probe.judge.docket import Docket
from probe.judge.view import View
from probe.model import (
    Cause,
    Endpoint,
    Feature,
    Incident,
    Measurement,
    Scope,
    Service,
    State,
    Target,
    Vantage,
    Verdict,
)
from probe.store import StoreError
from probe.transport import certificate, handshake, wire
from probe.transport.listen import ListenError

CLOCK = SystemClock()
TR = Vantage(id="tr-1", country="TR", asn=9121, network="TTNet")
WEB = Feature(id="web", name="Web", endpoints=(Endpoint(id="front", url="https://twitter.com/"),))
CATALOGUE = Catalogue(services=(Service(id="twitter", name="Twitter", features=(WEB,)),))
TOKEN = {"Authorization": "Bearer secret"}


def measurement(number: int) -> Measurement:
    return Measurement(
        id=str(uuid.UUID(int=number)),
        at=CLOCK.now(),
        took=0.1,
        vantage=TR,
        target=Target(service="twitter", feature="web", endpoint="front"),
    )


def counting(docket: Docket, incidents: Sequence[Incident], view: View) -> Conclusions:
    """Judge by counting: two measurements of a service make an outage, and each names itself."""
    if len(docket) < 2:
        return (), ()
    verdict = Verdict(
        service="twitter",
        feature="web",
        country="TR",
        network=0,
        at=view.now,
        leading=Cause.SERVICE_OUTAGE,
        state=State.LIKELY,
        confidence=0.8,
        support={Cause.SERVICE_OUTAGE: 0.8, Cause.OK: 0.2},
        vantages=len(docket),
        networks=len(view.roster),
    )
    opened = incidents[0].opened if incidents else view.now
    outage = Incident(
        id="twitter-1",
        service="twitter",
        features=("web",),
        cause=Cause.SERVICE_OUTAGE,
        state=State.LIKELY,
        scope=Scope.GLOBAL,
        opened=opened,
        updated=view.now,
        statement=f"Twitter fails in {len(view.roster)} country.",
    )
    return (verdict,), (outage,)


def config(tmp_path: Path, **changes: object) -> CorrelatorConfig:
    plain = CorrelatorConfig(
        agents=(EnrolledAgent(vantage=TR, token=Secret("secret")),),
        web=Listening(listen="127.0.0.1:0"),
        pages=Listening(listen="127.0.0.1:0"),
        metrics=Listening(listen="127.0.0.1:0"),
        store=Storing(path=str(tmp_path / "store.sqlite")),
        judging=Judging(every=Seconds(0.01)),
    )
    return msgspec.structs.replace(plain, **changes)


@dataclass
class Running:
    """A correlator at work and a client of it."""

    bound: Bound
    stop: asyncio.Event
    client: ClientSession
    seen: list[str] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://{self.bound.web[0]}{path}"

    async def get(self, path: str) -> str:
        async with self.client.get(self.url(path)) as answer:
            return await answer.text()

    async def send(self, *measurements: Measurement) -> int:
        body = wire.encode(measurements)
        url = self.url("/api/v1/measurements")
        async with self.client.post(url, data=body, headers=TOKEN) as answer:
            return answer.status

    async def until(self, path: str, text: str) -> str:
        """Ask until the answer holds a text: the judging runs in a thread of its own."""
        async with asyncio.timeout(10):
            while text not in (found := await self.get(path)):
                pass
        return found


@asynccontextmanager
async def running(
    settings: CorrelatorConfig, reload: Reload | None = None
) -> AsyncIterator[Running]:
    stop = asyncio.Event()
    bound: asyncio.Future[Bound] = asyncio.get_running_loop().create_future()
    hooks = Hooks(judge=counting, reload=reload, stop=stop, bound=bound.set_result)
    async with asyncio.TaskGroup() as tasks, ClientSession() as client:
        tasks.create_task(run(settings, CATALOGUE, CLOCK, hooks))
        yield Running(await bound, stop, client)
        stop.set()


async def test_what_is_sent_in_is_judged_and_shown(tmp_path: Path) -> None:
    async with running(config(tmp_path)) as centre:
        assert await centre.send(measurement(1), measurement(2)) == 200
        shown = await centre.until("/api/v1/incidents", "twitter-1")
        assert '"statement":"Twitter fails in 1 country."' in shown
        assert '"leading":"service_outage"' in await centre.get("/api/v1/verdicts")
        scraped = await centre.until("/metrics", "worksforwhom_intake_accepted_total 2.0")
        assert 'worksforwhom_incidents_open{cause="service_outage"} 1.0' in scraped
        assert 'worksforwhom_vantages_reporting{country="TR"} 1.0' in scraped
        assert 'worksforwhom_intake_refused_total{reason="time_too_old"} 0.0' in scraped
        assert await centre.until("/-/ready", "ready") == "ready\n"
        assert await centre.get("/-/healthy") == "healthy\n"


async def test_an_incident_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with running(config(tmp_path)) as centre:
        await centre.send(measurement(1), measurement(2))
        first = await centre.until("/api/v1/incidents", "twitter-1")
    async with running(config(tmp_path)) as centre:
        await centre.until("/-/ready", "ready\n")
        second = await centre.get("/api/v1/incidents")
    assert first.partition('"updated"')[0] == second.partition('"updated"')[0]


async def test_the_pages_listener_takes_nothing_in(tmp_path: Path) -> None:
    async with running(config(tmp_path)) as centre:
        public = f"http://{centre.bound.pages[0]}"
        async with centre.client.get(f"{public}/api/v1/verdicts") as answer:
            assert answer.status == 200
        async with centre.client.post(
            f"{public}/api/v1/measurements", data=b"", headers=TOKEN
        ) as answer:
            assert answer.status == 404
        async with centre.client.get(f"{public}/metrics") as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [("/metrics", 200), ("/-/healthy", 200), ("/api/v1/verdicts", 404), ("/-/quit", 404)],
)
async def test_the_metrics_listener_is_for_machines(
    tmp_path: Path, path: str, status: int
) -> None:
    async with (
        running(config(tmp_path)) as centre,
        centre.client.get(f"http://{centre.bound.metrics[0]}{path}") as answer,
    ):
        assert answer.status == status


async def test_a_bug_in_the_judge_ends_the_process_loudly(tmp_path: Path) -> None:
    def broken(_: Docket, __: Sequence[Incident], ___: View) -> Conclusions:
        raise ZeroDivisionError

    hooks = Hooks(judge=broken, stop=asyncio.Event())
    with pytest.raises(ExceptionGroup) as failed:
        await run(config(tmp_path), CATALOGUE, CLOCK, hooks)
    assert failed.group_contains(ZeroDivisionError)


async def test_a_store_that_cannot_be_written_is_no_bug(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    full = [True, True, False]

    def judge(docket: Docket, incidents: Sequence[Incident], view: View) -> Conclusions:
        if full and full.pop(0):
            raise StoreError("the store x: disk is full")
        return counting(docket, incidents, view)

    stop = asyncio.Event()
    bound: asyncio.Future[Bound] = asyncio.get_running_loop().create_future()
    hooks = Hooks(judge=judge, stop=stop, bound=bound.set_result)
    async with asyncio.TaskGroup() as tasks, ClientSession() as client:
        tasks.create_task(run(config(tmp_path), CATALOGUE, CLOCK, hooks))
        await Running(await bound, stop, client).until("/-/ready", "ready\n")
        stop.set()
    assert "judging: the store x: disk is full" in caplog.text


async def test_hangup_reads_the_agents_again_and_a_bad_file_keeps_the_old(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings = config(tmp_path)
    moved = Listening(listen="127.0.0.1:1")
    nobody = msgspec.structs.replace(settings, agents=(), pages=moved)
    bad = [ConfigError("correlator.yaml:3: agents: expected a list")]

    def reload() -> tuple[CorrelatorConfig, Catalogue]:
        if bad:
            raise bad.pop()
        return nobody, CATALOGUE

    async with running(settings, reload) as centre:
        os.kill(os.getpid(), signal.SIGHUP)
        await centre.until("/metrics", "worksforwhom_config_last_reload_successful 0.0")
        assert await centre.send(measurement(1)) == 200
        os.kill(os.getpid(), signal.SIGHUP)
        await centre.until("/metrics", "worksforwhom_config_last_reload_successful 1.0")
        assert await centre.send(measurement(2)) == 401
    assert "correlator.yaml:3: agents: expected a list; the old configuration stays" in caplog.text
    assert "changes of web, pages, metrics, store and log need a restart" in caplog.text


class Hook:
    """A webhook's receiver."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[str] = asyncio.Queue()

    async def handle(self, request: web.Request) -> web.Response:
        self.taken.put_nowait(await request.text())
        return web.Response()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Receiver]:
        app = web.Application()
        app.router.add_post("/", self.handle)
        server = web.AppRunner(app)
        await server.setup()
        await web.TCPSite(server, "127.0.0.1", 0).start()
        url = Secret(f"http://127.0.0.1:{server.addresses[0][1]}/")
        secret = Secret("hush")
        try:
            yield Receiver(name="hook", kind=ReceiverKind.JSON, url=url, secret=secret)
        finally:
            await server.cleanup()


async def test_what_is_concluded_is_told_and_hangup_reads_the_receivers_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings, hook = config(tmp_path), Hook()
    async with asyncio.timeout(20), hook.serving() as receiver:
        telling = msgspec.structs.replace(settings, webhooks=Webhooks(receivers=(receiver,)))
        lost = msgspec.structs.replace(receiver, secret=Secret(""), secret_file="/no/such")
        reads = [telling, msgspec.structs.replace(settings, webhooks=Webhooks(receivers=(lost,)))]
        async with running(settings, lambda: (reads.pop(), CATALOGUE)) as centre:
            await centre.send(measurement(1), measurement(2))
            await centre.until("/api/v1/incidents", "twitter-1")
            assert "worksforwhom_webhook_deliveries_total{" not in await centre.get("/metrics")
            os.kill(os.getpid(), signal.SIGHUP)
            await centre.until("/metrics", "worksforwhom_config_last_reload_successful 0.0")
            os.kill(os.getpid(), signal.SIGHUP)
            told = await hook.taken.get()
            assert told.startswith('{"type":"incident.opened"')
            assert '"statement":"Twitter fails in 1 country."' in told
            name = 'worksforwhom_webhook_deliveries_total{outcome="ok",receiver="hook"} 1.0'
            await centre.until("/metrics", name)
    assert "/no/such cannot be read: No such file or directory; the old" in caplog.text
    assert "hush" not in caplog.text


async def test_the_probes_are_listed_for_who_has_the_token_and_never_on_the_pages(
    tmp_path: Path,
) -> None:
    scraped = EnrolledAgent(vantage=TR, token=Secret("secret"), scrape="192.0.2.1:9464")
    found = Discovering(token=Secret("reader"))
    settings, token = config(tmp_path), {"Authorization": "Bearer reader"}
    renewed = msgspec.structs.replace(settings, agents=(scraped,), discovery=found)

    async def asked(centre: Running, bound: str) -> tuple[int, str]:
        async with centre.client.get(f"http://{bound}/sd/probes", headers=token) as answer:
            return answer.status, await answer.text()

    async with running(settings, lambda: (renewed, CATALOGUE)) as centre:
        web_address, pages = centre.bound.web[0], centre.bound.pages[0]
        assert (await asked(centre, web_address))[0] == 404
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(10):
            while (got := await asked(centre, web_address))[0] == 404:
                pass
        assert got[0] == 200
        assert '"targets":["192.0.2.1:9464"]' in got[1]
        assert (await asked(centre, pages))[0] == 404


async def test_sigterm_ends_it(tmp_path: Path) -> None:
    bound: asyncio.Future[Bound] = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks, ClientSession() as client:
        hooks = Hooks(judge=counting, bound=bound.set_result)
        tasks.create_task(run(config(tmp_path), CATALOGUE, CLOCK, hooks))
        await Running(await bound, asyncio.Event(), client).until("/-/ready", "ready\n")
        os.kill(os.getpid(), signal.SIGTERM)


async def test_the_intake_speaks_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    paths = {name: tmp_path / name for name in ("certificate", "key")}
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(paths["certificate"])
    issued.private_key_pem.write_to_path(paths["key"])
    tls = Tls(certificate=str(paths["certificate"]), key=str(paths["key"]))
    assert certificate.context(tls).minimum_version >= ssl.TLSVersion.TLSv1_2
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trust)
    async with running(config(tmp_path, tls=tls)) as centre:
        url = f"https://{centre.bound.web[0]}/-/healthy"
        async with centre.client.get(url, ssl=trust) as answer:
            assert answer.status == 200
        ends = handshake.expiry(TlsServer(cert_file=tls.certificate)).timestamp()
        name = "worksforwhom_web_certificate_expiry_timestamp_seconds"
        async with centre.client.get(url.replace("/-/healthy", "/metrics"), ssl=trust) as answer:
            shown = await answer.text()
    (line,) = (line for line in shown.splitlines() if line.startswith(name))
    assert line.startswith(f'{name}{{listener="web"}} ')
    assert float(line.split()[1]) == ends


async def test_what_it_cannot_start_with_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no certificate")
    text = str(tmp_path / "text")
    hooks = Hooks(stop=asyncio.Event())
    with pytest.raises(ListenError, match="write host:port"):
        await run(config(tmp_path, web=Listening(listen="8420")), CATALOGUE, CLOCK, hooks)
    with pytest.raises(ConfigError, match="no PEM certificate"):
        await run(config(tmp_path, tls=Tls(certificate=text, key=text)), CATALOGUE, CLOCK, hooks)
    with pytest.raises(ConfigError, match="cannot be read"):
        await run(config(tmp_path, tls=Tls(certificate="/no", key="/no")), CATALOGUE, CLOCK, hooks)
    (tmp_path / "junk").write_bytes(b"junk" * 1000)
    junk = Storing(path=str(tmp_path / "junk"))
    with pytest.raises(StoreError, match="not a database"):
        await run(config(tmp_path, store=junk), CATALOGUE, CLOCK, hooks)
