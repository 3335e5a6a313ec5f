"""Which tests a failure calls for, and what running them shows."""

from datetime import UTC, datetime

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from probe.config.shape import Measuring
from probe.measure.diagnose import next_tests
from probe.model import (
    DifferentialTest,
    DnsLookup,
    Failure,
    HttpExchange,
    Observation,
    TcpConnect,
    TlsHandshake,
)
from tests.measure.test_dial import free_port
from tests.measure.world import (
    Handler,
    World,
    finish,
    hang,
    page,
    refusing,
    reset,
    serving,
    telling,
)

RESOLVER, NEUTRAL = DifferentialTest.SECOND_RESOLVER, DifferentialTest.NEUTRAL_NAME
AT = datetime(2026, 11, 21, tzinfo=UTC)


def failure(name: str) -> Failure | None:
    return Failure(name=name) if name else None


def lookup(name: str = "", hop: int = 0) -> DnsLookup:
    return DnsLookup(at=AT, took=0.1, failure=failure(name), hop=hop, name="a.test")


def tcp(name: str = "", hop: int = 0) -> TcpConnect:
    return TcpConnect(at=AT, took=0.1, failure=failure(name), hop=hop, address="1.1.1.1", port=443)


def tls(name: str = "", hop: int = 0) -> TlsHandshake:
    return TlsHandshake(
        at=AT,
        took=0.1,
        failure=failure(name),
        hop=hop,
        address="1.1.1.1",
        port=443,
        server_name="a.test",
    )


def http(name: str = "", hop: int = 0) -> HttpExchange:
    return HttpExchange(
        at=AT,
        took=0.1,
        failure=failure(name),
        hop=hop,
        url="https://a.test/",
        address="1.1.1.1",
    )


@pytest.mark.parametrize(
    ("seen", "tests"),
    [
        ((), ()),
        ((lookup(), tcp(), tls(), http()), ()),
        ((lookup("dns_nxdomain_error"), lookup("dns_nxdomain_error")), (RESOLVER,)),
        ((lookup("dns_bogon_error"),), (RESOLVER,)),
        ((lookup("dns_bogon_error"), lookup(), tcp(), tls(), http()), (RESOLVER,)),
        ((lookup(), lookup("dns_servfail_error"), tcp(), tls(), http()), ()),
        ((lookup("network_unreachable"),), ()),
        ((lookup(), tcp("generic_timeout_error")), (RESOLVER,)),
        ((lookup(), tcp("generic_timeout_error"), tcp(), tls(), http()), ()),
        ((lookup(), tcp("network_unreachable"), tcp("connection_refused")), (RESOLVER,)),
        ((lookup(), tcp("network_unreachable")), ()),
        ((tcp("connection_refused"),), ()),
        ((lookup(), tcp(), tls("ssl_unknown_authority")), (RESOLVER,)),
        ((lookup(), tcp(), tls("ssl_invalid_hostname")), (RESOLVER,)),
        ((lookup(), tcp(), tls("connection_reset")), (NEUTRAL,)),
        ((lookup(), tcp(), tls("eof_error")), (NEUTRAL,)),
        ((lookup(), tcp(), tls("generic_timeout_error")), (NEUTRAL,)),
        (
            (lookup(), tcp(), tls("connection_reset"), tcp(), tls("ssl_invalid_hostname")),
            (RESOLVER, NEUTRAL),
        ),
        ((lookup(), tcp(), tls(), http("connection_reset")), ()),
        ((lookup(), tcp(), tls("connection_reset"), lookup(hop=1), tcp(hop=1)), ()),
    ],
)
def test_what_failed_chooses(
    seen: tuple[Observation, ...], tests: tuple[DifferentialTest, ...]
) -> None:
    assert next_tests(seen, Measuring()) == tests


def test_what_is_not_configured_is_not_run() -> None:
    bare = Measuring(second_resolver="", neutral_name="")
    assert next_tests((lookup(), tcp(), tls("connection_reset")), bare) == ()
    assert next_tests((lookup("dns_nxdomain_error"),), bare) == ()


NAMES = ["", "dns_nxdomain_error", "connection_reset", "ssl_unknown_authority", "eof_error", "?"]
observations = st.builds(
    lambda make, name, hop: make(name, hop),
    st.sampled_from([lookup, tcp, tls, http]),
    st.sampled_from(NAMES),
    st.integers(0, 2),
)


