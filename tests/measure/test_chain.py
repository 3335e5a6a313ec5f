"""The chain of steps, over real sockets."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import dns.message
import dns.rdatatype
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from probe.clock import SystemClock
from probe.measure.chain import choose, look, measure, settle
from probe.measure.site import BadUrlError
from probe.model import (
    DnsLookup,
    Endpoint,
    Expectation,
    Header,
    HttpExchange,
    Observation,
    TcpConnect,
    TlsHandshake,
)
from tests.measure.test_diagnose import lookup
from tests.measure.test_dial import free_port
from tests.measure.world import (
    Handler,
    World,
    finish,
    hang,
    page,
    records,
    refusing,
    reset,
    serving,
    telling,
    wire,
)


def shape(seen: Sequence[Observation]) -> list[tuple[str, int, str]]:
    """Write a measurement as its layers, hops and failures."""
    return [
        (type(one).__name__[:3].lower(), one.hop, one.failure.name if one.failure else "")
        for one in seen
    ]


async def test_a_well_endpoint_gives_one_observation_of_each_layer(world: World) -> None:
    await world.names()
    port = await world.tls(page("<title> Hello \n you </title>"))
    seen = await world.measure(f"https://site.test:{port}/a?b=c", expect="Hello")
    match seen:
        case (
            DnsLookup() as four,
            DnsLookup() as six,
            TcpConnect() as reached,
            TlsHandshake() as hand,
            HttpExchange() as answer,
        ):
            assert (four.query, four.answers) == ("A", ("127.0.0.1",))
            assert (six.query, six.answers, six.raw) == ("AAAA", (), b"")
            assert reached.source_port
            assert (hand.version, hand.chain[0].names) == ("TLSv1.3", ("site.test",))
            assert (answer.status, answer.title) == (200, "Hello you")
            assert answer.expectation is Expectation.MET
        case _:
            raise AssertionError(seen)
    assert all(one.failure is None for one in seen)


async def test_a_plain_endpoint_has_no_tls(world: World) -> None:
    await world.names()
    world.set(ipv6=False)
    seen = await world.measure(f"http://site.test:{await world.server(page('x'))}/")
    assert shape(seen) == [("dns", 0, ""), ("tcp", 0, ""), ("htt", 0, "")]


async def test_an_address_needs_no_lookup(world: World) -> None:
    seen = await world.measure(f"http://127.0.0.1:{await world.server(page('x'))}/")
    assert shape(seen) == [("tcp", 0, ""), ("htt", 0, "")]


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "[::1]", "[fe80::1]"])
async def test_a_private_address_in_a_url_is_refused(world: World, host: str) -> None:
    world.set(allow_private=())
    seen = await world.measure(f"http://{host}/")
    assert shape(seen) == [("tcp", 0, "dns_bogon_error")]


async def test_a_private_answer_is_never_connected_to(world: World) -> None:
    await world.names("10.10.34.36")
    world.set(ipv6=False)
    assert shape(await world.measure("https://site.test/")) == [("dns", 0, "dns_bogon_error")]


@pytest.mark.parametrize(("rcode", "name"), [(2, "servfail"), (3, "nxdomain"), (5, "refused")])
async def test_without_a_name_nothing_follows(world: World, rcode: int, name: str) -> None:
    await world.resolver(refusing(rcode))
    seen = await world.measure("https://site.test/")
    assert shape(seen) == [("dns", 0, f"dns_{name}_error")] * 2


async def test_a_name_without_any_address_is_a_failure(world: World) -> None:
    await world.resolver(telling())
    seen = await world.measure("https://site.test/")
    assert shape(seen) == [("dns", 0, "dns_no_answer")] * 2


@pytest.mark.parametrize(
    ("handler", "name"),
    [(reset, "connection_reset"), (finish, "eof_error"), (hang, "generic_timeout_error")],
)
async def test_a_cut_handshake_ends_the_chain(world: World, handler: Handler, name: str) -> None:
    await world.names()
    world.set(ipv6=False, tls_timeout=1.0)
    seen = await world.measure(f"https://site.test:{await world.server(handler)}/")
    assert shape(seen) == [("dns", 0, ""), ("tcp", 0, ""), ("tls", 0, name)]


async def test_every_address_is_tried_and_one_is_asked(world: World) -> None:
    await world.names("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
    asked: list[bytes] = []

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    port = await world.tls(count)
    await world.tls(count, address="127.0.0.2", port=port)
    wrong = world.context("site.test", authority=trustme.CA())
    await world.tls(count, context=wrong, address="127.0.0.3", port=port)
    seen = await world.measure(f"https://site.test:{port}/")
    by_address = {
        address: [name for one in seen if address == getattr(one, "address", "") for name in [one]]
        for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
    }
    assert shape(by_address["127.0.0.3"])[1] == ("tls", 0, "ssl_unknown_authority")
    assert shape(by_address["127.0.0.4"]) == [("tcp", 0, "connection_refused")]
    assert sum(isinstance(one, HttpExchange) for one in seen) == len(asked) == 1


async def test_a_dead_address_does_not_hold_the_request_up(world: World) -> None:
    await world.names("127.0.0.1", "127.0.0.2")
    world.set(tls_timeout=1.0)
    port = await world.tls(page("x"))
    await world.server(hang, address="127.0.0.2", port=port)
    seen = await world.measure(f"https://site.test:{port}/")
    answer = next(one for one in seen if isinstance(one, HttpExchange))
    dead = next(one for one in seen if isinstance(one, TlsHandshake) and one.failure)
    assert answer.expectation is Expectation.MET
    assert answer.at.timestamp() + answer.took < dead.at.timestamp() + dead.took


async def test_redirects_are_followed_step_by_step(world: World) -> None:
    server = await world.names()
    world.set(ipv6=False)
    secure = await world.tls(page("Welcome"), "www.site.test")
    plain = await world.server(
        page("", "301 Moved", Location=f"https://www.site.test:{secure}/home")
    )
    seen = await world.measure(f"http://site.test:{plain}/", expect="Welcome")
    assert shape(seen) == [
        *(("dns", 0, ""), ("tcp", 0, ""), ("htt", 0, "")),
        *(("dns", 1, ""), ("tcp", 1, ""), ("tls", 1, ""), ("htt", 1, "")),
    ]
    first, last = (one for one in seen if isinstance(one, HttpExchange))
    assert (first.location, first.expectation) == (last.url, None)
    assert last.expectation is Expectation.MET
    assert server.asked == ["site.test. IN A", "www.site.test. IN A"]


async def test_redirects_in_a_circle_end(world: World) -> None:
    await world.names()
    world.set(ipv6=False, max_redirects=2)
    port = await world.server(page("", "302 Found", Location="/"))
    seen = await world.measure(f"http://site.test:{port}/")
    answers = [one for one in seen if isinstance(one, HttpExchange)]
    assert [one.expectation for one in answers] == [None, None, Expectation.STATUS]


class Leaping(SystemClock):
    """Moved on by hand."""

    leapt = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.leapt


async def test_redirects_that_take_their_time_end_sooner(world: World) -> None:
    clock, limits = Leaping(), world.settings
    hop = sum(
        (limits.dns_timeout, limits.connect_timeout, limits.tls_timeout, limits.http_timeout)
    )

    async def dawdle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        clock.leapt += 0.6 * hop
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    url = f"http://127.0.0.1:{await world.server(dawdle)}/"
    seen = await measure(Endpoint(id="e", url=url), replace(world.tools(), clock=clock))
    answers = [one for one in seen if isinstance(one, HttpExchange)]
    assert [one.expectation for one in answers] == [None, Expectation.STATUS]


async def test_a_site_that_waits_for_its_cookie_is_reached(world: World) -> None:
    await world.names()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        known = b"Cookie: seen=1\r\n" in await reader.readuntil(b"\r\n\r\n")
        head = b"200 OK" if known else b"302 Found\r\nLocation: /\r\nSet-Cookie: seen=1; Path=/"
        writer.write(b"HTTP/1.1 " + head + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    seen = await world.measure(f"http://site.test:{await world.server(wait)}/")
    answers = [one for one in seen if isinstance(one, HttpExchange)]
    assert [one.expectation for one in answers] == [None, Expectation.MET]
    assert "seen=1" not in repr(seen)


async def test_a_redirect_to_a_private_address_is_seen_and_not_followed(world: World) -> None:
    world.set(allow_private=("127.0.0.1/32",))
    port = await world.server(page("", "302 Found", Location="http://10.10.34.36/?u=site"))
    seen = await world.measure(f"http://127.0.0.1:{port}/")
    assert shape(seen)[-1] == ("tcp", 1, "dns_bogon_error")
    answer = seen[1]
    assert isinstance(answer, HttpExchange)
    assert answer.location == "http://10.10.34.36/?u=site"
    assert Header(name="Location", value="http://[address]/?u=site") in answer.headers


async def test_second_answers_are_in_the_record(world: World) -> None:
    def forged(query: dns.message.Message, _: bytes) -> Sequence[bytes]:
        return [wire(records(query, "127.0.0.1")), wire(records(query, "1.1.1.1"))]

    await world.resolver(forged)
    world.set(ipv6=False)
    seen = await world.measure(f"http://site.test:{await world.server(page('x'))}/")
    assert isinstance(seen[0], DnsLookup)
    assert (seen[0].answers, seen[0].late) == (("127.0.0.1",), ("1.1.1.1",))
    assert isinstance(seen[-1], HttpExchange)


async def test_a_name_in_one_family_only_is_well(world: World) -> None:
    def four_only(query: dns.message.Message, question: bytes) -> Sequence[bytes]:
        if query.question[0].rdtype == dns.rdatatype.AAAA:
            return refusing(2)(query, question)
        return telling("127.0.0.1")(query, question)

    await world.resolver(four_only)
    seen = await world.measure(f"http://site.test:{await world.server(page('x'))}/")
    assert shape(seen)[:2] == [("dns", 0, ""), ("dns", 0, "dns_servfail_error")]
    assert isinstance(seen[-1], HttpExchange)


async def test_both_families_are_tried(world: World) -> None:
    await world.names("127.0.0.1", "::1")
    try:
        port = await world.server(page("x"), address="::1")
    except OSError:
        pytest.skip("this host has no IPv6 on loopback")
    seen = await world.measure(f"http://site.test:{port}/")
    reached = {one.address: one.failure for one in seen if isinstance(one, TcpConnect)}
    assert reached["::1"] is None
    assert reached["127.0.0.1"]
    assert isinstance(seen[-1], HttpExchange)


async def test_a_name_chosen_by_a_censor_is_cut_and_the_others_are_not(world: World) -> None:
    await world.names()
    world.set(ipv6=False, neutral_name="harmless.test")
    context = world.context("harmless.test")
    port = await world.server(serving({b"harmless.test": context}, reset))
    seen = await world.measure(f"https://site.test:{port}/")
    assert shape(seen)[2:] == [
        *(("tls", 0, "connection_reset"), ("tcp", 0, ""), ("tls", 0, "")),
    ]


async def test_a_url_that_is_none_is_the_caller_s_fault(world: World) -> None:
    with pytest.raises(BadUrlError):
        await measure(Endpoint(id="e", url="nonsense"), world.tools())


async def test_cancelled_half_way_it_leaves_nothing_open(world: World) -> None:
    await world.names()
    world.set(tls_timeout=60.0, late_answers=60.0)
    port = await world.server(hang)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await world.measure(f"https://site.test:{port}/")


async def test_a_measurement_without_a_network(world: World) -> None:
    world.set(resolver=f"127.0.0.1:{free_port()}", ipv6=False)
    assert shape(await world.measure("https://site.test/")) == [("dns", 0, "connection_refused")]


def test_a_missing_family_is_no_failure_where_the_other_answers() -> None:
    empty = lookup("dns_no_answer")
    told = DnsLookup(at=empty.at, took=0.1, name="a.test", answers=("1.1.1.1",))
    assert shape(settle([told, empty])) == [("dns", 0, ""), ("dns", 0, "")]
    assert shape(settle([told, lookup("dns_no_answer", 1)]))[1] == ("dns", 1, "dns_no_answer")
    assert shape(settle([empty, empty])) == [("dns", 0, "dns_no_answer")] * 2


@given(st.lists(st.sampled_from("abcdef")), st.lists(st.sampled_from("uvwxyz")), st.integers(1, 8))
def test_both_families_get_their_turn(four: list[str], six: list[str], most: int) -> None:
    chosen = choose([four, six], most, Random(0))  # noqa: S311 — dice for a test
    assert len(chosen) == len(set(chosen)) == min(most, len(set(four)) + len(set(six)))
    assert set(chosen) <= {*four, *six}
    if four and six and most > 1:
        assert set(chosen) & set(four)
        assert set(chosen) & set(six)


def test_the_order_is_random() -> None:
    many = [str(number) for number in range(20)]
    orders = {choose([many, []], 20, Random(seed)) for seed in range(5)}  # noqa: S311 — as above
    assert len(orders) == 5


async def test_a_look_is_the_plain_chain_and_ends_in_time(world: World) -> None:
    port = await world.server(hang)
    await world.names("127.0.0.1")
    world.set(http_timeout=60.0)
    endpoint = Endpoint(id="a", url=f"http://a.example:{port}/")
    began = SystemClock().monotonic()
    seen = await look(endpoint, world.tools(), 0.3)
    assert SystemClock().monotonic() - began < 5
    assert shape(seen)[-1] == ("htt", 0, "generic_timeout_error")
    assert not any(one.test for one in seen)


async def test_an_open_port_is_only_connected_to(world: World) -> None:
    await world.names("127.0.0.1")
    port = await world.server(hang)
    seen = await world.measure(f"tcp://site.test:{port}")
    assert shape(seen) == [("dns", 0, ""), ("dns", 0, ""), ("tcp", 0, "")]
    closed = await world.measure(f"tcp://127.0.0.1:{free_port()}")
    assert shape(closed) == [("tcp", 0, "connection_refused")]


async def test_a_name_is_only_resolved(world: World) -> None:
    await world.names("1.2.3.4", "2606:4700::1111")
    (four,) = await world.measure("dns:site.test")
    assert isinstance(four, DnsLookup)
    assert (four.answers, four.failure) == (("1.2.3.4",), None)
    other = await world.names("2606:4700::1112")
    (six,) = await world.measure(f"dns://127.0.0.1:{other.port}/site.test?type=AAAA")
    assert isinstance(six, DnsLookup)
    assert (six.query, six.answers) == ("AAAA", ("2606:4700::1112",))


async def test_a_name_that_fails_is_asked_elsewhere(world: World) -> None:
    await world.resolver(refusing(3))
    second = await world.names("2606:4700::1111")
    world.set(second_resolver=f"127.0.0.1:{second.port}")
    seen = await world.measure("dns:site.test?type=AAAA")
    assert shape(seen) == [("dns", 0, "dns_nxdomain_error"), ("dns", 0, "")]


async def test_a_redirect_leads_to_pages_alone(world: World) -> None:
    port = await world.server(page("", "302 Found", Location="tcp://127.0.0.1:25"))
    seen = await world.measure(f"http://127.0.0.1:{port}/")
    assert shape(seen)[-1] == ("htt", 0, "http_invalid_redirect_location_host")
