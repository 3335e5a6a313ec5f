"""The intake over loopback HTTP: what is right is kept once, what is wrong is refused alone."""

import asyncio
import gzip
import hashlib
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import pytest_asyncio
from aiohttp import ClientSession, web
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import Limits, Size
from probe.model import Measurement, NetworkKind, Target, TcpConnect, Vantage
from probe.transport import wire
from probe.transport.enrolment import Enrolled, Terms
from probe.transport.intake import AT_ONCE, Bucket, Intake
from probe.transport.listen import listen, runner

NOW = datetime(2022, 12, 28, 21, 0, tzinfo=UTC)
TOKEN = "a-token-of-tr-1"
TR = Vantage(id="tr-1", country="TR", asn=9121, network="TTNet", kind=NetworkKind.MOBILE)
SENT = Vantage(id="tr-1", country="DE", asn=1)
LIMITS = Limits(compressed=Size(64 * 1024), decompressed=Size(4 * 1024 * 1024))
ZEROS = 100 * 1024 * 1024


@dataclass
class StillClock:
    seconds: float = 0.0

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Shelf:
    """A store in memory, or one that is full."""

    held: dict[str, Measurement] = field(default_factory=dict)
    full: bool = False

    def commit(self, measurements: Sequence[Measurement], _: datetime) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        before = len(self.held)
        self.held.update((m.id, m) for m in measurements)
        return len(self.held) - before


@dataclass
class Post:
    """The intake under test and one client of it."""

    intake: Intake
    shelf: Shelf
    clock: StillClock
    client: ClientSession
    url: str

    async def send(
        self, body: bytes, *, token: str = TOKEN, coding: str = "identity"
    ) -> tuple[int, dict[str, object]]:
        headers = {"Authorization": f"Bearer {token}", "Content-Encoding": coding}
        async with self.client.post(self.url, data=body, headers=headers) as answer:
            return answer.status, msgspec.json.decode(await answer.read(), type=dict[str, object])


def measurement(number: int, *, at: datetime = NOW, vantage: Vantage = SENT) -> Measurement:
    return Measurement(
        id=str(uuid.UUID(int=number)),
        at=at,
        took=0.25,
        vantage=vantage,
        target=Target(service="twitter", feature="web", endpoint="front"),
        observations=(TcpConnect(at=at, took=0.1, address="192.0.2.1", port=443),),
    )


def altered(number: int, **fields: object) -> bytes:
    record = json.loads(wire.line(measurement(number)))
    return json.dumps(record | fields).encode() + b"\n"


@pytest_asyncio.fixture
async def post() -> AsyncIterator[Post]:
    terms = Terms(
        agents=(Enrolled(hashlib.sha256(TOKEN.encode()).digest(), TR),),
        limits=LIMITS,
        oldest=timedelta(days=14),
        window=timedelta(minutes=5),
    )
    shelf, clock = Shelf(), StillClock()
    intake = Intake(terms, shelf.commit, clock)
    app = web.Application()
    app.add_routes(intake.routes())
    server = runner(app)
    (bound,) = await listen(server, "127.0.0.1:0")
    async with ClientSession() as client:
        yield Post(intake, shelf, clock, client, f"http://{bound}/api/v1/measurements")
    await server.cleanup()


async def test_a_batch_is_kept_with_the_enrolled_facts(post: Post) -> None:
    body = gzip.compress(wire.encode([measurement(1), measurement(2)]))
    assert await post.send(body, coding="gzip") == (
        200,
        {"accepted": 2, "duplicate": 0, "refused": []},
    )
    assert [m.vantage for m in post.shelf.held.values()] == [TR, TR]


async def test_what_was_sent_before_is_counted_and_not_kept_again(post: Post) -> None:
    await post.send(wire.encode([measurement(1)]))
    _, answer = await post.send(wire.encode([measurement(1), measurement(2), measurement(2)]))
    assert answer == {"accepted": 1, "duplicate": 2, "refused": []}
    assert (post.intake.counts.accepted, post.intake.counts.duplicate) == (2, 2)


WRONG = {
    "malformed_json": b'{"id": \n',
    "wrong_type": altered(2, took="long"),
    "missing_field": altered(2, target={"service": "twitter"}),
    "unknown_observation_kind": altered(2, observations=[{"kind": "smtp"}]),
    "time_too_old": altered(2, at="1970-01-01T00:00:00Z"),
    "time_in_future": altered(2, at="2100-01-01T00:00:00Z"),
    "bad_id": altered(2, id="1"),
    "bad_country": altered(2, vantage={"id": "tr-1", "country": "AP", "asn": 1}),
    "control_character": altered(2, software="agent\x1b[2J"),
    "out_of_range": altered(2, vantage={"id": "tr-1", "country": "TR", "asn": -1}),
    "foreign_vantage": altered(2, vantage={"id": "de-1", "country": "DE", "asn": 1}),
}


@pytest.mark.parametrize("reason", WRONG)
async def test_a_wrong_record_is_refused_alone_by_reason_and_line(post: Post, reason: str) -> None:
    body = wire.encode([measurement(1)]) + WRONG[reason] + b"\n" + wire.encode([measurement(3)])
    status, answer = await post.send(body)
    (refusal,) = msgspec.convert(answer["refused"], list[wire.Refusal])
    assert (status, answer["accepted"]) == (200, 2)
    assert (refusal.line, refusal.reason) == (2, reason)
    assert refusal.detail
    assert post.intake.counts.refused == {reason: 1}
    assert set(post.shelf.held) == {measurement(1).id, measurement(3).id}


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN.upper()])
async def test_without_an_enrolled_token_nothing_is_read(post: Post, token: str) -> None:
    status, answer = await post.send(wire.encode([measurement(1)]), token=token)
    assert status == 401
    assert "no agent has this token" in str(answer["error"])
    assert not post.shelf.held


