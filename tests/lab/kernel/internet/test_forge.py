from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.lab.kernel.internet import forge
from probe.lab.kernel.internet.packet import Flag, Icmp, Packet, Tcp, Udp, parse

CLIENT, SERVER = b"\x1f\5\0\1", b"\x2d\x3c\1\1"
CLIENT_V6, SERVER_V6 = b"\x2a\x0e" + b"\0" * 13 + b"\1", b"\x2a\x0e" + b"\0" * 13 + b"\2"


def tcp(**more: object) -> Tcp:
    return Tcp(source_port=40000, port=443, **{"seq": 1000, "ack": 5000, **more})  # type: ignore[arg-type]


def packet(segment: Tcp | Udp, *, v6: bool = False) -> Packet:
    ends = (CLIENT_V6, SERVER_V6) if v6 else (CLIENT, SERVER)
    return Packet(source=ends[0], target=ends[1], segment=segment)


def read(data: bytes) -> tuple[Packet, Tcp]:
    found = parse(data)
    assert found is not None
    assert isinstance(found.segment, Tcp)
    return found, found.segment


@pytest.mark.parametrize("v6", [False, True])
def test_the_senders_reset_fits_where_it_waits(*, v6: bool) -> None:
    segment = tcp(flags=Flag.ACK | Flag.PSH, data=b"hello")
    sent = packet(segment, v6=v6)
    back, reset = read(forge.reset_sender(sent, segment))
    assert (back.source, back.target) == (sent.target, sent.source)
    assert (reset.source_port, reset.port) == (443, 40000)
    assert (reset.seq, reset.ack, reset.flags) == (5000, 1005, Flag.RST | Flag.ACK)


def test_a_syn_is_refused_as_a_closed_port_refuses_it() -> None:
    syn = tcp(seq=2**32 - 1, ack=0, flags=Flag.SYN)
    _, reset = read(forge.reset_sender(packet(syn), syn))
    assert (reset.seq, reset.ack, reset.flags) == (0, 0, Flag.RST | Flag.ACK)


def test_the_targets_reset_takes_the_packets_place() -> None:
    segment = tcp(data=b"hello")
    on, reset = read(forge.reset_target(packet(segment), segment))
    assert (on.source, on.target, reset.seq) == (CLIENT, SERVER, 1000)
    assert reset.flags & Flag.RST


def test_a_page_comes_in_order_and_ends() -> None:
    segment = tcp(flags=Flag.ACK, data=b"GET")
    response = bytes(range(256)) * 20
    parts = [read(data)[1] for data in forge.page(packet(segment), segment, response)]
    assert b"".join(part.data for part in parts) == response
    assert [part.seq - 5000 for part in parts] == list(range(0, len(response), forge.SEGMENT))
    assert {part.ack for part in parts} == {1003}
    assert [bool(part.flags & Flag.FIN) for part in parts] == [False] * (len(parts) - 1) + [True]


def test_an_end_is_acknowledged() -> None:
    fin = tcp(flags=Flag.FIN | Flag.ACK)
    _, answer = read(forge.acknowledge(packet(fin), fin))
    assert (answer.seq, answer.ack, answer.flags) == (5000, 1001, Flag.ACK)


@pytest.mark.parametrize(("v6", "kind"), [(False, 3), (True, 1)])
def test_unreachable_quotes_what_was_sent(kind: int, *, v6: bool) -> None:
    sent = packet(tcp(flags=Flag.SYN), v6=v6)
    back = parse(forge.prohibited(sent))
    assert back is not None
    assert isinstance(back.segment, Icmp)
    assert (back.target, back.segment.kind) == (sent.source, kind)
    assert sent.source + sent.target in back.segment.data


@pytest.mark.parametrize(
    ("kind", "expected"), [("A", ["10.0.0.1"]), ("AAAA", ["fd00::1"]), ("TXT", [])]
)
def test_an_answer_holds_the_addresses_of_the_family_asked_for(
    kind: str, expected: list[str]
) -> None:
    query = forge.question(dns.message.make_query("www.example.com", kind).to_wire())
    assert query is not None
    answer = dns.message.from_wire(forge.answer(query, 0, ("10.0.0.1", "fd00::1")))
    assert query.is_response(answer)
    assert [record.to_text() for entry in answer.answer for record in entry] == expected
    assert answer.flags & dns.flags.RA


def test_an_answer_has_the_code_wished_for() -> None:
    answer = dns.message.from_wire(forge.answer(dns.message.make_query("a.example", "A"), 3, ()))
    assert answer.rcode() is dns.rcode.NXDOMAIN


def test_a_datagram_is_answered_in_its_targets_name() -> None:
    datagram = Udp(source_port=40000, port=53, data=b"?")
    back = parse(forge.udp_reply(packet(datagram), datagram, b"!"))
    assert back == Packet(
        source=SERVER, target=CLIENT, segment=Udp(source_port=53, port=40000, data=b"!")
    )


@given(st.binary(max_size=100))
def test_what_is_no_question_is_not_taken_for_one(data: bytes) -> None:
    query = forge.question(data)
    assert query is None or len(query.question) == 1


def test_an_answer_is_no_question() -> None:
    response = dns.message.make_response(dns.message.make_query("a.example", "A"))
    assert forge.question(response.to_wire()) is None


def test_names_asked_for_are_compared_in_lower_case() -> None:
    assert forge.asked(dns.message.make_query("WWW.Example.COM", "A")) == "www.example.com"


def test_a_response_says_its_length() -> None:
    response = forge.http_response("200 OK", {"Location": "x"}, "nö")
    assert response.startswith(b"HTTP/1.1 200 OK\r\nLocation: x\r\nContent-Length: 3\r\n")
    assert response.endswith("\r\n\r\nnö".encode())
