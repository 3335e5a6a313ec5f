"""The chain of steps, over real sockets."""

from probe.model import DnsLookup, Expectation, HttpExchange, TcpConnect, TlsHandshake
from tests.measure.world import World, page


async def test_a_well_endpoint_gives_one_observation_of_each_layer(world: World) -> None:
    await world.names()
    port = await world.tls(page("<title> Hello \n you </title>"))
    seen = await world.measure(f"https://site.test:{port}/a?b=c", expect="Hello")
    match seen:
        case (
            DnsLookup() as a,
            DnsLookup(query="AAAA"),
            TcpConnect() as tcp,
            TlsHandshake() as tls,
            HttpExchange() as http,
        ):
            assert a.answers == ("127.0.0.1",)
            assert tcp.source_port
            assert tls.version == "TLSv1.3"
            assert tls.chain[0].names == ("site.test",)
            assert http.status == 200
            assert http.title == "Hello you"
            assert http.expectation is Expectation.MET
        case _:
            raise AssertionError(seen)
    assert all(one.failure is None for one in seen)
