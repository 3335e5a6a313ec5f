"""Each differential test, really made on loopback, beside a reference server where it needs one."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import msgspec
import pytest
import trustme

from probe.config.shape import ReferenceLimits, Referring, Seconds
from probe.measure.chain import measure
from probe.measure.diagnose import diagnose
from probe.measure.goal import goal
from probe.measure.trial import GOODPUT_BYTES
from probe.model import (
    DifferentialTest,
    DnsLookup,
    Endpoint,
    Expectation,
    HttpExchange,
    Layer,
    Observation,
    QuicHandshake,
    TcpConnect,
    TlsHandshake,
    Transport,
)
from tests.measure.encrypted import framed, over_https, over_tls
from tests.measure.speaking import Sending, answering, speaking
from tests.measure.test_dial import free_port
from tests.measure.world import (
    Handler,
    World,
    common_port,
    finish,
    hang,
    page,
    refusing,
    reset,
    serving,
    telling,
)
from tests.reference.served import opened

RESOLVER, NEUTRAL = DifferentialTest.SECOND_RESOLVER, DifferentialTest.NEUTRAL_NAME


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


async def test_several_resolvers_are_one_test_and_what_is_encrypted_is_believed(
    world: World,
) -> None:
    await world.resolver(refusing(3))
    forger = await world.names("127.0.0.2")
    tls = await over_tls(world, framed(telling("127.0.0.1")))
    https = await over_https(world)
    world.set(second_resolver=(https, tls, f"127.0.0.1:{forger.port}"), ipv6=False)
    port = await world.tls(hang)
    seen = of_test(await world.measure(f"https://site.test:{port}/"), RESOLVER)
    lookups = [one for one in seen if isinstance(one, DnsLookup)]
    assert [one.transport.value for one in lookups] == ["udp", "tls", "https"]
    assert [one.failure for one in lookups] == [None] * 3
    assert isinstance(seen[3], TcpConnect)
    assert seen[3].address == "127.0.0.1"  # not the forger's


async def test_an_encrypted_resolver_that_is_cut_by_name_is_tried_by_another(world: World) -> None:
    await world.names("127.0.0.1")
    plain = await world.names()
    cut = serving({b"harmless.test": world.context("harmless.test")}, reset)
    resolver = await world.server(cut)
    world.set(
        second_resolver=(f"127.0.0.1:{plain.port}", f"tls://dns.test@127.0.0.1:{resolver}"),
        neutral_name="harmless.test", ipv6=False, background=1.0,
    )  # fmt: skip
    port = await world.tls(page("well"))
    seen = of_test(await world.measure(f"https://site.test:{port}/"), RESOLVER)
    match seen:
        case [DnsLookup() as first, DnsLookup() as second, TcpConnect(), TlsHandshake() as hand]:
            assert (first.failure, second.failed_at) == (None, Layer.TLS)
            assert (hand.server_name, hand.failure, hand.port) == ("harmless.test", None, resolver)
        case other:
            raise AssertionError(other)


async def test_an_encrypted_resolver_alone_is_held_against_plain_dns_there(world: World) -> None:
    await world.names("127.0.0.1")
    world.set(
        second_resolver=f"tls://dns.test@127.0.0.1:{free_port()}",
        neutral_name="harmless.test", ipv6=False, background=1.0,
    )  # fmt: skip
    port = await world.tls(page("well"))
    seen = of_test(await world.measure(f"https://site.test:{port}/"), RESOLVER)
    match seen:
        case [DnsLookup() as first, DnsLookup() as again]:  # a name cannot matter before TLS
            assert (first.transport, first.failed_at) == (Transport.TLS, Layer.TCP)
            assert again.transport is Transport.UDP
        case other:
            raise AssertionError(other)


async def test_what_goes_well_is_not_tried_at_a_plain_resolver(world: World) -> None:
    await world.names("127.0.0.1")
    plain = await world.names()
    world.set(second_resolver=f"127.0.0.1:{plain.port}", ipv6=False, background=1.0)
    port = await world.tls(page("well"))
    assert not of_test(await world.measure(f"https://site.test:{port}/"), RESOLVER)
    assert plain.asked == []


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


# ── beside a server of ours ──────────────────────────────────────────────────────────────────


def ends(seen: Sequence[Observation]) -> list[tuple[str, str]]:
    """Kind and failure of each step."""
    names = {TcpConnect: "tcp", TlsHandshake: "tls", HttpExchange: "http", DnsLookup: "dns"}
    return [(names[type(one)], one.failure.name if one.failure else "") for one in seen]


def refer(world: World, port: int, plain_port: int = 80, **more: object) -> None:
    own = Referring(address="127.0.0.1", port=port, plain_port=plain_port)
    world.set(reference=own, neutral_name="harmless.test", ipv6=False, **more)


def relaying(port: int, *names: bytes, most: int = 0) -> Handler:
    """A censor before our server: who says a name is reset, or frozen past so many bytes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(65536)
        caught = any(name in first for name in names)
        if caught and not most:
            reader.feed_data(first)
            return await reset(reader, writer)
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        forth.write(first)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pumped(reader, forth, 0))
                both.create_task(_pumped(back, writer, most if caught else 0))
        except* OSError:
            pass
        finally:
            forth.transport.abort()

    return handle


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int) -> None:
    """Pass on what comes; with `most`, no more than that, and then wait in vain."""
    passed = 0
    while data := await reader.read(4096):
        passed += len(data)
        if most and passed > most:
            await asyncio.Event().wait()
        writer.write(data)
    writer.transport.abort()


