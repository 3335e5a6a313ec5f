from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.kernel.internet import router as module
from probe.lab.kernel.internet.interference.policy import (
    ROUTERS,
    AddressDrop,
    Delay,
    Divert,
    Policy,
    SynReset,
)
from probe.lab.kernel.internet.packet import (
    ETHERNET,
    IPV4,
    IPV6,
    Flag,
    Icmp,
    Packet,
    Tcp,
    build,
    checksum,
    ethernet,
    parse,
)
from probe.lab.kernel.internet.router import IN_FLIGHT, Router
from probe.lab.kernel.plan import Host, Plan, Role
from probe.lab.kernel.sandbox.wiring import GATEWAY_MAC, mac

ONE, TWO, THREE = b"\x1f\0\0\1", b"\x1f\0\0\2", b"\x1f\0\0\3"
ONE_V6, TWO_V6 = b"\x2a\x0e" + b"\0" * 13 + b"\1", b"\x2a\x0e" + b"\0" * 13 + b"\2"
PLAN = Plan(
    hosts=(
        Host(name="one", role=Role.VANTAGE, v4="31.0.0.1", v6="2a0e::1", delay=0.01),
        Host(name="two", role=Role.ORIGIN, v4="31.0.0.2", v6="2a0e::2", delay=0.02),
        Host(name="three", role=Role.NOTICE, v4="31.0.0.3", delay=0.03),
    ),
    zone={},
    names={},
    resolvers={},
    public_resolver="",
    notice="31.0.0.3",
)
SYN = Tcp(source_port=40000, port=443, seq=0, flags=Flag.SYN)


def router(*acts: Delay | AddressDrop | Divert | SynReset) -> Router:
    made = Router(PLAN, mac, GATEWAY_MAC)
    if acts:
        made.border.apply("e", [Policy(clients=(ONE, ONE_V6), act=act) for act in acts])
    return made


def frame(source: bytes = ONE, target: bytes = TWO, ttl: int = 64) -> bytes:
    header = ethernet(GATEWAY_MAC, mac(0), IPV4 if len(source) == 4 else IPV6)
    return header + build(Packet(source=source, target=target, ttl=ttl, segment=SYN))


def sent(made: Router, at: float = 1e9) -> list[tuple[int, Packet]]:
    out = []
    for place, data in made.due(at):
        packet = parse(data[ETHERNET:])
        assert packet is not None
        assert data[:6] == ethernet(mac(place), GATEWAY_MAC, IPV4)[:6]
        out.append((place, packet))
    return out


@pytest.mark.parametrize(("source", "target"), [(ONE, TWO), (ONE_V6, TWO_V6)])
@given(ttl=st.integers(ROUTERS + 1, 255))
def test_a_packet_arrives_some_hops_older_and_whole(
    source: bytes, target: bytes, ttl: int
) -> None:
    made = router()
    made.receive(0, frame(source, target, ttl), 0)
    ((place, data),) = made.due(1)
    packet = parse(data[ETHERNET:])
    assert (place, packet) == (
        1,
        Packet(source=source, target=target, ttl=ttl - ROUTERS, segment=SYN),
    )
    assert len(source) == 16 or checksum(data[ETHERNET : ETHERNET + 20]) == 0


def test_it_arrives_after_both_hosts_delays_and_not_before() -> None:
    made = router()
    made.receive(0, frame(), 5.0)
    assert made.next_due() == pytest.approx(5.03)
    assert sent(made, 5.029) == []
    assert len(sent(made, 5.031)) == 1
    assert made.next_due() is None


def test_what_is_sent_first_arrives_first() -> None:
    made = router()
    for ttl in range(10, 60):
        made.receive(0, frame(ttl=ttl), 0)
    assert [packet.ttl for _, packet in sent(made)] == list(range(10 - ROUTERS, 60 - ROUTERS))


def ended(made: Router, ttl: int, source: bytes = ONE, target: bytes = TWO) -> bytes | None:
    """Where a packet ends that may pass so many routers; None where nobody says so."""
    made.receive(0, frame(source, target, ttl=ttl), 0)
    for place, packet in sent(made):
        if isinstance(packet.segment, Icmp) and packet.segment.kind in {3, 11} and place == 0:
            assert packet.target == source
            return packet.source
    return None


