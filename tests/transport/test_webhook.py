"""Whatever the receiver does, what waits is delivered in order, or still waits, or is counted."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from probe.config.load import ConfigError
from probe.config.shape import Receiver, ReceiverKind, Seconds, Secret
from probe.model import Cause, Delivery, Event, Incident, Scope, State
from probe.transport import signature, webhook
from probe.transport.backoff import Chances
from probe.transport.webhook import Counts, Courier, Desk, Pace, route

NOW = datetime(2022, 12, 28, 21, 0, tzinfo=UTC)
PATH = "/hooks/the-password"
FAR = 1e6


def delivery(number: int) -> Delivery:
    incident = Incident(
        id=f"i-{number}", service="twitter", features=("web",), cause=Cause.FILTERING,
        state=State.LIKELY, scope=Scope.GLOBAL, opened=NOW, updated=NOW,
    )  # fmt: skip
    return Delivery(
        id=f"msg_{number}", receiver="hook", event=Event.OPENED, at=NOW, incident=incident
    )


@dataclass
class Time:
    """A clock that goes on only when the courier waits."""

    passed: float = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed


class Enough(Exception):  # noqa: N818 — it ends a test's waiting, it is no error
    """The fake sleeper was asked often enough."""


@dataclass
class Sleeper:
    """Remember every wait and let it pass at once; end the loop at the last."""

    most: int
    time: Time
    waits: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float, _: asyncio.Event) -> None:
        self.waits.append(round(seconds, 3))
        self.time.passed += seconds
        if len(self.waits) == self.most:
            raise Enough


Scripted = int | str | dict[str, str]
"""A status; `hang`, `cut`; or a 429 with headers."""


@dataclass
class Hook:
    """A receiver that answers from a script, and then takes everything."""

    script: list[Scripted] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        self.requests.append(request)
        self.asked.set()
        scripted = self.script.pop(0) if self.script else 200
        match scripted:
            case "hang":
                await asyncio.Event().wait()
            case "cut":
                assert request.transport
                request.transport.abort()
            case int():
                if 200 <= scripted < 300:
                    self.taken.append(body)
                return web.Response(status=scripted, headers={"Location": "/elsewhere"})
            case dict():
                return web.Response(status=429, headers=scripted)
            case _:
                raise AssertionError(scripted)
        return web.Response()


@asynccontextmanager
async def serving(hook: Hook) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post(PATH, hook.handle)
    app.router.add_post("/am/api/v2/alerts", hook.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.01, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@dataclass
class Waiting:
    """An outbox in memory."""

    rows: list[tuple[int, Delivery]]
    reminders: list[bytes | None] = field(default_factory=list)
    broken: int = 0

    def first(self) -> tuple[int, Delivery] | None:
        if self.broken:
            self.broken -= 1
            raise OSError("the store x: disk is full")
        return self.rows[0] if self.rows else None

    def done(self, number: int) -> None:
        self.rows = [row for row in self.rows if row[0] != number]

    def remind(self, _: datetime) -> bytes | None:
        return self.reminders.pop(0) if self.reminders else None

    def desk(self) -> Desk:
        return Desk(self.first, self.done, lambda sent, _: sent.id.encode(), self.remind)


def waiting(most: int, *reminders: bytes) -> Waiting:
    return Waiting([(n, delivery(n)) for n in range(1, most + 1)], list(reminders))


def receiver(base: str, **changes: object) -> Receiver:
    plain = Receiver(
        name="hook", kind=ReceiverKind.JSON, url=Secret(base + PATH), secret=Secret("phrase"),
        timeout=Seconds(1),
    )  # fmt: skip
    return webhook_with(plain, **changes)


def webhook_with(plain: Receiver, **changes: object) -> Receiver:
    values = {name: getattr(plain, name) for name in plain.__struct_fields__}
    return Receiver(**{**values, **changes})


@dataclass
class Ran:
    counts: Counts
    waits: list[float]


async def ran(box: Waiting, hook: Hook, *, waits: int = 1, give_up: float = FAR) -> Ran:
    """Run the courier against a receiver until it has waited so many times."""
    time = Time()
    sleeper = Sleeper(waits, time)
    async with serving(hook) as url:
        courier = Courier(
            route(receiver(url)), box.desk(), Pace(300, give_up, 60), time, Counts(),
            Chances(draw=lambda: 0.5, sleep=sleeper),
        )  # fmt: skip
        with pytest.raises(Enough):
            await courier.run()
    return Ran(courier.counts, sleeper.waits)


async def test_what_waits_is_delivered_in_order_each_once_and_signed() -> None:
    hook, box = Hook(), waiting(3)
    done = await ran(box, hook)
    assert hook.taken == ["msg_1", "msg_2", "msg_3"]
    assert (box.rows, done.counts, done.waits) == ([], Counts(ok=3), [60])
    for number, request in enumerate(hook.requests, 1):
        name = f"msg_{number}"
        signed = signature.headers(name, NOW, name.encode(), b"phrase")
        assert {key: request.headers[key] for key in signed} == signed
        assert request.headers["Content-Type"] == "application/json"


async def test_a_receiver_that_fails_gets_it_again_under_the_same_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    hook, box = Hook([500, "cut", 404, 302, "hang", 200]), waiting(2)
    done = await ran(box, hook, waits=6)
    assert hook.taken == ["msg_1", "msg_2"]
    assert [r.headers["webhook-id"] for r in hook.requests] == ["msg_1"] * 6 + ["msg_2"]
    assert done.waits == [1, 2, 4, 8, 16, 60]
    assert done.counts == Counts(ok=2, failed=5)
    stamps = [int(r.headers["webhook-timestamp"]) for r in hook.requests]
    assert stamps == sorted(stamps)
    assert stamps[0] < stamps[-1]
    assert [record.getMessage() for record in caplog.records] == [
        "webhook hook: fails, deliveries wait: the answer was HTTP 500",
        "webhook hook: works again",
    ]


async def test_a_receiver_that_asks_to_wait_is_left_alone_so_long() -> None:
    hook = Hook([{"Retry-After": "7"}, {"Retry-After": "86400"}, {"Retry-After": "0"}, {}])
    done = await ran(waiting(1), hook, waits=5)
    assert done.waits == [7, 300, 1, 8, 60]
    assert hook.taken == ["msg_1"]


@pytest.mark.parametrize("status", sorted(webhook.HOPELESS))
async def test_what_will_never_be_taken_does_not_hold_up_the_rest(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    hook, box = Hook([status]), waiting(2)
    done = await ran(box, hook)
    assert hook.taken == ["msg_2"]
    assert (done.counts, box.rows) == (Counts(ok=1, failed=1, dropped=1), [])
    assert f"incident i-1 opened was dropped: the answer was HTTP {status}" in caplog.text


async def test_what_fails_for_too_long_is_dropped_and_the_next_has_its_own_time() -> None:
    hook, box = Hook([500, 500, 500, 500, 500]), waiting(2)
    done = await ran(box, hook, waits=6, give_up=5)
    assert [r.headers["webhook-id"] for r in hook.requests] == ["msg_1"] * 4 + ["msg_2"] * 2
    assert hook.taken == ["msg_2"]
    assert done.counts == Counts(ok=1, failed=5, dropped=1)


async def test_nobody_at_home_is_a_failure_like_any_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(Hook()) as url:
        gone = receiver(url)
    time, box = Time(), waiting(1)
    chances = Chances(draw=lambda: 1.0, sleep=Sleeper(3, time))
    courier = Courier(route(gone), box.desk(), Pace(3, FAR, 60), time, Counts(), chances)
    with pytest.raises(Enough):
        await courier.run()
    assert (courier.counts, len(box.rows)) == (Counts(failed=3), 1)
    assert "it cannot be reached: " in caplog.text


async def test_a_store_that_cannot_be_read_is_waited_for() -> None:
    hook, box = Hook(), waiting(1)
    box.broken = 2
    done = await ran(box, hook, waits=3)
    assert hook.taken == ["msg_1"]
    assert done.waits == [1, 2, 60]


async def test_what_is_open_is_said_at_the_start_and_then_at_its_pace() -> None:
    hook, box = Hook([200, 500]), waiting(0, b"first", b"lost", b"again")
    done = await ran(box, hook, waits=3)
    assert hook.taken == ["first", "again"]
    # After the failure it is tried again at once, not at the next turn.
    assert done.waits == [60, 1, 60]
    assert done.counts == Counts(ok=2, failed=1)


async def test_a_nudge_delivers_at_once_and_an_end_ends() -> None:
    hook, box = Hook(), waiting(0)
    async with serving(hook) as url, asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        time = Time()
        way = route(receiver(url))
        courier = Courier(way, box.desk(), Pace(300, FAR, 3600), time, Counts())
        running = tasks.create_task(courier.run())
        box.rows.append((1, delivery(1)))
        while box.rows:
            courier.nudge()
            await asyncio.sleep(0)
        courier.end()
        await running
    assert hook.taken == ["msg_1"]


async def test_cut_off_in_the_middle_it_still_waits() -> None:
    hook, box = Hook(["hang"]), waiting(1)
    async with serving(hook) as url, asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        way = route(receiver(url, timeout=Seconds(60)))
        courier = Courier(way, box.desk(), Pace(300, FAR, 3600), Time(), Counts())
        running = tasks.create_task(courier.run())
        await hook.asked.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert len(box.rows) == 1


async def test_nothing_secret_is_ever_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for script in ([500, 400], ["cut", "hang"]):
        await ran(waiting(1), Hook([*script]), waits=3)
    made = route(receiver("https://example.org", token=Secret("the-token")))
    for text in (caplog.text, repr(made)):
        for hidden in ("the-password", "phrase", "the-token"):
            assert hidden not in text


async def test_a_token_goes_along_and_an_alertmanager_is_named_by_its_base() -> None:
    async with serving(hook := Hook()) as url:
        pager = receiver(
            url, kind=ReceiverKind.ALERTMANAGER, url=Secret(f"{url}/am/"), secret=Secret(""),
            token=Secret("the-token"),
        )  # fmt: skip
        time = Time()
        chances = Chances(sleep=Sleeper(1, time))
        pace = Pace(3, FAR, 60)
        courier = Courier(route(pager), waiting(1).desk(), pace, time, Counts(), chances)
        with pytest.raises(Enough):
            await courier.run()
    (request,) = hook.requests
    assert request.path == "/am/api/v2/alerts"
    assert request.headers["Authorization"] == "Bearer the-token"
    assert "webhook-signature" not in request.headers
    whole = webhook_with(pager, url=Secret("http://a/api/v2/alerts"))
    assert webhook.address(whole) == "http://a/api/v2/alerts"


async def test_a_certificate_of_nobody_known_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    bundle = tmp_path / "ca.pem"
    stranger.cert_pem.write_to_path(bundle)
    tls = web.AppRunner(web.Application())
    await tls.setup()
    context = server_context(authority)
    await web.TCPSite(tls, "127.0.0.1", 0, ssl_context=context).start()
    url = f"https://127.0.0.1:{tls.addresses[0][1]}"
    time = Time()
    chances = Chances(sleep=Sleeper(1, time))
    way = route(receiver(url, trust=str(bundle), timeout=Seconds(10)))
    courier = Courier(way, waiting(1).desk(), Pace(3, FAR, 60), time, Counts(), chances)
    with pytest.raises(Enough):
        await courier.run()
    await tls.cleanup()
    assert "its certificate is not trusted" in caplog.text


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_what_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="trust of receiver hook: /no cannot be read"):
        route(receiver("https://example.org", trust="/no"))
    (tmp_path / "empty").write_text("")
    with pytest.raises(ConfigError, match="empty cannot be read"):
        route(receiver("https://example.org", trust=str(tmp_path / "empty")))
    with pytest.raises(ConfigError, match="the secret of receiver hook begins with whsec_"):
        route(receiver("https://example.org", secret=Secret("whsec_!")))
