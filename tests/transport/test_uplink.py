"""Whatever the correlator does, what waits is sent, or still waits."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from probe.config.load import ConfigError
from probe.config.shape import Seconds, Secret, Uplinking
from probe.model import Measurement, Target, Vantage
from probe.transport import uplink, wire
from probe.transport.backoff import BASE_SECONDS, Chances
from probe.transport.spool import Spool
from probe.transport.uplink import Uplink, UplinkError

TOKEN = Secret("top-secret-token")
NOW = datetime(2026, 11, 21, tzinfo=UTC)
Answer = Callable[[web.Request, list[bytes]], Awaitable[web.Response]]


def measurement(number: int) -> Measurement:
    return Measurement(
        id=f"{number:016d}",
        at=NOW,
        took=0.1,
        vantage=Vantage(id="de-1", country="DE", asn=3320),
        target=Target(service="twitter", feature="web", endpoint="front"),
    )


class Still:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


class Enough(Exception):  # noqa: N818 — it ends a test's waiting, it is no error
    """The fake sleeper was asked often enough."""


class Sleeper:
    """Remember every wait, and end the loop after the last of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.waits: list[float] = []

    async def __call__(self, seconds: float, _: asyncio.Event) -> None:
        self.waits.append(seconds)
        if len(self.waits) == self.most:
            raise Enough


def answered(scripted: web.Response | int | str) -> web.Response:
    match scripted:
        case int():
            return web.Response(status=scripted, headers={"Location": "/elsewhere"})
        case str():
            return web.Response(text=scripted)
        case web.Response():
            return scripted


class Centre:
    """A correlator that answers from a script, and then takes everything."""

    def __init__(self, *script: web.Response | int | str) -> None:
        self.script = list(script)
        self.seen: list[list[bytes]] = []
        self.requests: list[web.Request] = []
        self.arrived: Callable[[], None] = lambda: None

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        lines = body.splitlines()
        self.seen.append(lines)
        self.requests.append(request)
        self.arrived()
        if self.script:
            scripted = self.script.pop(0)
            return answered(scripted)
        return web.json_response({"accepted": len(lines), "duplicate": 0, "refused": []})


@asynccontextmanager
async def serving(centre: Centre) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post(uplink.PATH, centre.handle)
    # The bodies' own encoding is what is looked at here.
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "spool", 1 << 24)) as spool:
        yield spool


async def pushed(
    spool: Spool, centre: Centre, *, waits: int = 1, **settings: object
) -> tuple[Uplink, list[float]]:
    """Run the loop against a centre until it has waited so many times."""
    sleeper = Sleeper(waits)
    async with serving(centre) as url:
        made = Uplinking(url=url, token=TOKEN, **settings)  # type: ignore[arg-type]
        sender = Uplink(spool, made, TOKEN, Still(), Chances(draw=lambda: 0.5, sleep=sleeper))
        with pytest.raises(Enough):
            await sender.run()
    return sender, sleeper.waits


async def test_what_waits_is_sent_in_batches_and_forgotten(spool: Spool) -> None:
    spool.put(measurement(n) for n in range(5))
    centre = Centre()
    sender, waits = await pushed(spool, centre, batch=2, flush=Seconds(7))
    assert centre.seen == [
        [wire.line(measurement(0)), wire.line(measurement(1))],
        [wire.line(measurement(2)), wire.line(measurement(3))],
        [wire.line(measurement(4))],
    ]
    assert (spool.depth(), sender.counts.accepted, waits) == (0, 5, [7])
    assert sender.counts.last_success == NOW
    headers = centre.requests[0].headers
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Content-Encoding"] == "gzip"


async def test_without_compression_the_body_is_plain(spool: Spool) -> None:
    spool.put([measurement(1)])
    centre = Centre()
    await pushed(spool, centre, compression="none")
    assert "Content-Encoding" not in centre.requests[0].headers
    assert centre.seen == [[wire.line(measurement(1))]]


