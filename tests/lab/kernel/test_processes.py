"""The files that agents and correlator of a lab are given are files they accept."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from probe.config import load
from probe.lab import library
from probe.lab.kernel.hosts.authority import Authority
from probe.lab.kernel.layout import PUBLIC_RESOLVER, doors, plan
from probe.lab.kernel.processes import BASE, SPOOL_BYTES, Processes, Settings, environment
from probe.lab.kernel.sandbox.namespace import Namespace
from probe.lab.kernel.sandbox.wiring import Wired
from probe.model import Measurement, Target
from probe.transport.spool import Spool

SCENARIO = library.load("tr-2023-02-08")
PLAN = plan(SCENARIO)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def processes(home: Path) -> Processes:
    (home / "certificates").mkdir()
    nowhere = Wired(internet=Namespace(-1), hosts={})
    return Processes(SCENARIO, PLAN, nowhere, Authority(home / "certificates"), home)


def test_every_vantage_has_a_configuration_that_is_accepted(
    processes: Processes, home: Path
) -> None:
    hosts = {host.name: host for host in PLAN.hosts}
    for name in processes.vantages:
        config = load.agent(home / name / "agent.yaml")
        assert config.vantage == hosts[name].vantage
        assert config.uplink.url.startswith(BASE)
        assert config.measuring.ipv6 is bool(hosts[name].v6)
        assert config.measuring.second_resolver == PUBLIC_RESOLVER
        assert load.token(config.uplink)


def test_where_the_scenario_asks_agents_ask_encrypted_resolvers(home: Path) -> None:
    (home / "certificates").mkdir()
    nowhere = Wired(internet=Namespace(-1), hosts={})
    asked = msgspec.structs.replace(SCENARIO, encrypted_dns=(SCENARIO.services[0].id,))
    made = Processes(asked, PLAN, nowhere, Authority(home / "certificates"), home)
    measuring = load.agent(home / made.vantages[0] / "agent.yaml").measuring
    assert measuring.second_resolver == doors(PLAN)
    assert measuring.background == 1.0


def test_where_the_scenario_says_so_agents_speak_quic(processes: Processes, home: Path) -> None:
    plain = load.agent(home / processes.vantages[0] / "agent.yaml").measuring
    assert not plain.quic
    (home / "quic" / "certificates").mkdir(parents=True)
    nowhere = Wired(internet=Namespace(-1), hosts={})
    told = msgspec.structs.replace(SCENARIO, quic=(SCENARIO.services[0].id,))
    certificates = Authority(home / "quic" / "certificates")
    made = Processes(told, PLAN, nowhere, certificates, home / "quic")
    measuring = load.agent(home / "quic" / made.vantages[0] / "agent.yaml").measuring
    assert (measuring.quic, measuring.background) == (True, 1.0)


def test_a_step_that_waits_in_vain_leaves_time_in_the_round(
    processes: Processes, home: Path
) -> None:
    measuring = load.agent(home / processes.vantages[0] / "agent.yaml").measuring
    steps = (measuring.dns_timeout, measuring.connect_timeout, measuring.tls_timeout)
    assert sum(steps) < SCENARIO.kernel_round
    assert measuring.http_timeout < SCENARIO.kernel_round / 2


def test_the_catalogue_is_accepted(processes: Processes, home: Path) -> None:
    assert processes.vantages
    assert load.catalogue(home / "services.yaml").services == SCENARIO.services


def test_each_asks_its_own_networks_resolver(processes: Processes, home: Path) -> None:
    for name in processes.vantages:
        asn = next(host.asn for host in PLAN.hosts if host.name == name)
        text = (home / name / "resolv.conf").read_text()
        assert text.startswith(f"nameserver {PLAN.resolvers[asn]}\n")


def test_the_correlator_enrols_everybody_and_is_given_pages_on_request(
    processes: Processes, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(Processes, "_start", lambda _self, name, _arguments: started.append(name))
    processes.start_correlator()
    config = load.correlator(home / "correlator.yaml")
    assert {agent.vantage.id for agent in config.agents} == set(processes.vantages)
    assert config.pages.listen == ""
    processes.start_correlator(7)
    assert load.correlator(home / "correlator.yaml").pages.listen == "fd:7"
    assert started == ["correlator", "correlator"]


def test_metrics_are_served_on_the_sockets_that_were_handed_over(
    processes: Processes, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Processes, "_start", lambda *_: None)
    first, second, *_ = processes.vantages
    processes.expose({first: 8, "correlator": 9})
    processes.start_correlator(7)
    assert load.agent(home / first / "agent.yaml").web.listen == "fd:8"
    assert load.agent(home / second / "agent.yaml").web.listen == ""
    config = load.correlator(home / "correlator.yaml")
    assert (config.pages.listen, config.metrics.listen) == ("fd:7", "fd:9")


def test_settings_reach_the_correlator_and_every_listener_that_is_exposed(
    processes: Processes, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Processes, "_start", lambda *_: None)
    (home / "web.yaml").write_text("rate_limit: {interval: 1ms, burst: 100}\n")
    (home / "settings.yaml").write_text(
        f"config_file: {home}/web.yaml\n"
        "webhooks: {receivers: [{name: hook, kind: json, url: 'http://127.0.0.1:9', secret: hush}]}\n"
    )
    first, second, *_ = processes.vantages
    settings = load.read(home / "settings.yaml", Settings)
    processes.expose({first: 8, "correlator": 9}, settings)
    processes.start_correlator()
    assert load.agent(home / first / "agent.yaml").web.config_file == f"{home}/web.yaml"
    assert load.agent(home / second / "agent.yaml").web.config_file == ""
    config = load.correlator(home / "correlator.yaml")
    assert config.metrics.config_file == f"{home}/web.yaml"
    assert config.webhooks == settings.webhooks
    assert config.webhooks.receivers[0].secret == "hush"


def test_what_lies_in_a_spool_is_counted_by_id(processes: Processes, home: Path) -> None:
    name = processes.vantages[0]
    vantage = next(host.vantage for host in PLAN.hosts if host.name == name)
    assert vantage
    target = Target(service="twitter", feature="web", endpoint="twitter-home")
    at = datetime(2023, 2, 8, tzinfo=UTC)
    spool = Spool(home / name / "spool.sqlite", SPOOL_BYTES)
    spool.put([Measurement(id=n, at=at, took=0, vantage=vantage, target=target) for n in "ab"])
    spool.close()
    assert processes.spooled(name) == {"a", "b"}


def test_processes_find_this_package_and_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    found = environment()
    ours, kept = found["PYTHONPATH"].split(os.pathsep)
    assert kept == "/elsewhere"
    assert (Path(ours) / "probe" / "lab").is_dir()
    assert "HTTPS_PROXY" not in found
