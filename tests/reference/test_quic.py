"""QUIC on a reference server: hands are shaken with who is where it says it is, within limits."""

import asyncio

import pytest
from aioquic.buffer import Buffer  # type: ignore[attr-defined]
from aioquic.quic.packet import QuicPacketType, pull_quic_header
from hypothesis import given
from hypothesis import strategies as st

from probe.clock import SystemClock
from probe.config.shape import ReferenceLimits, Seconds, Size
from probe.measure.quic import Shaking, shake
from probe.measure.step import Mark
from probe.measure.tls import Peer
from probe.model import QuicHandshake
from probe.reference.admission import Admission
from probe.reference.authority import Authority
from probe.reference.quic import TOKEN_SECONDS, Gate, Speaker, Tokens, configuration
from tests.measure.world import World
from tests.reference.served import opened
from tests.reference.test_root import metrics

CALLER = ("192.0.2.1", 4433)
PATIENCE = 5.0
LIMITS = ReferenceLimits(per_address=2, per_minute=4, bytes_per_minute=Size(20_000))


async def visit(world: World, port: int, name: str = "any.test") -> QuicHandshake:
    world.set(tls_timeout=Seconds(1))
    return await shake(Peer("127.0.0.1", port, name), world.tools(), Mark(), verify=False)


async def test_hands_are_shaken_under_any_name_and_counted(world: World) -> None:
    async with opened() as served:
        for name in ("one.test", "two.test"):
            assert (await visit(world, served.secure, name)).failure is None
        told = await metrics(served)
    assert "worksforwhom_reference_connections_total 2.0" in told


async def test_who_comes_too_often_is_not_answered(world: World) -> None:
    async with opened(ReferenceLimits(per_minute=2)) as served:
        seen = [await visit(world, served.secure) for _ in range(3)]
        told = await metrics(served)
    assert [bool(one.failure) for one in seen] == [False, False, True]
    assert 'worksforwhom_reference_refused_total{reason="rate"} ' in told
    assert 'worksforwhom_reference_refused_total{reason="rate"} 0' not in told


async def test_without_it_only_tcp_is_listened_to(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probe.reference.root.find_spec", lambda _: None)
    async with opened() as served:
        seen = await visit(world, served.secure)
    assert seen.failure is not None
    assert seen.failure.name == "connection_refused"


class Wire(asyncio.DatagramTransport):
    """Keeps what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def sendto(self, data: object, addr: object = None) -> None:
        assert addr is not None
        self.sent.append(bytes(data))  # type: ignore[call-overload]

    def close(self) -> None:
        pass


class Told(SystemClock):
    now_is = 100.0

    def monotonic(self) -> float:
        return self.now_is


PEM = Authority(SystemClock().now()).pem("quic.test")


def speaker(limits: ReferenceLimits = LIMITS) -> tuple[Speaker, Wire, Admission, Told]:
    admission, clock, wire = Admission(limits), Told(), Wire()
    gate = Gate(
        enter=lambda a: admission.enter(a, clock.monotonic()) is None,
        leave=lambda a, _: admission.leave(a, clock.monotonic()),
        grant=lambda a, size: admission.grant(a, size, clock.monotonic()),
    )
    made = Speaker(configuration(PEM, PEM, PATIENCE), clock, PATIENCE, gate)
    made.connection_made(wire)
    return made, wire, admission, clock


def hello(name: str = "any.test") -> Shaking:
    shaking = Shaking(Peer("192.0.2.2", 443, name))
    shaking.begin(0.0)
    return shaking


async def test_until_it_answers_from_there_a_caller_costs_no_memory_and_is_sent_less_than_it_sent() -> (
    None
):
    made, wire, admission, _ = speaker()
    for number in range(50):
        (first,) = hello().send(0.0)
        made.datagram_received(first, (f"192.0.2.{number}", 4433))
        assert len(wire.sent[-1]) < len(first) / 4
    kinds = {pull_quic_header(Buffer(data=d), host_cid_length=8).packet_type for d in wire.sent}
    assert kinds == {QuicPacketType.RETRY}
    assert admission.open == 0


async def test_a_token_lets_in_and_a_stolen_or_old_one_does_not() -> None:
    made, wire, admission, clock = speaker()
    caller = hello()
    made.datagram_received(caller.send(0.0)[0], CALLER)
    caller.feed(wire.sent[-1], 0.1)
    again = caller.send(0.1)[0]
    made.datagram_received(again, ("192.0.2.9", 4433))
    clock.now_is += TOKEN_SECONDS + 1
    made.datagram_received(again, CALLER)
    assert admission.open == 0
    clock.now_is -= TOKEN_SECONDS
    made.datagram_received(again, CALLER)
    assert admission.open == 1
    made.close()
    assert admission.open == 0


async def test_what_is_sent_is_of_the_callers_share() -> None:
    made, wire, admission, _ = speaker(replace_share(100))
    caller = hello()
    made.datagram_received(caller.send(0.0)[0], CALLER)
    caller.feed(wire.sent[-1], 0.1)
    before = len(wire.sent)
    made.datagram_received(caller.send(0.1)[0], CALLER)
    assert (len(wire.sent), admission.open) == (before, 0)


def replace_share(share: int) -> ReferenceLimits:
    return ReferenceLimits(bytes_per_minute=Size(share))


async def test_another_version_is_told_which_ones_there_are_and_a_short_word_nothing() -> None:
    made, wire, _, _ = speaker()
    strange = bytearray(hello().send(0.0)[0])
    strange[1:5] = b"\x1a\x2a\x3a\x4a"
    made.datagram_received(bytes(strange[:600]), CALLER)
    assert wire.sent == []
    made.datagram_received(bytes(strange), CALLER)
    (answer,) = wire.sent
    told = pull_quic_header(Buffer(data=answer), host_cid_length=8)
    assert told.packet_type is QuicPacketType.VERSION_NEGOTIATION
    made.datagram_received(answer.ljust(1300, b"\0"), CALLER)  # never to one another
    assert len(wire.sent) == 1


@given(st.lists(st.binary(max_size=1400) | st.binary(min_size=1200, max_size=1400), max_size=6))
def test_strangers_may_send_anything(datagrams: list[bytes]) -> None:
    made, wire, admission, _ = speaker()
    for datagram in datagrams:
        made.datagram_received(datagram, CALLER)
    assert admission.open == 0
    assert sum(map(len, wire.sent)) <= sum(map(len, datagrams))


@given(st.binary(max_size=80), st.binary(max_size=20))
def test_a_token_of_any_bytes_is_read_or_refused(token: bytes, chosen: bytes) -> None:
    assert Tokens().read(token, CALLER, chosen, 1.0) is None


@given(st.binary(min_size=8, max_size=20), st.floats(0, 60))
def test_a_token_holds_for_a_while(original: bytes, later: float) -> None:
    tokens = Tokens()
    token = tokens.make(CALLER, original, b"chosen", 5.0)
    read = tokens.read(token, CALLER, b"chosen", 5.0 + later)
    assert read == (original if later <= TOKEN_SECONDS else None)


def test_a_key_without_end_is_no_key() -> None:
    with pytest.raises(ValueError, match="no private key"):
        configuration(PEM, PEM.replace(b"END", b"FIN", 1), PATIENCE)
