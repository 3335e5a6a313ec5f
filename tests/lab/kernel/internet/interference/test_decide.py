from __future__ import annotations

import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.kernel.internet.interference import policy as acts
from probe.lab.kernel.internet.interference.decide import LEDGER, Ledger, Memory, Sight, decide
from probe.lab.kernel.internet.interference.policy import DROP, PASS, Action, AnyAct
from probe.lab.kernel.internet.packet import Flag, Icmp, Opaque, Packet, Segment, Tcp, Udp, parse
from tests.lab.kernel.client_hello import hello
from tests.lab.kernel.internet.test_initial import first

CLIENT, SERVER, OTHER = b"\x1f\5\0\1", b"\x2d\x3c\1\1", b"\x2d\x3c\1\2"
REQUEST = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
NAMES = ("example.com",)


def out(segment: Segment, now: float = 0.0) -> Sight:
    return Sight(
        packet=Packet(source=CLIENT, target=SERVER, segment=segment), outward=True, now=now
    )


def back(segment: Segment, now: float = 0.0) -> Sight:
    return Sight(
        packet=Packet(source=SERVER, target=CLIENT, segment=segment), outward=False, now=now
    )


def tcp(data: bytes = b"", flags: int = Flag.ACK, seq: int = 1, port: int = 443) -> Tcp:
    return Tcp(source_port=40000, port=port, seq=seq, ack=1, flags=flags, data=data)


def answer(data: bytes = b"") -> Tcp:
    return Tcp(source_port=443, port=40000, seq=1, ack=1, flags=Flag.ACK, data=data)


SYN = tcp(flags=Flag.SYN, seq=0)


def play(act: AnyAct, *sights: Sight) -> list[Action]:
    memory, ledger = Memory(), Ledger()
    return [decide(act, sight, memory, ledger) for sight in sights]


def question(name: str = "www.example.com", port: int = 53) -> Udp:
    return Udp(source_port=40000, port=port, data=dns.message.make_query(name, "A").to_wire())


def test_a_drop_may_be_of_some_ports_alone() -> None:
    act = acts.AddressDrop(addresses=(SERVER,), ports=(853,))
    there, elsewhere = tcp(port=853), tcp(port=443)
    back_from = Tcp(source_port=853, port=40000, seq=1, ack=1, flags=Flag.ACK)
    assert play(act, out(there), back(back_from), out(elsewhere), back(answer())) == [
        *(DROP, DROP, PASS, PASS)
    ]
    assert play(act, out(question(port=853)), out(question())) == [DROP, PASS]
    assert play(act, out(Icmp(kind=8, code=0, data=b""))) == [PASS]


ALL: tuple[AnyAct, ...] = (
    acts.AddressDrop(ports=(443,)),
    acts.DnsForgery(),
    acts.DnsSilence(),
    acts.DnsSilence(names=NAMES),
    acts.AddressDrop(unreachable=True),
    acts.SynReset(),
    acts.NameReset(http=True, residual=9),
    acts.NameDrop(),
    acts.NameFreeze(),
    acts.NamePolice(),
    acts.NameDelay(seconds=0.3),
    acts.HttpAnswer(response=b"page"),
    acts.Cut(spared=(SERVER,)),
    acts.Delay(seconds=1),
    acts.Divert(port=443, to=(OTHER,)),
)
SEGMENTS = st.one_of(
    st.builds(
        Tcp,
        source_port=st.sampled_from((53, 443, 40000)),
        port=st.sampled_from((53, 80, 443, 40000)),
        seq=st.integers(0, 2**32 - 1),
        ack=st.integers(0, 2**32 - 1),
        flags=st.integers(0, 31),
        data=st.one_of(st.binary(max_size=50), st.just(REQUEST), st.just(hello())),
    ),
    st.builds(Udp, source_port=st.just(40000), port=st.just(53), data=st.binary(max_size=50)),
    st.builds(
        Icmp, kind=st.integers(0, 255), code=st.integers(0, 255), data=st.binary(max_size=9)
    ),
    st.builds(Opaque, protocol=st.just(47), data=st.binary(max_size=9)),
)


@given(st.sampled_from(ALL), st.lists(st.tuples(st.booleans(), SEGMENTS), max_size=8))
def test_no_policy_raises_and_all_that_is_injected_is_whole(
    act: AnyAct, segments: list[tuple[bool, Segment]]
) -> None:
    for action in play(act, *(out(s) if outward else back(s) for outward, s in segments)):
        assert all(parse(data) is not None for data in action.inject)
        assert not action.rewritten or parse(action.rewritten) is not None