async def test_another_scheme_is_no_token(post: Post) -> None:
    headers = {"Authorization": f"Basic {TOKEN}"}
    async with post.client.post(post.url, data=b"", headers=headers) as answer:
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    async with post.client.post(post.url, data=b"") as answer:
        assert answer.status == 401


async def test_a_truncated_body_is_named_with_its_offset(post: Post) -> None:
    whole = gzip.compress(wire.encode([measurement(1)]))
    status, answer = await post.send(whole[:-9], coding="gzip")
    assert (status, answer) == (
        400,
        {"error": f"the gzip stream ends too early, at byte {len(whole) - 9}"},
    )


async def test_a_bomb_is_refused_and_nothing_else_is_lost(post: Post) -> None:
    bomb = gzip.compress(bytes(ZEROS), 9)[: LIMITS.compressed]
    status, answer = await post.send(bomb, coding="gzip")
    assert (status, answer) == (413, {"error": "the body inflates to more than 4194304 bytes"})
    assert (await post.send(wire.encode([measurement(1)])))[0] == 200


async def test_a_body_over_the_wire_cap_is_refused(post: Post) -> None:
    status, _ = await post.send(bytes(LIMITS.compressed + 1), coding="gzip")
    assert status == 413
    assert post.intake.counts.answers == {413: 1}


async def test_too_many_records_are_refused_whole(post: Post) -> None:
    post.intake.terms = limited(post.intake.terms, Limits())
    body = b"{}\n" * 5001
    status, answer = await post.send(body)
    assert (status, answer) == (413, {"error": "more than 5000 records; send fewer at once"})
    status, answer = await post.send(b"{}\n" * 5000)
    assert (status, len(msgspec.convert(answer["refused"], list[wire.Refusal]))) == (200, 5000)


def limited(terms: Terms, limits: Limits) -> Terms:
    return Terms(agents=terms.agents, limits=limits, oldest=terms.oldest, window=terms.window)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip"])
async def test_an_unknown_coding_is_refused_with_those_known(post: Post, coding: str) -> None:
    status, answer = await post.send(b"", coding=coding)
    assert (status, answer) == (415, {"error": "Content-Encoding is none of gzip, identity"})


async def test_a_body_that_is_no_text_is_refused(post: Post) -> None:
    status, answer = await post.send("{}".encode("utf-16"))
    assert (status, answer) == (400, {"error": "the body is not UTF-8 text; send JSON Lines"})


async def test_one_record_that_is_no_text_is_refused_alone(post: Post) -> None:
    body = wire.encode([measurement(1)]) + b'{"id": "\xff"}\n'
    status, answer = await post.send(body)
    assert (status, answer["accepted"]) == (200, 1)


async def test_an_empty_batch_is_fine(post: Post) -> None:
    assert await post.send(b"") == (200, {"accepted": 0, "duplicate": 0, "refused": []})


async def test_too_many_requests_are_told_when_to_come_back(post: Post) -> None:
    post.intake.terms = limited(post.intake.terms, Limits(per_minute=2))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    seen = []
    for _ in range(3):
        async with post.client.post(post.url, data=b"", headers=headers) as answer:
            seen.append((answer.status, answer.headers.get("Retry-After")))
    assert seen == [(200, None), (200, None), (429, "30")]
    post.clock.seconds += 30
    assert (await post.send(b""))[0] == 200


@given(st.lists(st.floats(0, 10), max_size=60), st.integers(1, 600))
def test_never_more_than_the_rate_and_one_minutes_worth(waits: list[float], rate: int) -> None:
    bucket, now, taken = Bucket(rate, 0.0), 0.0, 0
    for wait in waits:
        now += wait
        taken += not bucket.take(now, rate)
    assert taken <= rate + now * rate / 60 + 1e-6


async def test_when_the_store_is_full_nothing_is_acknowledged(post: Post) -> None:
    post.shelf.full = True
    status, answer = await post.send(wire.encode([measurement(1)]))
    assert (status, answer) == (503, {"error": "the store cannot take anything now"})
    assert post.intake.counts.accepted == 0


async def test_late_measurements_are_facts_and_counted(post: Post) -> None:
    late = measurement(1, at=NOW - timedelta(hours=1))
    assert (await post.send(wire.encode([late, measurement(2)])))[1]["accepted"] == 2
    assert post.intake.counts.late == 1


async def test_a_body_that_drips_is_given_up(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.transport.intake.BODY_SECONDS", 0.05)
    never = asyncio.Event()

    async def dripping() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with post.client.post(post.url, data=dripping(), headers=headers) as answer:
        assert answer.status == 408


async def test_a_sender_that_goes_away_leaves_nothing_behind(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    host, _, port = post.url.partition("//")[2].partition("/")[0].rpartition(":")
    head = (
        f"POST /api/v1/measurements HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: 1000\r\n\r\n"
    )
    for _ in range(AT_ONCE + 1):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(head.encode() + b"{")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    async with asyncio.timeout(10):
        while (await post.send(wire.encode([measurement(1)])))[0] != 200:
            pass
    assert set(post.shelf.held) == {measurement(1).id}
    assert "Traceback" not in caplog.text
