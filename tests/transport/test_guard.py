"""What a listener's file lays down holds for every path but those with tokens of their own."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from aiohttp import ClientSession, web
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import Seconds
from probe.config.web import RateLimit
from probe.transport.guard import Bucket, Guard, names
from probe.transport.listen import listen, runner
from probe.transport.protection import Protection

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAVE = "$2b$04$8b4cQLZpB.BokNv8j2Am0Ohn.DW2PSbZ/epnFIv8WaEHW54bnAwna"
"""The password is `test`, at the least cost."""
USERS = f"basic_auth_users: {{dave: {DAVE}}}\n"
HEADERS = "http_server_config: {headers: {X-Frame-Options: deny}}\n"


def auth(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


@dataclass
class Steady:
    """A clock that moves when told."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.seconds


class World:
    """A guarded listener with an open path, a path with a token of its own, and a broken one."""

    def __init__(self, folder: Path, text: str) -> None:
        self.file, self.clock = folder / "web.yaml", Steady()
        self.file.write_text(text)
        self.protection = Protection(str(self.file), NOW, lenient=True)
        self.url = ""
        self.asked = 0

    async def hello(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.Response(text="hello")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        guard = Guard(self.protection, self.clock, {"/intake"})
        app = web.Application(middlewares=[guard.middleware()])
        app.add_routes([web.get("/", self.hello), web.post("/intake", self.hello)])
        server = runner(app)
        try:
            (bound,) = await listen(server, "127.0.0.1:0", self.protection.tls)
            self.url = f"http{'s' * bool(self.protection.tls)}://localhost:{bound.split(':')[1]}"
            yield
        finally:
            await server.cleanup()

    async def ask(
        self,
        path: str = "/",
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> tuple[int, dict[str, str]]:
        async with (
            ClientSession() as client,
            client.request(method, self.url + path, headers=headers, ssl=tls or True) as answer,
        ):
            return answer.status, dict(answer.headers)


async def test_without_a_file_everybody_is_let_in(tmp_path: Path) -> None:
    world = World(tmp_path, "")
    async with world.serving():
        assert (await world.ask())[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (None, 401),
        (auth("dave", "test"), 200),
        (auth("dave", "Test"), 401),
        (auth("carol", "test"), 401),
        (auth("", ""), 401),
        ({"Authorization": "Bearer test"}, 401),
    ],
)
async def test_users_are_asked_for_their_passwords(
    tmp_path: Path, headers: dict[str, str] | None, status: int
) -> None:
    world = World(tmp_path, USERS)
    async with world.serving():
        found, said = await world.ask(headers=headers)
    assert found == status
    assert ("WWW-Authenticate" in said) is (status == 401)
    assert world.asked == (status == 200)


async def test_what_does_not_exist_is_no_business_of_a_stranger_s(tmp_path: Path) -> None:
    world = World(tmp_path, USERS)
    async with world.serving():
        assert (await world.ask("/nothing"))[0] == 401
        assert (await world.ask("/nothing", headers=auth("dave", "test")))[0] == 404


async def test_a_path_with_a_token_of_its_own_is_let_through(tmp_path: Path) -> None:
    world = World(tmp_path, USERS + "rate_limit: {interval: 1h, burst: 1}\n")
    async with world.serving():
        for _ in range(3):
            assert (await world.ask("/intake", method="POST"))[0] == 200
        assert (await world.ask("//intake", method="POST"))[0] == 401


async def test_the_headers_are_on_every_answer(tmp_path: Path) -> None:
    world = World(tmp_path, USERS + HEADERS)
    async with world.serving():
        answers = [
            await world.ask(headers=auth("dave", "test")),
            await world.ask(),
            await world.ask("/nothing", headers=auth("dave", "test")),
            await world.ask("/intake", method="POST"),
        ]
    assert [status for status, _ in answers] == [200, 401, 404, 200]
    assert [headers["X-Frame-Options"] for _, headers in answers] == ["deny"] * 4


async def test_a_limit_lets_a_burst_through_and_then_one_at_a_time(tmp_path: Path) -> None:
    world = World(tmp_path, "rate_limit: {interval: 2s, burst: 3}\n")
    async with world.serving():
        assert [(await world.ask())[0] for _ in range(4)] == [200, 200, 200, 429]
        world.clock.seconds = 2.0
        assert [(await world.ask())[0] for _ in range(2)] == [200, 429]
        world.clock.seconds = 1.0
        assert (await world.ask())[0] == 429
        world.clock.seconds = 3600.0
        assert [(await world.ask())[0] for _ in range(4)] == [200, 200, 200, 429]


async def test_a_limit_comes_before_the_passwords(tmp_path: Path) -> None:
    world = World(tmp_path, USERS + "rate_limit: {interval: 1h, burst: 1}\n")
    async with world.serving():
        assert [(await world.ask())[0] for _ in range(3)] == [401, 429, 429]


async def test_what_the_file_says_next_holds_next(tmp_path: Path) -> None:
    world = World(tmp_path, "")
    async with world.serving():
        assert (await world.ask())[0] == 200
        world.file.write_text(USERS)
        world.protection.renew(NOW)
        assert (await world.ask())[0] == 401
        world.file.write_text("nonsense")
        world.protection.renew(NOW)
        assert (await world.ask())[0] == 401
        assert (await world.ask(headers=auth("dave", "test")))[0] == 200


async def test_200_guesses_at_once_are_answered_and_the_loop_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path, USERS)
    async with world.serving(), asyncio.timeout(20), ClientSession() as client:
        statuses: list[int] = []

        async def guess(number: int) -> None:
            async with client.get(world.url, headers=auth("dave", str(number))) as answer:
                statuses.append(answer.status)

        async with asyncio.TaskGroup() as tasks:
            for number in range(200):
                tasks.create_task(guess(number))
        assert set(statuses) <= {401, 503}
        assert (await world.ask(headers=auth("dave", "test")))[0] == 200


