"""Packets that nobody sent: resets, refusals, DNS answers and pages in another's name; pure."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from probe.lab.kernel.internet.packet import Flag, Icmp, Packet, Tcp, Udp, build

FORGED_TTL = 60
SEGMENT = 1200
"""Bytes of an injected page per TCP segment: under any MTU of the lab."""
PROHIBITED_V4, PROHIBITED_V6 = (3, 13), (1, 3)
"""Those codes of either family that Linux makes EHOSTUNREACH of."""
_MODULUS = 1 << 32


def question(data: bytes) -> dns.message.Message | None:
    """Read a DNS query; None for what is none."""
    try:
        message = dns.message.from_wire(data, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return None
    if message.flags & dns.flags.QR or len(message.question) != 1:
        return None
    return message


def asked(query: dns.message.Message) -> str:
    return query.question[0].name.to_text(omit_final_dot=True).lower()


def answer(query: dns.message.Message, rcode: int, addresses: Sequence[str]) -> bytes:
    """Answer it with those of the addresses that are of the family it asked for."""
    entry = query.question[0]
    forged = dns.message.make_response(query, recursion_available=True)
    forged.set_rcode(dns.rcode.Rcode.make(rcode))
    fitting = [
        a
        for a in addresses
        if entry.rdtype == (dns.rdatatype.AAAA if ":" in a else dns.rdatatype.A)
    ]
    if fitting:
        forged.answer.append(
            dns.rrset.from_text_list(entry.name, FORGED_TTL, entry.rdclass, entry.rdtype, fitting)
        )
    return forged.to_wire()


def udp_reply(packet: Packet, udp: Udp, data: bytes) -> bytes:
    """Answer a datagram in its target's name."""
    segment = Udp(source_port=udp.port, port=udp.source_port, data=data)
    return build(Packet(source=packet.target, target=packet.source, segment=segment))


def refusal(packet: Packet, tcp: Tcp) -> bytes:
    """Answer a SYN as a closed port would."""
    return reset_sender(packet, tcp)


def accept(packet: Packet, tcp: Tcp) -> bytes:
    """Answer a SYN as an open port would."""
    return _turned(packet, tcp, seq=tcp.ack, flags=Flag.SYN | Flag.ACK)


def reset_sender(packet: Packet, tcp: Tcp) -> bytes:
    """Reset whoever sent the packet, in its target's name."""
    return _turned(packet, tcp, seq=tcp.ack, flags=Flag.RST | Flag.ACK)


def reset_target(packet: Packet, tcp: Tcp) -> bytes:
    """Reset whom the packet was for, in its place (the packet itself must not arrive before)."""
    segment = Tcp(
        source_port=tcp.source_port,
        port=tcp.port,
        seq=tcp.seq,
        ack=tcp.ack,
        flags=Flag.RST | Flag.ACK,
    )
    return build(Packet(source=packet.source, target=packet.target, segment=segment))


def page(packet: Packet, tcp: Tcp, response: bytes) -> tuple[bytes, ...]:
    """Answer the request in the packet with that response and an end, in its target's name."""
    starts = range(0, len(response), SEGMENT)
    return tuple(
        _turned(
            packet,
            tcp,
            seq=tcp.ack + start,
            flags=Flag.ACK | Flag.PSH | (Flag.FIN if start == starts[-1] else 0),
            data=response[start : start + SEGMENT],
        )
        for start in starts
    )


def acknowledge(packet: Packet, tcp: Tcp) -> bytes:
    """Acknowledge all that the packet carries, in its target's name."""
    return _turned(packet, tcp, seq=tcp.ack, flags=Flag.ACK)


def _turned(packet: Packet, tcp: Tcp, *, seq: int, flags: int, data: bytes = b"") -> bytes:
    carried = len(tcp.data) + bool(tcp.flags & Flag.SYN) + bool(tcp.flags & Flag.FIN)
    segment = Tcp(
        source_port=tcp.port,
        port=tcp.source_port,
        seq=seq % _MODULUS,
        ack=(tcp.seq + carried) % _MODULUS,
        flags=flags,
        data=data,
    )
    return build(Packet(source=packet.target, target=packet.source, segment=segment))


def prohibited(packet: Packet) -> bytes:
    """ICMP: prohibited (v6: unreachable), quoting the packet; the sender sees EHOSTUNREACH."""
    kind, code = PROHIBITED_V4 if len(packet.source) == 4 else PROHIBITED_V6  # noqa: PLR2004
    quoted = build(packet)[: 20 + 8 if len(packet.source) == 4 else 40 + 20]  # noqa: PLR2004
    error = Icmp(kind=kind, code=code, data=b"\0\0\0\0" + quoted)
    return build(Packet(source=packet.target, target=packet.source, segment=error))


def http_response(status: str, headers: dict[str, str], body: str) -> bytes:
    encoded = body.encode()
    fields = {**headers, "Content-Length": str(len(encoded)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + encoded


def packed(address: str) -> bytes:
    return ip_address(address).packed