@pytest.mark.parametrize(("source", "target"), [(ONE, TWO), (ONE_V6, TWO_V6)])
def test_a_packet_that_is_too_old_is_said_to_be(source: bytes, target: bytes) -> None:
    made = router()
    made.receive(0, frame(source, target, ttl=1), 0)
    ((place, answer),) = sent(made)
    assert (place, answer.target) == (0, source)
    assert isinstance(answer.segment, Icmp)
    assert answer.segment.kind == (11 if len(source) == 4 else 3)


@pytest.mark.parametrize(("source", "target"), [(ONE, TWO), (ONE_V6, TWO_V6)])
def test_every_router_of_a_way_has_an_address_of_its_own(source: bytes, target: bytes) -> None:
    way = [ended(router(), ttl, source, target) for ttl in range(1, ROUTERS + 2)]
    assert len(set(way)) == ROUTERS + 1
    assert way[-1] is None


def test_what_a_network_drops_ends_before_its_border() -> None:
    way = [ended(router(AddressDrop()), ttl) for ttl in range(1, ROUTERS + 2)]
    assert way == [ended(router(), 1), *[None] * ROUTERS]


def test_what_is_dropped_at_the_door_comes_so_far() -> None:
    made = router()
    made.border.apply("e", [Policy(clients=(ONE,), act=AddressDrop(), behind=ROUTERS)])
    way = [ended(made, ttl) for ttl in range(1, ROUTERS + 2)]
    assert way == [ended(router(), ttl) for ttl in range(1, ROUTERS + 2)]
    assert sent(made) == []


def test_what_nobody_has_the_address_of_is_counted_and_gone() -> None:
    made = router()
    made.receive(0, frame(target=b"\x08\x08\x08\x08"), 0)
    assert (made.counters.received, made.counters.unroutable, sent(made)) == (1, 1, [])


@given(st.binary(max_size=120), st.booleans())
def test_arbitrary_frames_never_raise(data: bytes, interfered: bool) -> None:  # noqa: FBT001
    made = router(SynReset()) if interfered else router()
    for kind in (b"", IPV4, IPV6):
        made.receive(0, b"\0" * 12 + kind + data, 0)
    list(made.due(9))


@given(st.binary(min_size=34, max_size=120))
def test_damaged_frames_between_hosts_never_raise(data: bytes) -> None:
    made = router(SynReset())
    damaged = bytearray(b"\0" * 12 + IPV4 + data)
    damaged[30:34] = TWO
    made.receive(0, bytes(damaged), 0)
    list(made.due(9))


def test_what_is_forged_comes_before_what_is_true() -> None:
    made = router(SynReset())
    made.receive(0, frame(), 0)
    ((place, reset),) = sent(made)
    assert isinstance(reset.segment, Tcp)
    assert (place, reset.segment.flags) == (0, Flag.RST | Flag.ACK)
    assert (made.counters.injected, made.counters.forwarded) == (1, 0)


def test_a_delay_is_added_to_the_way() -> None:
    made = router(Delay(seconds=2))
    made.receive(0, frame(), 0)
    assert made.next_due() == pytest.approx(2.03)


def test_a_rewritten_packet_goes_where_it_says_now() -> None:
    made = router(Divert(port=443, to=(THREE,)))
    made.receive(0, frame(), 0)
    assert [(place, packet.target) for place, packet in sent(made)] == [(2, THREE)]


def test_it_fails_open(monkeypatch: pytest.MonkeyPatch) -> None:
    made = router(AddressDrop())

    def fail(*_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(made.border, "look", fail)
    made.receive(0, frame(), 0)
    assert len(sent(made)) == 1
    assert (made.counters.faults, made.counters.fault) == (1, "KeyError('a bug')")


def test_what_is_in_flight_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_FLIGHT", 10)
    made = router()
    for _ in range(12):
        made.receive(0, frame(), 0)
    census = made.census()
    assert (census.in_flight, census.overflowed) == (10, 2)
    assert IN_FLIGHT >= 10_000


def test_hits_are_counted_by_event() -> None:
    made = router(AddressDrop())
    made.receive(0, frame(), 0)
    made.receive(0, frame(), 0)
    assert made.census().hits == {"e": 2}
    assert made.census().flows == 1