def test_names_of_others_are_let_through() -> None:
    act = acts.NameReset(names=NAMES, http=True)
    assert play(act, out(SYN), out(tcp(hello(b"neutral.example")))) == [PASS, PASS]
    assert play(act, out(SYN), out(tcp(REQUEST.replace(b"example.com", b"example.net")))) == [
        PASS,
        PASS,
    ]


def test_a_name_is_seen_across_segments_and_both_sides_are_reset() -> None:
    first, second = hello()[:30], hello()[30:]
    act = acts.NameReset(names=NAMES)
    *before, last, after = play(
        act, out(SYN), out(tcp(first)), out(tcp(second, seq=31)), back(answer(b"late"))
    )
    assert before == [PASS, PASS]
    assert [packet.target for packet in map(parse, last.inject) if packet] == [CLIENT, SERVER]
    assert (last.forward, after) == (False, DROP)


def test_a_name_said_in_plain_is_no_matter_of_tls_and_the_reverse() -> None:
    assert play(acts.NameReset(names=NAMES), out(tcp(REQUEST))) == [PASS]
    assert play(acts.NameReset(names=NAMES, tls=False, http=True), out(tcp(hello()))) == [PASS]


def test_residual_blocking_hits_the_next_connection_until_it_ends() -> None:
    act, ledger = acts.NameReset(names=NAMES, residual=10), Ledger()
    decide(act, out(tcp(hello()), now=100), Memory(), ledger)
    hit = decide(act, out(SYN, now=109), Memory(), ledger)
    assert (hit.forward, len(hit.inject)) == (False, 1)
    assert decide(act, out(SYN, now=111), Memory(), ledger) is PASS
    assert decide(act, out(tcp(flags=Flag.SYN, port=80), now=105), Memory(), ledger) is PASS


def test_what_is_remembered_across_flows_is_bounded() -> None:
    act, ledger = acts.NameReset(names=NAMES, residual=10), Ledger()
    for number in range(LEDGER + 100):
        source = number.to_bytes(4, "big")
        packet = Packet(source=source, target=SERVER, segment=tcp(hello()))
        decide(act, Sight(packet=packet, outward=True, now=0), Memory(), ledger)
    assert len(ledger.until) == LEDGER


def test_after_the_hello_all_is_dropped() -> None:
    seen = play(
        acts.NameDrop(names=NAMES), out(SYN), out(tcp(hello())), back(answer()), out(tcp())
    )
    assert seen == [PASS, DROP, DROP, DROP]


def test_past_the_budget_what_the_server_sends_is_dropped() -> None:
    act = acts.NameFreeze(names=NAMES, budget=1000)
    seen = play(
        act, out(tcp(hello())), back(answer(b"x" * 900)), back(answer(b"x" * 200)), out(tcp())
    )
    assert seen == [PASS, PASS, DROP, PASS]


def test_the_bucket_fills_at_the_rate() -> None:
    act = acts.NamePolice(names=NAMES, rate=100, burst=1000)
    big, small = answer(b"x" * 900), answer(b"x" * 100)
    seen = play(
        act, out(tcp(hello()), 0), back(big, 1), back(big, 2), back(small, 3), back(big, 60)
    )
    assert seen == [PASS, PASS, DROP, PASS, PASS]


def test_a_page_takes_the_servers_place() -> None:
    act = acts.HttpAnswer(names=NAMES, response=b"page")
    fin = tcp(flags=Flag.FIN | Flag.ACK, port=80)
    hit, late, ack, end = play(
        act, out(tcp(REQUEST, port=80)), back(answer(b"true")), out(tcp(port=80)), out(fin)
    )
    assert [packet.target for packet in map(parse, hit.inject) if packet] == [CLIENT, SERVER]
    assert (hit.forward, late, ack) == (False, DROP, DROP)
    assert len(end.inject) == 1


def test_a_question_is_answered_and_swallowed_or_passed_on() -> None:
    (swallowed,) = play(acts.DnsForgery(names=NAMES, answers=(("10.0.0.1",),)), out(question()))
    (passed,) = play(
        acts.DnsForgery(names=NAMES, answers=(("10.0.0.1",), ("10.0.0.2",)), swallow=False),
        out(question()),
    )
    assert (swallowed.forward, len(swallowed.inject)) == (False, 1)
    assert (passed.forward, len(passed.inject)) == (True, 2)


def test_of_a_pool_one_answer_is_taken() -> None:
    act = acts.DnsForgery(names=NAMES, answers=(("10.0.0.1",), ("10.0.0.2",)), pool=True)
    (action,) = play(act, out(question()))
    assert len(action.inject) == 1


