"""A configuration is shown as it is in use, without what must stay here."""

from pathlib import Path

import msgspec
import pytest

from probe.config import load
from probe.config.shape import (
    AgentConfig,
    CorrelatorConfig,
    Discovering,
    EnrolledAgent,
    Listening,
    Receiver,
    ReceiverKind,
    Schedule,
    Seconds,
    Secret,
    Uplinking,
    Webhooks,
)
from probe.config.show import shown
from probe.model import Vantage

NORWAY = Vantage(id="no-oslo-7", country="NO", asn=2119, network="Telenor — Fornebu")
AGENT = AgentConfig(
    vantage=NORWAY,
    schedule=Schedule(interval=Seconds(90), jitter=0.25),
    uplink=Uplinking(
        url="https://correlator.example", token=Secret("hunter2"), flush=Seconds(0.25)
    ),
)
CORRELATOR = CorrelatorConfig(
    agents=(
        EnrolledAgent(vantage=NORWAY, token=Secret("hunter2"), scrape="probe7.example:9464"),
        EnrolledAgent(vantage=NORWAY, token_sha256="ab" * 32),
    ),
    web=Listening(listen="127.0.0.1:1", enable_lifecycle=True),
    discovery=Discovering(token_sha256="cd" * 32),
    webhooks=Webhooks(
        receivers=(
            Receiver(
                name="chat",
                kind=ReceiverKind.JSON,
                url=Secret("https://hooks.example/hunter2"),
                secret=Secret("hunter2"),
            ),
        )
    ),
)


def test_what_is_shown_reads_as_what_is_in_use(tmp_path: Path) -> None:
    """Read again with the token in its place, it is the same configuration."""
    path = tmp_path / "agent.yaml"
    path.write_text(shown(AGENT).replace("<secret>", "hunter2"))
    found = load.agent(path)
    assert found.vantage == AGENT.vantage
    assert found.schedule == AGENT.schedule
    assert found.uplink.flush == AGENT.uplink.flush
    assert found.measuring == AGENT.measuring
    assert found.web == AGENT.web


def test_an_agent_s_token_stays_here() -> None:
    text = shown(AGENT)
    assert "hunter2" not in text
    assert "token: <secret>\n" in text
    assert "token_file: ''\n" in text


@pytest.mark.parametrize("kept", ["hunter2", "no-oslo-7", "probe7", "abab", "cdcd", "hooks.exam"])
def test_what_names_probe_hosts_or_opens_doors_stays_at_the_centre(kept: str) -> None:
    text = shown(CORRELATOR)
    assert kept not in text
    assert "country: 'NO'" in text
    assert "name: chat" in text


def test_an_unset_secret_is_seen_to_be_unset() -> None:
    bare = msgspec.structs.replace(CORRELATOR, agents=(EnrolledAgent(vantage=NORWAY),))
    assert "token: ''\n" in shown(bare)
    assert "tls: null\n" in shown(bare)
