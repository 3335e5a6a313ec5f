"""What cannot be made ready is refused in a sentence."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from probe.clock import SystemClock
from probe.config.load import ConfigError
from probe.config.shape import Measuring
from probe.measure.instruments import USER_AGENT, bundle, instruments
from tests.measure.world import World


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("trust", "/nonexistent/roots.pem", "No such file"),
        ("resolver", "dns.example", "not an address"),
        ("second_resolver", "9.9.9.9:x", "not an address"),
        ("allow_private", ("10.0.0.0/99",), "10.0.0.0/99"),
    ],
)
def test_bad_settings_name_their_field(
    world: World, field: str, value: object, words: str
) -> None:
    world.set(**{field: value})
    with pytest.raises(ConfigError, match=f"measuring.{field}: .*{words}"):
        world.tools()


def test_a_bundle_that_is_none_is_refused(world: World, tmp_path: Path) -> None:
    path = tmp_path / "not.pem"
    path.write_text("hello")
    world.set(trust=str(path))
    with pytest.raises(ConfigError, match="not a PEM bundle"):
        world.tools()


def test_the_contexts_verify_and_accept(world: World) -> None:
    tools = world.tools()
    assert tools.verifying.verify_mode is ssl.CERT_REQUIRED
    assert tools.verifying.check_hostname
    assert tools.accepting.verify_mode is ssl.CERT_NONE


def test_the_system_s_roots_are_found() -> None:
    if not bundle():
        pytest.skip("this system has no bundle of roots")
    tools = instruments(Measuring(), SystemClock())
    assert tools.verifying.cert_store_stats()["x509_ca"] > 10
    assert tools.user_agent == USER_AGENT


def test_a_step_has_no_more_time_than_is_left(world: World) -> None:
    tools = world.tools()
    assert tools.limit(10) == 10
    now = tools.clock.monotonic()
    assert 0 < replace(tools, until=now + 5).limit(10) <= 5
    assert replace(tools, until=now - 1).limit(10) == 0