# ── certificates of clients ──────────────────────────────────────────────────────────────────


@dataclass
class Trusted:
    authority: trustme.CA
    text: str

    def client(self, name: str = "") -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.authority.configure_trust(made)
        if name:
            self.authority.issue_cert(name).configure_cert(made)
        return made


@pytest.fixture
def trusted(tmp_path: Path) -> Trusted:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    text = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"
    mutual = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
    return Trusted(authority, text + mutual)


async def test_a_client_without_a_certificate_reaches_only_what_has_tokens(
    tmp_path: Path, trusted: Trusted
) -> None:
    world = World(tmp_path, trusted.text)
    async with world.serving():
        assert (await world.ask(tls=trusted.client()))[0] == 403
        assert (await world.ask("/intake", method="POST", tls=trusted.client()))[0] == 200
        assert (await world.ask(tls=trusted.client("prometheus.example")))[0] == 200


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("prometheus.example", 200),
        ("2001:db8::1", 200),
        ("192.0.2.7", 200),
        ("ops@worksforwhom.example", 200),
        ("other.example", 403),
        ("192.0.2.8", 403),
    ],
)
async def test_the_names_of_a_certificate_are_held_to_those_allowed(
    tmp_path: Path, trusted: Trusted, name: str, status: int
) -> None:
    allowed = "[prometheus.example, '2001:DB8:0:0::1', 192.0.2.7, ops@worksforwhom.example]"
    world = World(tmp_path, f"{trusted.text}  client_allowed_sans: {allowed}\n")
    async with world.serving():
        assert (await world.ask(tls=trusted.client(name)))[0] == status


async def test_an_empty_list_of_names_lets_nobody_in(tmp_path: Path, trusted: Trusted) -> None:
    world = World(tmp_path, f"{trusted.text}  client_allowed_sans: []\n")
    async with world.serving():
        assert (await world.ask(tls=trusted.client("prometheus.example")))[0] == 403


def test_only_names_that_upstream_reads_count() -> None:
    peer = {"subjectAltName": (("DNS", "a"), ("URI", "spiffe://b"), ("DirName", "c"))}
    assert list(names(peer)) == ["a", "spiffe://b"]
    assert list(names({})) == []


async def test_a_certificate_that_rotates_is_served_to_the_next_who_comes(
    tmp_path: Path, trusted: Trusted
) -> None:
    world = World(tmp_path, trusted.text.split("  client")[0])
    async with world.serving():
        assert (await world.ask(tls=trusted.client()))[0] == 200
        other = trustme.CA()
        issued = other.issue_cert("localhost")
        issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
        issued.private_key_pem.write_to_path(tmp_path / "key.pem")
        world.protection.renew(NOW)
        assert (await world.ask(tls=Trusted(other, "").client()))[0] == 200


@given(
    st.lists(st.floats(-10, 60), max_size=60),
    st.integers(1, 20),
    st.floats(0.01, 10),
)
def test_no_more_get_through_than_the_limit_says(
    waits: list[float], burst: int, interval: float
) -> None:
    """Whatever the clock does: a step back earns nothing and takes nothing away."""
    limit, bucket = RateLimit(interval=Seconds(interval), burst=burst), Bucket(burst, 0.0)
    now, forward, admitted = 0.0, 0.0, 0
    for wait in waits:
        now += wait
        forward += max(wait, 0.0)
        admitted += bucket.take(limit, now)
        assert bucket.left >= 0
    assert admitted <= burst + forward / interval + 1e-6
    assert admitted >= min(len(waits), burst)
