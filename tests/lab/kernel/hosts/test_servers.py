"""Server processes over loopback sockets: they take their duty and orders, and end with their input."""

from __future__ import annotations

import socket
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import msgspec
import pytest

from probe.config.load import ConfigError
from probe.lab import library
from probe.lab.kernel.hosts import nameserver
from probe.lab.kernel.hosts.servers import MECHANISMS, Server, clients, speaking
from probe.lab.kernel.hosts.zones import Knowledge
from probe.lab.kernel.layout import plan

SCENARIO = library.load("tr-2023-02-08")
PLAN = plan(SCENARIO)


def dns_server(log: Path) -> tuple[Server, int]:
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(("127.0.0.1", 0))
    port = own.getsockname()[1]
    held = Knowledge(addresses={"one.home.tr": ("31.1.250.10",)})
    serving = nameserver.NameServing(fd=own.fileno(), knowledge=held)
    duty = nameserver.Duty(nameservers=(serving,))
    return Server("probe.lab.kernel.hosts.nameserver", duty, [own], log), port


def test_a_process_takes_its_sockets_and_serves(tmp_path: Path) -> None:
    server, port = dns_server(tmp_path / "dns.log")
    try:
        query = dns.message.make_query("one.home.tr", "A")
        reply = dns.query.udp(query, "127.0.0.1", timeout=20, port=port)
        assert reply.rcode() == dns.rcode.NOERROR
        server.order(nameserver.Order(broken=("31.1.1.1",)))
    finally:
        server.stop()
    assert (tmp_path / "dns.log").read_text() == ""


def test_an_order_to_a_process_that_is_gone_is_an_error(tmp_path: Path) -> None:
    server, _ = dns_server(tmp_path / "dns.log")
    server.stop()
    with pytest.raises((BrokenPipeError, ValueError)):
        server.order(nameserver.Order())


def test_origins_know_every_vantage_by_both_its_addresses() -> None:
    known = clients(PLAN, SCENARIO)
    for host in PLAN.hosts:
        if host.vantage:
            assert known[host.v4].vantage == host.vantage.id
            assert not host.v6 or known[host.v6].country == host.country


def test_who_speaks_quic_is_asked_for_by_service_and_needs_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = msgspec.structs.replace(SCENARIO, quic=(SCENARIO.services[0].id,))
    assert speaking(SCENARIO, PLAN) == frozenset()
    assert speaking(asked, PLAN) == {*PLAN.names[SCENARIO.services[0].id]}
    monkeypatch.setattr("probe.lab.kernel.hosts.servers.find_spec", lambda _: None)
    assert speaking(SCENARIO, PLAN) == frozenset()
    with pytest.raises(ConfigError, match=r"quic: .* install the extra `quic`"):
        speaking(asked, PLAN)


def test_every_mechanism_of_a_server_is_named_as_one() -> None:
    assert all(mechanism.startswith("server.") for mechanism in MECHANISMS)
