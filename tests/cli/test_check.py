"""`probe check`: what it prints, and how it ends."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import trustme

from probe.cli import check
from probe.config.load import ConfigError
from probe.model import HttpExchange, Measurement
from tests.measure.test_dial import free_port
from tests.measure.world import World, opened, page, refusing


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(trustme.CA(), tmp_path) as made:
        yield made


def run(*argv: str) -> int:
    parser = argparse.ArgumentParser()
    check.add(parser.add_subparsers(required=True))
    arguments = parser.parse_args(["check", *argv])
    return int(arguments.func(arguments))


async def check_here(*argv: str) -> int:
    """Run it as a user does, in a thread of its own: the servers live in this one's loop."""
    bounds = ("--allow-private", "--timeout", "2", "--second-resolver", "")
    return await asyncio.to_thread(run, *bounds, *argv)


async def test_a_well_site(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    resolver = await world.names()
    port = await world.tls(page("<title>Hello</title>"))
    code = await check_here(
        *(f"https://site.test:{port}/", "--expect", "Hello", "--trust", str(world.trust)),
        *("--resolver", f"127.0.0.1:{resolver.port}"),
    )
    shown = capsys.readouterr().out
    assert code == 0
    for part in ("✓ DNS", "✓ TCP", "✓ TLS", "✓ HTTP", "“Hello”", "One vantage point cannot tell"):
        assert part in shown
    assert "✗" not in shown


async def test_a_site_that_says_something_went_wrong(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    port = await world.server(page("Something went wrong"))
    code = await check_here(f"http://127.0.0.1:{port}/", "--forbid", "went wrong")
    shown = " ".join(capsys.readouterr().out.split())
    assert code == 1
    assert "✗ HTTP" in shown
    assert "a text that betrays a failure is in the body: 'went wrong'" in shown
    assert "cannot tell whose failure that is" in shown
    assert "block" not in shown.lower()


async def test_a_name_that_does_not_exist(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    resolver = await world.resolver(refusing(3))
    code = await check_here("site.test", "--resolver", f"127.0.0.1:{resolver.port}")
    told = capsys.readouterr()
    assert code == 1
    assert "no scheme given, https assumed: https://site.test" in told.err
    assert "the name does not exist (dns_nxdomain_error)" in " ".join(told.out.split())


async def test_a_private_answer_says_how_to_measure_one_s_own(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    resolver = await world.names("10.10.34.36")
    options = ("--second-resolver", "", "--resolver", f"127.0.0.1:{resolver.port}")
    code = await asyncio.to_thread(run, "http://site.test/", *options)
    shown = " ".join(capsys.readouterr().out.split())
    assert code == 1
    assert "→ 10.10.34.36" in shown
    assert "a private address: never connected to (dns_bogon_error)" in shown
    assert "--allow-private measures it" in shown


async def test_json_is_a_measurement(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    port = await world.server(page("x", "503 Unavailable"))
    code = await check_here(f"http://127.0.0.1:{port}/", "--json")
    measurement = msgspec.json.decode(capsys.readouterr().out, type=Measurement)
    assert code == 1
    assert isinstance(measurement.observations[-1], HttpExchange)
    assert measurement.observations[-1].status == 503


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://a.test/", "the scheme must be http, https, tcp or dns"),
        ("https://", "names no host"),
        ("http://a.test:0/", "the port must be from 1 to 65535"),
        ("https://joe:secret@a.test/", "has a user name in it"),
        ("a..b", "not a host name"),
        ("http://10.0.0.1/", "10.0.0.1 is a private address; --allow-private"),
        ("http://[::1]:80/", "::1 is a private address"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_sentence(
    url: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(url) == 2
    told = capsys.readouterr()
    assert sentence in told.err
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert "secret" not in told.err


@pytest.mark.parametrize("seconds", ["0", "-1", "x", "inf", "nan"])
def test_a_timeout_that_is_none_is_refused(
    seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run("https://a.test/", "--timeout", seconds)
    assert caught.value.code == 2
    assert "is not a number of seconds above 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [("--resolver", "nonsense", "not an address"), ("--trust", "/nonexistent", "cannot be read")],
)
def test_bad_settings_are_refused_in_a_sentence(option: str, value: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        run(f"http://127.0.0.1:{free_port()}/", "--allow-private", option, value)


async def test_a_port_and_a_name(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    resolver = await world.names("1.2.3.4")
    port = await world.server(page(""))
    assert await check_here(f"tcp://127.0.0.1:{port}") == 0
    assert await check_here(f"dns://127.0.0.1:{resolver.port}/site.test") == 0
    assert await check_here("dns:site.test", "--resolver", f"127.0.0.1:{free_port()}") == 1
    shown = capsys.readouterr().out
    assert shown.index("✓ TCP") < shown.index("✓ DNS") < shown.index("✗ DNS")
    assert "HTTP" not in shown
