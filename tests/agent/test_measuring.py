"""An agent that is told nothing else measures over the network."""

import asyncio
from pathlib import Path

import pytest
import trustme

from probe.agent.measuring import over_the_network
from probe.clock import SystemClock
from probe.config.load import ConfigError
from probe.config.shape import Measuring, Seconds
from probe.model import Endpoint, TcpConnect


def test_an_unreadable_bundle_is_said() -> None:
    with pytest.raises(ConfigError, match="trust"):
        over_the_network(Measuring(trust="/nonexistent.pem"), SystemClock())


@pytest.mark.parametrize("within", [None, 5.0])
async def test_a_closed_port_is_measured(within: float | None, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    settings = Measuring(
        allow_private=("127.0.0.0/8",), trust=str(tmp_path / "ca.pem"),
        neutral_name="", second_resolver="", connect_timeout=Seconds(2),
    )  # fmt: skip
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    measure = over_the_network(settings, SystemClock())
    (seen,) = await measure(Endpoint(id="a", url=f"http://127.0.0.1:{port}/"), within) or ()
    assert isinstance(seen, TcpConnect)
    assert seen.failure
    assert seen.failure.name == "connection_refused"
