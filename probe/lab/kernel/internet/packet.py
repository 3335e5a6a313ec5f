"""IP packets as records: parsed from bytes and built into bytes, checksums included; pure."""

from __future__ import annotations

import struct
from enum import IntEnum

import msgspec

ETHERNET = 14
IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
INJECTED_TTL = 64
_V4_HEADER, _V6_HEADER, _TCP_HEADER, _UDP_HEADER = 20, 40, 20, 8


class Flag(IntEnum):
    """Bits; not an IntFlag, whose operators cost more than all the rest of a decision."""

    FIN = 1
    SYN = 2
    RST = 4
    PSH = 8
    ACK = 16


class Tcp(msgspec.Struct, frozen=True, kw_only=True, tag="tcp"):
    source_port: int
    port: int
    seq: int
    ack: int = 0
    flags: int = 0
    window: int = 65535
    options: bytes = b""
    """Padded to a multiple of 4."""
    data: bytes = b""


_SYN, _SYN_OR_ACK = int(Flag.SYN), Flag.SYN | Flag.ACK


def is_syn(tcp: Tcp) -> bool:
    """Whether it asks for a connection (and does not answer such a wish)."""
    return tcp.flags & _SYN_OR_ACK == _SYN


class Udp(msgspec.Struct, frozen=True, kw_only=True, tag="udp"):
    source_port: int
    port: int
    data: bytes = b""


class Icmp(msgspec.Struct, frozen=True, kw_only=True, tag="icmp"):
    """ICMP or ICMPv6, by the packet's family."""

    kind: int
    code: int
    data: bytes = b""
    """What follows the checksum."""


class Opaque(msgspec.Struct, frozen=True, kw_only=True, tag="opaque"):
    """A fragment, or a protocol that is only passed on."""

    protocol: int
    data: bytes = b""


Segment = Tcp | Udp | Icmp | Opaque


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    source: bytes
    """4 or 16 bytes, which is also the family."""
    target: bytes
    ttl: int = INJECTED_TTL
    segment: Segment


def checksum(data: bytes) -> int:
    """RFC 1071: the ones' complement sum is the number modulo 0xffff."""
    number = int.from_bytes(data if len(data) % 2 == 0 else data + b"\0", "big")
    remainder = number % 0xFFFF
    if remainder == 0 and number:
        return 0
    return 0xFFFF - remainder


# ── reading ──────────────────────────────────────────────────────────────────────────────────


def parse(data: bytes) -> Packet | None:
    """Read a packet that begins with its IP header; None where it is malformed."""
    version = data[0] >> 4 if data else 0
    try:
        if version == 4:  # noqa: PLR2004
            return _parse_v4(data)
        return _parse_v6(data) if version == 6 else None  # noqa: PLR2004
    except (struct.error, IndexError):
        return None


def _parse_v4(data: bytes) -> Packet | None:
    length, fragment, ttl, protocol = struct.unpack_from("!2xH2xHBB", data)
    header = (data[0] & 15) * 4
    if not _V4_HEADER <= header <= length <= len(data):
        return None
    body = data[header:length]
    whole = fragment & 0x3FFF == 0
    segment = _segment(protocol, body) if whole else Opaque(protocol=protocol, data=body)
    if segment is None:
        return None
    return Packet(source=data[12:16], target=data[16:20], ttl=ttl, segment=segment)


def _parse_v6(data: bytes) -> Packet | None:
    length, protocol, ttl = struct.unpack_from("!4xHBB", data)
    if len(data) < _V6_HEADER + length:
        return None
    segment = _segment(protocol, data[_V6_HEADER : _V6_HEADER + length])
    if segment is None:
        return None
    return Packet(source=data[8:24], target=data[24:40], ttl=ttl, segment=segment)


def _segment(protocol: int, body: bytes) -> Segment | None:
    match protocol:
        case 6:
            return _parse_tcp(body)
        case 17:
            source_port, port, length = struct.unpack_from("!HHH", body)
            if not _UDP_HEADER <= length <= len(body):
                return None
            return Udp(source_port=source_port, port=port, data=body[_UDP_HEADER:length])
        case 1 | 58:
            return Icmp(kind=body[0], code=body[1], data=body[4:])
        case _:
            return Opaque(protocol=protocol, data=body)


def _parse_tcp(body: bytes) -> Tcp | None:
    source_port, port, seq, ack, offset, flags, window = struct.unpack_from("!HHIIBBH", body)
    header = (offset >> 4) * 4
    if not _TCP_HEADER <= header <= len(body):
        return None
    return Tcp(
        source_port=source_port,
        port=port,
        seq=seq,
        ack=ack,
        flags=flags,
        window=window,
        options=body[_TCP_HEADER:header],
        data=body[header:],
    )


# ── writing ──────────────────────────────────────────────────────────────────────────────────


def build(packet: Packet) -> bytes:
    """Write the packet from its IP header on, every checksum right."""
    protocol, body = _body(packet)
    if len(packet.source) == 4:  # noqa: PLR2004
        return _v4_header(packet, protocol, len(body)) + body
    return (
        struct.pack("!IHBB", 6 << 28, len(body), protocol, packet.ttl)
        + packet.source
        + packet.target
        + body
    )


def _v4_header(packet: Packet, protocol: int, length: int) -> bytes:
    dont_fragment = 0x4000
    start = struct.pack(
        "!BBHHHBB", 0x45, 0, _V4_HEADER + length, 0, dont_fragment, packet.ttl, protocol
    )
    addresses = packet.source + packet.target
    return start + struct.pack("!H", checksum(start + b"\0\0" + addresses)) + addresses


def _body(packet: Packet) -> tuple[int, bytes]:
    match packet.segment:
        case Tcp() as tcp:
            offset = (_TCP_HEADER + len(tcp.options)) // 4 << 4
            ports = struct.pack("!HHII", tcp.source_port, tcp.port, tcp.seq, tcp.ack)
            rest = struct.pack("!BBHHH", offset, tcp.flags, tcp.window, 0, 0)
            return TCP, _summed(packet, TCP, ports + rest + tcp.options + tcp.data, 16)
        case Udp() as udp:
            length = _UDP_HEADER + len(udp.data)
            body = struct.pack("!HHHH", udp.source_port, udp.port, length, 0) + udp.data
            return UDP, _summed(packet, UDP, body, 6)
        case Icmp() as icmp:
            body = struct.pack("!BBH", icmp.kind, icmp.code, 0) + icmp.data
            protocol = ICMP if len(packet.source) == 4 else ICMPV6  # noqa: PLR2004
            return protocol, _summed(packet, protocol, body, 2)
        case Opaque() as opaque:
            return opaque.protocol, opaque.data


def _summed(packet: Packet, protocol: int, body: bytes, at: int) -> bytes:
    """Put the checksum in at that offset, where there are zeros now (RFC 9293, RFC 8200)."""
    pseudo = b""
    if protocol != ICMP:
        pseudo = packet.source + packet.target + struct.pack("!II", len(body), protocol)
    value = checksum(pseudo + body)
    if protocol == UDP and value == 0:  # zero says "none" in UDP
        value = 0xFFFF
    return body[:at] + struct.pack("!H", value) + body[at + 2 :]


def ethernet(target: str, source: str, kind: bytes) -> bytes:
    """Write the 14 bytes before the packet; hardware addresses as `02:00:…`."""
    return bytes.fromhex(target.replace(":", "")) + bytes.fromhex(source.replace(":", "")) + kind