async def test_a_cut_that_hangs_on_the_name_follows_it_to_our_server(world: World) -> None:
    await world.names()
    async with opened() as served:
        port = await world.server(relaying(served.secure, b"site.test"))
        refer(world, port)
        seen = await world.measure(f"https://site.test:{await world.server(reset)}/")
    own = of_test(seen, DifferentialTest.OWN_ADDRESS)
    assert ends(own) == [("tcp", ""), ("tls", ""), ("tcp", ""), ("tls", "connection_reset")]
    shaken = [one for one in own if isinstance(one, TlsHandshake)]
    assert [one.server_name for one in shaken] == ["harmless.test", "site.test"]
    assert {one.port for one in shaken} == {port}


async def test_what_hangs_on_the_address_does_not(world: World) -> None:
    await world.names()
    async with opened() as served:
        refer(world, served.secure)
        seen = await world.measure(f"https://site.test:{free_port()}/")
    own = of_test(seen, DifferentialTest.OWN_ADDRESS)
    assert ends(own) == [("tcp", ""), ("tls", "")] * 2


async def test_where_the_control_fails_the_name_is_not_said(world: World) -> None:
    await world.names()
    refer(world, await world.server(reset))
    seen = await world.measure(f"https://site.test:{await world.server(reset)}/")
    own = of_test(seen, DifferentialTest.OWN_ADDRESS)
    assert ends(own) == [("tcp", ""), ("tls", "connection_reset")]


async def test_after_a_cut_our_server_is_left_alone_until_nothing_of_it_can_be_left(
    world: World,
) -> None:
    await world.names()
    async with opened() as served:
        refer(world, await world.server(relaying(served.secure, b"site.test")))
        tools = world.tools()
        target = goal(f"https://site.test:{await world.server(reset)}/")
        failed = await world.measure(f"https://site.test:{target_port(target)}/")
        plain = [one for one in failed if one.test is None]
        first, second = [await diagnose(target, plain, tools) for _ in range(2)]
    assert of_test(first, DifferentialTest.OWN_ADDRESS)
    assert not of_test(second, DifferentialTest.OWN_ADDRESS)
    assert of_test(second, NEUTRAL), "at the target's own address it is tried again"


def target_port(target: object) -> int:
    return int(getattr(target, "port"))  # noqa: B009 — a Site, which mypy is not told


QUIC = DifferentialTest.QUIC


async def over_quic(world: World, sending: Sending | None = None) -> tuple[QuicHandshake, ...]:
    """A target that is cut over TCP; over UDP there is nobody, or who answers so."""
    await world.names()
    port = await world.server(reset)
    if sending is not None:
        await answering(world, sending, port=port)
    world.set(quic=True, ipv6=False)
    seen = of_test(await world.measure(f"https://site.test:{port}/"), QUIC)
    return tuple(one for one in seen if isinstance(one, QuicHandshake))


async def test_over_quic_our_server_is_visited_under_both_names_and_then_the_target(
    world: World,
) -> None:
    async with opened() as served:
        world.set(
            reference=Referring(address="127.0.0.1", port=served.secure),
            neutral_name="harmless.test",
            residual=Seconds(60),
        )
        control, ours, target = await over_quic(world)
    assert (control.server_name, control.failure) == ("harmless.test", None)
    assert (ours.server_name, ours.failure, ours.port) == ("site.test", None, served.secure)
    assert target.failure is not None
    assert (target.server_name, target.failure.name) == ("site.test", "connection_refused")


