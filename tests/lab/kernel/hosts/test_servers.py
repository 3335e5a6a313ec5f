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
from probe.config.shape import Seconds
from probe.lab import library
from probe.lab.kernel.hosts import nameserver
from probe.lab.kernel.hosts.servers import (
    MECHANISMS,
    Server,
    carried,
    clients,
    speaking,
    spelt,
)
from probe.lab.kernel.hosts.zones import Knowledge
from probe.lab.kernel.internet.interference.aim import NothingHit
from probe.lab.kernel.layout import plan
from probe.lab.scenario import Event
from tests.lab.simulated.played import scenario

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


def spell(**told: object) -> Event:
    event = Event(at=Seconds(0), mechanism="server.outage_cdn_pop", **told)  # type: ignore[arg-type]
    world = scenario()
    laid = plan(world)
    return spelt(event, laid, carried(world, laid), clients(laid, world))


def test_an_event_of_a_dependency_is_spelt_by_host_names_and_by_who_is_served_there() -> None:
    whole = spell(dependencies=("names",))
    assert whole.names == ("www.sited-names-too.com", "www.sited-names.com")
    assert (whole.dependencies, whole.vantages) == ((), ())
    near = spell(dependencies=("names",), sites=("near",))
    assert near.vantages == ("nl-as1136-1", "se-as1257-1")
    assert near.sites == ()
    one = spell(dependencies=("names",), sites=("near",), services=("sited-names",))
    assert one.names == ("www.sited-names.com",)
    assert spell(services=("sited-names",)).services == ("sited-names",)


def test_an_event_at_a_site_that_serves_nobody_hits_nothing() -> None:
    with pytest.raises(NothingHit, match="no probe host is served from elsewhere"):
        spell(dependencies=("names",), sites=("elsewhere",))


def test_every_mechanism_of_a_server_is_named_as_one() -> None:
    assert all(mechanism.startswith("server.") for mechanism in MECHANISMS)