async def test_refused_and_duplicate_rows_are_forgotten_and_counted(
    spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    spool.put(measurement(n) for n in range(4))
    reply = (
        '{"accepted":1,"duplicate":1,"refused":['
        '{"line":3,"reason":"bad_id","detail":"x"},{"line":4,"reason":"bad_id","detail":"y"}]}'
    )
    sender, _ = await pushed(spool, Centre(reply))
    counts = sender.counts
    assert (counts.accepted, counts.duplicate, counts.refused["bad_id"]) == (1, 1, 2)
    assert spool.depth() == 0
    assert sum("bad_id" in record.getMessage() for record in caplog.records) == 1


async def test_rows_past_the_correlators_limit_are_sent_again(spool: Spool) -> None:
    spool.put(measurement(n) for n in range(3))
    reply = '{"accepted":2,"duplicate":0,"refused":[{"line":3,"reason":"too_many","detail":""}]}'
    centre = Centre(reply)
    sender, _ = await pushed(spool, centre)
    assert centre.seen[1] == [wire.line(measurement(2))]
    assert (spool.depth(), sender.counts.accepted, sender.counts.refused.total()) == (0, 3, 0)


FAILING: dict[str, tuple[int | str, str]] = {
    "401": (401, "unauthorized"),
    "403": (403, "unauthorized"),
    "429": (429, "busy"),
    "500": (500, "refused"),
    "a redirect": (307, "refused"),
    "a page": ("<html>", "bad_answer"),
    "another's JSON": ("{}", "bad_answer"),
    "too few": ('{"accepted":1,"duplicate":0,"refused":[]}', "bad_answer"),
    "none read": (
        '{"accepted":0,"duplicate":0,"refused":[{"line":1,"reason":"too_many","detail":""}]}',
        "bad_answer",
    ),
    "no end": ("x" * (uplink.MOST_ANSWER_BYTES + 1), "bad_answer"),
}


@pytest.mark.parametrize("name", FAILING)
async def test_after_a_failure_everything_still_waits_and_is_sent_again(
    spool: Spool, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    spool.put([measurement(1), measurement(2)])
    script, reason = FAILING[name]
    centre = Centre(script)
    sender, waits = await pushed(spool, centre, waits=2, flush=Seconds(7))
    assert centre.seen == [[wire.line(measurement(1)), wire.line(measurement(2))]] * 2
    assert sender.counts.errors == {reason: 1}
    assert (spool.depth(), waits) == (0, [1.0, 7])
    assert TOKEN not in caplog.text


async def test_the_back_off_doubles_up_to_its_most_and_is_said_once(
    spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    spool.put([measurement(1)])
    script = [401] * 6
    _, waits = await pushed(spool, Centre(*script), waits=7, max_backoff=Seconds(20))
    assert waits == [1, 2, 4, 8, 10, 10, 5]
    said = [record.getMessage() for record in caplog.records if record.name == uplink.__name__]
    assert len(said) == 2
    assert "does not know the token" in said[0]
    assert "works" in said[1]


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", 7),
        ("0", BASE_SECONDS),
        ("99999999999", 300),
        ("Sat, 21 Nov 2026 00:00:30 GMT", 30),
        ("Sat, 21 Nov 2020 00:00:30 GMT", BASE_SECONDS),
        ("Sat, 21 Nov 2026 00:00:30 -0000", 1.0),
        ("soon", 1.0),
    ],
)
async def test_retry_after_is_honoured(spool: Spool, header: str, wait: float) -> None:
    spool.put([measurement(1)])
    busy = web.Response(status=503, headers={"Retry-After": header})
    _, waits = await pushed(spool, Centre(busy), waits=2)
    assert waits[0] == wait


async def test_a_batch_that_is_too_large_is_halved_until_it_passes(spool: Spool) -> None:
    spool.put(measurement(n) for n in range(5))
    script = [413, 413]
    centre = Centre(*script)
    sender, _ = await pushed(spool, centre)
    assert [len(lines) for lines in centre.seen] == [5, 2, 1, 2, 2]
    assert (spool.depth(), sender.counts.accepted) == (0, 5)
    assert sender.counts.errors == {"too_large": 2}


async def test_one_row_that_is_too_large_goes_and_is_counted(spool: Spool) -> None:
    spool.put([measurement(1), measurement(2)])
    centre = Centre(413, web.Response(status=413))
    sender, _ = await pushed(spool, centre)
    assert centre.seen[-1] == [wire.line(measurement(2))]
    assert (sender.counts.refused["too_large"], sender.counts.accepted) == (1, 1)


class Choosy(Centre):
    """A correlator that answers badly whenever one of these rows is in the batch."""

    def __init__(self, answer: int | str, *spoilt: int) -> None:
        super().__init__()
        self.answer = answer
        self.spoilt = {wire.line(measurement(number)) for number in spoilt}

    async def handle(self, request: web.Request) -> web.Response:
        lines = set(gzip.decompress(await request.read()).splitlines())
        return answered(self.answer) if lines & self.spoilt else await super().handle(request)


@pytest.mark.parametrize("answer", [400, 500, "not JSON", '{"accepted": 99, "duplicate": 0}'])
async def test_one_row_that_spoils_its_batch_does_not_dam_the_rest(
    spool: Spool, answer: int | str
) -> None:
    spool.put(measurement(n) for n in range(9))
    sender, _ = await pushed(spool, Choosy(answer, 0, 4), waits=30)
    assert spool.depth() == 0
    assert sender.counts.accepted == 7
    assert sender.counts.refused == {"unanswered": 2}


@pytest.mark.parametrize("answer", [400, 500, "not JSON"])
async def test_a_correlator_that_takes_nothing_costs_no_row(
    spool: Spool, answer: int | str
) -> None:
    spool.put(measurement(n) for n in range(3))
    centre = Centre(*[answer] * 40)
    sender, _ = await pushed(spool, centre, waits=40)
    assert spool.depth() == 3
    assert not sender.counts.refused


async def test_nobody_there_is_an_error_and_no_end(
    spool: Spool, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    spool.put([measurement(1)])
    settings = Uplinking(url=f"http://127.0.0.1:{unused_tcp_port}", token=TOKEN)
    sleeper = Sleeper(3)
    sender = Uplink(spool, settings, TOKEN, Still(), Chances(draw=lambda: 0.5, sleep=sleeper))
    with pytest.raises(Enough):
        await sender.run()
    assert sender.counts.errors == {"unreachable": 3}
    await sender.drain(1)
    assert spool.depth() == 1


async def test_draining_sends_what_waits_once_more(spool: Spool) -> None:
    spool.put(measurement(n) for n in range(3))
    async with serving(Centre()) as url:
        settings = Uplinking(url=url, token=TOKEN, batch=2)
        await Uplink(spool, settings, TOKEN, Still()).drain(5)
    assert spool.depth() == 0


async def test_the_end_lets_the_batch_under_way_finish(spool: Spool) -> None:
    spool.put(measurement(n) for n in range(4))
    centre = Centre()
    async with serving(centre) as url:
        settings = Uplinking(url=url, token=TOKEN, batch=2, flush=Seconds(3600))
        sender = Uplink(spool, settings, TOKEN, Still())
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            centre.arrived = sender.end
            tasks.create_task(sender.run())
    assert (len(centre.seen), spool.depth()) == (1, 2)


async def test_a_spool_that_fails_is_a_counted_failure(spool: Spool) -> None:
    spool.put([measurement(1)])
    spool.close()
    sender, _ = await pushed(spool, Centre(), waits=2)
    assert sender.counts.errors == {"spool": 2}


async def test_push_runs_until_it_is_cancelled(spool: Spool) -> None:
    settings = Uplinking(url="https://127.0.0.1:1", token=TOKEN, trust="/nowhere.pem")
    with pytest.raises(ConfigError, match=r"uplink.trust: /nowhere.pem cannot be read"):
        await uplink.push(spool, settings, TOKEN, Still())


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://a", "https://a/api/v1/measurements"),
        ("https://a/", "https://a/api/v1/measurements"),
        ("https://a/under/in", "https://a/under/in"),
    ],
)
def test_a_base_url_stands_for_the_usual_path(url: str, address: str) -> None:
    assert uplink.address(url) == address


def test_every_error_has_a_known_name() -> None:
    assert set(uplink.STATUSES.values()) <= set(uplink.ERRORS)
    assert UplinkError("busy", "x").after is None