async def test_where_nothing_passes_over_udp_the_name_is_not_said_to_our_server(
    world: World,
) -> None:
    world.set(
        reference=Referring(address="127.0.0.1", port=free_port()),
        neutral_name="harmless.test",
    )
    control, target = await over_quic(world)
    assert (control.server_name, target.server_name) == ("harmless.test", "site.test")


async def test_a_target_that_is_well_over_quic_is_known_by_its_certificate(world: World) -> None:
    await world.names()
    port = await world.server(reset)
    await speaking(world, "site.test", port=port)
    world.set(quic=True, ipv6=False)
    (target,) = of_test(await world.measure(f"https://site.test:{port}/"), QUIC)
    assert isinstance(target, QuicHandshake)
    assert (target.failure, target.chain[0].names) == (None, ("site.test",))


async def test_where_nothing_speaks_quic_it_is_not_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probe.measure.trial.find_spec", lambda _: None)
    assert await over_quic(world) == ()


async def test_over_quic_too_what_is_silent_ends_with_its_name(world: World) -> None:
    world.set(tls_timeout=Seconds(0.5))
    (target,) = await over_quic(world, lambda _: ())
    assert target.failure is not None
    assert target.failure.name == "generic_timeout_error"


async def test_a_harmless_host_gets_an_answer_where_the_target_s_is_cut(world: World) -> None:
    await world.names()
    async with opened() as served:
        port = await world.server(relaying(served.plain, b"site.test"))
        refer(world, served.secure, port)
        seen = await world.measure(f"http://site.test:{port}/")
    swapped = of_test(seen, DifferentialTest.HOST_SWAP)
    assert ends(swapped) == [
        ("tcp", ""), ("http", ""), ("tcp", ""), ("http", ""), ("tcp", ""), ("http", "connection_reset")
    ]  # fmt: skip
    urls = [one.url for one in swapped if isinstance(one, HttpExchange)]
    assert [url.split("//")[1].split(":")[0] for url in urls] == [
        "harmless.test", "harmless.test", "site.test"
    ]  # fmt: skip


async def test_without_a_server_of_ours_the_host_is_swapped_at_the_target_alone(
    world: World,
) -> None:
    await world.names()
    world.set(neutral_name="harmless.test", ipv6=False)
    port = await world.server(page("a notice"))
    seen = await world.measure(f"http://site.test:{port}/", expect="well")
    assert ends(of_test(seen, DifferentialTest.HOST_SWAP)) == [("tcp", ""), ("http", "")]


async def test_a_plain_site_s_certificate_is_asked_for(world: World, world_443: int) -> None:
    await world.names()
    seen = await world.measure(f"http://site.test:{await world.server(page('x'))}/", expect="well")
    (reached,) = of_test(seen, DifferentialTest.CERTIFICATE)
    assert isinstance(reached, TcpConnect)
    assert reached.port == world_443


@pytest.fixture
def world_443() -> int:
    """Where certificates are; nothing of ours listens there."""
    return 443


async def test_another_address_is_tried_where_the_chain_had_no_room(world: World) -> None:
    """Which one the chain takes is chance; the one that is well is tried wherever it was not."""
    await world.names("127.0.0.1", "127.0.0.2")
    world.set(ipv6=False, max_addresses=1)
    port = common_port()
    await world.tls(hang, address="127.0.0.2", port=port)
    endpoint = Endpoint(id="e", url=f"https://site.test:{port}/")
    chosen = set()
    for seed in range(8):
        dice = Random(seed)  # noqa: S311 — dice for a test
        seen = await measure(endpoint, replace(world.tools(), random=dice))
        (first,) = [one for one in seen if isinstance(one, TcpConnect) and one.test is None]
        chosen.add(first.address)
        found = of_test(seen, DifferentialTest.SECOND_ADDRESS)
        well = first.address == "127.0.0.2"
        assert ends(found) == ([] if well else [("tcp", ""), ("tls", "")])
        assert {getattr(one, "address", "") for one in found} <= {"127.0.0.2"}
    assert chosen == {"127.0.0.1", "127.0.0.2"}


class Fixed(Random):
    """Dice that always show the same."""

    def __init__(self, shown: float) -> None:
        super().__init__()
        self._shown = shown

    def random(self) -> float:
        return self._shown


@pytest.mark.parametrize(("shown", "tried"), [(0.0, True), (0.0049, True), (0.005, False)])
async def test_what_goes_well_is_tried_by_the_draw_of_each_measurement(
    shown: float,
    tried: bool,  # noqa: FBT001 — a case
    world: World,
) -> None:
    await world.names()
    endpoint = Endpoint(id="e", url=f"https://site.test:{await world.tls(page('well'))}/")
    async with opened() as served:
        refer(world, served.secure)
        world.set(background=0.005)
        seen = await measure(endpoint, replace(world.tools(), random=Fixed(shown)))
    assert {one.test for one in seen} == ({None, DifferentialTest.GOODPUT} if tried else {None})