@given(st.lists(observations, max_size=8))
def test_the_choice_is_pure_and_needs_a_failure(seen: list[Observation]) -> None:
    chosen = next_tests(seen, Measuring())
    assert chosen == next_tests(list(reversed(seen)), Measuring())
    assert len(set(chosen)) == len(chosen)
    assert not chosen or any(one.failure for one in seen)


def of_test(seen: tuple[Observation, ...], test: DifferentialTest) -> list[Observation]:
    return [one for one in seen if one.test is test]


async def test_a_name_denied_here_is_known_elsewhere(world: World) -> None:
    await world.resolver(refusing(3))
    second = await world.names()
    world.set(second_resolver=f"127.0.0.1:{second.port}", ipv6=False)
    port = await world.tls(hang)
    seen = await world.measure(f"https://site.test:{port}/")
    match of_test(seen, RESOLVER):
        case [DnsLookup(failure=None) as found, TcpConnect(failure=None), TlsHandshake() as hand]:
            assert found.answers == ("127.0.0.1",)
            assert (hand.failure, hand.server_name) == (None, "site.test")
        case other:
            raise AssertionError(other)


async def test_the_same_answer_elsewhere_is_not_tried_again(world: World) -> None:
    await world.names()
    second = await world.names()
    world.set(second_resolver=f"127.0.0.1:{second.port}", ipv6=False)
    seen = await world.measure(f"https://site.test:{free_port()}/")
    assert [type(one) for one in of_test(seen, RESOLVER)] == [DnsLookup]


async def test_a_forged_answer_leads_to_the_real_server_s_certificate(world: World) -> None:
    await world.resolver(telling("127.0.0.2"))
    second = await world.names()
    port = await world.tls(hang)
    notice = world.context("notice.test", authority=trustme.CA())
    await world.tls(hang, context=notice, address="127.0.0.2", port=port)
    world.set(second_resolver=f"127.0.0.1:{second.port}", ipv6=False)
    seen = await world.measure(f"https://site.test:{port}/")
    first = next(one for one in seen if isinstance(one, TlsHandshake))
    assert first.failure
    assert first.failure.name == "ssl_unknown_authority"
    assert first.chain[0].names == ("notice.test",)
    last = of_test(seen, RESOLVER)[-1]
    assert isinstance(last, TlsHandshake)
    assert (last.failure, last.address) == (None, "127.0.0.1")


async def test_a_plain_site_is_reached_by_tcp_alone(world: World) -> None:
    await world.resolver(refusing(3))
    second = await world.names()
    world.set(second_resolver=f"127.0.0.1:{second.port}", ipv6=False)
    seen = await world.measure(f"http://site.test:{await world.server(page('x'))}/")
    assert [type(one) for one in of_test(seen, RESOLVER)] == [DnsLookup, TcpConnect]


async def test_a_second_resolver_that_is_silent_is_recorded(world: World) -> None:
    await world.resolver(refusing(2))
    world.set(second_resolver=f"127.0.0.1:{free_port()}", ipv6=False)
    seen = await world.measure("https://site.test/")
    (found,) = of_test(seen, RESOLVER)
    assert found.failure


@pytest.mark.parametrize("cut", [reset, finish])
async def test_a_harmless_name_gets_through_where_the_target_s_is_cut(
    world: World, cut: Handler
) -> None:
    await world.names()
    world.set(neutral_name="harmless.test", ipv6=False)
    context = world.context("unrelated.test", authority=trustme.CA())
    port = await world.server(serving({b"harmless.test": context}, cut))
    seen = await world.measure(f"https://site.test:{port}/")
    match of_test(seen, NEUTRAL):
        case [TcpConnect(failure=None) as reached, TlsHandshake(failure=None) as hand]:
            assert hand.server_name == "harmless.test"
            assert hand.chain[0].names == ("unrelated.test",)
            ports = {one.source_port for one in seen if isinstance(one, TcpConnect)}
            assert reached.source_port in ports
            assert len(ports) == 2
        case other:
            raise AssertionError(other)


async def test_a_harmless_name_is_cut_too_where_the_address_is_meant(world: World) -> None:
    await world.names()
    world.set(neutral_name="harmless.test", ipv6=False)
    seen = await world.measure(f"https://site.test:{await world.server(reset)}/")
    (_, hand) = of_test(seen, NEUTRAL)
    assert hand.failure
    assert hand.failure.name == "connection_reset"
