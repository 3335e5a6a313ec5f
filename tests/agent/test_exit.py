"""Where the vantage leaves by: held against the configuration, or against the first answer."""

import json

import pytest

from probe.agent.exit import Exit, whence
from probe.config.shape import Referring
from probe.measure.memory import Line, MemoryDialer
from probe.reference.reply import head, reply

SERVER = "192.0.2.80"
HOME = Referring(address=SERVER)


def says(body: str, status: str = "200 OK") -> list[Line]:
    return [f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()]


def at(network: str) -> list[Line]:
    return says(json.dumps({"address": "hidden", "network": network}))


def server(answer: list[Line]) -> MemoryDialer:
    return MemoryDialer(streams={(SERVER, 80): answer})


async def told(reference: Referring | None, *answers: list[Line]) -> list[bool]:
    dialer, heard = MemoryDialer(), list[bool]()
    watching = Exit(dialer)
    for answer in answers:
        dialer.streams = {(SERVER, 80): answer} if answer else {}
        await watching.look(reference, heard.append)
    return heard


async def test_what_was_said_first_is_home() -> None:
    heard = await told(
        HOME, at("198.51.100.0/24"), at("198.51.7.0/24"), at("203.0.113.0/24"), at("198.51.1.0/24")
    )
    assert heard == [False, False, True, False]


async def test_the_configuration_says_where_home_is() -> None:
    home = Referring(address=SERVER, networks=("203.0.113.0/24", "2001:db8::/32"))
    heard = await told(
        home, at("198.51.100.0/24"), at("203.0.113.0/24"), at("2001:db8:1::/48"), at("2a00:1::/48")
    )
    assert heard == [True, False, False, True]


async def test_another_family_is_another_exit() -> None:
    assert await told(HOME, at("198.51.100.0/24"), at("2001:db8:1::/48")) == [False, True]


@pytest.mark.parametrize(
    "answer",
    [
        [],
        [b""],
        [OSError(104, "reset")],
        [b"SSH-2.0\r\n"],
        says("not JSON"),
        says("{}"),
        says('{"network":"nowhere"}'),
        says('{"network":"0.0.0.0/0"}'),
        says("[" * 4000),
        says("x" * 100_000),
        [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"],
    ],
)
async def test_no_answer_changes_nothing(answer: list[Line]) -> None:
    assert await told(HOME, answer, at("198.51.100.0/24"), answer) == [False]


async def test_without_a_reference_server_nothing_is_known() -> None:
    assert await told(None, at("198.51.100.0/24")) == [False]


async def test_it_asks_over_plain_http() -> None:
    dialer = server(at("198.51.100.0/24"))
    assert str(await whence(HOME, dialer)) == "198.51.100.0/24"
    (stream,) = dialer.opened
    assert getattr(stream, "written", b"").startswith(b"GET /whoami HTTP/1.1\r\nHost: 192.0.2.80")
    assert stream.closed


async def test_our_own_reference_server_is_understood() -> None:
    answered = reply(b"GET /whoami HTTP/1.1\r\nHost: 192.0.2.80", "198.51.100.7", 99, ("a.test",))
    found = await whence(HOME, server([head(answered) + answered.text.encode()]))
    assert str(found) == "198.51.100.0/24"