@pytest.mark.parametrize(
    "sight",
    [
        out(question("example.net")),
        out(question(port=5353)),
        back(Udp(source_port=53, port=40000, data=b"")),
        out(Udp(source_port=40000, port=53, data=b"rubbish")),
        out(tcp(port=53)),
        out(Icmp(kind=8, code=0)),
    ],
)
def test_what_is_no_question_for_the_name_passes(sight: Sight) -> None:
    assert play(acts.DnsForgery(names=NAMES), sight) == [PASS]
    assert play(acts.DnsSilence(names=NAMES), sight) == [PASS]


def test_silence_without_names_is_the_silence_of_all_dns() -> None:
    both = Udp(source_port=53, port=40000), Tcp(source_port=53, port=40000, seq=0)
    seen = play(
        acts.DnsSilence(),
        out(question("a.net")),
        out(tcp(port=53)),
        *(back(segment) for segment in both),
        out(tcp()),
    )
    assert seen == [DROP, DROP, DROP, DROP, PASS]


def test_an_address_is_dropped_both_ways_and_others_are_not() -> None:
    act = acts.AddressDrop(addresses=(SERVER,))
    assert play(act, out(SYN), back(answer()), out(question())) == [DROP, DROP, DROP]
    assert play(acts.AddressDrop(addresses=(OTHER,)), out(SYN)) == [PASS]


def test_a_dropped_syn_leaves_what_runs_alone() -> None:
    act = acts.AddressDrop(addresses=(SERVER,), syn_only=True)
    assert play(act, out(SYN), out(tcp()), out(question())) == [DROP, PASS, PASS]


def test_unreachable_is_said_to_the_client() -> None:
    (action,) = play(acts.AddressDrop(unreachable=True), out(SYN))
    packet = parse(action.inject[0])
    assert packet is not None
    assert (action.forward, packet.target) == (False, CLIENT)


def test_a_syn_is_refused() -> None:
    hit, later = play(acts.SynReset(addresses=(SERVER,)), out(SYN), out(tcp()))
    assert (hit.forward, len(hit.inject), later) == (False, 1, PASS)


def test_a_cut_spares_whom_it_spares() -> None:
    assert play(acts.Cut(), out(SYN), back(answer())) == [DROP, DROP]
    assert play(acts.Cut(spared=(SERVER,)), out(SYN), back(answer())) == [PASS, PASS]


def test_a_delay_is_for_its_addresses() -> None:
    assert play(acts.Delay(seconds=2, addresses=(SERVER,)), out(SYN)) == [Action(delay=2)]
    assert play(acts.Delay(seconds=2, addresses=(OTHER,)), out(SYN)) == [PASS]


def test_a_diverted_connection_is_answered_in_the_true_servers_name() -> None:
    act, ledger = acts.Divert(port=443, to=(OTHER,)), Ledger()
    gone = parse(decide(act, out(SYN), Memory(), ledger).rewritten)
    reply = Packet(source=OTHER, target=CLIENT, segment=answer(b"false"))
    come = parse(
        decide(act, Sight(packet=reply, outward=False, now=0), Memory(), ledger).rewritten
    )
    assert gone is not None
    assert come is not None
    assert (gone.target, come.source) == (OTHER, SERVER)


def test_a_connection_that_cannot_be_diverted_vanishes() -> None:
    assert play(acts.Divert(port=443, to=(b"\0" * 16,)), out(SYN)) == [DROP]


def quic(data: bytes, port: int = 443) -> Udp:
    return Udp(source_port=40000, port=port, data=data)


def test_a_drop_may_be_of_datagrams_alone() -> None:
    act = acts.AddressDrop(ports=(443,), datagrams=True)
    reply = Udp(source_port=443, port=40000, data=b"x")
    sights = (out(quic(b"x")), back(reply), out(quic(b"x", 8443)), out(tcp()), back(answer()))
    assert play(act, *sights) == [DROP, DROP, PASS, PASS, PASS]


@pytest.mark.parametrize("protocols", [1, 10])
def test_a_flow_over_quic_is_lost_from_its_name_on(protocols: int) -> None:
    flight = [out(quic(datagram)) for datagram in first(protocols=protocols)]
    reply = back(Udp(source_port=443, port=40000, data=b"x"))
    seen = play(acts.QuicDrop(names=NAMES), *flight, reply, out(quic(b"x")))
    assert DROP in seen[: len(flight)]
    assert seen[-2:] == [DROP, DROP]
    spared = play(acts.QuicDrop(names=("other.org",)), *flight, reply)
    assert set(spared) == {PASS}
    assert play(acts.QuicDrop(names=NAMES), out(tcp(hello())), back(answer())) == [PASS, PASS]
