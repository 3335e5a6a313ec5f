from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.kernel.internet.border import FLOWS, IDLE, Border
from probe.lab.kernel.internet.interference.policy import (
    DROP,
    PASS,
    AddressDrop,
    AnyAct,
    Delay,
    NameDrop,
    Policy,
    SynReset,
)
from probe.lab.kernel.internet.packet import Flag, Packet, Segment, Tcp, Udp, build
from tests.lab.kernel.client_hello import hello

CLIENT, SERVER, STRANGER = b"\x1f\5\0\1", b"\x2d\x3c\1\1", b"\x1f\7\0\1"
PLACES = {CLIENT: 0, SERVER: 1, STRANGER: 2}
REQUEST_TIME = 100.0
DROPPED = msgspec.structs.replace(DROP, behind=1)
HELLO = hello()


def border(*found: AnyAct, share: float = 1.0, seed: int = 0) -> Border:
    made = Border(PLACES, seed)
    made.apply("event", [Policy(clients=(CLIENT,), act=act, share=share) for act in found])
    return made


def packet(port: int = 40000, segment: Segment | None = None) -> bytes:
    inner = segment or Tcp(source_port=port, port=443, seq=0, flags=Flag.SYN)
    return build(Packet(source=CLIENT, target=SERVER, segment=inner))


def test_policies_see_what_their_clients_send_and_get() -> None:
    made = border(AddressDrop())
    assert [len(made.watches(*pair)) for pair in ((0, 1), (1, 0), (1, 2), (2, 1))] == [1, 1, 0, 0]


def test_a_lifted_event_sees_nothing_and_its_hits_are_kept() -> None:
    made = border(AddressDrop())
    assert made.look(made.watches(0, 1), packet(), REQUEST_TIME) == DROPPED
    made.lift("event")
    made.lift("never applied")
    assert made.watches(0, 1) == ()
    assert made.hits == {"event": 1}


def test_an_event_applied_again_stands_in_place_of_the_first() -> None:
    made = border(AddressDrop())
    made.apply("event", [Policy(clients=(CLIENT,), act=Delay(seconds=1))])
    assert [standing.policy.act for standing in made.watches(0, 1)] == [Delay(seconds=1)]


def test_delays_add_up_and_the_first_that_does_more_has_the_last_word() -> None:
    made = border(Delay(seconds=1), Delay(seconds=2), SynReset(), AddressDrop())
    action = made.look(made.watches(0, 1), packet(), REQUEST_TIME)
    assert (action.delay, action.forward, len(action.inject)) == (3, False, 1)


def test_a_share_of_the_flows_is_hit_the_same_for_the_same_seed() -> None:
    def hits(seed: int) -> list[bool]:
        made = border(AddressDrop(), share=0.3, seed=seed)
        seen = made.watches(0, 1)
        return [
            made.look(seen, packet(port), REQUEST_TIME) is not PASS for port in range(1000, 2000)
        ]

    assert 250 < sum(hits(1)) < 350
    assert hits(1) == hits(1)
    assert hits(1) != hits(2)


def test_all_packets_of_a_flow_share_its_lot() -> None:
    made = border(AddressDrop(), share=0.5)
    seen = made.watches(0, 1)
    for port in range(1000, 1100):
        answer = Packet(
            source=SERVER,
            target=CLIENT,
            segment=Tcp(source_port=443, port=port, seq=0, flags=Flag.ACK),
        )
        first = made.look(seen, packet(port), REQUEST_TIME)
        assert made.look(seen, build(answer), REQUEST_TIME) == first


def test_a_port_used_again_is_another_flow() -> None:
    made = border(NameDrop())
    seen = made.watches(0, 1)

    def say(data: bytes) -> object:
        segment = Tcp(source_port=40000, port=443, seq=1, flags=Flag.ACK, data=data)
        return made.look(seen, packet(segment=segment), REQUEST_TIME)

    assert [say(b"\0 neither TLS nor a request"), say(HELLO)] == [PASS, PASS]
    made.look(seen, packet(), REQUEST_TIME)
    assert say(HELLO) == DROPPED


def test_idle_flows_are_forgotten() -> None:
    made = border(AddressDrop())
    seen = made.watches(0, 1)
    for port in range(100):
        made.look(seen, packet(port), REQUEST_TIME)
    made.look(seen, packet(1), REQUEST_TIME + IDLE)
    made.look(seen, packet(2), REQUEST_TIME + IDLE + 1)
    assert len(made) == 2


def test_flows_are_bounded() -> None:
    made = border(AddressDrop())
    seen = made.watches(0, 1)
    for port in range(FLOWS + 50):
        made.look(seen, packet(port, Udp(source_port=port, port=port // 2)), REQUEST_TIME)
    assert len(made) == FLOWS


@given(st.binary(max_size=80))
def test_what_is_no_packet_passes(data: bytes) -> None:
    made = border(NameDrop(), SynReset())
    made.look(made.watches(0, 1), data, REQUEST_TIME)