async def test_the_other_port_of_the_web_is_tried(world: World) -> None:
    await world.names("127.0.0.9")
    world.set(ipv6=False)
    seen = await world.measure("https://site.test/")
    (found,) = of_test(seen, DifferentialTest.OTHER_PORT)
    assert isinstance(found, TcpConnect)
    assert (found.address, found.port) == ("127.0.0.9", 80)


STALLED = b"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + b"x" * 16_000


def stalling() -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(STALLED)
        await writer.drain()
        await reader.read()

    return handle


async def test_a_flow_that_freezes_is_seen_with_what_came_of_it_and_beside_a_whole_one(
    world: World,
) -> None:
    await world.names()
    async with opened(ReferenceLimits()) as served:
        refer(
            world,
            await world.server(relaying(served.secure, b"site.test", most=16_384)),
            http_timeout=Seconds(1.5),
        )
        seen = await world.measure(f"https://site.test:{await world.tls(stalling())}/")
    stalled = next(one for one in seen if isinstance(one, HttpExchange))
    assert stalled.failure
    assert stalled.failure.name == "generic_timeout_error"
    assert stalled.length == 16_000
    assert 16_000 < stalled.received < 17_000
    control, frozen = [
        one for one in of_test(seen, DifferentialTest.GOODPUT) if isinstance(one, HttpExchange)
    ]
    assert (control.failure, control.length) == (None, GOODPUT_BYTES)
    assert frozen.failure
    assert frozen.failure.name == "generic_timeout_error"
    assert frozen.length == 0, "not one record is whole"
    assert 10_000 < frozen.received < 16_384


async def test_the_pace_is_not_tried_where_the_body_would_not_be_read(world: World) -> None:
    await world.names()
    async with opened() as served:
        refer(world, served.secure, max_body=32_768, http_timeout=Seconds(0.2))
        seen = await world.measure(f"https://site.test:{await world.tls(stalling())}/")
    assert not of_test(seen, DifferentialTest.GOODPUT)


async def test_past_the_budget_nothing_more_is_tested(world: World) -> None:
    await world.names()
    world.set(neutral_name="harmless.test", ipv6=False, tests_per_minute=0)
    seen = await world.measure(f"https://site.test:{await world.server(reset)}/")
    assert [one.test for one in seen if one.test] == []


async def test_a_name_that_our_server_does_not_serve_is_no_cut(world: World) -> None:
    await world.names()
    async with opened(names=("harmless.test",)) as served:
        refer(world, served.secure)
        tools = world.tools()
        target = goal("https://site.test/")
        failed = await world.measure(f"https://site.test:{await world.server(reset)}/")
        seen = await diagnose(target, [one for one in failed if one.test is None], tools)
        place = ("127.0.0.1", served.secure)
        assert tools.residue.enter(place, tools.clock.monotonic()), "it is not tainted"
    last = of_test(seen, DifferentialTest.OWN_ADDRESS)[-1]
    assert last.failure
    assert last.failure.alert == ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


async def test_a_slow_answer_that_is_well_is_tried_beside_a_control(world: World) -> None:
    body = b"x" * 17_000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 17000\r\n\r\n"

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + body[:10_000])
        await writer.drain()
        await asyncio.sleep(0.95)
        writer.write(body[10_000:])
        await writer.drain()

    await world.names()
    async with opened() as served:
        refer(world, served.secure)
        seen = await world.measure(f"https://site.test:{await world.tls(slow)}/")
    whole = [
        one for one in of_test(seen, DifferentialTest.GOODPUT) if isinstance(one, HttpExchange)
    ]
    assert [one.expectation for one in whole] == [Expectation.MET] * 2


async def test_where_hands_were_shaken_late_a_harmless_name_is_tried(world: World) -> None:
    await world.names()
    world.set(neutral_name="harmless.test", ipv6=False)
    url = f"https://site.test:{await world.tls(page('well'))}/"
    well = await world.measure(url)
    late = [
        msgspec.structs.replace(one, took=1.5) if isinstance(one, TlsHandshake) else one
        for one in well
    ]
    assert await diagnose(goal(url), well, world.tools()) == ()
    reached, shaken = await diagnose(goal(url), late, world.tools())
    assert isinstance(reached, TcpConnect)
    assert isinstance(shaken, TlsHandshake)
    assert (shaken.server_name, shaken.failure, shaken.test) == ("harmless.test", None, NEUTRAL)
